//! The loop that pulls events and hands them to their handler.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use kernel::page::Limit;
use kernel::{Clock, Envelope, EventFeed, Timestamp};

use super::rows::{self, Parked, Standing};
use super::{HandleError, Handler};
use crate::bus::Bell;
use crate::db::{Db, StoreError};
use crate::lifecycle::Tasks;

/// Pulls one feed for one purpose. Its name is its cursor's key: `<context>.<provider>`.
///
/// Safe to run on every node: the cursor moves by conditional updates, so only one of them commits each event.
pub struct Consumer<E> {
    db: Db,
    name: &'static str,
    feed: Arc<dyn EventFeed<E>>,
    clock: Arc<dyn Clock>,
    handler: Arc<dyn Handler<E>>,
    failures: metrics::Counter,
    parked: metrics::Gauge,
    lag: metrics::Gauge,
}

/// What one round of a consumer did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Events handled, parked ones included.
    pub handled: usize,
    /// Events passed over because the handler does not want them.
    pub skipped: usize,
    /// Events parked in this round.
    pub parked: usize,
}

impl Progress {
    fn any(self) -> bool {
        self != Self::default()
    }
}

/// How long an event whose bell was lost waits at most.
const POLL: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
const LONGEST_PARK: Duration = Duration::from_hours(1);
/// Parked events tried in one round at most.
const RETRIES: usize = 20;

