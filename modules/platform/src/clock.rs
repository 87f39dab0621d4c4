//! The one home of the wall clock. Everything else takes a [`kernel::Clock`].

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use kernel::{Clock, Timestamp};

/// How far the wall clock may be set back before this clock follows it instead of standing still.
const TOLERATED_STEP_BACK_MICROS: i64 = 2_000_000;

/// The operating system's clock. Small corrections backwards (under two seconds) make it stand still rather than
/// run backwards; a larger one is somebody's decision and is followed.
#[derive(Debug, Default)]
pub struct SystemClock {
    latest: AtomicI64,
}

impl SystemClock {
    /// A clock over the wall clock.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn settle(&self, wall: i64) -> i64 {
        let before = self.latest.fetch_max(wall, Ordering::AcqRel);
        if before.saturating_sub(wall) > TOLERATED_STEP_BACK_MICROS {
            self.latest.store(wall, Ordering::Release);
            return wall;
        }
        before.max(wall)
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one home of the wall clock")]
    fn now(&self) -> Timestamp {
        let since_epoch =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(self.settle(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX)))
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_step_back_stands_still_and_a_large_one_is_followed() {
        let clock = SystemClock::new();
        assert_eq!(clock.settle(10_000_000), 10_000_000);
        assert_eq!(clock.settle(9_000_000), 10_000_000);
        assert_eq!(clock.settle(10_000_001), 10_000_001);
        assert_eq!(clock.settle(1_000_000), 1_000_000);
        assert_eq!(clock.settle(1_000_001), 1_000_001);
    }

    #[test]
    fn the_time_is_after_this_was_written() {
        assert!(SystemClock::new().now() > "2026-11-01T00:00:00Z".parse().unwrap());
    }
}
