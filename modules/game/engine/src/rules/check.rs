//! Which rule sets can be played at all, and what is wrong with the others.

use thiserror::Error;

use super::{Announce, MatchRule, RuleName, RuleSet, Toggle};

/// What is wrong with a rule set, or with its text.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RuleError {
    /// No toggle has that name.
    #[error("there is no toggle of that name")]
    UnknownToggle,
    /// The toggle has no such value.
    #[error("{toggle} has no such value; it takes {expected}")]
    BadValue {
        /// The toggle.
        toggle: &'static str,
        /// The values it has.
        expected: &'static str,
    },
    /// The number is too small or too large.
    #[error("{toggle} must be between {low} and {high}")]
    OutOfRange {
        /// The toggle.
        toggle: &'static str,
        /// The smallest allowed number.
        low: u32,
        /// The largest allowed number.
        high: u32,
    },
    /// A best-of match needs an odd number of rounds.
    #[error("match: best_of takes an odd number of rounds")]
    EvenRounds,
    /// The name is a preset's, this toggle's value is not.
    #[error("{toggle} differs from the preset {name}; changed rules are named `custom`")]
    NotThePreset {
        /// The preset.
        name: RuleName,
        /// The first toggle that differs.
        toggle: &'static str,
    },
    /// The preset has no such version.
    #[error("{name} has no version {version}")]
    UnknownVersion {
        /// The preset.
        name: RuleName,
        /// The version asked for.
        version: u16,
    },
    /// The text is not `name@version;toggle=value;...` with every toggle once, in order.
    #[error("not the canonical text of a rule set")]
    NotCanonical,
}

impl RuleError {
    /// The toggle it is about, as named on the wire; `name` or `rules` when it is about no single one.
    #[must_use]
    pub const fn toggle(&self) -> &'static str {
        match self {
            Self::BadValue { toggle, .. }
            | Self::OutOfRange { toggle, .. }
            | Self::NotThePreset { toggle, .. } => toggle,
            Self::EvenRounds => "match",
            Self::UnknownVersion { .. } => "name",
            Self::UnknownToggle | Self::NotCanonical => "rules",
        }
    }
}

impl RuleSet {
    /// Whether these rules can be played, and are what their name promises.
    pub fn validate(&self) -> Result<(), RuleError> {
        within("deal", u32::from(self.deal), 3, 6)?;
        within("whot_points", u32::from(self.whot_points), 0, 100)?;
        within("move_cap", u32::from(self.move_cap), 10, 10_000)?;
        if let Announce::Manual { penalty, grace_ms } = self.announce {
            within("announce", u32::from(penalty), 1, 5)?;
            within("announce", grace_ms, 500, 60_000)?;
        }
        self.check_match()?;
        within("clock.turn_s", u32::from(self.clock.turn_s), 5, 3_600)?;
        within("clock.reserve_s", u32::from(self.clock.reserve_s), 0, 3_600)?;
        within("clock.away_s", u32::from(self.clock.away_s), 10, 3_600)?;
        within("clock.run_outs", u32::from(self.clock.run_outs), 1, 10)?;
        self.check_name()
    }

    fn check_match(&self) -> Result<(), RuleError> {
        match self.match_ {
            MatchRule::Single => Ok(()),
            MatchRule::BestOf(rounds) => {
                within("match", u32::from(rounds), 3, 9)?;
                if rounds % 2 == 1 { Ok(()) } else { Err(RuleError::EvenRounds) }
            }
            MatchRule::FirstToLose(points) => within("match", u32::from(points), 1, 10_000),
        }
    }

    fn check_name(&self) -> Result<(), RuleError> {
        let Some(preset) = Self::preset(self.name.as_str()) else {
            return within("version", u32::from(self.version), 1, u32::from(u16::MAX));
        };
        if preset.version != self.version {
            return Err(RuleError::UnknownVersion { name: self.name, version: self.version });
        }
        match Toggle::ALL.iter().find(|toggle| preset.get(**toggle) != self.get(**toggle)) {
            Some(toggle) => Err(RuleError::NotThePreset { name: self.name, toggle: toggle.name() }),
            None => Ok(()),
        }
    }
}

const fn within(toggle: &'static str, value: u32, low: u32, high: u32) -> Result<(), RuleError> {
    if low <= value && value <= high { Ok(()) } else { Err(RuleError::OutOfRange { toggle, low, high }) }
}
