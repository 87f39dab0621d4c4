//! Events leave a context through its outbox: appended in the transaction of the change, numbered once committed,
//! pulled by number.
//!
//! Numbers grow without gaps and become visible in order. On SQLite the one writer numbers events as it inserts them.
//! On PostgreSQL a relay does it afterwards; its lease is the lock on the one row of `outbox_head`, held for one
//! transaction, so any node may relay at once and a dead one blocks nobody.

mod keeping;

use std::fmt::Display;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;
use kernel::id::EventId;
use kernel::page::Limit;
use kernel::{Carried, Clock, Envelope, EventFeed, PortError, Timestamp, Unreadable};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) use keeping::prune;

use crate::bus::Bell;
use crate::db::{Db, LiteConn, Pg, PgConn, StoreError, note_appended_on_pg};
use crate::lifecycle::Tasks;
use crate::sql::{Json, Key, Loose, Ts};
use crate::tables::outbox_events;

/// An event about to be appended.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// Unique for ever.
    pub id: EventId,
    /// What kind of event, for people and metrics, for example `account.suspended`.
    pub kind: &'static str,
    /// What it is about; order matters only within one aggregate.
    pub aggregate: String,
    /// The event itself, as its consumers decode it.
    pub payload: serde_json::Value,
    /// When it happened.
    pub at: Timestamp,
}

impl NewEvent {
    /// The outbox form of `event`.
    pub fn new<E: Serialize>(
        id: EventId,
        kind: &'static str,
        aggregate: impl Display,
        event: &E,
        at: Timestamp,
    ) -> Result<Self, StoreError> {
        let payload = serde_json::to_value(event)
            .map_err(|_| StoreError::Failed(format!("the event {kind} cannot be encoded")))?;
        Ok(Self { id, kind, aggregate: aggregate.to_string(), payload, at })
    }
}

#[derive(Insertable)]
#[diesel(table_name = outbox_events)]
struct NewRow {
    id: Key,
    kind: &'static str,
    aggregate: String,
    payload: Json<serde_json::Value>,
    at: Ts,
}

#[derive(Queryable)]
struct Row {
    number: Option<i64>,
    id: Key,
    kind: String,
    aggregate: String,
    payload: Loose,
    at: Ts,
}

/// Remembers on the connection, or in its task, that the commit has to ring the bell.
#[doc(hidden)]
pub trait NoteAppended {
    /// Notes that this body put an event into the outbox.
    fn note_appended(&mut self);
}
impl NoteAppended for PgConn {
    fn note_appended(&mut self) {
        note_appended_on_pg();
    }
}
impl NoteAppended for LiteConn {
    fn note_appended(&mut self) {
        LiteConn::note_appended(self);
    }
}

crate::dual! {
    /// A connection on which events can be appended; both are.
    #[doc(hidden)]
    pub trait OutboxConn {
        /// See [`append`].
        async fn append_event(c, event: NewEvent) -> Result<(), StoreError> {
            let NewEvent { id, kind, aggregate, payload, at } = event;
            let row = NewRow { id: id.into(), kind, aggregate, payload: Json(payload), at: at.into() };
            diesel::insert_into(outbox_events::table).values(row).execute(c).await?;
            NoteAppended::note_appended(c);
            Ok(())
        }
    }
}

/// Appends an event inside a write body, after the change it tells of: whoever changes the same aggregate waits for
/// this transaction first, which is what keeps the events of one aggregate in order.
///
/// The commit rings [`Db::bell`]; nothing has to be rung by hand.
pub async fn append<C: OutboxConn>(c: &mut C, event: NewEvent) -> Result<(), StoreError> {
    c.append_event(event).await
}

/// A context's numbered events, as consumers in this process pull them.
pub struct Feed<E> {
    db: Db,
    clock: Arc<dyn Clock>,
    event: PhantomData<fn() -> E>,
}

impl<E> Feed<E> {
    /// The feed over the outbox in `db`.
    #[must_use]
    pub fn new(db: Db, clock: Arc<dyn Clock>) -> Self {
        Self { db, clock, event: PhantomData }
    }
}

/// One row as consumers see it. The reason names the event's kind, which is a word of ours, and nothing of its content.
fn carried<E: DeserializeOwned>(row: Row) -> Carried<E> {
    let Row { number, id, kind, aggregate, payload: Loose(payload), at } = row;
    let event = payload
        .and_then(|content| serde_json::from_value(content).ok())
        .ok_or_else(|| Unreadable(format!("the event {kind} cannot be decoded")));
    Envelope { number: number.unwrap_or_default(), id: id.id(), aggregate, at: at.time(), event }
}

