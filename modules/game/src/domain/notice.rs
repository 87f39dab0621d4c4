//! What a person is told in the inbox, beside the game itself.

use game_engine::Seat;
use kernel::Timestamp;
use kernel::id::{AccountId, GameId, GameInviteId, PairingId};

use super::ending::Status;
use super::invite::Invite;
use super::practice;
use super::queue::LeaveCause;
use super::rating::{Change, EntryKind, Family};

/// A notice, before it has its place in the person's stream.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Notice {
    /// Somebody wants to play with you.
    Invited {
        invite: GameInviteId,
        game: GameId,
        from: AccountId,
        rematch_of: Option<GameId>,
        expires_at: Timestamp,
        /// It came in the quiet hours of the one who is invited, and is not to disturb.
        quiet: bool,
    },
    /// Your invite was accepted.
    Accepted { invite: GameInviteId, game: GameId },
    /// Your invite was declined.
    Declined { invite: GameInviteId, reason: String },
    /// An invite of yours, or to you, was taken back.
    Cancelled { invite: GameInviteId, reason: String },
    /// Nobody answered in time.
    Expired { invite: GameInviteId },
    /// The queue has found somebody: both are asked.
    PairingOffered { pairing: PairingId, game: GameId, opponent: AccountId, expires_at: Timestamp },
    /// What was on offer has ended without a game; whether one waits on in the queue.
    PairingEnded { pairing: PairingId, reason: &'static str, waiting: bool },
    /// One is in the queue no more, without having asked to leave.
    QueueLeft { cause: LeaveCause },
    /// A game began.
    Started { game: GameId, opponent: AccountId, seat: Seat },
    /// The other player wants somebody to watch a game.
    WatchProposed { game: GameId, spectator: AccountId, by: AccountId },
    /// Both players want you to watch their game.
    WatchInvited { game: GameId, by: AccountId },
    /// The other player does not want somebody to watch.
    WatchDeclined { game: GameId, spectator: AccountId },
    /// Somebody watches no more.
    WatchEnded { game: GameId, spectator: AccountId },
    /// A game is over.
    Over { game: GameId, status: Status, winner: Option<Seat>, reason: String },
    /// A game has counted for a rating, or counts no more.
    RatingChanged { game: GameId, family: Family, entry: EntryKind, before: f64, after: f64 },
}

impl Notice {
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Invited { .. } => "game_invited",
            Self::Accepted { .. } => "game_invite_accepted",
            Self::Declined { .. } => "game_invite_declined",
            Self::Cancelled { .. } => "game_invite_cancelled",
            Self::Expired { .. } => "game_invite_expired",
            Self::PairingOffered { .. } => "game_pairing_offered",
            Self::PairingEnded { .. } => "game_pairing_ended",
            Self::QueueLeft { .. } => "game_queue_left",
            Self::Started { .. } => "game_started",
            Self::WatchProposed { .. } => "game_watch_proposed",
            Self::WatchInvited { .. } => "game_watch_invited",
            Self::WatchDeclined { .. } => "game_watch_declined",
            Self::WatchEnded { .. } => "game_watch_ended",
            Self::Over { .. } => "game_over",
            Self::RatingChanged { .. } => "game_rating_changed",
        }
    }
}

impl Addressed {
    /// What is told of a new invite. Whoever asked for practice knows already.
    pub(crate) fn invitation(invite: &Invite, quiet: bool) -> Vec<Self> {
        let notice = Notice::Invited {
            invite: invite.id,
            game: invite.game,
            from: invite.creator,
            rematch_of: invite.rematch_of,
            expires_at: invite.expires_at,
            quiet,
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
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Addressed {
    pub(crate) to: AccountId,
    pub(crate) notice: Notice,
}

impl Addressed {
    /// Each person is told of their own rating.
    pub(crate) fn ratings(changes: &[Change]) -> Vec<Self> {
        let told = |Change { account, family, entry, .. }: &Change| {
            let (before, after) = (entry.before, entry.after.points);
            let notice =
                Notice::RatingChanged { game: entry.game, family: *family, entry: entry.kind, before, after };
            Self { to: *account, notice }
        };
        changes.iter().map(told).collect()
    }
}
