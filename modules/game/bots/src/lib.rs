//! Practice opponents in five strengths. A bot is given what a person at its seat would be given, the [`View`] and the
//! events of the round as that seat saw them, and nothing else: by type it cannot reach the game.
//!
//! Nothing in this crate reads a clock, asks for randomness, does I/O or holds a thread: the stream is the caller's,
//! and so is the deadline in the [`Budget`]. The same view, memory, stream and number of iterations give the same
//! command.
//!
//! ```
//! use game_bots::{Budget, Memory, Strength, Stream, choose};
//! use game_engine::{Command, Events, RoundKey, RuleSet, Seat, State, Viewer, event_view, view};
//!
//! let mut game = State::new(RuleSet::naija_classic());
//! let mut events = Events::new();
//! game.advance(Seat::First, &Command::Deal(RoundKey::new([7; 32])), &mut events)?;
//!
//! let seat = game.turn().unwrap_or(Seat::First);
//! let mut memory = Memory::new(seat);
//! for event in &events {
//!     memory.see(&event_view(event, Viewer::Seat(seat)));
//! }
//! let mut late = || false;
//! let mut budget = Budget::new(100, &mut late);
//! let seen = view(&game, Viewer::Seat(seat));
//! let command = choose(Strength::Expert, &seen, &memory, &mut Stream::new(1), &mut budget);
//! game.advance(seat, &command.unwrap_or(Command::Draw), &mut events)?;
//! # Ok::<(), game_engine::Refusal>(())
//! ```
#![deny(missing_docs)]

pub mod arena;
mod belief;
mod budget;
mod flat;
mod greedy;
mod memory;
mod moves;
mod playout;
mod stream;
mod strength;
#[cfg(test)]
mod tests;
mod tree;
mod unseen;

use game_engine::{Command, State, View};

pub use budget::Budget;
pub use memory::Memory;
pub use stream::Stream;
pub use strength::{Strength, UnknownStrength};

use moves::{Move, list};
use unseen::Unseen;

/// How often `easy` takes any legal move instead of the best-looking one, in percent.
const MISTAKES: u32 = 35;

/// What a bot of this strength does now. None when there is nothing for it to do: it is not its turn and it has
/// nothing to announce, or the view is a spectator's.
#[must_use]
pub fn choose(
    strength: Strength,
    view: &View,
    memory: &Memory,
    stream: &mut Stream,
    budget: &mut Budget<'_>,
) -> Option<Command> {
    let seat = view.viewer.seat()?;
    if view.turn.is_some() && view.due.get(seat).is_some() {
        return Some(Command::Announce);
    }
    if view.turn != Some(seat) {
        return None;
    }
    let mut unseen = Unseen::of(view, memory)?;
    let game: State = unseen.any_game(stream)?;
    let mut moves = Vec::with_capacity(32);
    list(&game, seat, &mut moves);
    if let [only] = moves[..] {
        return Some(only.command());
    }
    let any = moves.get(stream.place(moves.len())).copied();
    let looks = |stream: &mut Stream| Some(greedy::best(&game, seat, &mut Vec::with_capacity(32), stream));
    let chosen: Option<Move> = match strength {
        Strength::Random => any,
        Strength::Easy => {
            if stream.below(100) < MISTAKES {
                any
            } else {
                looks(stream)
            }
        }
        Strength::Medium => looks(stream),
        Strength::Hard => flat::best(view, &moves, &mut unseen, stream, budget),
        Strength::Expert => tree::best(view, memory, &mut unseen, stream, budget),
    };
    chosen.or_else(|| looks(stream)).map(Move::command)
}
