//! The five strengths and their wire words. How each of them thinks is its own file's.

use std::fmt;
use std::str::FromStr;

/// How well a practice opponent plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Strength {
    /// Any legal command, each equally likely.
    Random,
    /// Medium, with mistakes.
    Easy,
    /// Greedy: the best-looking command by fixed weights, without looking ahead.
    Medium,
    /// Plays every command out in many guessed games and takes the best on average.
    Hard,
    /// Information-set tree search over games guessed from everything the opponent has done.
    Expert,
}

impl Strength {
    /// From the weakest to the strongest.
    pub const ALL: [Self; 5] = [Self::Random, Self::Easy, Self::Medium, Self::Hard, Self::Expert];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Easy => "easy",
            Self::Medium => "medium",
            Self::Hard => "hard",
            Self::Expert => "expert",
        }
    }

    /// How many guessed games this strength is meant to look at for one decision; 0 where it looks at none.
    #[must_use]
    pub const fn iterations(self) -> u32 {
        match self {
            Self::Random | Self::Easy | Self::Medium => 0,
            Self::Hard => 160,
            Self::Expert => 4_000,
        }
    }
}

impl fmt::Display for Strength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no strength.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownStrength;

impl fmt::Display for UnknownStrength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a strength")
    }
}

impl std::error::Error for UnknownStrength {}

impl FromStr for Strength {
    type Err = UnknownStrength;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|strength| strength.name() == text).ok_or(UnknownStrength)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_strength_reads_back_from_its_name_and_no_other_text_does() {
        for strength in Strength::ALL {
            assert_eq!(strength.to_string().parse(), Ok(strength));
        }
        assert_eq!("Expert".parse::<Strength>(), Err(UnknownStrength));
    }
}
