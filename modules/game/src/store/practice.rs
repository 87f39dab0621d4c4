//! What is kept of practice games beside what is kept of every game: since when an opponent is to act.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::Timestamp;
use kernel::id::GameId;
use platform::db::StoreError;
use platform::read;
use platform::sql::{Key, Ts};

use super::diesel_store::DieselStore;
use super::schema::running_games;

#[async_trait]
pub(crate) trait PracticeStore: Send + Sync {
    /// Games in which a practice opponent is to act since `until` or longer, in no order.
    async fn awaiting_practice(&self, until: Timestamp, rows: i64) -> Result<Vec<GameId>, StoreError>;
}

#[async_trait]
impl PracticeStore for DieselStore {
    async fn awaiting_practice(&self, until: Timestamp, rows: i64) -> Result<Vec<GameId>, StoreError> {
        let keys: Result<Vec<Key>, StoreError> = read!(self.db, |c| {
            let waiting = running_games::table.filter(running_games::practice_since.le(Ts(until)));
            Ok(waiting.limit(rows).select(running_games::game).load(c).await?)
        });
        Ok(keys?.into_iter().map(Key::id).collect())
    }
}
