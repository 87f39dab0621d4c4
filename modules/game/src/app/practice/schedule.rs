//! When each practice opponent acts next, in memory. A game stands here at most once.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kernel::Timestamp;
use kernel::id::GameId;
use platform::bus::Bell;

/// How long to sleep when nobody is to act.
const IDLE: Duration = Duration::from_secs(5);

#[derive(Default)]
pub(super) struct Schedule {
    due: Mutex<Due>,
    earlier: Bell,
}

#[derive(Default)]
struct Due {
    heap: BinaryHeap<Reverse<(Timestamp, GameId)>>,
    /// The entry of the heap that counts for each game.
    counts: BTreeMap<GameId, Timestamp>,
}

impl Schedule {
    /// The opponent in this game acts at that time, or earlier if that was said before.
    pub(super) fn set(&self, game: GameId, at: Timestamp) {
        let mut due = self.lock();
        if due.counts.get(&game).is_some_and(|known| *known <= at) {
            return;
        }
        let first = due.heap.peek().is_none_or(|Reverse((earliest, _))| at < *earliest);
        due.heap.push(Reverse((at, game)));
        due.counts.insert(game, at);
        drop(due);
        if first {
            self.earlier.ring();
        }
    }

    /// Rings when somebody is to act earlier than all others.
    pub(super) fn bell(&self) -> Bell {
        self.earlier.clone()
    }

    /// Those who are due, the earliest first, and when each was to act.
    pub(super) fn take_due(&self, now: Timestamp) -> Vec<(GameId, Timestamp)> {
        let mut due = self.lock();
        let mut taken = Vec::new();
        while let Some(Reverse((at, game))) = due.heap.peek().copied()
            && at <= now
        {
            due.heap.pop();
            if due.counts.get(&game) == Some(&at) {
                due.counts.remove(&game);
                taken.push((game, at));
            }
        }
        taken
    }

    /// How long until somebody is due.
    pub(super) fn pause(&self, now: Timestamp) -> Duration {
        self.lock().heap.peek().map_or(IDLE, |Reverse((at, _))| at.since(now).min(IDLE))
    }

    fn lock(&self) -> MutexGuard<'_, Due> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::TypedId;
    use kernel::id::Uuid;

    #[test]
    fn each_game_is_due_once_at_the_earliest_time_that_was_said() {
        let schedule = Schedule::default();
        let game = |number| GameId::from_uuid(Uuid::from_u128(number));
        let at = Timestamp::from_seconds;
        schedule.set(game(1), at(30));
        schedule.set(game(1), at(20));
        schedule.set(game(1), at(25));
        schedule.set(game(2), at(10));
        assert_eq!(schedule.pause(at(8)), Duration::from_secs(2));
        assert_eq!(schedule.take_due(at(9)), []);
        assert_eq!(schedule.take_due(at(40)), [(game(2), at(10)), (game(1), at(20))]);
        assert_eq!(schedule.take_due(at(40)), []);
        schedule.set(game(1), at(50));
        assert_eq!(schedule.take_due(at(50)), [(game(1), at(50))]);
    }
}
