//! What game announces.

use kernel::id::{AccountId, GameId};
use serde::{Deserialize, Serialize};

use crate::port::GameOutcome;

/// A fact about games. The aggregate of each is the game's id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum GameEvent {
    /// A game began.
    GameStarted {
        /// The game.
        game: GameId,
        /// Who plays, the inviter first.
        players: [AccountId; 2],
    },
    /// A game was decided.
    GameFinished {
        /// The game.
        game: GameId,
        /// Who played, the inviter first.
        players: [AccountId; 2],
        /// How it ended.
        outcome: GameOutcome,
    },
    /// A game counts for nothing.
    GameVoided {
        /// The game.
        game: GameId,
        /// Who played, the inviter first.
        players: [AccountId; 2],
        /// A stable reason code.
        reason: String,
    },
}

impl GameEvent {
    /// The game the event is about.
    #[must_use]
    pub fn game(&self) -> GameId {
        match self {
            Self::GameStarted { game, .. }
            | Self::GameFinished { game, .. }
            | Self::GameVoided { game, .. } => *game,
        }
    }

    /// The name under which the outbox files it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::GameStarted { .. } => "game_started",
            Self::GameFinished { .. } => "game_finished",
            Self::GameVoided { .. } => "game_voided",
        }
    }
}
