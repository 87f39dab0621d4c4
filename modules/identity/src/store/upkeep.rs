//! What keeps the store small: rows that nobody will ask for again are removed in bounded batches.

use std::time::Duration;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::Timestamp;
use platform::db::StoreError;
use platform::sql::{Key, Ts};

use super::diesel_store::DieselStore;
use super::schema::{live_tickets, revocations, sessions};
use super::{Pruned, UpkeepStore};

/// Rows that one pruning takes from a table at most.
const BATCH: i64 = 1_000;
/// Far longer than any access token lives.
const REVOCATIONS_KEPT: Duration = Duration::from_hours(1);
/// A ticket lives half a minute.
const TICKETS_KEPT: Duration = Duration::from_hours(1);
/// How long a session that is over can be found, so that a device counts as known.
const SESSIONS_KEPT: Duration = Duration::from_hours(90 * 24);

#[async_trait]
impl UpkeepStore for DieselStore {
    async fn prune(&self, now: Timestamp) -> Result<Pruned, StoreError> {
        platform::write!(self.db, |c| {
            let old: Vec<Key> = revocations::table
                .filter(revocations::at.lt(Ts::from(now.minus(REVOCATIONS_KEPT))))
                .select(revocations::id)
                .limit(BATCH)
                .load(c)
                .await?;
            let mut rows =
                diesel::delete(revocations::table.filter(revocations::id.eq_any(old))).execute(c).await?;
            let spent: Vec<Vec<u8>> = live_tickets::table
                .filter(live_tickets::expires_at.lt(Ts::from(now.minus(TICKETS_KEPT))))
                .select(live_tickets::mac)
                .limit(BATCH)
                .load(c)
                .await?;
            rows += diesel::delete(live_tickets::table.filter(live_tickets::mac.eq_any(spent)))
                .execute(c)
                .await?;
            let over: Vec<Key> = sessions::table
                .filter(sessions::expires_at.lt(Ts::from(now.minus(SESSIONS_KEPT))))
                .select(sessions::id)
                .limit(BATCH)
                .load(c)
                .await?;
            rows += diesel::delete(sessions::table.filter(sessions::id.eq_any(over))).execute(c).await?;
            Ok(Pruned { rows })
        })
    }
}
