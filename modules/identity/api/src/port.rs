//! The port itself: what other contexts may ask of identity.

use kernel::id::{AccountId, RedemptionId, RelationshipId};
use kernel::{PortError, Principal};
use serde::{Deserialize, Serialize};

use crate::account::AccountStanding;

/// Why identity refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "error", rename_all = "snake_case")]
pub enum IdentityError {
    /// There is no such account.
    #[error("no such account")]
    UnknownAccount,
    /// The token is malformed, forged, expired, or its session has ended.
    #[error("the token is not valid: {reason}")]
    InvalidToken {
        /// A stable word for logs: `expired`, `revoked`, `signature`, ...
        reason: String,
    },
    /// The account's present state does not allow this; nothing changed.
    #[error("the account's state does not allow this")]
    WrongState,
    /// The redemption was cancelled before the account could be linked.
    #[error("the redemption was cancelled")]
    Cancelled,
    /// The port itself failed.
    #[error(transparent)]
    Port {
        /// How.
        #[from]
        source: PortError,
    },
}

/// An access token as presented. It has no `Debug` output.
#[derive(Clone, Serialize, Deserialize)]
pub struct BearerToken(pub String);

impl std::fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BearerToken(..)")
    }
}

/// Stops or restores an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sanction {
    /// Whom.
    pub account: AccountId,
    /// A stable reason code for the audit log; no free text.
    pub reason: String,
}

/// Sets or clears an account's VIP flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vip {
    /// Whose.
    pub account: AccountId,
    /// The new value.
    pub enabled: bool,
}

/// Ties an account to a relationship that stands, or unties it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The customer's account.
    pub account: AccountId,
    /// The relationship.
    pub relationship: RelationshipId,
    /// The redemption it came from, where it came from one.
    pub redemption: Option<RedemptionId>,
}

kernel::words! {
    /// Who won the insert that decides a redemption.
    pub enum Cancellation as "cancellation" {
        /// No account came of it and none ever will.
        Cancelled = "cancelled",
        /// An account was created first; the redemption goes forward.
        TooLate = "too_late",
    }
}

kernel::port! {
    /// What other contexts may ask of identity. All commands are idempotent.
    pub trait Identity fails IdentityError, via IdentityVia, provider IdentityProvider {
        /// The standing of up to 100 accounts; unknown ones are left out.
        fn accounts(ids: Vec<AccountId>) -> Vec<AccountStanding>;
        /// The account with this user name, if any; case does not matter.
        fn account_by_username(username: String) -> Option<AccountStanding>;
        /// Verifies an access token, its account's epoch and its session.
        fn verify_token(token: BearerToken) -> Principal;
        /// Stops an account: it cannot act, its sessions and sockets end.
        fn suspend(sanction: Sanction) -> ();
        /// Restores a stopped account. Ended sessions stay ended.
        fn reinstate(sanction: Sanction) -> ();
        /// Sets the VIP flag; customer has authorised it.
        fn set_vip(vip: Vip) -> ();
        /// Activates an account that a redemption created and customer has linked; `Cancelled` if that was decided otherwise.
        fn activate_redeemed(link: Link) -> ();
        /// Makes sure that no account ever comes of this redemption, unless one already has.
        fn cancel_redemption(redemption: RedemptionId) -> Cancellation;
        /// A relationship of this account began: a player becomes a customer.
        fn attach_relationship(link: Link) -> ();
        /// A relationship of this account ended: a customer becomes a player, unless another relationship was attached since.
        fn detach_relationship(link: Link) -> ();
    }
}
