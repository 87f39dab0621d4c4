//! Background work: started under one roof, told to stop, waited for.

use std::future::Future;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The process's background tasks. Cheap to clone; all clones are the same set.
///
/// Tasks run on the runtime this was made on, so that work begun from a web worker outlives that worker.
#[derive(Debug, Clone)]
pub struct Tasks {
    runtime: Handle,
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl Tasks {
    /// An empty set on the current runtime; must be called within one.
    #[must_use]
    pub fn new() -> Self {
        Self { runtime: Handle::current(), tracker: TaskTracker::new(), stop: CancellationToken::new() }
    }

    /// Starts a task. It should end soon after [`Tasks::stopping`] completes.
    pub fn spawn(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let task = self.tracker.track_future(task);
        self.runtime.spawn(async move {
            task.await;
            tracing::debug!(task = name, "background task ended");
        });
    }

    /// Completes when it is time to stop.
    pub async fn stopping(&self) {
        self.stop.cancelled().await;
    }

    /// Whether it is time to stop.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Tells all tasks to stop and waits for them, at most `patience`. Says whether all of them ended.
    pub async fn stop(&self, patience: Duration) -> bool {
        self.stop.cancel();
        self.tracker.close();
        tokio::time::timeout(patience, self.tracker.wait()).await.is_ok()
    }
}

impl Default for Tasks {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn stopping_waits_for_what_was_started() {
        let tasks = Tasks::new();
        let inner = tasks.clone();
        let (said, mut heard) = tokio::sync::oneshot::channel();
        tasks.spawn("test", async move {
            inner.stopping().await;
            let _ = said.send(());
        });
        assert!(!tasks.is_stopping());
        assert!(tasks.stop(Duration::from_secs(10)).await);
        assert!(heard.try_recv().is_ok());
    }
}
