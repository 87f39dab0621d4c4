//! Clock arithmetic: turns and reserves, countdowns of who is away, announcements that are due.
//!
//! A clock is a value; what is due follows from it and an instant alone, never from who looked first.

use std::time::Duration;

use game_engine::{Announce, BySeat, ClockRule, Event, Seat, State};
use kernel::Timestamp;

/// How long after its deadline a time-out is carried out, so that a move received in time wins.
pub const LENIENCE: Duration = Duration::from_millis(250);

/// A turn that is running.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// Whose it is.
    pub seat: Seat,
    /// When it began.
    pub began: Timestamp,
    /// When turn time and reserve are used up.
    pub due: Timestamp,
}

/// Every clock of one game.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// The turn that runs, while a round is played.
    pub turn: Option<Turn>,
    /// What is left of each reserve, not counting the running turn.
    pub reserve_ms: BySeat<u32>,
    /// Since when a seat is away.
    pub away: BySeat<Option<Timestamp>>,
    /// When an announcement that was not made costs its penalty.
    pub announce: BySeat<Option<Timestamp>>,
}

/// What happens when a deadline passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lapse {
    /// The seat did not announce in time.
    Announcement(Seat),
    /// The seat was away too long with the turn.
    Away(Seat),
    /// The seat's turn ran out.
    Turn(Seat),
}

impl Lapse {
    /// Who missed it.
    pub fn seat(self) -> Seat {
        match self {
            Self::Announcement(seat) | Self::Away(seat) | Self::Turn(seat) => seat,
        }
    }
}

/// A deadline that is running.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline {
    /// When.
    pub at: Timestamp,
    /// What happens then.
    pub what: Lapse,
}

/// A time in which no node was alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// The last sign of life before it.
    pub from: Timestamp,
    /// The first one after it.
    pub to: Timestamp,
}

impl Gap {
    /// How long it was.
    pub fn length(self) -> Duration {
        self.to.since(self.from)
    }
}

impl Clock {
    /// No turn yet, both reserves full.
    pub fn new(rule: ClockRule) -> Self {
        let reserve = u32::from(rule.reserve_s).saturating_mul(1_000);
        Self {
            turn: None,
            reserve_ms: BySeat::new(reserve, reserve),
            away: BySeat::default(),
            announce: BySeat::default(),
        }
    }

    /// Books the running turn, if any: what went beyond the turn's own time comes off the reserve.
    pub fn end_turn(&mut self, rule: ClockRule, at: Timestamp) {
        let Some(turn) = self.turn.take() else { return };
        let beyond = at.since(turn.began).saturating_sub(turn_time(rule));
        let reserve = self.reserve_ms.get_mut(turn.seat);
        *reserve = reserve.saturating_sub(millis_up(beyond));
    }

    /// Begins a turn with its own time and what is left of the reserve.
    pub fn begin_turn(&mut self, rule: ClockRule, seat: Seat, at: Timestamp) {
        let reserve = Duration::from_millis(u64::from(*self.reserve_ms.get(seat)));
        self.turn = Some(Turn { seat, began: at, due: at.plus(turn_time(rule)).plus(reserve) });
    }

    /// Gives every running deadline the time in which nobody could have kept it.
    pub fn extend(&mut self, gap: Gap) {
        let length = gap.length();
        if let Some(turn) = &mut self.turn {
            turn.began = turn.began.plus(length);
            turn.due = turn.due.plus(length);
        }
        let shift = |at: Option<Timestamp>| at.map(|at| at.plus(length));
        self.away = self.away.map(shift);
        self.announce = self.announce.map(shift);
    }

    /// When the seat forfeits for being away: it counts only while the seat also has the turn.
    pub fn forfeits_at(&self, rule: ClockRule, seat: Seat) -> Option<Timestamp> {
        let since = (*self.away.get(seat))?;
        let turn = self.turn.filter(|turn| turn.seat == seat)?;
        Some(since.max(turn.began).plus(Duration::from_secs(u64::from(rule.away_s))))
    }

    /// The deadline that comes first.
    pub fn next(&self, rule: ClockRule) -> Option<Deadline> {
        let of_seat = |seat: &Seat| {
            let announce = self.announce.get(*seat).map(|at| (at, Lapse::Announcement(*seat)));
            let away = self.forfeits_at(rule, *seat).map(|at| (at, Lapse::Away(*seat)));
            [announce, away]
        };
        let turn = self.turn.map(|turn| (turn.due, Lapse::Turn(turn.seat)));
        let all = Seat::ALL.iter().flat_map(of_seat).chain([turn]).flatten();
        all.map(|(at, what)| Deadline { at, what }).min()
    }

    /// The deadline that has passed for everybody.
    pub fn missed(&self, rule: ClockRule, now: Timestamp) -> Option<Deadline> {
        self.next(rule).filter(|deadline| deadline.at.plus(LENIENCE) <= now)
    }

    /// The deadline that had passed when a command of `seat` was received: its own to the instant, the other's with the
    /// usual lenience.
    pub fn missed_by(&self, rule: ClockRule, seat: Seat, received: Timestamp) -> Option<Deadline> {
        self.next(rule).filter(|deadline| {
            let own = deadline.what.seat() == seat;
            if own { deadline.at < received } else { deadline.at.plus(LENIENCE) <= received }
        })
    }

