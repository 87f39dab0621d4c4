//! Instants and the clock trait. The wall clock itself lives in platform; tests own a [`ManualClock`].

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A UTC instant with microsecond precision, which is what both databases store.
///
/// On the wire it is RFC 3339 with a `Z` offset. Range: years -9999 to 9999; arithmetic saturates there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const UNIX_EPOCH: Self = Self(jiff::Timestamp::UNIX_EPOCH);

    /// Microseconds since 1970; values outside the representable range saturate.
    #[must_use]
    pub fn from_micros(micros: i64) -> Self {
        let bound = if micros < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
        Self(jiff::Timestamp::from_microsecond(micros).unwrap_or(bound))
    }

    /// Seconds since 1970, as JWT's `NumericDate` counts them.
    #[must_use]
    pub fn from_seconds(seconds: i64) -> Self {
        Self::from_micros(seconds.saturating_mul(1_000_000))
    }

    /// Microseconds since 1970.
    #[must_use]
    pub fn micros(self) -> i64 {
        self.0.as_microsecond()
    }

    /// Whole seconds since 1970, rounded towards minus infinity.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.micros().div_euclid(1_000_000)
    }

    /// Whole milliseconds since 1970, never below zero: the time field of a UUIDv7 (RFC 9562).
    #[must_use]
    pub fn unix_millis(self) -> u64 {
        u64::try_from(self.micros().div_euclid(1_000)).unwrap_or(0)
    }

    /// This instant and `duration` more.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self::from_micros(self.micros().saturating_add(micros_of(duration)))
    }

    /// This instant less `duration`.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self::from_micros(self.micros().saturating_sub(micros_of(duration)))
    }

    /// Time from `earlier` to this instant; zero if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.micros().saturating_sub(earlier.micros())).unwrap_or(0))
    }
}

fn micros_of(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

impl From<jiff::Timestamp> for Timestamp {
    fn from(at: jiff::Timestamp) -> Self {
        Self::from_micros(at.as_microsecond())
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for Timestamp {
    type Err = jiff::Error;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<jiff::Timestamp>().map(Self::from)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        jiff::Timestamp::deserialize(deserializer).map(Self::from)
    }
}

/// Where the time comes from. Whoever needs "now" or a pause takes one as an argument.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Timestamp;

    /// Completes once `duration` has passed on this clock.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

/// A clock that stands still until a test moves it. Sleeping on it advances it and returns at once.
#[derive(Debug, Clone)]
pub struct ManualClock(std::sync::Arc<AtomicI64>);

impl ManualClock {
    /// A clock that shows `at`.
    #[must_use]
    pub fn at(at: Timestamp) -> Self {
        Self(std::sync::Arc::new(AtomicI64::new(at.micros())))
    }

    /// Moves the clock forward.
    pub fn advance(&self, duration: Duration) {
        self.0.fetch_add(micros_of(duration), Ordering::SeqCst);
    }
}

impl Default for ManualClock {
    /// Starts at 2026-01-01T00:00:00Z.
    fn default() -> Self {
        Self::at(Timestamp::from_seconds(1_767_225_600))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.advance(duration);
        Box::pin(std::future::ready(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_keeps_microseconds_and_drops_what_is_finer() {
        let at: Timestamp = "2026-11-20T17:06:15.123456789Z".parse().unwrap();
        assert_eq!(at.to_string(), "2026-11-20T17:06:15.123456Z");
        assert_eq!(serde_json::to_string(&at).unwrap(), "\"2026-11-20T17:06:15.123456Z\"");
        assert_eq!(serde_json::from_str::<Timestamp>("\"2026-11-20T17:06:15.123456789Z\"").unwrap(), at);
    }

    #[test]
    fn time_before_the_other_instant_counts_as_none() {
        let at = Timestamp::from_seconds(10);
        assert_eq!(at.since(Timestamp::from_seconds(11)), Duration::ZERO);
        assert_eq!(at.plus(Duration::from_secs(2)).since(at), Duration::from_secs(2));
    }
}
