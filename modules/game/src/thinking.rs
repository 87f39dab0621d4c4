//! Where practice opponents think: a few threads of their own that give way to live play, within a share of one core
//! that all games have together. When many wait each gets less time; when there is none left they answer at once.

use std::collections::VecDeque;
use std::num::NonZero;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use game_engine::Command;
use kernel::{Clock, Timestamp};
use metrics::{Counter, Gauge, counter, gauge};
use tokio::sync::oneshot;

use crate::app::practice::Thinkers;
use crate::config::PracticeConfig;
use crate::domain::practice::Question;

/// The most that one decision takes.
const MOST: Duration = Duration::from_millis(10);
/// Less than this is not worth looking ahead.
const LEAST: Duration = Duration::from_micros(150);
/// How much unused time is kept for later.
const SAVED: Duration = Duration::from_millis(100);
/// Questions that may wait. Those beyond are answered with nothing, and a player without a thought plays anything.
const ROOM: usize = 1_024;
/// How much less than live play these threads count for the scheduler.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// The time that all decisions share: it comes in evenly and a little of it is saved.
#[derive(Debug)]
struct Purse {
    percent: u32,
    saved: Duration,
    filled_at: Timestamp,
}

impl Purse {
    fn new(percent: u32, now: Timestamp) -> Self {
        Self { percent, saved: SAVED, filled_at: now }
    }

    /// Time for a decision while so many others wait; what is not used comes back by [`Purse::give_back`].
    fn take(&mut self, now: Timestamp, waiting: usize) -> Duration {
        let earned = now.since(self.filled_at) * self.percent / 100;
        self.saved = (self.saved + earned).min(SAVED);
        self.filled_at = now;
        let share = self.saved / u32::try_from(waiting).unwrap_or(u32::MAX).saturating_add(1);
        let share = if share < LEAST { Duration::ZERO } else { share.min(MOST) };
        self.saved -= share;
        share
    }

    fn give_back(&mut self, unused: Duration) {
        self.saved = (self.saved + unused).min(SAVED);
    }

    /// Takes what a decision used beyond its share.
    fn charge(&mut self, beyond: Duration) {
        self.saved = self.saved.saturating_sub(beyond);
    }
}

/// What an operator wants to see of practice.
struct Meters {
    decisions: Counter,
    hurried: Counter,
    micros: Counter,
    waiting: Gauge,
}

impl Meters {
    fn new() -> Self {
        Self {
            decisions: counter!("game_practice_decisions_total"),
            hurried: counter!("game_practice_hurried_total"),
            micros: counter!("game_practice_thinking_microseconds_total"),
            waiting: gauge!("game_practice_waiting"),
        }
    }
}

struct Desk {
    questions: VecDeque<(Question, oneshot::Sender<Option<Command>>)>,
    purse: Purse,
    closed: bool,
}

struct Shared {
    desk: Mutex<Desk>,
    work: Condvar,
    clock: Arc<dyn Clock>,
    meters: Meters,
}

impl Shared {
    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[expect(clippy::cast_precision_loss, reason = "a gauge; the queue is short")]
    fn tell_waiting(&self, desk: &Desk) {
        self.meters.waiting.set(desk.questions.len() as f64);
    }
}

/// The threads. They end with it.
pub(crate) struct ThinkingPool(Arc<Shared>);

impl ThinkingPool {
    /// Starts them.
    ///
    /// # Errors
    /// The system has no thread to give.
    pub(crate) fn start(config: &PracticeConfig, clock: Arc<dyn Clock>) -> Result<Self, String> {
        let purse = Purse::new(config.cpu_percent, clock.now());
        let desk = Desk { questions: VecDeque::new(), purse, closed: false };
        let shared =
            Arc::new(Shared { desk: Mutex::new(desk), work: Condvar::new(), clock, meters: Meters::new() });
        let pool = Self(shared);
        for number in 0..threads(config) {
            let shared = Arc::clone(&pool.0);
            let thread = std::thread::Builder::new().name(format!("practice-{number}"));
            let started = thread.spawn(move || work(&shared));
            started.map_err(|error| format!("no thread for practice opponents: {error}"))?;
        }
        Ok(pool)
    }
}

/// As many as configured, or one for every four cores.
fn threads(config: &PracticeConfig) -> usize {
    match usize::try_from(config.threads) {
        Ok(threads) if threads > 0 => threads,
        _ => std::thread::available_parallelism().map_or(1, NonZero::get).div_ceil(4),
    }
}

impl Drop for ThinkingPool {
    fn drop(&mut self) {
        let mut desk = self.0.desk();
        desk.closed = true;
        desk.questions.clear();
        drop(desk);
        self.0.work.notify_all();
    }
}

