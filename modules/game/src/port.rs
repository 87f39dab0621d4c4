//! The port of this context for callers in this process.

use std::sync::Arc;

use async_trait::async_trait;
use game_api::{
    Game, GameError, GameOutcome, GameRecord, GameStatus, RecordedEvent, Restriction, VoidGame, VoidGames,
};
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

    async fn void_game(&self, call: &CallContext, request: VoidGame) -> Result<bool, GameError> {
        let voided = void_games::one(&self.0, call, request.game, &request.reason).await;
        voided.map_err(|trouble| match trouble {
            Trouble::NotFound => GameError::UnknownGame,
            Trouble::Store(error) => port(error),
            other => PortError::unavailable(other).into(),
        })
    }

    async fn restrict_play(&self, call: &CallContext, restriction: Restriction) -> Result<(), GameError> {
        let Restriction { account, until, reason } = restriction;
        restrict::run(&self.0, call, account, until, reason).await.map_err(port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use game_api::contract::{self, Stage};
    use game_api::{GameProvider, GameVia};
    use game_engine::RuleSet;
    use kernel::Clock;
    use kernel::id::AccountId;
    use kernel::port::{Disturbance, Loopback};
    use platform::testing::TestDb;

    use crate::MIGRATIONS;
    use crate::domain::command::{Act, Asked};
    use crate::house::House;

    struct OnStage {
        house: House,
        port: Arc<dyn Game>,
    }

    #[async_trait]
    impl Stage for OnStage {
        fn port(&self) -> &dyn Game {
            self.port.as_ref()
        }
        fn clock(&self) -> &dyn Clock {
            &self.house.clock
        }
        async fn running_game(&self) -> (GameId, [AccountId; 2]) {
            let (game, players) = self.house.game(RuleSet::naija_classic()).await;
            (game, players.map(|principal| principal.account))
        }
        async fn finished_game(&self) -> GameId {
            let (game, players) = self.house.game(RuleSet::quick()).await;
            let asked = Asked { cid: self.house.cid(), base: None, act: Act::Resign };
            self.house.ask(game, &players[0], asked).await;
            game
        }
    }

    platform::for_each_database! { MIGRATIONS;
        async fn the_port_keeps_the_contract_directly_and_through_the_loopback(db: TestDb) {
            let house = House::open(&db.db).await;
            let beside = house.next().await;
            let port: Arc<dyn Game> = Arc::new(LocalGame(house.app.clone()));
            contract::run(&OnStage { house, port }).await;
            let provider = Arc::new(GameProvider(Arc::new(LocalGame(beside.app.clone()))));
            let carrier = Loopback::new(provider, beside.app.clock.clone(), Disturbance::default());
            contract::run(&OnStage { house: beside, port: Arc::new(GameVia(carrier)) }).await;
        }

        async fn a_finished_games_record_tells_everything_and_its_seed(db: TestDb) {
            let house = House::open(&db.db).await;
            let (game, players) = house.game(RuleSet::quick()).await;
            let port = LocalGame(house.app.clone());
            let call = house.call(&players[0]);
            let running = serde_json::to_string(&port.record(&call, game).await.unwrap()).unwrap();
            assert!(!running.contains("seed"));
            house.play_out(game, &players).await;
            let record = port.record(&call, game).await.unwrap();
            assert_eq!(record.status, GameStatus::Finished);
            assert!(record.outcome.is_some());
            let kinds: Vec<&str> = record.events.iter().filter_map(|event| event.body["kind"].as_str()).collect();
            assert_eq!((kinds.first(), kinds.last()), (Some(&"started"), Some(&"revealed")));
            assert!(record.events.iter().zip(1..).all(|(event, seq)| event.seq == seq));
        }
    }
}
