//! Background jobs: rows with a lease, claimed by a conditional update, so that every node may run the same list and
//! each job runs on one of them at a time. Jobs are idempotent and bounded per batch.

mod rows;
mod runner;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use kernel::id::NodeId;
use kernel::{PortError, Timestamp};

pub(crate) use rows::forget;
pub use rows::{JobStatus, list, retry, run_now};
pub use runner::{Ran, Runner};

use crate::db::StoreError;

/// What one batch of a job did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// There is nothing left until the next time.
    Done,
    /// There is more; the next batch follows at once.
    More,
}

/// Why a job failed. The text goes to operators; it never holds content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct JobError(pub String);

impl From<StoreError> for JobError {
    fn from(error: StoreError) -> Self {
        Self(error.to_string())
    }
}

impl From<PortError> for JobError {
    fn from(error: PortError) -> Self {
        Self(error.to_string())
    }
}

type Run = Arc<dyn Fn(Timestamp) -> BoxFuture<'static, Result<Progress, JobError>> + Send + Sync>;

/// A recurring piece of work.
#[derive(Clone)]
pub struct Job {
    name: &'static str,
    every: Duration,
    lease: Duration,
    run: Run,
}

impl Job {
    /// A job called `<context>.<what>` that runs every so often; `run` does one batch and gets the present instant.
    pub fn every<F, Fut>(name: &'static str, every: Duration, run: F) -> Self
    where
        F: Fn(Timestamp) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Progress, JobError>> + Send + 'static,
    {
        Self { name, every, lease: Duration::from_mins(1), run: Arc::new(move |now| Box::pin(run(now))) }
    }

    /// The same job with another lease: longer than any one batch lasts. 60 s unless told.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }
}

/// Who claims a job, and until when nobody else may.
#[derive(Debug, Clone, Copy)]
struct Lease {
    holder: NodeId,
    until: Timestamp,
}
