//! Somebody else who watches a game: one player proposes it, the other agrees, either ends it, and everything comes late.

use std::time::Duration;

use game_engine::BySeat;
use kernel::Timestamp;
use kernel::id::{AccountId, GameId};

use super::notice::{Addressed, Notice};

/// How old a line is before a spectator hears of it.
pub(crate) const DELAY: Duration = Duration::from_mins(1);
/// How many spectators one game has at most, proposed ones included.
pub(crate) const MOST: usize = 10;

kernel::words! {
    /// Where it stands with a spectator.
    pub(crate) enum SpectatorState as "state of a spectator" {
        /// One player wants it; the other has not said.
        Proposed = "proposed",
        /// Both want it.
        Agreed = "agreed",
        /// The other player does not.
        Declined = "declined",
        /// A player, or the spectator, has ended it, or one of the three may not play with another any more.
        Ended = "ended",
    }
}

impl SpectatorState {
    /// Whether it may still come to watching.
    pub(crate) fn is_open(self) -> bool {
        matches!(self, Self::Proposed | Self::Agreed)
    }
}

/// A spectator of one game.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spectator {
    pub(crate) game: GameId,
    pub(crate) account: AccountId,
    /// The player who wanted it first.
    pub(crate) proposed_by: AccountId,
    pub(crate) state: SpectatorState,
    pub(crate) proposed_at: Timestamp,
    pub(crate) changed_at: Timestamp,
}

impl Spectator {
    /// What is told of an end. Whoever was only proposed does not know of it.
    pub(crate) fn ended(&self, players: BySeat<AccountId>) -> Vec<Addressed> {
        let spectator = (self.state == SpectatorState::Agreed).then_some(self.account);
        let notice = Notice::WatchEnded { game: self.game, spectator: self.account };
        let told = [players.first, players.second].into_iter().chain(spectator);
        told.map(|to| Addressed { to, notice: notice.clone() }).collect()
    }
}

/// The newest instant of which a spectator may know.
pub(crate) fn known_until(now: Timestamp) -> Timestamp {
    now.minus(DELAY)
}
