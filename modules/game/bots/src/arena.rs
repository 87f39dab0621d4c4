//! Bots against bots: whole games with swapped seats, and what they say about strength. The one place here that holds
//! a real game; the players in it are shown views and events only.

use std::time::Duration;

use game_engine::{
    BySeat, Command, Events, Outcome, Refusal, RoundKey, RuleSet, Seat, State, Viewer, event_view, view,
};

use crate::budget::Budget;
use crate::choose;
use crate::memory::Memory;
use crate::stream::Stream;
use crate::strength::Strength;

/// One side of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Player {
    /// How well it plays.
    pub strength: Strength,
    /// How many guessed games it may look at for a decision.
    pub iterations: u32,
}

impl Player {
    /// A player of that strength with the iterations meant for it.
    #[must_use]
    pub const fn of(strength: Strength) -> Self {
        Self { strength, iterations: strength.iterations() }
    }
}

/// How long decisions took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pace {
    /// How many decisions.
    pub decisions: u64,
    /// All of them together.
    pub total: Duration,
    /// The longest.
    pub worst: Duration,
}

impl Pace {
    fn decided(&mut self, time: Duration) {
        self.decisions += 1;
        self.total += time;
        self.worst = self.worst.max(time);
    }

    fn add(&mut self, other: Self) {
        self.decisions += other.decisions;
        self.total += other.total;
        self.worst = self.worst.max(other.worst);
    }

    /// The mean time of a decision.
    #[must_use]
    pub fn mean(&self) -> Duration {
        self.total / u32::try_from(self.decisions).unwrap_or(u32::MAX).max(1)
    }
}

/// What a comparison has found so far: pairs of games on the same deals with the seats swapped. The pair is the unit,
/// because its two games are not independent.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Tally {
    /// How many pairs.
    pub pairs: u32,
    sum: f64,
    squares: f64,
    /// How fast the first player was.
    pub pace: Pace,
}

impl Tally {
    /// One pair: the first player's mean result, 0..=1.
    pub(crate) fn of_pair(result: f64) -> Self {
        Self { pairs: 1, sum: result, squares: result * result, pace: Pace::default() }
    }

    /// Takes in what another tally has found.
    pub fn add(&mut self, other: &Self) {
        self.pairs += other.pairs;
        self.sum += other.sum;
        self.squares += other.squares;
        self.pace.add(other.pace);
    }

    /// The first player's share of the games, a draw as half: 0..=1.
    #[must_use]
    pub fn share(&self) -> f64 {
        self.sum / f64::from(self.pairs.max(1))
    }

    /// Half the width of the 95 % interval around the share: 1.96 standard errors of the mean over pairs
    /// (normal approximation).
    #[must_use]
    pub fn margin(&self) -> f64 {
        let pairs = f64::from(self.pairs.max(2));
        let variance = (self.squares - self.sum * self.sum / pairs) / (pairs - 1.0);
        1.96 * (variance.max(0.0) / pairs).sqrt()
    }
}

/// A match that is not decided after so many rounds is drawn here: some rules replay drawn rounds without end.
const MOST_ROUNDS: u32 = 100;

/// A comparison of two players under some rules. Everything that happens in it follows from these fields, unless time is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duel {
    /// The rules they play by.
    pub rules: RuleSet,
    /// The player whose share is told.
    pub player: Player,
    /// The other one.
    pub against: Player,
    /// What deals and thoughts come from.
    pub seed: u64,
    /// How long either may take for a decision, if that ends: then the result depends on the machine too.
    pub limit: Option<Duration>,
}

/// Tells how long this thread has worked, from any beginning.
pub type Stopwatch<'a> = &'a dyn Fn() -> Duration;

impl Duel {
    /// Plays the pair of that number: the same deals twice, the second time with the seats swapped.
    pub fn pair(&self, number: u32, stopwatch: Stopwatch<'_>) -> Result<Tally, Refusal> {
        let mut pace = Pace::default();
        let mut result = 0.0;
        for seat in Seat::ALL {
            result += match self.game(*seat, number, &mut pace, stopwatch)? {
                Outcome::Won { winner, .. } if winner == *seat => 0.5,
                Outcome::Won { .. } => 0.0,
                Outcome::Drawn | Outcome::Voided => 0.25,
            };
        }
        Ok(Tally { pace, ..Tally::of_pair(result) })
    }

    /// One match with the player on this seat.
    fn game(
        &self,
        seat: Seat,
        number: u32,
        pace: &mut Pace,
        stopwatch: Stopwatch<'_>,
    ) -> Result<Outcome, Refusal> {
        let pair = self.seed.wrapping_mul(0x2545_f491_4f6c_dd1d).wrapping_add(u64::from(number));
        let mut deals = Stream::new(pair);
        let mut thoughts = Stream::new(!pair ^ seat as u64);
        let mut game = State::new(self.rules);
        let mut events = Events::new();
        let mut memories = BySeat::new(Memory::new(Seat::First), Memory::new(Seat::Second));
        loop {
            if let Some(outcome) = game.outcome() {
                return Ok(outcome);
            }
            if game.needs_deal() && game.round() >= MOST_ROUNDS {
                return Ok(Outcome::Drawn);
            }
            let (mover, command) = if game.needs_deal() {
                (Seat::First, Command::Deal(RoundKey::new(deals.bytes())))
            } else {
                let mover = next_to_act(&game);
                let player = if mover == seat { self.player } else { self.against };
                let began = stopwatch();
                let mut late = || self.limit.is_some_and(|limit| stopwatch().saturating_sub(began) >= limit);
                let command = player.command(&game, mover, &memories, &mut thoughts, &mut late);
                if mover == seat {
                    pace.decided(stopwatch().saturating_sub(began));
                }
                (mover, command)
            };
            game.advance(mover, &command, &mut events)?;
            for watcher in Seat::ALL {
                let memory = memories.get_mut(*watcher);
                events.iter().for_each(|event| memory.see(&event_view(event, Viewer::Seat(*watcher))));
            }
        }
    }
}

/// Whoever has something to announce, else whoever has the turn.
fn next_to_act(game: &State) -> Seat {
    let due = Seat::ALL.iter().copied().find(|seat| game.due(*seat).is_some());
    due.or(game.turn()).unwrap_or(Seat::First)
}

impl Player {
    fn command(
        self,
        game: &State,
        seat: Seat,
        memories: &BySeat<Memory>,
        thoughts: &mut Stream,
        late: &mut dyn FnMut() -> bool,
    ) -> Command {
        let seen = view(game, Viewer::Seat(seat));
        let mut budget = Budget::new(self.iterations, late);
        let chosen = choose(self.strength, &seen, memories.get(seat), thoughts, &mut budget);
        chosen.unwrap_or(Command::Resign)
    }
}
