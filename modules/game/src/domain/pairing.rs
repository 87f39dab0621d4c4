//! Two people whom the queue has brought together, and the one way a pairing may go: both accept and the game begins,
//! or it ends and each of them either waits on or leaves.

use std::time::Duration;

use game_engine::{BySeat, RuleSet, Seat};
use kernel::id::{AccountId, GameId, GameInviteId, PairingId};
use kernel::{Timestamp, TypedId};

use super::invite::{Invite, InviteState};
use super::notice::{Addressed, Notice};
use super::shuffle::{Commitment, Entropy};

kernel::words! {
    /// Where a pairing stands. `expired` is computed from its time in every predicate.
    pub(crate) enum PairingState as "pairing state" {
        Offered = "offered",
        /// Both accepted, and the game began.
        Begun = "begun",
        Declined = "declined",
        Expired = "expired",
        /// The two may not play each other any more, or one of them left.
        Cancelled = "cancelled",
    }
}

/// How long both have to accept.
pub(crate) const LIFE: Duration = Duration::from_secs(30);

/// For so long two are not offered to one another again after one of them refused, or let the time run out.
pub(crate) const REFUSAL: Duration = Duration::from_mins(10);

/// What one of the two has said: yes, with or without entropy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Yes {
    /// Never shown to the other before the game begins.
    pub(crate) entropy: Option<Entropy>,
    pub(crate) at: Timestamp,
}

/// A pairing as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pairing {
    pub(crate) id: PairingId,
    /// The game it will become, allocated with the commitment.
    pub(crate) game: GameId,
    /// Whoever has waited longer sits first.
    pub(crate) players: BySeat<AccountId>,
    pub(crate) rules: RuleSet,
    pub(crate) rated: bool,
    pub(crate) commitment: Commitment,
    pub(crate) answers: BySeat<Option<Yes>>,
    /// Counts the answers, so that a change knows which of them it saw.
    pub(crate) rev: i32,
    pub(crate) recorded: PairingState,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) closed_at: Option<Timestamp>,
}

/// What ends a pairing before it is a game.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// One of them does not want to.
    Refusal(Seat),
    /// Its time is over.
    Time,
    /// The two may not play each other now.
    Parted,
    /// One of them may not play at all now.
    Stopped(Seat),
}

/// How a pairing ends, and what becomes of the two.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ended {
    pub(crate) state: PairingState,
    /// Who goes on waiting, with the time already waited; the other leaves the queue.
    pub(crate) waits: BySeat<bool>,
    pub(crate) notices: Vec<Addressed>,
}

/// Why nothing more can be done to a pairing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PairingClosed {
    #[error("the pairing was declined")]
    Declined,
    #[error("the pairing has expired")]
    Expired,
    #[error("the pairing was cancelled")]
    Cancelled,
    #[error("the game has begun")]
    Begun,
}

impl Pairing {
    /// Where it stands at an instant.
    pub(crate) fn state(&self, now: Timestamp) -> PairingState {
        match self.recorded {
            PairingState::Offered if now >= self.expires_at => PairingState::Expired,
            recorded => recorded,
        }
    }

    /// Refuses unless it can still be answered at `now`.
    pub(crate) fn check_open(&self, now: Timestamp) -> Result<(), PairingClosed> {
        match self.state(now) {
            PairingState::Offered => Ok(()),
            PairingState::Begun => Err(PairingClosed::Begun),
            PairingState::Declined => Err(PairingClosed::Declined),
            PairingState::Expired => Err(PairingClosed::Expired),
            PairingState::Cancelled => Err(PairingClosed::Cancelled),
        }
    }

    /// Which seat this account would have, if any.
    pub(crate) fn seat_of(&self, account: AccountId) -> Option<Seat> {
        Seat::ALL.iter().copied().find(|seat| *self.players.get(*seat) == account)
    }

    /// What a cause makes of it. Whoever refused, let its time run out or may not play leaves; the other waits on.
    pub(crate) fn ended(&self, cause: Cause) -> Ended {
        let said_yes = self.answers.map(|answer| answer.is_some());
        let other_than = |seat: Seat| BySeat::new(seat != Seat::First, seat != Seat::Second);
        let (state, reason, waits) = match cause {
            Cause::Refusal(seat) => (PairingState::Declined, "declined", other_than(seat)),
            Cause::Time => (PairingState::Expired, "expired", said_yes),
            Cause::Parted => (PairingState::Cancelled, "not_available", BySeat::new(true, true)),
            Cause::Stopped(seat) => (PairingState::Cancelled, "not_available", other_than(seat)),
        };
        let notice = |seat: Seat| Addressed {
            to: *self.players.get(seat),
            notice: Notice::PairingEnded { pairing: self.id, reason, waiting: *waits.get(seat) },
        };
        Ended { state, waits, notices: Seat::ALL.iter().map(|seat| notice(*seat)).collect() }
    }