    /// Hears of an event of the rules: an announcement that is due gets its deadline.
    pub fn hear(&mut self, event: &Event, announce: Announce, at: Timestamp) {
        if let (Event::AnnouncementDue { seat, .. }, Announce::Manual { grace_ms, .. }) = (event, announce) {
            let grace = Duration::from_millis(u64::from(grace_ms));
            *self.announce.get_mut(*seat) = Some(at.plus(grace));
        }
    }

    /// Moves on once a command, and the deal that may follow it, is carried out.
    pub fn keep(&mut self, before: Moment, after: &State, at: Timestamp) {
        let rule = after.rules().clock;
        for seat in Seat::ALL {
            if after.due(*seat).is_none() || after.outcome().is_some() {
                *self.announce.get_mut(*seat) = None;
            }
        }
        if Moment::of(after) != before {
            self.end_turn(rule, at);
            if let Some(seat) = after.turn() {
                self.begin_turn(rule, seat, at);
            }
        }
    }
}

/// Where a match stands as far as turns go: one begins whenever this changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    round: u32,
    turn: Option<Seat>,
    moves: u16,
}

impl Moment {
    /// Where this match stands.
    pub fn of(state: &State) -> Self {
        Self { round: state.round(), turn: state.turn(), moves: state.moves() }
    }
}

fn turn_time(rule: ClockRule) -> Duration {
    Duration::from_secs(u64::from(rule.turn_s))
}

fn millis_up(duration: Duration) -> u32 {
    u32::try_from(duration.as_micros().div_ceil(1_000)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: ClockRule = ClockRule { turn_s: 20, reserve_s: 60, away_s: 60, run_outs: 3 };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn turn_of(seat: Seat, began: i64) -> Clock {
        let mut clock = Clock::new(RULE);
        clock.begin_turn(RULE, seat, at(began));
        clock
    }

    #[test]
    fn a_move_within_the_turn_costs_no_reserve() {
        let mut clock = turn_of(Seat::First, 100);
        assert_eq!(clock.next(RULE), Some(Deadline { at: at(180), what: Lapse::Turn(Seat::First) }));
        clock.end_turn(RULE, at(120));
        assert_eq!((clock.turn, clock.reserve_ms), (None, BySeat::new(60_000, 60_000)));
    }

    #[test]
    fn what_goes_beyond_the_turn_comes_off_the_reserve_and_the_next_turn_is_shorter() {
        let mut clock = turn_of(Seat::Second, 0);
        clock.end_turn(RULE, Timestamp::from_micros(25_000_001));
        assert_eq!(clock.reserve_ms, BySeat::new(60_000, 54_999));
        clock.begin_turn(RULE, Seat::Second, at(30));
        assert_eq!(clock.turn.unwrap().due, Timestamp::from_micros(30_000_000 + 74_999_000));
    }

    #[test]
    fn a_turn_that_ran_out_leaves_no_reserve_and_the_next_has_its_turn_time_only() {
        let mut clock = turn_of(Seat::First, 0);
        clock.end_turn(RULE, at(81));
        clock.begin_turn(RULE, Seat::First, at(90));
        assert_eq!(clock.turn.unwrap().due, at(110));
    }

    #[test]
    fn being_away_forfeits_only_with_the_turn_and_counts_from_the_later_of_the_two() {
        let mut clock = turn_of(Seat::First, 100);
        clock.away.second = Some(at(90));
        assert_eq!(clock.forfeits_at(RULE, Seat::Second), None);
        clock.end_turn(RULE, at(110));
        clock.begin_turn(RULE, Seat::Second, at(110));
        assert_eq!(clock.forfeits_at(RULE, Seat::Second), Some(at(170)));
        assert_eq!(clock.next(RULE).unwrap().what, Lapse::Away(Seat::Second));
        clock.away.second = Some(at(115));
        assert_eq!(clock.forfeits_at(RULE, Seat::Second), Some(at(175)));
    }

    #[test]
    fn the_earliest_deadline_comes_first_whatever_its_kind() {
        let mut clock = turn_of(Seat::First, 100);
        clock.announce.second = Some(at(104));
        assert_eq!(clock.next(RULE), Some(Deadline { at: at(104), what: Lapse::Announcement(Seat::Second) }));
        clock.announce.second = None;
        assert_eq!(clock.next(RULE).unwrap().what, Lapse::Turn(Seat::First));
        assert_eq!(Clock::new(RULE).next(RULE), None);
    }

    #[test]
    fn a_gap_moves_every_running_deadline_by_its_length_and_costs_nobody_reserve() {
        let mut clock = turn_of(Seat::First, 100);
        clock.away.first = Some(at(105));
        clock.announce.second = Some(at(110));
        clock.extend(Gap { from: at(106), to: at(136) });
        assert_eq!(clock.turn.unwrap().due, at(210));
        assert_eq!(clock.forfeits_at(RULE, Seat::First), Some(at(195)));
        assert_eq!(clock.announce.second, Some(at(140)));
        clock.end_turn(RULE, at(150));
        assert_eq!(clock.reserve_ms.first, 60_000);
    }
}
