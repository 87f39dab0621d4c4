//! What a person is told in the inbox, beside the game itself.

use game_engine::Seat;
use kernel::Timestamp;
use kernel::id::{AccountId, GameId, GameInviteId};

use super::ending::Status;
use super::invite::Invite;
use super::practice;

/// A notice, before it has its place in the person's stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Notice {
    /// Somebody wants to play with you.
    Invited {
        invite: GameInviteId,
        game: GameId,
        from: AccountId,
        rematch_of: Option<GameId>,
        expires_at: Timestamp,
    },
    /// Your invite was accepted.
    Accepted { invite: GameInviteId, game: GameId },
    /// Your invite was declined.
    Declined { invite: GameInviteId, reason: String },
    /// An invite of yours, or to you, was taken back.
    Cancelled { invite: GameInviteId, reason: String },
    /// Nobody answered in time.
    Expired { invite: GameInviteId },
    /// A game began.
    Started { game: GameId, opponent: AccountId, seat: Seat },
    /// A game is over.
    Over { game: GameId, status: Status, winner: Option<Seat>, reason: String },
}

impl Notice {
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Invited { .. } => "game_invited",
            Self::Accepted { .. } => "game_invite_accepted",
            Self::Declined { .. } => "game_invite_declined",
            Self::Cancelled { .. } => "game_invite_cancelled",
            Self::Expired { .. } => "game_invite_expired",
            Self::Started { .. } => "game_started",
            Self::Over { .. } => "game_over",
        }
    }
}

impl Addressed {
    /// What is told of a new invite. Whoever asked for practice knows already.
    pub(crate) fn invitation(invite: &Invite) -> Vec<Self> {
        let notice = Notice::Invited {
            invite: invite.id,
            game: invite.game,
            from: invite.creator,
            rematch_of: invite.rematch_of,
            expires_at: invite.expires_at,
        };
        if invite.is_practice() { Vec::new() } else { vec![Self { to: invite.invitee, notice }] }
    }

    /// Those that somebody reads: practice opponents have no inbox.
    pub(crate) fn to_people(mut notices: Vec<Self>) -> Vec<Self> {
        notices.retain(|addressed| practice::strength(addressed.to).is_none());
        notices
    }
}

/// A notice and whom it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Addressed {
    pub(crate) to: AccountId,
    pub(crate) notice: Notice,
}
