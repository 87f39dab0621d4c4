//! Practice games in memory.

use async_trait::async_trait;
use kernel::Timestamp;
use kernel::id::GameId;

use super::{MemoryStore, rows};
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