    /// What both are told when it is offered.
    pub(crate) fn offers(&self) -> Vec<Addressed> {
        let offer = |seat: Seat| Addressed {
            to: *self.players.get(seat),
            notice: Notice::PairingOffered {
                pairing: self.id,
                game: self.game,
                opponent: *self.players.get(seat.other()),
                expires_at: self.expires_at,
            },
        };
        Seat::ALL.iter().map(|seat| offer(*seat)).collect()
    }

    /// The pairing that both have accepted, as the invite that its game begins from: of the first to the second.
    pub(crate) fn as_invite(&self) -> Invite {
        Invite {
            id: GameInviteId::from_uuid(self.id.uuid()),
            game: self.game,
            creator: self.players.first,
            invitee: self.players.second,
            rules: self.rules,
            commitment: self.commitment,
            entropy: self.answers.first.and_then(|yes| yes.entropy),
            entropy_rev: 0,
            rematch_of: None,
            rated: self.rated,
            recorded: InviteState::Pending,
            reason: None,
            created_at: self.created_at,
            expires_at: self.expires_at,
            closed_at: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::id::Uuid;

    fn pairing(answers: [bool; 2]) -> Pairing {
        let yes = |said: bool| said.then(|| Yes { entropy: None, at: Timestamp::from_seconds(1) });
        let account = |number| AccountId::from_uuid(Uuid::from_u128(number));
        Pairing {
            id: PairingId::from_uuid(Uuid::from_u128(1)),
            game: GameId::from_uuid(Uuid::from_u128(2)),
            players: BySeat::new(account(3), account(4)),
            rules: RuleSet::naija_classic(),
            rated: true,
            commitment: Commitment::from_bytes([0; 32]),
            answers: BySeat::new(yes(answers[0]), yes(answers[1])),
            rev: 0,
            recorded: PairingState::Offered,
            created_at: Timestamp::from_seconds(0),
            expires_at: Timestamp::from_seconds(30),
            closed_at: None,
        }
    }

    #[test]
    fn an_offer_is_expired_from_its_last_instant_on_and_what_is_closed_stays_so() {
        let offered = pairing([true, false]);
        assert_eq!(offered.check_open(Timestamp::from_micros(29_999_999)), Ok(()));
        assert_eq!(offered.check_open(Timestamp::from_seconds(30)), Err(PairingClosed::Expired));
        for (recorded, closed) in [
            (PairingState::Begun, PairingClosed::Begun),
            (PairingState::Declined, PairingClosed::Declined),
            (PairingState::Cancelled, PairingClosed::Cancelled),
            (PairingState::Expired, PairingClosed::Expired),
        ] {
            let over = Pairing { recorded, ..pairing([true, true]) };
            for second in [1, 40] {
                assert_eq!(over.check_open(Timestamp::from_seconds(second)), Err(closed));
            }
        }
    }

    #[test]
    fn whoever_refuses_or_lets_time_run_out_leaves_and_the_other_waits_on() {
        use Cause::{Parted, Refusal, Stopped, Time};
        for (answers, cause, state, waits) in [
            ([false, false], Refusal(Seat::First), PairingState::Declined, [false, true]),
            ([false, true], Refusal(Seat::First), PairingState::Declined, [false, true]),
            ([true, false], Refusal(Seat::Second), PairingState::Declined, [true, false]),
            ([true, false], Refusal(Seat::First), PairingState::Declined, [false, true]),
            ([true, false], Time, PairingState::Expired, [true, false]),
            ([false, true], Time, PairingState::Expired, [false, true]),
            ([false, false], Time, PairingState::Expired, [false, false]),
            ([false, true], Parted, PairingState::Cancelled, [true, true]),
            ([true, false], Stopped(Seat::First), PairingState::Cancelled, [false, true]),
        ] {
            let ended = pairing(answers).ended(cause);
            assert_eq!(
                (ended.state, ended.waits),
                (state, BySeat::new(waits[0], waits[1])),
                "{answers:?} {cause:?}"
            );
            let told: Vec<bool> = ended
                .notices
                .iter()
                .map(|addressed| matches!(addressed.notice, Notice::PairingEnded { waiting: true, .. }))
                .collect();
            assert_eq!(told, waits, "each is told what becomes of it");
        }
    }

    #[test]
    fn a_pairing_is_of_its_two_people_alone() {
        let pairing = pairing([false, false]);
        assert_eq!(pairing.seat_of(pairing.players.first), Some(Seat::First));
        assert_eq!(pairing.seat_of(pairing.players.second), Some(Seat::Second));
        assert_eq!(pairing.seat_of(AccountId::from_uuid(Uuid::from_u128(9))), None);
        assert_eq!(pairing.as_invite().players(), pairing.players);
    }
}
