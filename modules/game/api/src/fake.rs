//! A game context in memory, for the tests of other contexts. It passes the same contract suite as the real one.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use kernel::id::{AccountId, GameId};
use kernel::{CallContext, Timestamp};

use crate::port::{Game, GameError, GameOutcome, GameRecord, GameStatus, Restriction, VoidGame, VoidGames};

/// Records and restrictions in memory.
#[derive(Default)]
pub struct FakeGame {
    records: Mutex<BTreeMap<GameId, GameRecord>>,
    restrictions: Mutex<HashMap<AccountId, Timestamp>>,
}

impl FakeGame {
    /// Adds a running game.
    pub fn add(&self, game: GameId, players: [AccountId; 2]) {
        let record = GameRecord {
            game,
            players,
            rule_set: "naija_classic@1".to_owned(),
            status: GameStatus::Active,
            outcome: None,
            started_at: Timestamp::UNIX_EPOCH,
            events: Vec::new(),
        };
        self.records.lock().unwrap_or_else(PoisonError::into_inner).insert(game, record);
    }

    /// Ends a running game without a winner.
    pub fn finish(&self, game: GameId) {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(record) = records.get_mut(&game) {
            record.status = GameStatus::Finished;
            record.outcome = Some(GameOutcome { winner: None, reason: "drawn".to_owned() });
        }
    }

    /// Until when this account may not start games.
    #[must_use]
    pub fn restricted_until(&self, account: AccountId) -> Option<Timestamp> {
        self.restrictions.lock().unwrap_or_else(PoisonError::into_inner).get(&account).copied()
    }
}

#[async_trait]
impl Game for FakeGame {
    async fn record(&self, _: &CallContext, game: GameId) -> Result<GameRecord, GameError> {
        let records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        records.get(&game).cloned().ok_or(GameError::UnknownGame)
    }

    async fn void_games(&self, _: &CallContext, request: VoidGames) -> Result<Vec<GameId>, GameError> {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        let running = records.values_mut().filter(|record| {
            record.status == GameStatus::Active && record.players.contains(&request.account)
        });
        Ok(running
            .map(|record| {
                record.status = GameStatus::Voided;
                record.game
            })
            .collect())
    }

    async fn void_game(&self, _: &CallContext, request: VoidGame) -> Result<bool, GameError> {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        let record = records.get_mut(&request.game).ok_or(GameError::UnknownGame)?;
        let before = std::mem::replace(&mut record.status, GameStatus::Voided);
        record.outcome = None;
        Ok(before != GameStatus::Voided)
    }

    async fn restrict_play(&self, _: &CallContext, restriction: Restriction) -> Result<(), GameError> {
        let mut restrictions = self.restrictions.lock().unwrap_or_else(PoisonError::into_inner);
        match restriction.until {
            Some(until) => restrictions.insert(restriction.account, until),
            None => restrictions.remove(&restriction.account),
        };
        Ok(())
    }
}
