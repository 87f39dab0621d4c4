//! The published record of one game of WHOT, and all that can be done with it without the server.
//!
//! - [`Seed`], [`Entropy`], [`Commitment`] and [`Shuffle`]: the fair shuffle's formulas, which the server uses too;
//! - [`Entry`], [`Clock`] and [`encode`]: what a journal says, line by line, and the one form in which it is written;
//! - [`Record`]: a finished game as it is exported, and [`verify`], which trusts nothing else;
//! - [`Story`]: a match command by command, for whoever wants to see it again;
//! - [`notation`]: a whole game as compact text.
//!
//! Pure: no I/O, no clock, no randomness, and nothing of a database, a web framework or a runtime.
#![deny(missing_docs)]

mod clock;
mod entry;
mod line_form;
pub mod notation;
mod record;
mod shuffle;
mod story;
#[cfg(test)]
mod tests;
pub mod text;
mod verify;
mod walk;

pub use clock::{Clock, Deadline, Gap, LENIENCE, Lapse, Moment, Turn};
pub use entry::{Entry, Line, Started};
pub use line_form::{NotALine, decode, encode};
pub use record::{Ending, FORMAT, Player, Record, RecordDigest, Unreadable};
pub use shuffle::{Commitment, Entropy, Seed, Shuffle};
pub use story::{Heading, Note, Step, Story};
pub use verify::{Check, Found, NOT_PROVEN, Remembered, Report, verify, verify_record};

impl Record {
    /// The match that the record tells of, or why it is none under these rules. It does not look at the commitment, the
    /// clocks or the names: that is what [`verify`] is for.
    pub fn story(&self) -> Result<Story, String> {
        let rules: game_engine::RuleSet = self.rules.parse().map_err(|error| format!("{error}"))?;
        rules.validate().map_err(|error| error.to_string())?;
        let heading =
            Heading { game: self.game, players: self.players.clone(), rules, shuffle: self.shuffle.clone() };
        let walked = walk::walk(heading, &self.lines);
        match (walked.story, walked.fault) {
            (Some(story), None) => Ok(story),
            (_, Some(fault)) => Err(format!("line {}: {}", fault.seq, fault.words)),
            (None, None) => Err("it has no lines".to_owned()),
        }
    }
}
