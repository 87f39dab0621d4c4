//! The rows of jobs: claiming, finishing, and what an operator may ask.

use std::time::Duration;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::Timestamp;
use kernel::id::NodeId;

use super::Lease;
use crate::db::{Db, StoreError};
use crate::sql::{Key, Ts};
use crate::tables::jobs;

/// A job as an operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobStatus {
    /// Its name.
    pub name: String,
    /// How often it runs.
    pub every: Duration,
    /// When it is due next.
    pub due_at: Timestamp,
    /// The node that runs it now, and until when nobody else may.
    pub lease: Option<(NodeId, Timestamp)>,
    /// When it last began.
    pub started_at: Option<Timestamp>,
    /// When it last ended well.
    pub finished_at: Option<Timestamp>,
    /// How often it ended well.
    pub runs: i64,
    /// How often it failed since it last ended well.
    pub failures: i64,
    /// Why it failed last.
    pub last_error: Option<String>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = jobs)]
struct Row {
    name: String,
    every: i64,
    due_at: Ts,
    holder: Option<Key>,
    leased_until: Option<Ts>,
    started_at: Option<Ts>,
    finished_at: Option<Ts>,
    runs: i64,
    failures: i64,
    last_error: Option<String>,
}

impl From<Row> for JobStatus {
    fn from(row: Row) -> Self {
        Self {
            name: row.name,
            every: Duration::from_micros(u64::try_from(row.every).unwrap_or(0)),
            due_at: row.due_at.time(),
            lease: row.holder.zip(row.leased_until).map(|(holder, until)| (holder.id(), until.time())),
            started_at: row.started_at.map(Ts::time),
            finished_at: row.finished_at.map(Ts::time),
            runs: row.runs,
            failures: row.failures,
            last_error: row.last_error,
        }
    }
}

/// All jobs of a context, by name.
pub async fn list(db: &Db) -> Result<Vec<JobStatus>, StoreError> {
    let rows: Result<Vec<Row>, StoreError> = crate::read!(*db, |c| {
        Ok(jobs::table.order(jobs::name).limit(1_000).select(Row::as_select()).load(c).await?)
    });
    Ok(rows?.into_iter().map(JobStatus::from).collect())
}

/// Makes a job due now. A running node takes it within seconds. False when there is no such job.
pub async fn run_now(db: &Db, name: &str, now: Timestamp) -> Result<bool, StoreError> {
    let name = name.to_owned();
    crate::write_one!(*db, |c| {
        let job = jobs::table.find(name);
        Ok(diesel::update(job).set(jobs::due_at.eq(Ts(now))).execute(c).await? == 1)
    })
}

/// Makes a job that failed due now, without waiting for its pause. False when there is none that failed.
pub async fn retry(db: &Db, name: &str, now: Timestamp) -> Result<bool, StoreError> {
    let name = name.to_owned();
    crate::write_one!(*db, |c| {
        let job = jobs::table.find(name).filter(jobs::failures.gt(0));
        Ok(diesel::update(job).set(jobs::due_at.eq(Ts(now))).execute(c).await? == 1)
    })
}

/// Forgets jobs that nobody has run although they were due before `before`: a release that is gone had them. A node
/// that does have such a job makes its row anew.
pub(crate) async fn forget(db: &Db, before: Timestamp) -> Result<usize, StoreError> {
    crate::write_one!(*db, |c| {
        let unheld = jobs::leased_until.is_null().or(jobs::leased_until.lt(Ts(before)));
        Ok(diesel::delete(jobs::table.filter(jobs::due_at.lt(Ts(before))).filter(unheld)).execute(c).await?)
    })
}

pub(super) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX).max(1)
}