impl<E: Send + Sync + 'static> Consumer<E> {
    /// A consumer that keeps its cursor in `db`, the database its handler writes to.
    pub fn new(
        db: Db,
        name: &'static str,
        feed: Arc<dyn EventFeed<E>>,
        clock: Arc<dyn Clock>,
        handler: Arc<dyn Handler<E>>,
    ) -> Self {
        Self {
            db,
            name,
            feed,
            clock,
            handler,
            failures: metrics::counter!("inbox_failures_total", "consumer" => name),
            parked: metrics::gauge!("inbox_parked", "consumer" => name),
            lag: metrics::gauge!("inbox_lag_seconds", "consumer" => name),
        }
    }

    /// Runs until the process stops, woken by `bell` and by a slow poll.
    pub fn start(self, mut bell: Bell, tasks: &Tasks) {
        let stop = tasks.clone();
        tasks.spawn(self.name, async move {
            let mut failures = 0u32;
            while !stop.is_stopping() {
                let pause = match self.round().await {
                    Ok(progress) if progress.any() => {
                        failures = 0;
                        continue;
                    }
                    Ok(_) => {
                        failures = 0;
                        POLL
                    }
                    Err(error) => {
                        tracing::warn!(consumer = self.name, %error, "an event could not be consumed");
                        failures = failures.saturating_add(1);
                        backoff(Duration::from_millis(20), failures, LONGEST_PAUSE)
                    }
                };
                tokio::select! {
                    () = bell.wait(), if failures == 0 => {}
                    () = self.clock.sleep(pause) => {}
                    () = stop.stopping() => {}
                }
            }
        });
    }

    /// Handles what is there now: due parked events first, then a page of new ones.
    pub async fn round(&self) -> Result<Progress, HandleError> {
        let Standing { cursor, parked } = self.standing().await?;
        self.parked.set(f64::from(u32::try_from(parked.len()).unwrap_or(u32::MAX)));
        let mut progress = Progress { handled: self.retry_parked(&parked).await?, ..Progress::default() };
        let waiting: HashSet<String> = parked.into_iter().map(|parked| parked.aggregate).collect();
        self.take_new(cursor, waiting, &mut progress).await?;
        Ok(progress)
    }

    async fn standing(&self) -> Result<Standing, StoreError> {
        if let Some(standing) = rows::standing(&self.db, self.name).await? {
            return Ok(standing);
        }
        rows::begin(&self.db, self.name).await?;
        Ok(rows::standing(&self.db, self.name).await?.unwrap_or(Standing { cursor: 0, parked: Vec::new() }))
    }

    async fn take_new(
        &self,
        mut cursor: i64,
        mut waiting: HashSet<String>,
        progress: &mut Progress,
    ) -> Result<(), HandleError> {
        let events = self.feed.events_after(cursor, Limit::MAX).await?;
        let mut seen = cursor;
        for event in events {
            if event.number != seen + 1 {
                return Err(HandleError::Retry(format!("event {} is missing from the feed", seen + 1)));
            }
            seen = event.number;
            if !self.handler.wants(&event) {
                progress.skipped += 1;
                continue;
            }
            if cursor < seen - 1 {
                rows::skip(&self.db, self.name, cursor, seen - 1).await?;
            }
            cursor = seen;
            self.lag.set(self.clock.now().since(event.at).as_secs_f64());
            if waiting.contains(&event.aggregate) {
                self.park(&event, 0, "waits for an earlier event").await?;
                progress.parked += 1;
                continue;
            }
            match self.handler.handle(&event).await {
                Ok(()) => progress.handled += 1,
                Err(HandleError::Poison(reason)) => {
                    self.failures.increment(1);
                    tracing::error!(consumer = self.name, number = seen, %reason, "an event was parked");
                    self.park(&event, 1, &reason).await?;
                    waiting.insert(event.aggregate);
                    progress.parked += 1;
                }
                Err(retry @ HandleError::Retry(_)) => return Err(retry),
            }
        }
        if cursor < seen {
            rows::skip(&self.db, self.name, cursor, seen).await?;
        }
        Ok(())
    }

    /// Tries the oldest parked event of each aggregate whose time has come.
    async fn retry_parked(&self, parked: &[Parked]) -> Result<usize, HandleError> {
        let (now, mut tried, mut handled) = (self.clock.now(), HashSet::new(), 0);
        for one in parked {
            if tried.len() >= RETRIES || !tried.insert(one.aggregate.as_str()) || one.retry_at.time() > now {
                continue;
            }
            let found =
                self.feed.events_after(one.number - 1, Limit::try_from(1).unwrap_or_default()).await?;
            let Some(event) = found.into_iter().next().filter(|event| event.number == one.number) else {
                return Err(HandleError::Retry(format!(
                    "parked event {} is missing from the feed",
                    one.number
                )));
            };
            match self.handler.handle(&event).await {
                Ok(()) => handled += 1,
                Err(HandleError::Poison(reason)) => self.put_off(one, reason, now).await?,
                Err(retry @ HandleError::Retry(_)) => return Err(retry),
            }
        }
        Ok(handled)
    }

    async fn put_off(&self, one: &Parked, reason: String, now: Timestamp) -> Result<(), StoreError> {
        self.failures.increment(1);
        let attempts = u32::try_from(one.attempts).unwrap_or(u32::MAX);
        let until = now.plus(backoff(Duration::from_secs(1), attempts, LONGEST_PARK));
        rows::put_off(&self.db, one.clone(), reason, until).await
    }

    async fn park(&self, event: &Envelope<E>, attempts: i64, reason: &str) -> Result<(), StoreError> {
        let now = self.clock.now();
        let wait = if attempts == 0 { Duration::ZERO } else { Duration::from_secs(1) };
        let parked = Parked {
            consumer: self.name.to_owned(),
            number: event.number,
            aggregate: event.aggregate.clone(),
            attempts,
            reason: reason.to_owned(),
            parked_at: now.into(),
            retry_at: now.plus(wait).into(),
        };
        rows::park(&self.db, self.name, parked).await
    }
}

fn backoff(first: Duration, failures: u32, longest: Duration) -> Duration {
    first.saturating_mul(2u32.saturating_pow(failures.saturating_sub(1).min(20))).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_doubles_up_to_its_bound() {
        let pause = |failures| backoff(Duration::from_secs(1), failures, Duration::from_mins(1));
        assert_eq!(
            (pause(0), pause(1), pause(3)),
            (pause(1), Duration::from_secs(1), Duration::from_secs(4))
        );
        assert_eq!((pause(7), pause(u32::MAX)), (Duration::from_mins(1), Duration::from_mins(1)));
    }
}