#[async_trait]
impl<E: DeserializeOwned + Send + 'static> EventFeed<E> for Feed<E> {
    async fn events_after(&self, after: i64, limit: Limit) -> Result<Vec<Carried<E>>, PortError> {
        let rows: Result<Vec<Row>, StoreError> = crate::read!(self.db, |c| {
            use outbox_events::dsl;
            let numbered =
                dsl::outbox_events.filter(dsl::number.gt(after)).order(dsl::number).limit(limit.rows());
            let columns = (dsl::number, dsl::id, dsl::kind, dsl::aggregate, dsl::payload, dsl::at);
            Ok(numbered.select(columns).load(c).await?)
        });
        Ok(rows?.into_iter().map(carried).collect())
    }

    async fn acknowledge(&self, consumer: &str, number: i64) -> Result<(), PortError> {
        Ok(keeping::acknowledge(&self.db, consumer, number, self.clock.now()).await?)
    }
}

/// Makes a context's events available: starts the relay where one is needed, and gives the feed and the bell that
/// rings when numbered events are there.
pub fn publish<E: DeserializeOwned + Send + 'static>(
    db: &Db,
    clock: Arc<dyn Clock>,
    tasks: &Tasks,
) -> (Arc<dyn EventFeed<E>>, Bell) {
    let feed = Arc::new(Feed::new(db.clone(), clock.clone()));
    let Some(relay) = Relay::new(db) else { return (feed, db.bell()) };
    let bell = relay.numbered.clone();
    let (committed, stop) = (db.bell(), tasks.clone());
    tasks.spawn("outbox relay", async move { relay.run(committed, clock, stop).await });
    (feed, bell)
}

/// Numbers committed events on PostgreSQL.
pub struct Relay {
    db: Pg,
    numbered: Bell,
    count: metrics::Counter,
}

impl Relay {
    /// Events numbered in one transaction at most.
    const BATCH: i64 = 500;
    /// How long an event whose bell was lost (another node's, or a crash) waits at most.
    const POLL: Duration = Duration::from_secs(1);

    /// A relay over the outbox in `db`; none where events are numbered as they are appended.
    #[must_use]
    pub fn new(db: &Db) -> Option<Self> {
        match db {
            Db::Pg(pg) => Some(Self {
                db: pg.clone(),
                numbered: Bell::new(),
                count: metrics::counter!("outbox_numbered_total", "context" => db.context()),
            }),
            Db::Lite(_) => None,
        }
    }

    /// Numbers up to 500 committed events, in order, and says how many.
    pub async fn number_some(&self) -> Result<usize, StoreError> {
        if !self
            .db
            .read::<bool, StoreError, _>(async move |c: &mut PgConn| anything_unnumbered(c).await)
            .await?
        {
            return Ok(0);
        }
        let numbered =
            self.db.write::<usize, StoreError, _>(async move |c: &mut PgConn| number(c).await).await?;
        if numbered > 0 {
            self.count.increment(u64::try_from(numbered).unwrap_or(0));
            self.numbered.ring();
        }
        Ok(numbered)
    }

    async fn run(self, mut committed: Bell, clock: Arc<dyn Clock>, tasks: Tasks) {
        while !tasks.is_stopping() {
            match self.number_some().await {
                // There may be more at once.
                Ok(1..) => continue,
                Ok(0) => {}
                Err(error) => tracing::warn!(%error, "the outbox relay could not number events"),
            }
            tokio::select! {
                () = committed.wait() => {}
                () = clock.sleep(Self::POLL) => {}
                () = tasks.stopping() => {}
            }
        }
    }
}

async fn anything_unnumbered(c: &mut PgConn) -> Result<bool, StoreError> {
    let unnumbered = outbox_events::table.filter(outbox_events::number.is_null());
    Ok(diesel::select(diesel::dsl::exists(unnumbered)).get_result(c).await?)
}

#[derive(QueryableByName)]
struct Numbered {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Takes the lock on the head, so that numbers become visible in their order, and gives the next numbers.
async fn number(c: &mut PgConn) -> Result<usize, StoreError> {
    const LOCK: &str = "SELECT 1 FROM outbox_head FOR UPDATE";
    const NUMBER: &str = "WITH next AS ( \
            SELECT position, (SELECT number FROM outbox_head) + row_number() OVER (ORDER BY position) AS number \
            FROM (SELECT position FROM outbox_events WHERE number IS NULL ORDER BY position LIMIT $1) AS waiting \
        ), numbered AS ( \
            UPDATE outbox_events SET number = next.number FROM next \
            WHERE outbox_events.position = next.position RETURNING 1 \
        ), counted AS ( \
            UPDATE outbox_head SET number = number + (SELECT count(*) FROM numbered) \
        ) SELECT count(*) AS count FROM numbered";
    diesel::sql_query(LOCK).execute(c).await?;
    let numbered: Numbered = diesel::sql_query(NUMBER).bind::<BigInt, _>(Relay::BATCH).get_result(c).await?;
    Ok(usize::try_from(numbered.count).unwrap_or(0))
}
