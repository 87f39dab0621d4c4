//! What an operator sees of parked aggregates, and how they are tried again at once.

use std::collections::HashMap;

use diesel::dsl::count_star;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::Timestamp;

use super::rows::Parked;
use crate::db::{Db, StoreError};
use crate::sql::Ts;
use crate::tables::inbox_parked;

/// Aggregates listed at most.
const MOST: i64 = 1_000;

/// Events about one thing that a consumer could not handle: the first of them failed, the others wait for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedAggregate {
    /// Who could not, for example `game.identity`.
    pub consumer: String,
    /// What they are about.
    pub aggregate: String,
    /// The number of the event that failed.
    pub number: i64,
    /// How often it was tried.
    pub attempts: i64,
    /// Why it failed last.
    pub reason: String,
    /// Since when it is parked.
    pub parked_at: Timestamp,
    /// When it is tried again by itself.
    pub retry_at: Timestamp,
    /// How many events are parked, the failed one included.
    pub events: i64,
}

/// The parked aggregates of all consumers of a context, oldest first; at most a thousand.
pub async fn parked(db: &Db) -> Result<Vec<ParkedAggregate>, StoreError> {
    let counts = counts(db).await?;
    let shown = |parked: Parked| {
        let Parked { consumer, number, aggregate, attempts, reason, parked_at, retry_at } = parked;
        let key = (consumer, aggregate);
        let events = counts.get(&key).copied().unwrap_or(1);
        let (consumer, aggregate) = key;
        let (parked_at, retry_at) = (parked_at.time(), retry_at.time());
        ParkedAggregate { consumer, aggregate, number, attempts, reason, parked_at, retry_at, events }
    };
    Ok(failed(db).await?.into_iter().map(shown).collect())
}

/// The first parked event of each aggregate: the one that failed.
async fn failed(db: &Db) -> Result<Vec<Parked>, StoreError> {
    crate::read!(*db, |c| {
        let before = diesel::alias!(inbox_parked as before);
        Ok(inbox_parked::table
            .filter(diesel::dsl::not(diesel::dsl::exists(
                before
                    .filter(before.field(inbox_parked::consumer).eq(inbox_parked::consumer))
                    .filter(before.field(inbox_parked::aggregate).eq(inbox_parked::aggregate))
                    .filter(before.field(inbox_parked::number).lt(inbox_parked::number)),
            )))
            .order((inbox_parked::parked_at, inbox_parked::consumer, inbox_parked::number))
            .limit(MOST)
            .select(Parked::as_select())
            .load(c)
            .await?)
    })
}

/// How many events are parked, by consumer and aggregate.
async fn counts(db: &Db) -> Result<HashMap<(String, String), i64>, StoreError> {
    let rows: Result<Vec<(String, String, i64)>, StoreError> = crate::read!(*db, |c| {
        let groups = inbox_parked::table.group_by((inbox_parked::consumer, inbox_parked::aggregate));
        Ok(groups.select((inbox_parked::consumer, inbox_parked::aggregate, count_star())).load(c).await?)
    });
    Ok(rows?.into_iter().map(|(consumer, aggregate, count)| ((consumer, aggregate), count)).collect())
}

/// Lets a consumer try its parked events now: those of one aggregate, or of all. Says how many events that are; a
/// running consumer takes them within seconds.
pub async fn retry(
    db: &Db,
    consumer: &str,
    aggregate: Option<&str>,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let (consumer, aggregate) = (consumer.to_owned(), aggregate.map(str::to_owned));
    crate::write_one!(*db, |c| {
        let own = inbox_parked::consumer.eq(consumer);
        let soon = inbox_parked::retry_at.eq(Ts(now));
        let due = match aggregate {
            Some(aggregate) => {
                let one = inbox_parked::table.filter(own).filter(inbox_parked::aggregate.eq(aggregate));
                diesel::update(one).set(soon).execute(c).await?
            }
            None => diesel::update(inbox_parked::table.filter(own)).set(soon).execute(c).await?,
        };
        Ok(due)
    })
}
