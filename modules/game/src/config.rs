//! How this context behaves, as the operator sets it.

use std::time::Duration;

use serde::Deserialize;

use crate::domain::practice::Pace;

/// The game context's part of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Game invites one account may have open: 1 to 1000.
    pub open_invites: u32,
    /// How long a followed seat counts as there without being renewed, in seconds: 15 to 300. It is renewed every third of that.
    pub seat_lease_s: u32,
    /// How long after its last socket left a seat counts as away, in seconds: 1 to 60.
    pub away_after_s: u32,
    /// Opponents for whoever practises.
    pub practice: PracticeConfig,
}

/// How practice opponents think and how long they take.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PracticeConfig {
    /// What all of them together may use of one core, in percent: 1 to 1600.
    pub cpu_percent: u32,
    /// Threads they think on: 1 to 64; 0 means one for every four cores.
    pub threads: u32,
    /// The shortest time they take for a move, in milliseconds: 0 to 4000.
    pub least_pause_ms: u32,
    /// The longest, in milliseconds: 0 to 4000.
    pub most_pause_ms: u32,
    /// Practice games of one account that run at once: 1 to 10000.
    pub running_games: u32,
}

impl Default for PracticeConfig {
    fn default() -> Self {
        Self { cpu_percent: 25, threads: 0, least_pause_ms: 600, most_pause_ms: 2_000, running_games: 10 }
    }
}

impl PracticeConfig {
    /// The time that opponents take.
    pub(crate) fn pace(&self) -> Pace {
        let millis = |ms: u32| Duration::from_millis(u64::from(ms));
        Pace { least: millis(self.least_pause_ms), most: millis(self.most_pause_ms.max(self.least_pause_ms)) }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self { open_invites: 50, seat_lease_s: 30, away_after_s: 5, practice: PracticeConfig::default() }
    }
}

impl Config {
    /// Names the first value that is out of range.
    pub fn validate(&self) -> Result<(), String> {
        let ranges = [
            ("open_invites", self.open_invites, 1, 1_000),
            ("seat_lease_s", self.seat_lease_s, 15, 300),
            ("away_after_s", self.away_after_s, 1, 60),
            ("practice.cpu_percent", self.practice.cpu_percent, 1, 1_600),
            ("practice.threads", self.practice.threads, 0, 64),
            ("practice.least_pause_ms", self.practice.least_pause_ms, 0, 4_000),
            ("practice.most_pause_ms", self.practice.most_pause_ms, 0, 4_000),
            ("practice.running_games", self.practice.running_games, 1, 10_000),
        ];
        for (name, value, low, high) in ranges {
            if !(low..=high).contains(&value) {
                return Err(format!("{name} must be between {low} and {high}, not {value}"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid_and_a_value_out_of_range_is_named() {
        assert_eq!(Config::default().validate(), Ok(()));
        let wrong = Config { away_after_s: 0, ..Config::default() };
        assert!(wrong.validate().is_err_and(|reason| reason.starts_with("away_after_s")));
    }
}
