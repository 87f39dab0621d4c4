//! How a round and a match end. Who wins a count is decided in `score`.

use std::fmt;

use crate::card_set::CardSet;
use crate::command::ForfeitReason;
use crate::seat::{BySeat, Seat};

words! {
    /// Why a round ended.
    pub enum RoundEnd as "end of a round" {
        /// A hand was emptied.
        Emptied = "emptied",
        /// A card was needed and the market was empty (or, by rule, its last card was drawn).
        Market = "market",
        /// Two forced passes in a row.
        Stalemate = "stalemate",
        /// Too many moves.
        MoveCap = "move_cap",
    }
}

/// A finished round. The players see both hands from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoundResult {
    /// Which round, from 1.
    pub round: u32,
    /// Why it ended.
    pub cause: RoundEnd,
    /// Who won; none if it is drawn.
    pub winner: Option<Seat>,
    /// The hands as they were left.
    pub hands: BySeat<CardSet>,
    /// What each player scores: 0 for the winner, its hand for the loser, 0 for both when drawn.
    pub points: BySeat<u16>,
}

/// How a match was won.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WonBy {
    /// By its rounds.
    Rounds,
    /// The other player resigned.
    Resignation,
    /// The other player forfeited.
    Forfeit(ForfeitReason),
}

impl WonBy {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rounds => "rounds",
            Self::Resignation => "resignation",
            Self::Forfeit(ForfeitReason::Away) => "forfeit_away",
            Self::Forfeit(ForfeitReason::Clock) => "forfeit_clock",
        }
    }
}

impl fmt::Display for WonBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for WonBy {
    type Err = crate::words::UnknownWord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "rounds" => Ok(Self::Rounds),
            "resignation" => Ok(Self::Resignation),
            "forfeit_away" => Ok(Self::Forfeit(ForfeitReason::Away)),
            "forfeit_clock" => Ok(Self::Forfeit(ForfeitReason::Clock)),
            _ => Err(crate::words::UnknownWord { what: "way to win" }),
        }
    }
}

/// How a match ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Somebody won.
    Won {
        /// Who.
        winner: Seat,
        /// How.
        by: WonBy,
    },
    /// A single round that was drawn.
    Drawn,
    /// It counts for nothing.
    Voided,
}
