//! An invite's life: `open -> reserved -> open | redeemed`, `open | reserved -> revoked` (DOMAIN.md 3).
//! Expired is never a state: it is what `expires_at` says at the moment of asking, and counts at reservation only.

use kernel::Timestamp;
use kernel::id::{AccountId, InviteId, RedemptionId};

kernel::words! {
    /// The stored state.
    pub(crate) enum InviteState as "invite state" {
        /// Anyone with the code may reserve it, until it expires.
        Open = "open",
        /// Somebody holds a ticket for it.
        Reserved = "reserved",
        /// A relationship came of it.
        Redeemed = "redeemed",
        /// Its distributor took it back.
        Revoked = "revoked",
    }
}

kernel::words! {
    /// What its distributor sees: the stored state with both clocks taken into account.
    pub(crate) enum InviteShown as "invite state" {
        /// Usable.
        Open = "open",
        /// Somebody is registering right now.
        Reserved = "reserved",
        /// Used.
        Redeemed = "redeemed",
        /// Taken back.
        Revoked = "revoked",
        /// Its time passed unused.
        Expired = "expired",
    }
}

/// What is kept of a code: a keyed MAC.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct CodeMac(pub(crate) [u8; 32]);

/// What is kept of a redeemer's idempotency key, so that a repeat is recognised: a MAC over code and key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeyMac(pub(crate) [u8; 32]);

/// A hold on an invite by whoever has the ticket.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reservation {
    pub(crate) redemption: RedemptionId,
    pub(crate) until: Timestamp,
    pub(crate) key: KeyMac,
}

/// An invite as its store holds it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Invite {
    pub(crate) id: InviteId,
    pub(crate) distributor: AccountId,
    /// The distributor's own note; nobody else sees it.
    pub(crate) label: Option<String>,
    pub(crate) state: InviteState,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) reservation: Option<Reservation>,
    pub(crate) redeemed: Option<(AccountId, Timestamp)>,
    pub(crate) revoked_at: Option<Timestamp>,
    /// How many codes it has had; all but the last are void.
    pub(crate) codes: i32,
}

/// What to do about a revocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Revocation {
    /// It is revoked already.
    Done,
    /// A relationship came of it first.
    TooLate,
    /// Nobody holds it.
    Plain,
    /// Somebody holds a ticket: identity decides who was first.
    AskIdentity(RedemptionId),
}

/// What a redeemer gets when its conditional update changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It is this redeemer's own reservation: the same ticket again.
    Repeat(RedemptionId, Timestamp),
    /// It was this redeemer's own reservation and has lapsed: the same redemption, for longer.
    Renew(RedemptionId),
    /// Somebody else's reservation has lapsed: it may be released, if identity agrees.
    Lapsed(RedemptionId),
    /// Anything else; the redeemer is never told what.
    Unusable,
}

impl Invite {
    /// The state with both clocks taken into account.
    pub(crate) fn shown(&self, now: Timestamp) -> InviteShown {
        let held = self.reservation.is_some_and(|held| held.until > now);
        match self.state {
            InviteState::Redeemed => InviteShown::Redeemed,
            InviteState::Revoked => InviteShown::Revoked,
            InviteState::Reserved if held => InviteShown::Reserved,
            InviteState::Open | InviteState::Reserved if self.expires_at <= now => InviteShown::Expired,
            InviteState::Open | InviteState::Reserved => InviteShown::Open,
        }
    }

    /// What a revocation has to do.
    pub(crate) fn revocation(&self) -> Revocation {
        match (self.state, self.reservation) {
            (InviteState::Revoked, _) => Revocation::Done,
            (InviteState::Redeemed, _) => Revocation::TooLate,
            (InviteState::Reserved, Some(held)) => Revocation::AskIdentity(held.redemption),
            (InviteState::Open | InviteState::Reserved, _) => Revocation::Plain,
        }
    }

