//! Practice opponents at their tables: when each is to act, and where it thinks. They play by the same commands as
//! people, and are shown what their seat is shown.
//!
//! A pause is an entry in a heap, not a thread and not a lock. What is due stands in rows as well, so whoever loses this
//! process, another finds what its opponents were about to do.

pub(crate) mod offer;
mod schedule;
mod turn;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use game_engine::{BySeat, Command, State, Viewer, view};
use kernel::id::{AccountId, GameId};
use kernel::random::RandomExt;
use kernel::{Random, Timestamp};
use platform::lifecycle::Tasks;
use tokio::sync::Semaphore;

use self::schedule::Schedule;
use super::App;
use crate::domain::practice::{Pace, Question, to_act};
use crate::store::StoreError;

/// Where opponents think: never on a thread that serves live play.
pub(crate) trait Thinkers: Send + Sync {
    /// Thinks it through; nothing when this process stops before it is answered.
    fn think(&self, question: Question) -> BoxFuture<'static, Option<Command>>;
}

/// Opponents that act at the same time in this process; the others wait in the heap.
const AT_ONCE: usize = 256;
/// How long before its move an opponent begins to think. The move comes when its pause is over, however long or short
/// the thinking was: time tells nothing about a hand.
const AHEAD: Duration = Duration::from_millis(50);
/// How much longer than any pause an opponent may be due before somebody else looks after it.
const OVERDUE: Duration = Duration::from_secs(3);
/// Rows taken in one look.
const ROWS: i64 = 500;

/// What the opponents of this process share.
pub(crate) struct Practice {
    schedule: Schedule,
    thinkers: Arc<dyn Thinkers>,
    pace: Pace,
    random: Arc<dyn Random>,
}

impl Practice {
    pub(crate) fn new(thinkers: Arc<dyn Thinkers>, pace: Pace, random: Arc<dyn Random>) -> Self {
        Self { schedule: Schedule::default(), thinkers, pace, random }
    }

    /// Hears how a committed line left a game. Quick; most games have no opponent of this kind.
    pub(crate) fn hear(&self, game: GameId, players: &BySeat<AccountId>, state: &State, now: Timestamp) {
        let Some((seat, strength)) = to_act(players, state) else { return };
        let chance = u16::from_le_bytes(self.random.bytes());
        let pause = self.pace.pause(strength, seat, &view(state, Viewer::Spectator), chance);
        self.schedule.set(game, now.plus(pause));
    }
}

/// Lets opponents act when their pauses are over, until it is time to stop.
pub(crate) async fn run(app: Arc<App>, tasks: Tasks) {
    let mut earlier = app.practice.schedule.bell();
    let room = Arc::new(Semaphore::new(AT_ONCE));
    while !tasks.is_stopping() {
        for (game, at) in app.practice.schedule.take_due(app.clock.now().plus(AHEAD)) {
            let Ok(place) = room.clone().acquire_owned().await else { return };
            let app = Arc::clone(&app);
            tasks.spawn("game.practice.turn", async move {
                turn::take(&app, game, at).await;
                drop(place);
            });
        }
        let pause = app.practice.schedule.pause(app.clock.now().plus(AHEAD));
        tokio::select! {
            () = app.clock.sleep(pause) => {}
            () = earlier.wait() => {}
            () = tasks.stopping() => {}
        }
    }
}

/// Looks after opponents that nobody lets act: their process ended, or it could not go on.
pub(crate) async fn sweep(app: &App) -> Result<(), StoreError> {
    let now = app.clock.now();
    let overdue = now.minus(app.practice.pace.most + OVERDUE);
    for game in app.store.awaiting_practice(overdue, ROWS).await? {
        app.practice.schedule.set(game, now);
    }
    Ok(())
}

/// Lets everybody who is due act, one after the other; how many there were.
#[cfg(test)]
pub(crate) async fn step(app: &App) -> usize {
    let due = app.practice.schedule.take_due(app.clock.now());
    for (game, at) in &due {
        turn::take(app, *game, *at).await;
    }
    due.len()
}
