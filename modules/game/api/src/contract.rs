//! What every implementation of the game port does: the fake, the real one, and either behind a carrier.

use std::time::Duration;

use async_trait::async_trait;
use kernel::id::{AccountId, GameId, Uuid};
use kernel::{Actor, CallContext, Clock, TypedId};

use crate::port::{Game, GameError, GameStatus, VoidGame, VoidGames};

/// Brings about what a case needs.
#[async_trait]
pub trait Stage: Send + Sync {
    /// The port under test.
    fn port(&self) -> &dyn Game;
    /// The clock it lives by.
    fn clock(&self) -> &dyn Clock;
    /// A running game of two people of its own.
    async fn running_game(&self) -> (GameId, [AccountId; 2]);
    /// Another that is finished.
    async fn finished_game(&self) -> GameId;
}

/// Runs every case.
///
/// # Panics
/// At the first that does not hold.
#[expect(clippy::expect_used, reason = "a contract case that gets an error has failed")]
pub async fn run(stage: &dyn Stage) {
    voiding_stops_an_accounts_games_once(stage).await.expect("void");
    a_game_is_voided_once_whether_it_is_played_or_over(stage).await.expect("void one");
    an_unknown_game_has_no_record(stage).await;
}

fn call(stage: &dyn Stage) -> CallContext {
    let request_id = kernel::RequestId::fresh(&kernel::SeededRandom::new(1));
    CallContext::new(Actor::system("contract"), request_id, stage.clock().now(), Duration::from_secs(10))
}

async fn voiding_stops_an_accounts_games_once(stage: &dyn Stage) -> Result<(), GameError> {
    let (game, players) = stage.running_game().await;
    let (other, _) = stage.running_game().await;
    let record = stage.port().record(&call(stage), game).await?;
    assert_eq!((record.status, record.players), (GameStatus::Active, players));
    let request = VoidGames { account: players[1], reason: "contract".to_owned() };
    assert_eq!(stage.port().void_games(&call(stage), request.clone()).await?, [game]);
    assert_eq!(stage.port().void_games(&call(stage), request).await?, []);
    assert_eq!(stage.port().record(&call(stage), game).await?.status, GameStatus::Voided);
    assert_eq!(stage.port().record(&call(stage), other).await?.status, GameStatus::Active);
    Ok(())
}

async fn a_game_is_voided_once_whether_it_is_played_or_over(stage: &dyn Stage) -> Result<(), GameError> {
    let (running, _) = stage.running_game().await;
    let finished = stage.finished_game().await;
    assert_eq!(stage.port().record(&call(stage), finished).await?.status, GameStatus::Finished);
    for game in [running, finished] {
        let request = VoidGame { game, reason: "contract".to_owned() };
        assert!(stage.port().void_game(&call(stage), request.clone()).await?);
        assert!(!stage.port().void_game(&call(stage), request).await?);
        let record = stage.port().record(&call(stage), game).await?;
        assert_eq!((record.status, record.outcome), (GameStatus::Voided, None));
    }
    let nothing = VoidGame { game: GameId::from_uuid(Uuid::from_u128(1)), reason: "contract".to_owned() };
    assert_eq!(stage.port().void_game(&call(stage), nothing).await, Err(GameError::UnknownGame));
    Ok(())
}

async fn an_unknown_game_has_no_record(stage: &dyn Stage) {
    let nothing = GameId::from_uuid(Uuid::from_u128(1));
    assert_eq!(stage.port().record(&call(stage), nothing).await, Err(GameError::UnknownGame));
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::FutureExt;
    use kernel::port::{Disturbance, Loopback};
    use kernel::{IdSource, ManualClock, SeededRandom};

    use super::*;
    use crate::fake::FakeGame;
    use crate::port::{GameProvider, GameVia};

    struct InMemory {
        fake: Arc<FakeGame>,
        port: Arc<dyn Game>,
        clock: ManualClock,
        ids: IdSource,
    }

    #[async_trait]
    impl Stage for InMemory {
        fn port(&self) -> &dyn Game {
            self.port.as_ref()
        }
        fn clock(&self) -> &dyn Clock {
            &self.clock
        }
        async fn running_game(&self) -> (GameId, [AccountId; 2]) {
            let (game, players) = (self.ids.next(), [self.ids.next(), self.ids.next()]);
            self.fake.add(game, players);
            (game, players)
        }
        async fn finished_game(&self) -> GameId {
            let (game, _) = self.running_game().await;
            self.fake.finish(game);
            game
        }
    }

    fn stage(through_loopback: bool) -> InMemory {
        let clock = ManualClock::default();
        let ids = IdSource::new(Arc::new(clock.clone()), Arc::new(SeededRandom::new(5)));
        let fake = Arc::new(FakeGame::default());
        let port: Arc<dyn Game> = if through_loopback {
            let provider = Arc::new(GameProvider(fake.clone()));
            Arc::new(GameVia(Loopback::new(provider, Arc::new(clock.clone()), Disturbance::default())))
        } else {
            fake.clone()
        };
        InMemory { fake, port, clock, ids }
    }

    #[test]
    fn the_fake_keeps_the_contract() {
        run(&stage(false)).now_or_never().unwrap();
    }

    #[test]
    fn the_fake_behind_the_loopback_keeps_the_contract() {
        run(&stage(true)).now_or_never().unwrap();
    }
}
