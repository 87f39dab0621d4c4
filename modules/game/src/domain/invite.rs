//! An invite to a game, and the one way its state may go (DOMAIN.md 6).

use std::time::Duration;

use game_engine::{BySeat, RuleSet};
use kernel::Timestamp;
use kernel::id::{AccountId, GameId, GameInviteId};

use super::practice;
use super::shuffle::{Commitment, Entropy};

kernel::words! {
    /// Where an invite stands. `expired` is computed from its time in every predicate.
    pub(crate) enum InviteState as "invite state" {
        Pending = "pending",
        Accepted = "accepted",
        Declined = "declined",
        Cancelled = "cancelled",
        Expired = "expired",
    }
}

kernel::words! {
    /// Why somebody does not play. Closed, so that no invite carries a message.
    pub(crate) enum DeclineReason as "reason to decline" {
        NotNow = "not_now",
        OtherRules = "other_rules",
        OtherClock = "other_clock",
        NoThanks = "no_thanks",
    }
}

kernel::words! {
    /// Why an invite was taken back.
    pub(crate) enum CancelCause as "cause of a cancellation" {
        /// By the one who sent it.
        Creator = "creator",
        /// The two may not play each other any more. It does not say why.
        NotAvailable = "not_available",
    }
}

/// How long an invite can be accepted.
pub(crate) const LIFE: Duration = Duration::from_hours(24);

/// Which end of an invite somebody holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Creator,
    Invitee,
}

/// An invite as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Invite {
    pub(crate) id: GameInviteId,
    /// The game it will become, allocated with the commitment.
    pub(crate) game: GameId,
    pub(crate) creator: AccountId,
    pub(crate) invitee: AccountId,
    pub(crate) rules: RuleSet,
    pub(crate) commitment: Commitment,
    /// The creator's; never shown to the invitee before the game begins.
    pub(crate) entropy: Option<Entropy>,
    /// Counts the changes of the entropy, so that an acceptance knows which one it saw.
    pub(crate) entropy_rev: i32,
    pub(crate) rematch_of: Option<GameId>,
    /// Whether the game will count for the ratings of the two.
    pub(crate) rated: bool,
    pub(crate) recorded: InviteState,
    /// Why it was declined or cancelled.
    pub(crate) reason: Option<String>,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) closed_at: Option<Timestamp>,
}

impl Invite {
    /// Where it stands at an instant.
    pub(crate) fn state(&self, now: Timestamp) -> InviteState {
        match self.recorded {
            InviteState::Pending if now >= self.expires_at => InviteState::Expired,
            recorded => recorded,
        }
    }

    pub(crate) fn players(&self) -> BySeat<AccountId> {
        BySeat::new(self.creator, self.invitee)
    }

    /// Whether it is a practice opponent's: its invitee asked for it.
    pub(crate) fn is_practice(&self) -> bool {
        practice::strength(self.creator).is_some()
    }

    /// Which end this account holds, if any.
    pub(crate) fn side_of(&self, account: AccountId) -> Option<Side> {
        if account == self.creator {
            Some(Side::Creator)
        } else if account == self.invitee {
            Some(Side::Invitee)
        } else {
            None
        }
    }
}

/// What a person may still do to an invite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InviteClosed {
    #[error("the invite has expired")]
    Expired,
    #[error("the invite was accepted")]
    Accepted,
    #[error("the invite was declined")]
    Declined,
    #[error("the invite was cancelled")]
    Cancelled,
}

/// Refuses unless the invite is open at `now`.
pub(crate) fn check_open(invite: &Invite, now: Timestamp) -> Result<(), InviteClosed> {
    match invite.state(now) {
        InviteState::Pending => Ok(()),
        InviteState::Accepted => Err(InviteClosed::Accepted),
        InviteState::Declined => Err(InviteClosed::Declined),
        InviteState::Cancelled => Err(InviteClosed::Cancelled),
        InviteState::Expired => Err(InviteClosed::Expired),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::TypedId;
    use kernel::id::Uuid;

    fn invite(recorded: InviteState) -> Invite {
        Invite {
            id: GameInviteId::from_uuid(Uuid::from_u128(1)),
            game: GameId::from_uuid(Uuid::from_u128(2)),
            creator: AccountId::from_uuid(Uuid::from_u128(3)),
            invitee: AccountId::from_uuid(Uuid::from_u128(4)),
            rules: RuleSet::naija_classic(),
            commitment: Commitment::from_bytes([0; 32]),
            entropy: None,
            entropy_rev: 0,
            rematch_of: None,
            rated: true,
            recorded,
            reason: None,
            created_at: Timestamp::from_seconds(0),
            expires_at: Timestamp::from_seconds(100),
            closed_at: None,
        }
    }

    #[test]
    fn a_pending_invite_is_expired_from_its_last_instant_on_whatever_was_recorded() {
        let pending = invite(InviteState::Pending);
        assert_eq!(check_open(&pending, Timestamp::from_micros(99_999_999)), Ok(()));
        assert_eq!(check_open(&pending, Timestamp::from_seconds(100)), Err(InviteClosed::Expired));
        assert_eq!(pending.state(Timestamp::from_seconds(100)), InviteState::Expired);
    }

    #[test]
    fn a_closed_invite_stays_what_it_became() {
        for (state, closed) in [
            (InviteState::Accepted, InviteClosed::Accepted),
            (InviteState::Declined, InviteClosed::Declined),
            (InviteState::Cancelled, InviteClosed::Cancelled),
        ] {
            assert_eq!(check_open(&invite(state), Timestamp::from_seconds(200)), Err(closed));
            assert_eq!(check_open(&invite(state), Timestamp::from_seconds(1)), Err(closed));
        }
    }

    #[test]
    fn an_invite_is_somebodys_only_if_it_names_them() {
        let invite = invite(InviteState::Pending);
        assert_eq!(invite.side_of(invite.creator), Some(Side::Creator));
        assert_eq!(invite.side_of(invite.invitee), Some(Side::Invitee));
        assert_eq!(invite.side_of(AccountId::from_uuid(Uuid::from_u128(9))), None);
    }
}
