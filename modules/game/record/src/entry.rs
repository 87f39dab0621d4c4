//! The lines of a game's journal: the engine's events, and what happens around them.
//!
//! Plain values: how a line is written is [`crate::line_form`]'s, what it may follow is [`crate::walk`]'s.

use game_engine::{BySeat, Event, RoundKey, Seat};
use kernel::Timestamp;
use kernel::id::AccountId;

use crate::clock::{Clock, Gap};
use crate::shuffle::{Commitment, Entropy, Seed};

/// The first line of every journal: what was promised before, and what both added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// The first is the one who invited.
    pub players: BySeat<AccountId>,
    /// The canonical text of the rule set.
    pub rules: String,
    /// What was promised of the seed.
    pub commitment: Commitment,
    /// `None` where a player gave none.
    pub entropy: BySeat<Option<Entropy>>,
}

/// What one line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// The first line.
    Started(Box<Started>),
    /// An event of the rules.
    Rules(Event),
    /// The seat's connection lapsed.
    Away {
        /// Whose.
        seat: Seat,
    },
    /// The seat is back.
    Back {
        /// Who.
        seat: Seat,
    },
    /// No node was alive: every running deadline moved.
    ClockExtended(Gap),
    /// The match is over, and so is the secret.
    Revealed(Seed),
}

impl Entry {
    /// Whether a command that has not seen this line is out of date.
    pub fn is_of_the_rules(&self) -> bool {
        matches!(self, Self::Rules(_))
    }

    /// A journal does not repeat a round's key, which follows from the seed.
    pub(crate) fn forget_key(&mut self) {
        if let Self::Rules(Event::Dealt(dealt)) = self {
            dealt.key = RoundKey::new([0; 32]);
        }
    }
}

/// A line with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// From 1, without gaps.
    pub seq: u64,
    /// Never earlier than the line before.
    pub at: Timestamp,
    /// What it says.
    pub entry: Entry,
    /// Every clock as it stands after this line, where the line told of them.
    pub clock: Option<Clock>,
}
