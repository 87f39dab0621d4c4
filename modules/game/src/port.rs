//! The port of this context for callers in this process.

use std::sync::Arc;

use async_trait::async_trait;
use game_api::{Game, GameError, GameOutcome, GameRecord, GameStatus, RecordedEvent, Restriction, VoidGames};
use kernel::id::GameId;
use kernel::{CallContext, PortError};

use crate::app::hot::Trouble;
use crate::app::{App, restrict, void_games};
use crate::domain::ending::Status;
use crate::domain::entry::Recorded;
use crate::store::{StoreError, published};

/// Lines read in one step.
const AT_ONCE: u32 = 1_000;

/// Answers from this process.
pub(crate) struct LocalGame(pub(crate) Arc<App>);

fn port(error: StoreError) -> GameError {
    PortError::from(error).into()
}

impl LocalGame {
    async fn lines(&self, game: GameId) -> Result<Vec<Recorded>, GameError> {
        let mut all: Vec<Recorded> = Vec::new();
        loop {
            let after = all.last().map_or(0, |line| line.seq);
            let part = self.0.store.lines(game, after, AT_ONCE).await.map_err(port)?;
            let part = part.ok_or(GameError::UnknownGame)?;
            let more = part.lines.last().is_some_and(|line| line.seq < part.head);
            all.extend(part.lines);
            if !more {
                return Ok(all);
            }
        }
    }
}

#[async_trait]
impl Game for LocalGame {
    async fn record(&self, _: &CallContext, game: GameId) -> Result<GameRecord, GameError> {
        let summary = self.0.store.summary(game).await.map_err(port)?.ok_or(GameError::UnknownGame)?;
        let lines = self.lines(game).await?;
        let event = |line: &Recorded| {
            let body = published(line).map_err(port)?;
            Ok(RecordedEvent { seq: line.seq, at: line.at, body })
        };
        let players = summary.players;
        let finished = summary.ending.as_ref().filter(|ending| ending.status == Status::Finished);
        Ok(GameRecord {
            game,
            players: [players.first, players.second],
            rule_set: summary.rules.label(),
            status: match summary.ending.as_ref().map(|ending| ending.status) {
                None | Some(Status::Active) => GameStatus::Active,
                Some(Status::Finished) => GameStatus::Finished,
                Some(Status::Voided) => GameStatus::Voided,
            },
            outcome: finished.map(|ending| GameOutcome {
                winner: ending.winner.map(|seat| *players.get(seat)),
                reason: ending.reason.clone(),
            }),
            started_at: summary.started_at,
            events: lines.iter().map(event).collect::<Result<_, GameError>>()?,
        })
    }

    async fn void_games(&self, call: &CallContext, request: VoidGames) -> Result<Vec<GameId>, GameError> {
        let voided = void_games::run(&self.0, call, request.account, &request.reason).await;
        voided.map_err(|trouble| match trouble {
            Trouble::Store(error) => port(error),
            other => PortError::unavailable(other).into(),
        })
    }

    async fn restrict_play(&self, call: &CallContext, restriction: Restriction) -> Result<(), GameError> {
        let Restriction { account, until, reason } = restriction;
        restrict::run(&self.0, call, account, until, reason).await.map_err(port)
    }
}
