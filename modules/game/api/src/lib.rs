//! What other contexts may ask of game, and what game announces.
//!
//! Plain data and traits only: no I/O, no runtime, no storage, and no engine type.
#![deny(missing_docs)]

mod event;
mod port;

#[cfg(any(test, feature = "testing"))]
pub mod contract;
#[cfg(any(test, feature = "testing"))]
pub mod fake;

pub use event::GameEvent;
pub use port::{
    Game, GameError, GameOutcome, GameProvider, GameRecord, GameStatus, GameVia, RecordedEvent, Restriction,
    VoidGame, VoidGames,
};
