//! The arrows of the redemption saga: places where a crash must lose nothing. Tests end the process at each of them.

/// An invite is reserved; its ticket has not left yet.
pub(crate) const RESERVED: &str = "customer.reserved";
/// Identity's event is here; nothing is written yet.
pub(crate) const CREATED_HEARD: &str = "customer.created_heard";
/// Invite and relationship are committed; identity does not know yet.
pub(crate) const REDEEMED: &str = "customer.redeemed";
/// Identity has acknowledged a step; it is still owed here.
pub(crate) const ACKNOWLEDGED: &str = "customer.acknowledged";
/// A step is no longer owed.
pub(crate) const SETTLED: &str = "customer.settled";
/// Identity has cancelled a lapsed redemption; the invite is still reserved.
pub(crate) const RELEASE_MARKED: &str = "customer.release_marked";
/// Identity has cancelled the redemption of an invite that is being revoked; the invite is still reserved.
pub(crate) const REVOKE_MARKED: &str = "customer.revoke_marked";
/// A signed-in player's invite and relationship are committed; identity does not know yet.
pub(crate) const PLAYER_REDEEMED: &str = "customer.player_redeemed";
/// A relationship's end is committed; identity does not know yet.
pub(crate) const ENDED: &str = "customer.ended";

/// All of them.
pub const ALL: &[&str] = &[
    RESERVED,
    CREATED_HEARD,
    REDEEMED,
    ACKNOWLEDGED,
    SETTLED,
    RELEASE_MARKED,
    REVOKE_MARKED,
    PLAYER_REDEEMED,
    ENDED,
];
