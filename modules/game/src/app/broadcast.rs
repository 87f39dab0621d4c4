//! Where committed facts go at once: to whoever follows the game, and to inboxes. It may lose one; storage heals it.

use kernel::id::{AccountId, GameId};

use crate::domain::entry::Recorded;
pub(crate) use crate::store::Told;
use game_engine::{BySeat, State};

/// Takes what has been committed. Never waits and never fails.
pub(crate) trait Broadcast: Send + Sync {
    /// The way to those who follow one game; kept as long as the game is hot.
    fn game(&self, game: GameId, players: BySeat<AccountId>) -> Box<dyn Followers>;
    /// Notices, each in its account's order.
    fn notices(&self, told: &[Told]);
    /// Lines of a game, in order, that have become old enough for its spectators.
    fn watched(&self, _: GameId, _: &[Recorded]) {}
    /// A spectator who may not watch any more.
    fn sent_away(&self, _: GameId, _: AccountId) {}
}

/// Those who follow one game.
pub(crate) trait Followers: Send + Sync {
    /// Lines of its journal, in order, and how the game stands after the last of them.
    fn lines(&self, lines: &[Recorded], after: &State);
}