    /// Why the conditional update of a redeemer with this key changed nothing.
    pub(crate) fn refusal(&self, key: KeyMac, distributor_active: bool, now: Timestamp) -> Refused {
        let Some(held) = self.reservation else { return Refused::Unusable };
        let own = held.key == key;
        let running = held.until > now;
        let usable = distributor_active && self.expires_at > now;
        match self.state {
            InviteState::Reserved | InviteState::Redeemed if own && running => {
                Refused::Repeat(held.redemption, held.until)
            }
            InviteState::Reserved if !running && usable && own => Refused::Renew(held.redemption),
            InviteState::Reserved if !running && usable => Refused::Lapsed(held.redemption),
            _ => Refused::Unusable,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use kernel::TypedId;
    use kernel::id::Uuid;

    use super::*;

    const OWN: KeyMac = KeyMac([1; 32]);
    const OTHER: KeyMac = KeyMac([2; 32]);

    fn at(minute: u64) -> Timestamp {
        Timestamp::UNIX_EPOCH.plus(Duration::from_secs(minute * 60))
    }

    fn red() -> RedemptionId {
        RedemptionId::from_uuid(Uuid::from_u128(9))
    }

    /// Expires at minute 100; if reserved, held by `OWN` until minute 10.
    fn invite(state: InviteState) -> Invite {
        let held = Reservation { redemption: red(), until: at(10), key: OWN };
        Invite {
            id: InviteId::from_uuid(Uuid::from_u128(1)),
            distributor: AccountId::from_uuid(Uuid::from_u128(2)),
            label: None,
            state,
            created_at: at(0),
            expires_at: at(100),
            reservation: matches!(state, InviteState::Reserved | InviteState::Redeemed).then_some(held),
            redeemed: None,
            revoked_at: None,
            codes: 1,
        }
    }

    #[test]
    fn a_lapsed_hold_shows_as_open_and_a_late_one_as_expired() {
        let reserved = invite(InviteState::Reserved);
        assert_eq!(reserved.shown(at(9)), InviteShown::Reserved);
        assert_eq!(reserved.shown(at(10)), InviteShown::Open);
        assert_eq!(reserved.shown(at(100)), InviteShown::Expired);
        assert_eq!(invite(InviteState::Open).shown(at(100)), InviteShown::Expired);
        assert_eq!(invite(InviteState::Redeemed).shown(at(100)), InviteShown::Redeemed);
        assert_eq!(invite(InviteState::Revoked).shown(at(100)), InviteShown::Revoked);
    }

    #[test]
    fn a_hold_outlives_the_expiry_of_its_invite() {
        let mut reserved = invite(InviteState::Reserved);
        reserved.expires_at = at(5);
        assert_eq!(reserved.shown(at(9)), InviteShown::Reserved);
        assert_eq!(reserved.refusal(OWN, true, at(9)), Refused::Repeat(red(), at(10)));
        assert_eq!(reserved.refusal(OWN, true, at(11)), Refused::Unusable);
        assert_eq!(reserved.refusal(OTHER, true, at(11)), Refused::Unusable);
    }

    #[test]
    fn only_the_holder_of_the_key_is_told_anything_while_it_is_held() {
        let reserved = invite(InviteState::Reserved);
        assert_eq!(reserved.refusal(OWN, false, at(9)), Refused::Repeat(red(), at(10)));
        assert_eq!(reserved.refusal(OTHER, true, at(9)), Refused::Unusable);
        assert_eq!(invite(InviteState::Redeemed).refusal(OTHER, true, at(9)), Refused::Unusable);
        assert_eq!(invite(InviteState::Redeemed).refusal(OWN, true, at(11)), Refused::Unusable);
    }

    #[test]
    fn a_lapsed_hold_is_renewed_for_its_holder_and_released_for_others() {
        let reserved = invite(InviteState::Reserved);
        assert_eq!(reserved.refusal(OWN, true, at(10)), Refused::Renew(red()));
        assert_eq!(reserved.refusal(OTHER, true, at(10)), Refused::Lapsed(red()));
        for key in [OWN, OTHER] {
            assert_eq!(reserved.refusal(key, false, at(10)), Refused::Unusable, "its distributor is stopped");
        }
        for state in [InviteState::Open, InviteState::Revoked] {
            assert_eq!(invite(state).refusal(OWN, true, at(1)), Refused::Unusable);
        }
    }

    #[test]
    fn revoking_what_somebody_holds_asks_identity_first() {
        assert_eq!(invite(InviteState::Open).revocation(), Revocation::Plain);
        assert_eq!(invite(InviteState::Reserved).revocation(), Revocation::AskIdentity(red()));
        assert_eq!(invite(InviteState::Redeemed).revocation(), Revocation::TooLate);
        assert_eq!(invite(InviteState::Revoked).revocation(), Revocation::Done);
    }
}
