//! The lines of a game's journal: the engine's events, and what happens around them.

use game_engine::{BySeat, Event, Seat};
use kernel::Timestamp;
use kernel::id::{AccountId, Uuid};

use super::clock::{Clock, Gap};
use super::shuffle::{Commitment, Entropy, Seed};

/// The first line of every journal: what was promised before, and what both added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Started {
    pub(crate) players: BySeat<AccountId>,
    /// The canonical text of the rule set.
    pub(crate) rules: String,
    pub(crate) commitment: Commitment,
    pub(crate) entropy: BySeat<Option<Entropy>>,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    Started(Box<Started>),
    /// An event of the rules.
    Rules(Event),
    /// The seat's connection lapsed.
    Away {
        seat: Seat,
    },
    /// The seat is back.
    Back {
        seat: Seat,
    },
    /// No node was alive: every running deadline moved.
    ClockExtended(Gap),
    /// The match is over, and so is the secret.
    Revealed(Seed),
}

impl Entry {
    /// Whether a command that has not seen this line is out of date.
    pub(crate) fn is_of_the_rules(&self) -> bool {
        matches!(self, Self::Rules(_))
    }
}

/// Which command a line answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answered {
    pub(crate) seat: Seat,
    pub(crate) cid: Uuid,
    /// The command's canonical text.
    pub(crate) act: String,
}

/// A line with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recorded {
    /// From 1, without gaps.
    pub(crate) seq: u64,
    /// Never earlier than the line before.
    pub(crate) at: Timestamp,
    pub(crate) entry: Entry,
    /// Every clock as it stands after this line, where the line changed one.
    pub(crate) clock: Option<Clock>,
    /// Set on the last line that a command caused: its stored answer is this line's seq.
    pub(crate) answers: Option<Answered>,
}