/// Makes sure that the job has a row; one that is new is due at once.
pub(super) async fn ensure(
    db: &Db,
    name: &'static str,
    every: Duration,
    now: Timestamp,
) -> Result<(), StoreError> {
    let every = micros(every);
    crate::write_one!(*db, |c| {
        diesel::insert_into(jobs::table)
            .values((jobs::name.eq(name), jobs::every.eq(every), jobs::due_at.eq(Ts(now))))
            .on_conflict(jobs::name)
            .do_update()
            .set(jobs::every.eq(every))
            .execute(c)
            .await?;
        Ok(())
    })
}

/// When the job may next be claimed.
pub(super) async fn next_chance(db: &Db, name: &'static str) -> Result<Option<Timestamp>, StoreError> {
    let row: Result<Option<(Ts, Option<Ts>)>, StoreError> = crate::read!(*db, |c| {
        Ok(jobs::table.find(name).select((jobs::due_at, jobs::leased_until)).first(c).await.optional()?)
    });
    Ok(row?.map(|(due, leased)| leased.map_or(due.time(), |leased| leased.time().max(due.time()))))
}

/// Claims a due job that nobody holds. Exactly one of many callers sees `true`.
pub(super) async fn claim(
    db: &Db,
    name: &'static str,
    lease: Lease,
    now: Timestamp,
) -> Result<bool, StoreError> {
    crate::write_one!(*db, |c| {
        let free = jobs::leased_until.is_null().or(jobs::leased_until.le(Ts(now)));
        let job = jobs::table.find(name).filter(jobs::due_at.le(Ts(now))).filter(free);
        let claimed = diesel::update(job)
            .set((
                jobs::holder.eq(Some(Key::from(lease.holder))),
                jobs::leased_until.eq(Some(Ts(lease.until))),
                jobs::started_at.eq(Some(Ts(now))),
            ))
            .execute(c)
            .await?;
        Ok(claimed == 1)
    })
}

/// Keeps a claim; false when it ran out and somebody else has it.
pub(super) async fn renew(db: &Db, name: &'static str, lease: Lease) -> Result<bool, StoreError> {
    crate::write_one!(*db, |c| {
        let own = jobs::table.find(name).filter(jobs::holder.eq(Key::from(lease.holder)));
        let kept = diesel::update(own).set(jobs::leased_until.eq(Some(Ts(lease.until)))).execute(c).await?;
        Ok(kept == 1)
    })
}

/// Ends a claim after the job ended well.
pub(super) async fn finish(
    db: &Db,
    name: &'static str,
    holder: NodeId,
    now: Timestamp,
    due: Timestamp,
) -> Result<(), StoreError> {
    crate::write_one!(*db, |c| {
        let own = jobs::table.find(name).filter(jobs::holder.eq(Key::from(holder)));
        diesel::update(own)
            .set((
                jobs::holder.eq(None::<Key>),
                jobs::leased_until.eq(None::<Ts>),
                jobs::finished_at.eq(Some(Ts(now))),
                jobs::due_at.eq(Ts(due)),
                jobs::runs.eq(jobs::runs + 1),
                jobs::failures.eq(0),
                jobs::last_error.eq(None::<String>),
            ))
            .execute(c)
            .await?;
        Ok(())
    })
}

/// Ends a claim after the job failed.
pub(super) async fn fail(
    db: &Db,
    name: &'static str,
    holder: NodeId,
    reason: String,
    due: Timestamp,
) -> Result<(), StoreError> {
    crate::write_one!(*db, |c| {
        let own = jobs::table.find(name).filter(jobs::holder.eq(Key::from(holder)));
        diesel::update(own)
            .set((
                jobs::holder.eq(None::<Key>),
                jobs::leased_until.eq(None::<Ts>),
                jobs::due_at.eq(Ts(due)),
                jobs::failures.eq(jobs::failures + 1),
                jobs::last_error.eq(Some(reason)),
            ))
            .execute(c)
            .await?;
        Ok(())
    })
}

pub(super) async fn failures(db: &Db, name: &'static str) -> Result<i64, StoreError> {
    crate::read!(*db, |c| {
        Ok(jobs::table.find(name).select(jobs::failures).first(c).await.optional()?.unwrap_or(0))
    })
}
