//! Elapsed time: the one place of the chores that reads a clock.

use std::fmt;
use std::time::{Duration, Instant};

#[derive(Clone, Copy)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "chores use nothing of ours, so not kernel::Clock either")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// A duration as a person reads it in a table: `3m 07s`, or `4.2s` below a minute.
pub(crate) struct Readable(pub(crate) Duration);

impl fmt::Display for Readable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let text = if seconds < 60 {
            format!("{:.1}s", self.0.as_secs_f64())
        } else {
            format!("{}m {:02}s", seconds / 60, seconds % 60)
        };
        f.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_minutes_and_seconds() {
        assert_eq!(Readable(Duration::from_millis(4_240)).to_string(), "4.2s");
        assert_eq!(Readable(Duration::from_secs(187)).to_string(), "3m 07s");
    }
}
