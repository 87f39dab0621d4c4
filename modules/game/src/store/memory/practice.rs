//! Practice games in memory.

use async_trait::async_trait;
use kernel::Timestamp;
use kernel::id::{AccountId, GameId};

use super::{MemoryStore, Tables, rows};
use crate::domain::practice::seated;
use crate::store::{PracticeStore, StoreError};

#[async_trait]
impl PracticeStore for MemoryStore {
    async fn awaiting_practice(&self, until: Timestamp, limit: i64) -> Result<Vec<GameId>, StoreError> {
        Ok(self.with(|tables| {
            let waiting = tables
                .running
                .iter()
                .filter(|(_, running)| running.practice_since.is_some_and(|at| at <= until));
            waiting.map(|(game, _)| *game).take(rows(limit)).collect()
        }))
    }
}

impl Tables {
    /// How many practice games an account plays now.
    pub(super) fn practises(&self, person: AccountId) -> u32 {
        let running =
            self.games.values().map(|game| &game.summary).filter(|summary| summary.ending.is_none());
        let theirs =
            running.filter(|summary| summary.players.second == person && seated(&summary.players).is_some());
        u32::try_from(theirs.count()).unwrap_or(u32::MAX)
    }
}
