//! Wake-ups for the deadlines of hot games, in memory. They only make it punctual: what is due stands in rows.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use kernel::Timestamp;
use kernel::id::GameId;
use platform::bus::Bell;

use super::App;
use super::hot::Message;
use crate::domain::clock::LENIENCE;
use crate::store::StoreError;

/// Rows taken in one look.
const AT_ONCE: i64 = 500;
/// How long to sleep when nothing is due.
const IDLE: Duration = Duration::from_secs(5);

/// The wake-ups.
#[derive(Default)]
pub(crate) struct Deadlines {
    heap: Mutex<BinaryHeap<Reverse<(Timestamp, GameId)>>>,
    earlier: Bell,
}

impl Deadlines {
    /// Wakes the game once its deadline has passed.
    pub(crate) fn set(&self, game: GameId, at: Timestamp) {
        let mut heap = self.heap.lock().unwrap_or_else(PoisonError::into_inner);
        let first = heap.peek().is_none_or(|Reverse((earliest, _))| at < *earliest);
        heap.push(Reverse((at, game)));
        drop(heap);
        if first {
            self.earlier.ring();
        }
    }

    /// Rings when an earlier deadline than all others was set.
    pub(crate) fn bell(&self) -> Bell {
        self.earlier.clone()
    }

    fn take_due(&self, now: Timestamp) -> Vec<GameId> {
        let mut heap = self.heap.lock().unwrap_or_else(PoisonError::into_inner);
        let mut due = Vec::new();
        while let Some(Reverse((at, game))) = heap.peek().copied()
            && at.plus(LENIENCE) <= now
        {
            heap.pop();
            due.push(game);
        }
        due
    }

    /// How long until the next wake-up.
    pub(crate) fn pause(&self, now: Timestamp) -> Duration {
        let heap = self.heap.lock().unwrap_or_else(PoisonError::into_inner);
        heap.peek().map_or(IDLE, |Reverse((at, _))| at.plus(LENIENCE).since(now).min(IDLE))
    }
}

/// Wakes the hot games whose deadline has passed.
pub(crate) async fn wake(app: &App) {
    for game in app.deadlines.take_due(app.clock.now()) {
        let _ = app.tables.send(game, Message::Tick).await;
    }
}

/// Wakes every game whose row says that its deadline has passed, whoever played it.
pub(crate) async fn sweep(app: &App) -> Result<(), StoreError> {
    let now = app.clock.now();
    metrics::gauge!("game_due_lag_seconds").set(0.0);
    for (game, at) in app.store.due(now.minus(LENIENCE), AT_ONCE).await? {
        metrics::gauge!("game_due_lag_seconds").set(now.since(at).as_secs_f64());
        let _ = app.tables.send(game, Message::Tick).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::TypedId;
    use kernel::id::Uuid;

    fn game(number: u128) -> GameId {
        GameId::from_uuid(Uuid::from_u128(number))
    }

    #[test]
    fn what_is_due_wakes_in_order_and_once_and_not_before_its_lenience() {
        let deadlines = Deadlines::default();
        let at = |seconds| Timestamp::from_seconds(seconds);
        deadlines.set(game(1), at(20));
        deadlines.set(game(2), at(10));
        deadlines.set(game(3), at(30));
        assert_eq!(deadlines.take_due(at(10)), []);
        assert_eq!(deadlines.pause(at(10)), LENIENCE);
        assert_eq!(deadlines.take_due(at(25)), [game(2), game(1)]);
        assert_eq!(deadlines.take_due(at(25)), []);
        assert_eq!(deadlines.pause(at(29)), Duration::from_millis(1_250));
    }
}
