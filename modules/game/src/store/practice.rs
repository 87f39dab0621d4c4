//! What is kept of practice games beside what is kept of every game: since when an opponent is to act, and how many of
//! them somebody plays.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use game_bots::Strength;
use kernel::Timestamp;
use kernel::id::GameId;
use platform::db::StoreError;
use platform::read;
use platform::sql::{Key, Ts};

use super::diesel_store::DieselStore;
use super::schema::{games, running_games};
use crate::domain::practice::account;

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

platform::dual! {
    /// A connection on which practice games can be counted; both are. Called inside the transactions of others only.
    pub(super) trait Practising {
        /// How many of them this account plays now. The opponent invites, so it sits first.
        async fn practice_games_of(c, person: Key) -> Result<i64, StoreError> {
            let running = games::table
                .filter(games::second_player.eq(person))
                .filter(games::first_player.eq_any(Strength::ALL.map(|strength| Key::from(account(strength)))))
                // As the index of those that run says it.
                .filter(games::ended_at.is_null());
            Ok(running.count().get_result(c).await?)
        }
    }
}
