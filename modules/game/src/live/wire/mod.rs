//! What players see of a game, as JSON: snapshots and events. Everything here is named by allow-list, field by field.

mod event;
mod parts;
mod snapshot;
mod watched;
mod words;

pub(crate) use event::EventData;
pub(crate) use parts::{OutcomeView, Person, RoundView, RulesView};
pub(crate) use snapshot::Snapshot;
pub(crate) use watched::WatchSnapshot;
pub(crate) use words::{CardWord, CauseWord, GameStatusWord, SeatWord, ShapeWord, StrengthWord};
