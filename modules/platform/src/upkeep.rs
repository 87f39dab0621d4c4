//! What keeps the floor's own tables small: one job for each context, whose settings are the operator's.

use std::time::Duration;

use kernel::Timestamp;
use serde::Deserialize;

use crate::db::Db;
use crate::jobs::{self, Job, JobError, Progress};
use crate::{idempotency, notices, outbox};

const EVERY: Duration = Duration::from_hours(1);
/// The consumers of a process that has just started have said by then where they stand.
const SETTLING: Duration = Duration::from_mins(10);
/// Jobs that were due so long ago are no longer anybody's.
const JOBS_KEPT: Duration = Duration::from_hours(7 * 24);

/// How long things are kept that only the slow and the absent still need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// Days that announced events are kept at least; longer where a consumer still needs them. 1 to 3,650.
    pub events_days: u32,
    /// Days that notices are kept; the latest of each account stays. 1 to 3,650.
    pub notices_days: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self { events_days: 7, notices_days: 30 }
    }
}

impl Retention {
    /// Whether every value is within its range.
    pub fn validate(&self) -> Result<(), String> {
        for (name, days) in [("events_days", self.events_days), ("notices_days", self.notices_days)] {
            if !(1..=3_650).contains(&days) {
                return Err(format!("{name} is {days}; it lies between 1 and 3650"));
            }
        }
        Ok(())
    }
}

fn days(days: u32) -> Duration {
    Duration::from_hours(u64::from(days) * 24)
}

/// The job that removes from a context's schema what has had its time: events, notices, idempotency keys, and rows of
/// jobs that no longer exist. `began` is when this process did.
pub fn job(name: &'static str, db: &Db, retention: Retention, began: Timestamp) -> Job {
    let db = db.clone();
    Job::every(name, EVERY, move |now| {
        let db = db.clone();
        async move { batch(&db, retention, now, now.since(began) >= SETTLING).await }
    })
}

async fn batch(db: &Db, retention: Retention, now: Timestamp, settled: bool) -> Result<Progress, JobError> {
    idempotency::purge(db, now).await?;
    jobs::forget(db, now.minus(JOBS_KEPT)).await?;
    let notices = notices::prune(db, days(retention.notices_days), now).await?;
    count(db, "notices", notices);
    let mut more = notices > 0;
    if settled {
        let kept = outbox::prune(db, days(retention.events_days), now).await?;
        count(db, "events", kept.removed);
        more |= kept.more;
        let held = metrics::gauge!("outbox_held", "context" => db.context());
        held.set(if kept.held_by.is_some() { 1.0 } else { 0.0 });
        if let Some(consumer) = kept.held_by {
            let context = db.context();
            tracing::error!(
                context,
                consumer,
                "old events are kept because a consumer has not come past them"
            );
        }
    }
    Ok(if more { Progress::More } else { Progress::Done })
}

fn count(db: &Db, what: &'static str, removed: usize) {
    metrics::counter!("upkeep_removed_total", "context" => db.context(), "what" => what)
        .increment(u64::try_from(removed).unwrap_or(u64::MAX));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retention_out_of_range_is_named() {
        assert_eq!(Retention::default().validate(), Ok(()));
        let never = Retention { events_days: 0, ..Retention::default() };
        assert!(never.validate().unwrap_err().contains("events_days"));
        let for_ever = Retention { notices_days: 4_000, ..Retention::default() };
        assert!(for_ever.validate().unwrap_err().contains("notices_days"));
    }
}
