//! How long announced events are kept: until every consumer is past them and they are old. The newest always stays, so
//! that a consumer that missed events sees that it did, and numbers go on from it.

use std::time::Duration;

use diesel::dsl::max;
use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use kernel::Timestamp;

use crate::db::{Db, StoreError};
use crate::sql::Ts;
use crate::tables::{outbox_consumers, outbox_events};

/// Events that one transaction removes at most.
const BATCH: i64 = 1_000;
/// A consumer that has said nothing for so long is taken for one that was removed; it speaks every few minutes. Should
/// it come back, it sees that events are missing.
const SILENT_FOR: Duration = Duration::from_hours(60 * 24);

/// What one batch of pruning came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    /// Events removed.
    pub(crate) removed: usize,
    /// Whether there may be more to remove.
    pub(crate) more: bool,
    /// The consumer that keeps events older than the retention, if one does.
    pub(crate) held_by: Option<String>,
}

/// Writes down that a consumer is past `number`. It never goes back.
pub(super) async fn acknowledge(
    db: &Db,
    consumer: &str,
    number: i64,
    now: Timestamp,
) -> Result<(), StoreError> {
    let consumer = consumer.to_owned();
    crate::write_one!(*db, |c| {
        use outbox_consumers::dsl;
        let said = (dsl::consumer.eq(consumer), dsl::number.eq(number), dsl::heard_at.eq(Ts(now)));
        let news = diesel::insert_into(dsl::outbox_consumers)
            .values(said)
            .on_conflict(dsl::consumer)
            .do_update()
            .set((dsl::number.eq(excluded(dsl::number)), dsl::heard_at.eq(Ts(now))));
        let forwards = dsl::number.le(excluded(dsl::number));
        diesel::query_dsl::methods::FilterDsl::filter(news, forwards).execute(c).await?;
        Ok(())
    })
}

/// Removes numbered events that every known consumer is past and that are older than `retention`, oldest first.
pub(crate) async fn prune(db: &Db, retention: Duration, now: Timestamp) -> Result<Kept, StoreError> {
    forget_silent(db, now.minus(SILENT_FOR.max(retention))).await?;
    let old = now.minus(retention);
    // Only a beginning goes: what is left has no gap.
    let aged: Vec<i64> = oldest(db).await?.into_iter().take_while(|(_, at)| *at < old).map(first).collect();
    let slowest = slowest(db).await?;
    let needed = |number: i64| slowest.as_ref().is_some_and(|(_, passed)| number > *passed);
    let removed = match aged.iter().rfind(|number| !needed(**number)) {
        Some(last) => remove_up_to(db, *last).await?,
        None => 0,
    };
    let held = aged.last().is_some_and(|last| needed(*last));
    Ok(Kept { removed, more: removed > 0 && !held, held_by: slowest.map(first).filter(|_| held) })
}

fn first<A, B>((one, _): (A, B)) -> A {
    one
}

async fn forget_silent(db: &Db, since: Timestamp) -> Result<(), StoreError> {
    crate::write_one!(*db, |c| {
        let silent = outbox_consumers::table.filter(outbox_consumers::heard_at.lt(Ts(since)));
        diesel::delete(silent).execute(c).await?;
        Ok(())
    })
}

/// The consumer that has come least far.
async fn slowest(db: &Db) -> Result<Option<(String, i64)>, StoreError> {
    crate::read!(*db, |c| {
        let slowest = outbox_consumers::table.order((outbox_consumers::number, outbox_consumers::consumer));
        let columns = (outbox_consumers::consumer, outbox_consumers::number);
        Ok(slowest.select(columns).first(c).await.optional()?)
    })
}

/// The oldest numbered events and when they were, but never the newest of all.
async fn oldest(db: &Db) -> Result<Vec<(i64, Timestamp)>, StoreError> {
    let rows: Result<Vec<(Option<i64>, Ts)>, StoreError> = crate::read!(*db, |c| {
        let newest: Option<i64> = outbox_events::table.select(max(outbox_events::number)).first(c).await?;
        Ok(outbox_events::table
            .filter(outbox_events::number.lt(newest.unwrap_or(0)))
            .order(outbox_events::number)
            .limit(BATCH)
            .select((outbox_events::number, outbox_events::at))
            .load(c)
            .await?)
    });
    Ok(rows?.into_iter().filter_map(|(number, at)| Some((number?, at.time()))).collect())
}

async fn remove_up_to(db: &Db, last: i64) -> Result<usize, StoreError> {
    crate::write_one!(*db, |c| {
        Ok(diesel::delete(outbox_events::table.filter(outbox_events::number.le(last))).execute(c).await?)
    })
}
