//! WHOT for two players: the rules as pure functions over plain values.
//!
//! Nothing in this crate does I/O, reads a clock, asks for randomness or serialises. Shuffles come from the
//! key of the round alone, time-outs enter as commands, and replaying the events of a game gives the
//! identical [`State`] on any machine.
//!
//! - [`decide`] answers a command with the events it causes, or with the reason it is refused;
//! - [`apply`] folds one event into a state; the events are facts and carry their results;
//! - [`legal`] lists what a seat may do now;
//! - [`view`] and [`event_view`] name what one viewer may see, and nothing else;
//! - [`State::imagine`] makes a whole game of a view and a guess at what it hides.
//!
//! ```
//! use game_engine::{Command, Events, RoundKey, RuleSet, Seat, State, Viewer, legal, view};
//!
//! let mut game = State::new(RuleSet::naija_classic());
//! let mut events = Events::new();
//! game.advance(Seat::First, &Command::Deal(RoundKey::new([7; 32])), &mut events)?;
//! while let Some(seat) = game.turn() {
//!     let choice = legal(&game, seat).first().copied().unwrap_or(Command::Draw);
//!     game.advance(seat, &choice, &mut events)?;
//! }
//! assert!(view(&game, Viewer::Spectator).outcome.is_some());
//! # Ok::<(), game_engine::Refusal>(())
//! ```
#![deny(missing_docs)]

#[macro_use]
mod words;

mod apply;
mod card;
mod card_set;
mod cards;
mod command;
mod deal;
mod decide;
mod effect;
mod event;
mod event_view;
mod imagine;
mod legal;
mod market;
mod matching;
mod outcome;
mod refusal;
mod rules;
mod score;
mod seat;
mod shuffle;
mod state;
#[cfg(test)]
mod tests;
mod view;

pub use apply::apply;
pub use card::{Card, Rank, Shape};
pub use card_set::CardSet;
pub use cards::Cards;
pub use command::{Command, ForfeitReason, Play};
pub use decide::{decide, decide_into};
pub use event::{Announcement, By, Dealt, DrawCause, Event, Events, PassKind};
pub use event_view::{EventView, event_view};
pub use imagine::{Guess, Unimaginable};
pub use legal::{legal, legal_each, legal_into};
pub use outcome::{Outcome, RoundEnd, RoundResult, WonBy};
pub use refusal::Refusal;
pub use rules::{
    Announce, ClockRule, CountAt, Counter, Deck, DoubleDeck, DrawRule, FinalEffect, GeneralMarket, MarketEnd,
    MarketRules, MatchRule, Opening, Reshuffles, RuleError, RuleName, RuleSet, SpecialFinish, Star8, Starter,
    Tie, Toggle,
};
pub use seat::{BySeat, Seat};
pub use shuffle::RoundKey;
pub use state::{Phase, State};
pub use view::{RoundView, View, Viewer, round_view, view};
pub use words::UnknownWord;
