//! How this context behaves, as the operator sets it.

use serde::Deserialize;

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
}

impl Default for Config {
    fn default() -> Self {
        Self { open_invites: 50, seat_lease_s: 30, away_after_s: 5 }
    }
}

impl Config {
    /// Names the first value that is out of range.
    pub fn validate(&self) -> Result<(), String> {
        let ranges = [
            ("open_invites", self.open_invites, 1, 1_000),
            ("seat_lease_s", self.seat_lease_s, 15, 300),
            ("away_after_s", self.away_after_s, 1, 60),
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
