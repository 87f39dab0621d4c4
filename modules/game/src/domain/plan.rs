//! What would be appended to a journal, and the state after it. Nothing has happened until it is committed.

use game_engine::{Command, Events, Outcome, Refusal, Seat, State};
use kernel::Timestamp;

use super::clock::{Clock, Moment};
use super::entry::{Answered, Entry, Recorded};
use super::shuffle::Shuffle;

/// Lines that follow a journal's head, decided but not committed.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) lines: Vec<Recorded>,
    pub(crate) state: State,
    pub(crate) clock: Clock,
    pub(crate) head: u64,
    at: Timestamp,
}

impl Plan {
    /// An empty plan after `head`.
    pub(super) fn after(head: u64, at: Timestamp, state: &State, clock: Clock) -> Self {
        Self { lines: Vec::with_capacity(2), state: *state, clock, head, at }
    }

    /// How the match stands once this is committed, if it is over.
    pub(crate) fn outcome(&self) -> Option<Outcome> {
        self.state.outcome()
    }

    /// Adds a line.
    pub(super) fn line(&mut self, entry: Entry, clock: Option<Clock>) {
        self.head += 1;
        self.lines.push(Recorded { seq: self.head, at: self.at, entry, clock, answers: None });
    }

    /// Adds a line that tells how the clocks stand now.
    pub(super) fn clock_line(&mut self, entry: Entry) {
        self.line(entry, Some(self.clock));
    }

    /// Carries out a command with all that follows from it: the next round is dealt at once, the clocks move on,
    /// and the seed is revealed when the match is over.
    pub(super) fn obey(&mut self, shuffle: &Shuffle, seat: Seat, command: &Command) -> Result<(), Refusal> {
        let before = Moment::of(&self.state);
        let mut events = Events::new();
        self.state.advance(seat, command, &mut events)?;
        self.tell(&events);
        if self.state.needs_deal() {
            let key = shuffle.round_key(self.state.round().saturating_add(1));
            self.state.advance(seat, &Command::Deal(key), &mut events)?;
            self.tell(&events);
        }
        self.keep_time(before);
        if self.state.outcome().is_some() {
            self.line(Entry::Revealed(shuffle.seed.clone()), None);
        }
        Ok(())
    }

    /// Says which command the last line answers.
    pub(super) fn answer(&mut self, answers: Answered) {
        if let Some(last) = self.lines.last_mut() {
            last.answers = Some(answers);
        }
    }

    fn tell(&mut self, events: &Events) {
        for event in events {
            self.clock.hear(event, self.state.rules().announce, self.at);
            self.line(Entry::Rules(*event), None);
        }
    }

    /// The last line of a command tells how the clocks stand after it; a record's verifier expects it there.
    fn keep_time(&mut self, before: Moment) {
        self.clock.keep(before, &self.state, self.at);
        if let Some(last) = self.lines.last_mut() {
            last.clock = Some(self.clock);
        }
    }
}