impl Thinkers for ThinkingPool {
    fn think(&self, question: Question) -> BoxFuture<'static, Option<Command>> {
        let (reply, answer) = oneshot::channel();
        let mut desk = self.0.desk();
        if desk.questions.len() < ROOM {
            desk.questions.push_back((question, reply));
            self.0.tell_waiting(&desk);
        }
        drop(desk);
        self.0.work.notify_one();
        Box::pin(async move { answer.await.ok().flatten() })
    }
}

fn work(shared: &Shared) {
    give_way();
    loop {
        let mut desk = shared.desk();
        let (question, reply) = loop {
            if desk.closed {
                return;
            }
            match desk.questions.pop_front() {
                Some(next) => break next,
                None => desk = shared.work.wait(desk).unwrap_or_else(PoisonError::into_inner),
            }
        };
        shared.tell_waiting(&desk);
        let (began, waiting) = (shared.clock.now(), desk.questions.len());
        let share = desk.purse.take(began, waiting);
        drop(desk);
        let answer = if share.is_zero() {
            shared.meters.hurried.increment(1);
            question.answer_at_once()
        } else {
            question.answer(&mut || {
                // A low priority alone is not enough: the kernel lets even such a thread finish its slice of some
                // milliseconds before it runs whoever has just become ready.
                std::thread::yield_now();
                shared.clock.now().since(began) >= share
            })
        };
        let used = shared.clock.now().since(began);
        let mut desk = shared.desk();
        desk.purse.give_back(share.saturating_sub(used));
        desk.purse.charge(used.saturating_sub(share));
        drop(desk);
        shared.meters.decisions.increment(1);
        shared.meters.micros.increment(u64::try_from(used.as_micros()).unwrap_or(u64::MAX));
        // Whoever asked may have gone.
        let _ = reply.send(answer);
    }
}

/// Lets everything else go first. On Linux a thread has a priority of its own; elsewhere it would be the process's.
fn give_way() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICE) {
        tracing::debug!(%error, "practice opponents think at the usual priority");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::practice::opening;
    use game_bots::{Stream, Strength};
    use kernel::ManualClock;

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    #[test]
    fn one_opponent_alone_gets_its_full_time_again_and_again() {
        let mut purse = Purse::new(25, at(0));
        for second in 1..100 {
            assert_eq!(purse.take(at(second * 1_000_000), 0), MOST);
        }
    }

    #[test]
    fn however_many_ask_all_of_them_together_get_no_more_than_their_share_of_a_core() {
        let mut purse = Purse::new(25, at(0));
        let seconds = 20_u32;
        let mut used = Duration::ZERO;
        for millisecond in 0..i64::from(seconds) * 1_000 {
            used += purse.take(at(millisecond * 1_000), 0);
            used += purse.take(at(millisecond * 1_000), 0);
        }
        let share = Duration::from_secs(1) * seconds / 4;
        assert!(used <= share + SAVED, "{used:?}");
        assert!(used >= share.mul_f64(0.9), "and nearly all of it: {used:?}");
    }

    #[test]
    fn when_many_wait_each_gets_less_and_when_nothing_is_left_nothing() {
        let mut purse = Purse::new(25, at(0));
        assert_eq!(purse.take(at(0), 99), Duration::from_millis(1));
        assert_eq!(purse.take(at(0), 100_000), Duration::ZERO);
        purse.charge(Duration::from_secs(9));
        assert_eq!(purse.take(at(0), 0), Duration::ZERO);
        assert_eq!(purse.take(at(1_000), 0), Duration::from_micros(250));
    }

    #[test]
    fn what_is_not_used_is_kept_but_never_more_than_a_little() {
        let mut purse = Purse::new(25, at(0));
        let share = purse.take(at(0), 0);
        purse.give_back(share);
        purse.give_back(Duration::from_mins(1));
        assert_eq!(purse.saved, SAVED);
    }

    #[tokio::test]
    async fn every_question_is_answered_with_a_move_even_when_there_is_no_time() {
        let config = PracticeConfig { cpu_percent: 1, threads: 2, ..PracticeConfig::default() };
        // On a clock that stands still no time comes in.
        let pool = ThinkingPool::start(&config, Arc::new(ManualClock::default())).unwrap();
        pool.0.desk().purse.charge(SAVED);
        let asked = (0..200).map(|number| {
            let position = opening(Strength::Expert);
            pool.think(position.question(Stream::new(number)))
        });
        let answers = futures_util::future::join_all(asked).await;
        assert!(answers.iter().all(Option::is_some));
    }

    #[tokio::test]
    async fn whoever_waits_when_the_process_stops_waits_no_longer() {
        let pool = ThinkingPool::start(&PracticeConfig::default(), Arc::new(ManualClock::default())).unwrap();
        let asked: Vec<_> = (0..100)
            .map(|number| pool.think(opening(Strength::Hard).question(Stream::new(number))))
            .collect();
        drop(pool);
        assert_eq!(futures_util::future::join_all(asked).await.len(), 100);
    }
}
