//! Runs a context's jobs on this node: one task per job, so that a slow job delays nobody.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use kernel::Clock;
use kernel::id::NodeId;

use super::{Job, JobError, Lease, Progress, rows};
use crate::bus::Bell;
use crate::db::{Db, StoreError};
use crate::lifecycle::Tasks;

/// How long at most until a job that an operator made due is noticed.
const POLL: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_mins(10);
/// Batches in one claim at most; then the job takes its turn again.
const BATCHES: usize = 1_000;

/// A context's jobs on this node.
#[derive(Clone)]
pub struct Runner {
    db: Db,
    clock: Arc<dyn Clock>,
    node: NodeId,
    jobs: Vec<Job>,
    nudge: Bell,
}

/// What became of one attempt to run a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ran {
    /// It was not due, or another node has it.
    NotClaimed,
    /// It ended well.
    Finished,
    /// It failed and waits before it is tried again.
    Failed(JobError),
}

impl Runner {
    /// The jobs whose rows stand in `db`.
    #[must_use]
    pub fn new(db: Db, clock: Arc<dyn Clock>, node: NodeId, jobs: Vec<Job>) -> Self {
        Self { db, clock, node, jobs, nudge: Bell::new() }
    }

    /// Rung to make jobs look at once whether they are due, after [`run_now`](super::run_now) in this process.
    pub fn nudge(&self) -> Bell {
        self.nudge.clone()
    }

    /// Runs every job when it is due, until the process stops.
    pub fn start(&self, tasks: &Tasks) {
        for job in self.jobs.clone() {
            let (runner, stop) = (self.clone(), tasks.clone());
            tasks.spawn(job.name, async move { runner.run(job, stop).await });
        }
    }

    /// Tries to run the job called `name` once, if it is due.
    pub async fn run_once(&self, name: &str) -> Result<Ran, StoreError> {
        let Some(job) = self.jobs.iter().find(|job| job.name == name) else { return Ok(Ran::NotClaimed) };
        rows::ensure(&self.db, job.name, job.every, self.clock.now()).await?;
        self.attempt(job).await
    }

    async fn run(&self, job: Job, tasks: Tasks) {
        let mut nudge = self.nudge.clone();
        let mut known = false;
        while !tasks.is_stopping() {
            let pause = match self.look(&job, &mut known).await {
                Ok(pause) => pause,
                Err(error) => {
                    tracing::warn!(job = job.name, %error, "the job's row could not be read");
                    POLL
                }
            };
            if pause.is_zero() {
                continue;
            }
            tokio::select! {
                () = self.clock.sleep(pause) => {}
                () = nudge.wait() => {}
                () = tasks.stopping() => {}
            }
        }
    }

    /// Runs the job if it is due; how long to wait before looking again.
    async fn look(&self, job: &Job, known: &mut bool) -> Result<Duration, StoreError> {
        if !*known {
            rows::ensure(&self.db, job.name, job.every, self.clock.now()).await?;
            *known = true;
        }
        let Some(chance) = rows::next_chance(&self.db, job.name).await? else {
            *known = false;
            return Ok(Duration::ZERO);
        };
        let wait = chance.since(self.clock.now());
        if !wait.is_zero() {
            return Ok(wait.min(POLL));
        }
        match self.attempt(job).await? {
            // Another node was faster; its row says until when.
            Ran::NotClaimed => Ok(Duration::from_millis(250)),
            Ran::Finished | Ran::Failed(_) => Ok(Duration::ZERO),
        }
    }

    async fn attempt(&self, job: &Job) -> Result<Ran, StoreError> {
        let now = self.clock.now();
        let due = rows::next_chance(&self.db, job.name).await?;
        if !rows::claim(&self.db, job.name, self.lease(job), now).await? {
            return Ok(Ran::NotClaimed);
        }
        let lag = due.map(|due| now.since(due)).unwrap_or_default();
        metrics::gauge!("job_lag_seconds", "job" => job.name).set(lag.as_secs_f64());
        let outcome = self.batches(job).await;
        let now = self.clock.now();
        let word = if outcome.is_ok() { "finished" } else { "failed" };
        metrics::counter!("job_runs_total", "job" => job.name, "outcome" => word).increment(1);
        match outcome {
            Ok(Progress::Done) => {
                rows::finish(&self.db, job.name, self.node, now, now.plus(job.every)).await?;
                Ok(Ran::Finished)
            }
            Ok(Progress::More) => {
                rows::finish(&self.db, job.name, self.node, now, now).await?;
                Ok(Ran::Finished)
            }
            Err(error) => {
                tracing::error!(job = job.name, %error, "a job failed");
                let failures = u32::try_from(rows::failures(&self.db, job.name).await?).unwrap_or(u32::MAX);
                let pause = Duration::from_secs(1).saturating_mul(2u32.saturating_pow(failures.min(20)));
                let due = now.plus(pause.min(LONGEST_PAUSE).min(job.every.max(Duration::from_secs(1))));
                rows::fail(&self.db, job.name, self.node, error.0.clone(), due).await?;
                Ok(Ran::Failed(error))
            }
        }
    }

    async fn batches(&self, job: &Job) -> Result<Progress, JobError> {
        for _ in 0..BATCHES {
            let batch = AssertUnwindSafe((job.run)(self.clock.now())).catch_unwind().await;
            match batch.unwrap_or_else(|_| Err(JobError("the job panicked".to_owned())))? {
                Progress::Done => return Ok(Progress::Done),
                Progress::More => {
                    if !rows::renew(&self.db, job.name, self.lease(job)).await? {
                        return Err(JobError("the lease ran out during a batch".to_owned()));
                    }
                }
            }
        }
        Ok(Progress::More)
    }

    fn lease(&self, job: &Job) -> Lease {
        Lease { holder: self.node, until: self.clock.now().plus(job.lease) }
    }
}
