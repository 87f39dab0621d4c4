//! The lines of a game's journal as the server keeps them: what a record publishes, and which command each answers.

use game_engine::Seat;
use kernel::Timestamp;
use kernel::id::Uuid;

use super::clock::Clock;

pub(crate) use game_record::{Entry, Started};

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
