//! A match as the engine plays it: command by command, with what each caused and how the table stood after it.
//!
//! Records are checked against a story, notation is one written down, and replays show one.

use game_engine::{BySeat, Command, Event, Events, Outcome, Refusal, RuleSet, Seat, State};
use kernel::Timestamp;
use kernel::id::GameId;

use crate::record::Player;
use crate::shuffle::Shuffle;

/// What a match is made of, beside its commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// The game.
    pub game: GameId,
    /// The first is the one who invited.
    pub players: BySeat<Player>,
    /// The rules it was dealt under.
    pub rules: RuleSet,
    /// What every round is dealt from.
    pub shuffle: Shuffle,
}

/// A remark on a step: one line of at most 200 characters, without braces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note(String);

impl Note {
    /// The most characters of a note.
    pub const MOST: usize = 200;

    /// The note with this text, less the white space around it; `None` if nothing is left of it, or it cannot stand
    /// between braces on one line.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let fits = !text.is_empty() && text.chars().count() <= Self::MOST;
        let plain = !text.contains(['{', '}']) && !text.chars().any(char::is_control);
        (fits && plain).then(|| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One command that was carried out; each deal is a step of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// When, if that is known.
    pub at: Option<Timestamp>,
    /// Whose command it was. Of deals and voiding it says nothing.
    pub seat: Seat,
    /// The command.
    pub command: Command,
    /// What it caused, in order.
    pub events: Box<[Event]>,
    /// The table after it.
    pub after: State,
    /// What somebody remarked.
    pub note: Option<Note>,
}

/// A match from its first deal on.
#[derive(Debug, Clone, PartialEq)]
pub struct Story {
    /// What it is made of.
    pub heading: Heading,
    steps: Vec<Step>,
    state: State,
}

impl Story {
    /// A match whose first round is dealt.
    pub fn begin(heading: Heading, at: Option<Timestamp>) -> Result<Self, Refusal> {
        let state = State::new(heading.rules);
        let mut story = Self { heading, steps: Vec::new(), state };
        story.deal(at)?;
        Ok(story)
    }

    /// Carries out a command, and the deal that may follow it. Refused, it changes nothing.
    pub fn carry_out(
        &mut self,
        seat: Seat,
        command: Command,
        at: Option<Timestamp>,
        note: Option<Note>,
    ) -> Result<(), Refusal> {
        self.step(seat, command, at, note)?;
        if self.state.needs_deal() { self.deal(at) } else { Ok(()) }
    }

    fn deal(&mut self, at: Option<Timestamp>) -> Result<(), Refusal> {
        let key = self.heading.shuffle.round_key(self.state.round().saturating_add(1));
        self.step(Seat::First, Command::Deal(key), at, None)
    }

    fn step(
        &mut self,
        seat: Seat,
        command: Command,
        at: Option<Timestamp>,
        note: Option<Note>,
    ) -> Result<(), Refusal> {
        let mut events = Events::new();
        self.state.advance(seat, &command, &mut events)?;
        let events = events.as_slice().into();
        self.steps.push(Step { at, seat, command, events, after: self.state, note });
        Ok(())
    }

    /// Everything that was carried out so far, in order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The table as it is now.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// How the match ended, if it did.
    pub fn outcome(&self) -> Option<Outcome> {
        self.state.outcome()
    }

    /// Every event of the match so far.
    pub fn events(&self) -> impl Iterator<Item = &Event> {
        self.steps.iter().flat_map(|step| step.events.iter())
    }

    pub(crate) fn remark(&mut self, note: Note) -> bool {
        let last = self.steps.iter_mut().rev().find(|step| !matches!(step.command, Command::Deal(_)));
        match last {
            Some(step) if step.note.is_none() => {
                step.note = Some(note);
                true
            }
            _ => false,
        }
    }
}
