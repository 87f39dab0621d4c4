//! The port itself: review, voiding and restriction of play.

use kernel::id::{AccountId, GameId};
use kernel::{PortError, Timestamp};
use serde::{Deserialize, Serialize};

/// Why game refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "error", rename_all = "snake_case")]
pub enum GameError {
    /// There is no such game.
    #[error("no such game")]
    UnknownGame,
    /// The port itself failed.
    #[error(transparent)]
    Port {
        /// How.
        #[from]
        source: PortError,
    },
}

kernel::words! {
    /// Where a game stands (DOMAIN.md 6).
    pub enum GameStatus as "game status" {
        /// Being played.
        Active = "active",
        /// Decided.
        Finished = "finished",
        /// Counts for nothing.
        Voided = "voided",
    }
}

/// How a finished game ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GameOutcome {
    /// Who won; nobody in a drawn game.
    pub winner: Option<AccountId>,
    /// A stable word: `played_out`, `counted`, `resigned`, `forfeited`, ...
    pub reason: String,
}

/// One journal event as review sees it: both hands and all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordedEvent {
    /// Its place in the game: from 1, without gaps.
    pub seq: u64,
    /// When it was committed.
    pub at: Timestamp,
    /// The event in the journal's own published form.
    pub body: kernel::serde_json::Value,
}

/// The whole record of a game.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GameRecord {
    /// The game.
    pub game: GameId,
    /// Who plays, the inviter first.
    pub players: [AccountId; 2],
    /// Name and version of its rule set, for example `naija_classic@1`.
    pub rule_set: String,
    /// Where it stands.
    pub status: GameStatus,
    /// How it ended, once it has.
    pub outcome: Option<GameOutcome>,
    /// When it was dealt.
    pub started_at: Timestamp,
    /// All its events; at most some thousand, the engine's move cap bounds them.
    pub events: Vec<RecordedEvent>,
}

/// Voids the games an account is playing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoidGames {
    /// Whose running games.
    pub account: AccountId,
    /// A stable reason code.
    pub reason: String,
}

/// Voids one game.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoidGame {
    /// Which.
    pub game: GameId,
    /// A stable reason code.
    pub reason: String,
}

/// Keeps an account from new games until a time; running ones go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restriction {
    /// Whom.
    pub account: AccountId,
    /// Until when; `None` lifts it.
    pub until: Option<Timestamp>,
    /// A stable reason code.
    pub reason: String,
}

kernel::port! {
    /// What other contexts may ask of game. All commands are idempotent.
    pub trait Game fails GameError, via GameVia, provider GameProvider {
        /// A game's whole record, for review.
        fn record(game: GameId) -> GameRecord;
        /// Voids every running game of an account; answers with those it voided.
        fn void_games(request: VoidGames) -> Vec<GameId>;
        /// Voids a game, whether it is played or over, and takes back what it changed in scores and ratings. Its record
        /// stays. `false`: it was void before.
        fn void_game(request: VoidGame) -> bool;
        /// Keeps an account from starting games until a time.
        fn restrict_play(restriction: Restriction) -> ();
    }
}
