//! The loop that pulls events and hands them to their handler.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kernel::page::Limit;
use kernel::{Carried, Clock, EventFeed, Timestamp};

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
    joins_late: bool,
    /// What the provider was last told, and when.
    acknowledged: Mutex<Option<(i64, Timestamp)>>,
    failures: metrics::Counter,
    parked: metrics::Gauge,
    missing: metrics::Gauge,
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
/// How often the provider is told of progress at most, and of none at least.
const ACKNOWLEDGE: (Duration, Duration) = (Duration::from_mins(1), Duration::from_mins(10));

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
            joins_late: false,
            acknowledged: Mutex::default(),
            failures: metrics::counter!("inbox_failures_total", "consumer" => name),
            parked: metrics::gauge!("inbox_parked", "consumer" => name),
            missing: metrics::gauge!("inbox_missing", "consumer" => name),
            lag: metrics::gauge!("inbox_lag_seconds", "consumer" => name),
        }
    }

    /// For a consumer that is added to systems that have run for long: it begins with the oldest event that is still
    /// kept, instead of demanding the first there ever was. What happened before it reads from the provider's port.
    #[must_use]
    pub fn joins_late(mut self) -> Self {
        self.joins_late = true;
        self
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
        let standing = self.standing().await?;
        self.acknowledge(&standing).await;
        let Standing { cursor, parked, due, .. } = standing;
        self.parked.set(f64::from(i32::try_from(parked).unwrap_or(i32::MAX)));
        let mut progress = Progress { handled: self.retry_parked(&due).await?, ..Progress::default() };
        self.take_new(cursor, &mut progress).await?;
        Ok(progress)
    }

    async fn standing(&self) -> Result<Standing, HandleError> {
        let now = self.clock.now();
        if let Some(standing) = rows::standing(&self.db, self.name, now).await? {
            return Ok(standing);
        }
        let mut before = 0;
        if self.joins_late {
            let oldest = self.feed.events_after(0, one()).await?;
            before = oldest.first().map_or(0, |event| event.number - 1);
        }
        rows::begin(&self.db, self.name, before).await?;
        let standing = rows::standing(&self.db, self.name, now).await?;
        Ok(standing.ok_or_else(|| StoreError::inconsistent("a cursor that was just made"))?)
    }

    /// Tells the provider what it need not keep for this consumer: a parked event will be asked for again. A provider
    /// that does not hear it keeps more than it must, and hears the next.
    async fn acknowledge(&self, standing: &Standing) {
        let (news, no_news) = ACKNOWLEDGE;
        let done =
            standing.oldest_parked.map_or(standing.cursor, |oldest| oldest.min(standing.cursor + 1) - 1);
        let now = self.clock.now();
        let last = *self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner);
        let pause = |number| if number == done { no_news } else { news };
        if last.is_some_and(|(number, at)| now.since(at) < pause(number)) {
            return;
        }
        match self.feed.acknowledge(self.name, done).await {
            Ok(()) => {
                *self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner) = Some((done, now));
            }
            Err(error) => tracing::warn!(consumer = self.name, %error, "progress could not be acknowledged"),
        }
    }

    async fn take_new(&self, mut cursor: i64, progress: &mut Progress) -> Result<(), HandleError> {
        let events = self.feed.events_after(cursor, Limit::MAX).await?;
        let mut waiting = self.waiting(&events).await?;
        let mut seen = cursor;
        for event in events {
            if event.number != seen + 1 {
                return Err(self.missing(seen, event.number));
            }
            seen = event.number;
            let (aggregate, at) = (event.aggregate.clone(), event.at);
            let event = event.open();
            if event.as_ref().is_ok_and(|event| !self.handler.wants(event)) {
                progress.skipped += 1;
                continue;
            }
            if cursor < seen - 1 {
                rows::skip(&self.db, self.name, cursor, seen - 1).await?;
            }
            cursor = seen;
            self.lag.set(self.clock.now().since(at).as_secs_f64());
            if waiting.contains(&aggregate) {
                self.park(seen, aggregate, 0, "waits for an earlier event").await?;
                progress.parked += 1;
                continue;
            }
            let handled = match &event {
                Ok(event) => self.handler.handle(event).await,
                Err(closed) => Err(HandleError::Poison(closed.event.to_string())),
            };
            match handled {
                Ok(()) => progress.handled += 1,
                Err(HandleError::Poison(reason)) => {
                    self.failures.increment(1);
                    tracing::error!(consumer = self.name, number = seen, %reason, "an event was parked");
                    self.park(seen, aggregate.clone(), 1, &reason).await?;
                    waiting.insert(aggregate);
                    progress.parked += 1;
                }
                Err(retry @ HandleError::Retry(_)) => return Err(retry),
            }
        }
        self.missing.set(0.0);
        if cursor < seen {
            rows::skip(&self.db, self.name, cursor, seen).await?;
        }
        Ok(())
    }

    /// The aggregates of these events that have events parked already.
    async fn waiting(&self, events: &[Carried<E>]) -> Result<HashSet<String>, StoreError> {
        if events.is_empty() {
            return Ok(HashSet::new());
        }
        let aggregates: HashSet<String> = events.iter().map(|event| event.aggregate.clone()).collect();
        rows::waiting(&self.db, self.name, aggregates.into_iter().collect()).await
    }

    /// Events are gone that this consumer never saw. It does not go on without them: somebody has to look.
    fn missing(&self, seen: i64, next: i64) -> HandleError {
        let missing = next - seen - 1;
        self.missing.set(f64::from(i32::try_from(missing).unwrap_or(i32::MAX)));
        tracing::error!(consumer = self.name, after = seen, next, "the feed has lost events");
        HandleError::Retry(format!("{missing} events after {seen} are missing from the feed"))
    }

    /// Tries parked events whose time has come, each the first of its aggregate.
    async fn retry_parked(&self, due: &[Parked]) -> Result<usize, HandleError> {
        let mut done = 0;
        for parked in due {
            let found = self.feed.events_after(parked.number - 1, one()).await?;
            let Some(event) = found.into_iter().next().filter(|event| event.number == parked.number) else {
                self.put_off(parked, "it is missing from the feed".to_owned()).await?;
                continue;
            };
            let handled = match event.open() {
                Ok(event) if !self.handler.wants(&event) => {
                    Ok(rows::unpark(&self.db, self.name, parked.number).await?)
                }
                Ok(event) => self.handler.handle(&event).await,
                Err(closed) => Err(HandleError::Poison(closed.event.to_string())),
            };
            match handled {
                Ok(()) => done += 1,
                Err(HandleError::Poison(reason)) => self.put_off(parked, reason).await?,
                Err(retry @ HandleError::Retry(_)) => return Err(retry),
            }
        }
        Ok(done)
    }

    async fn put_off(&self, parked: &Parked, reason: String) -> Result<(), StoreError> {
        self.failures.increment(1);
        let attempts = u32::try_from(parked.attempts).unwrap_or(u32::MAX);
        let until = self.clock.now().plus(backoff(Duration::from_secs(1), attempts, LONGEST_PARK));
        rows::put_off(&self.db, parked.clone(), reason, until).await
    }

    async fn park(
        &self,
        number: i64,
        aggregate: String,
        attempts: i64,
        reason: &str,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let wait = if attempts == 0 { Duration::ZERO } else { Duration::from_secs(1) };
        let parked = Parked {
            consumer: self.name.to_owned(),
            number,
            aggregate,
            attempts,
            reason: reason.to_owned(),
            parked_at: now.into(),
            retry_at: now.plus(wait).into(),
        };
        rows::park(&self.db, self.name, parked).await
    }
}

fn one() -> Limit {
    Limit::try_from(1).unwrap_or_default()
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
