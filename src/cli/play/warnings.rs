//! What is said about running clocks, each once: the reserve begins, the time is nearly up, the opponent has not come back.

use kernel::Timestamp;

use super::sight::{Sight, of};
use super::words::until;

/// Seconds at which the end of one's own time is told.
const NEARLY: u64 = 10;
/// Seconds at which it is told how long the opponent has to come back.
const COME_BACK: [u64; 2] = [30, 10];

/// What was said since the last event.
#[derive(Debug, Default)]
pub(super) struct Warnings {
    reserve: bool,
    nearly: bool,
    come_back: usize,
}

impl Warnings {
    /// What is to be said now, if anything; `at_zero` is what the clock does then.
    pub(super) fn due(&mut self, sight: &Sight, now: Timestamp, at_zero: &str) -> Option<String> {
        if let Some(due) = sight.my_turn_due() {
            let left = until(due, now);
            let reserve = u64::from(of(&sight.clock.reserve_ms, sight.me) / 1000);
            if left <= NEARLY && !self.nearly {
                (self.nearly, self.reserve) = (true, true);
                return Some(format!("{left} s left, then {at_zero}."));
            }
            if left <= reserve && reserve > NEARLY && !self.reserve {
                self.reserve = true;
                return Some(format!(
                    "Your turn time is used up; your reserve runs now: {left} s are left of it."
                ));
            }
        }
        let left = until(sight.opponent_forfeits_at()?, now);
        let next = COME_BACK.get(self.come_back)?;
        if left > *next {
            return None;
        }
        self.come_back = COME_BACK.iter().filter(|told| left <= **told).count();
        Some(format!("{} has {left} s to come back, then the match is yours.", sight.opponent()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::play::typed::tests::sight;
    use serde_json::json;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_000_000 + seconds)
    }

    #[test]
    fn each_warning_is_given_once_and_in_time() {
        let clock = json!({"clock": {
            "turn": {"seat": "first", "began_at": at(0).to_string(), "due_at": at(80).to_string()},
            "reserve_ms": [60000, 60000], "away_since": [null, null], "announce_by": [null, null],
        }});
        let (sight, mut warnings) = (sight(&clock), Warnings::default());
        let mut told = Vec::new();
        for second in 0..80 {
            told.extend(
                warnings.due(&sight, at(second), "the server draws for you").map(|words| (second, words)),
            );
        }
        assert_eq!(
            told,
            [
                (20, "Your turn time is used up; your reserve runs now: 60 s are left of it.".to_owned()),
                (70, "10 s left, then the server draws for you.".to_owned()),
            ]
        );
    }

    #[test]
    fn the_opponents_time_to_come_back_is_counted_down() {
        let clock = json!({"turn": "second", "clock": {
            "turn": {"seat": "second", "began_at": at(0).to_string(), "due_at": at(80).to_string()},
            "reserve_ms": [60000, 60000], "away_since": [null, at(5).to_string()], "announce_by": [null, null],
        }});
        let (sight, mut warnings) = (sight(&clock), Warnings::default());
        let told: Vec<i64> =
            (0..65).filter(|second| warnings.due(&sight, at(*second), "").is_some()).collect();
        assert_eq!(told, [35, 55], "60 s after the connection was lost the match is over");
    }
}
