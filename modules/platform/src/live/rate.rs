//! How many frames a client may send: a token bucket that is filled by looking at the time, not by a timer.

use kernel::Timestamp;

/// Millionths of a frame, so that a microsecond of waiting counts.
const FRAME: u64 = 1_000_000;

pub(crate) struct Bucket {
    per_second: u64,
    full: u64,
    level: u64,
    at: Timestamp,
}

impl Bucket {
    pub(crate) fn new(per_second: u32, burst: u32, now: Timestamp) -> Self {
        let full = u64::from(burst) * FRAME;
        Self { per_second: per_second.into(), full, level: full, at: now }
    }

    /// Takes one frame; says no when there is none.
    pub(crate) fn take(&mut self, now: Timestamp) -> bool {
        let micros = u64::try_from(now.since(self.at).as_micros()).unwrap_or(u64::MAX);
        self.level = self.full.min(self.level.saturating_add(micros.saturating_mul(self.per_second)));
        self.at = self.at.max(now);
        let enough = self.level >= FRAME;
        if enough {
            self.level -= FRAME;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_burst_is_allowed_once_and_the_rate_for_ever() {
        let start = Timestamp::from_seconds(100);
        let mut bucket = Bucket::new(50, 100, start);
        assert_eq!((0..200).filter(|_| bucket.take(start)).count(), 100);
        let later = start.plus(Duration::from_secs(1));
        assert_eq!((0..200).filter(|_| bucket.take(later)).count(), 50);
        assert!(!bucket.take(start), "time that runs backwards fills nothing");
        let much_later = start.plus(Duration::from_secs(1_000_000));
        assert_eq!((0..200).filter(|_| bucket.take(much_later)).count(), 100);
    }
}
