//! Deciding: a command becomes the events it causes, or the reason it is refused. Checks come before the first
//! event, so a refused command changes nothing.

mod announce;
mod draw;
mod play;
mod round;

use crate::command::{Command, ForfeitReason};
use crate::event::{Event, Events, Journal, Unrecorded};
use crate::market::Renewal;
use crate::outcome::{Outcome, WonBy};
use crate::refusal::Refusal;
use crate::seat::Seat;
use crate::state::{Phase, State};

/// The events the command causes, or why it is refused. The state is as before; apply the events to go on.
pub fn decide(state: &State, seat: Seat, command: &Command) -> Result<Events, Refusal> {
    let mut events = Events::new();
    decide_into(state, seat, command, &mut events)?;
    Ok(events)
}

/// Like [`decide`], into a list that is used again and again. After a refusal it is empty.
pub fn decide_into(state: &State, seat: Seat, command: &Command, events: &mut Events) -> Result<(), Refusal> {
    let mut scratch = *state;
    scratch.advance(seat, command, events)
}

impl State {
    /// Decides the command and applies its events at once. After a refusal state is as before and the list
    /// of events empty.
    pub fn advance(&mut self, seat: Seat, command: &Command, events: &mut Events) -> Result<(), Refusal> {
        events.clear();
        self.carry_out(seat, command, events)
    }

    /// Like [`State::advance`], without telling what happened: for play that only its end matters of.
    pub fn advance_unrecorded(&mut self, seat: Seat, command: &Command) -> Result<(), Refusal> {
        self.carry_out(seat, command, &mut Unrecorded)
    }

    fn carry_out<J: Journal>(
        &mut self,
        seat: Seat,
        command: &Command,
        events: &mut J,
    ) -> Result<(), Refusal> {
        let mut ruling = Ruling { table: self, events };
        match command {
            Command::Play(play) => ruling.play(seat, *play),
            Command::Draw => ruling.draw(seat),
            Command::Pass => ruling.pass(seat),
            Command::Announce => ruling.announce(seat),
            Command::Resign => ruling.resign(seat),
            Command::Deal(key) => ruling.deal(*key),
            Command::RunOut => ruling.run_out(seat),
            Command::AnnouncementExpired => ruling.announcement_expired(seat),
            Command::Forfeit(reason) => ruling.forfeit(seat, *reason),
            Command::Void => ruling.void(),
        }
    }
}

/// A command being carried out: every event is applied as it is recorded, so what follows sees its result.
struct Ruling<'a, J> {
    table: &'a mut State,
    events: &'a mut J,
}

impl<J: Journal> Ruling<'_, J> {
    #[inline]
    fn record(&mut self, event: Event) {
        self.table.apply_with(&event, None);
        self.events.push(event);
    }

    /// A draw whose reshuffle, if any, has been made already.
    #[inline]
    fn record_draw(&mut self, event: Event, renewal: Option<&Renewal>) {
        self.table.apply_with(&event, renewal);
        self.events.push(event);
    }

    fn check_not_over(&self) -> Result<(), Refusal> {
        if self.table.phase == Phase::Over { Err(Refusal::GameOver) } else { Ok(()) }
    }

    fn check_playing(&self) -> Result<(), Refusal> {
        match self.table.phase {
            Phase::Playing => Ok(()),
            Phase::Waiting => Err(Refusal::RoundNotDealt),
            Phase::Over => Err(Refusal::GameOver),
        }
    }

    fn check_turn(&self, seat: Seat) -> Result<(), Refusal> {
        self.check_playing()?;
        if self.table.turn == seat { Ok(()) } else { Err(Refusal::NotYourTurn) }
    }

    fn resign(&mut self, seat: Seat) -> Result<(), Refusal> {
        self.check_not_over()?;
        self.lose(seat, WonBy::Resignation);
        Ok(())
    }

    /// A forfeit needs the turn: a time-out that raced with the move is refused.
    fn forfeit(&mut self, seat: Seat, reason: ForfeitReason) -> Result<(), Refusal> {
        self.check_turn(seat)?;
        self.lose(seat, WonBy::Forfeit(reason));
        Ok(())
    }

    fn void(&mut self) -> Result<(), Refusal> {
        self.check_not_over()?;
        self.record(Event::Voided);
        Ok(())
    }

    fn lose(&mut self, seat: Seat, by: WonBy) {
        self.record(Event::MatchEnded { outcome: Outcome::Won { winner: seat.other(), by } });
    }
}
