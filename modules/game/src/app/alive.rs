//! Being alive: every node says so each second, and the first one after a silence makes the silence good, whether nobody
//! lived or nobody could reach storage.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kernel::Timestamp;
use kernel::id::GameId;
use tokio::sync::{oneshot, watch};

use super::App;
use super::hot::{Message, Trouble};
use crate::arrows;
use crate::domain::clock::Gap;
use crate::domain::{pairing, queue};
use crate::store::StoreError;

/// A node that has not said so for this long is not alive.
const SILENCE: Duration = Duration::from_secs(3);
/// Longer than the pause between two signs of life.
const LISTEN: Duration = Duration::from_millis(1_500);
/// A node that could not say so for this long is not sure of anything. Longer than what storage may take at its worst,
/// and than [`SILENCE`]: who starts meanwhile has made it good by then.
pub(crate) const DOUBT: Duration = Duration::from_secs(5);
/// How long a deadline waits to learn whether a gap explains it.
const UNSURE: Duration = Duration::from_secs(10);
/// Games made good in one step.
const AT_ONCE: i64 = 500;
/// How long a node is remembered.
const REMEMBERED: Duration = Duration::from_hours(1);

/// Whether there was a time without any node before this one, or while this one could not say that it lives.
pub(crate) struct Aliveness {
    standing: watch::Sender<Standing>,
    word: Mutex<Word>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Not known yet: nothing lapses before it is.
    Unknown,
    Settled(Option<Gap>),
}

/// What this node could say of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    /// It has said that it is alive, last at this instant.
    Given(Timestamp),
    /// It has to take over first. With when storage answered again, and when it did last.
    Owed(Option<(Timestamp, Timestamp)>),
}

impl Aliveness {
    pub(crate) fn new() -> Self {
        Self { standing: watch::Sender::new(Standing::Unknown), word: Mutex::new(Word::Owed(None)) }
    }

    fn settle(&self, gap: Option<Gap>) {
        self.standing.send_replace(Standing::Settled(gap));
    }

    /// It has been silent for long, or may be soon: whether anybody lived meanwhile is not known, and nothing lapses.
    pub(crate) fn doubt(&self) {
        let mut word = self.word();
        if let Word::Given(_) = *word {
            *word = Word::Owed(None);
            self.standing.send_replace(Standing::Unknown);
        }
    }

    /// Whether it is known what time has to be made good.
    pub(crate) fn is_settled(&self) -> bool {
        *self.standing.borrow() != Standing::Unknown
    }

    fn word(&self) -> MutexGuard<'_, Word> {
        self.word.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Storage failed again, and for long, before this node had taken over: that is part of what has to be made good.
    fn doubt_again(&self, now: Timestamp) {
        let mut word = self.word();
        if let Word::Owed(Some((_, last))) = *word
            && now.since(last) > DOUBT
        {
            *word = Word::Owed(None);
            self.standing.send_replace(Standing::Unknown);
        }
    }

    /// Storage answers: since when.
    fn answered(&self, now: Timestamp) -> Timestamp {
        let mut word = self.word();
        let since = match *word {
            Word::Owed(Some((since, _))) => since,
            Word::Owed(None) | Word::Given(_) => now,
        };
        *word = Word::Owed(Some((since, now)));
        since
    }

    /// The gap before this node, if there was one; waits until that is known.
    pub(crate) async fn gap(&self) -> Result<Option<Gap>, StoreError> {
        if let Standing::Settled(gap) = *self.standing.borrow() {
            return Ok(gap);
        }
        let mut seen = self.standing.subscribe();
        let settled = seen.wait_for(|standing| *standing != Standing::Unknown);
        match tokio::time::timeout(UNSURE, settled).await {
            Ok(Ok(standing)) => match *standing {
                Standing::Settled(gap) => Ok(gap),
                Standing::Unknown => Ok(None),
            },
            _ => Err(StoreError::Unavailable("it is not known yet whether a node was alive".to_owned())),
        }
    }

    /// Returns once places in the queue and offers are as they would be without the gap, if there was one.
    pub(crate) async fn settled(&self) -> Result<(), StoreError> {
        self.gap().await.map(drop)
    }

    /// The gap, if one is known.
    pub(crate) fn known_gap(&self) -> Option<Gap> {
        match *self.standing.borrow() {
            Standing::Settled(gap) => gap,
            Standing::Unknown => None,
        }
    }
}

/// Finds out whether any node was alive until now, and if none was, extends every running deadline by the gap. Only then
/// does this node say that it is alive: a crash in between leaves the whole gap to the next one.
pub(crate) async fn take_over(app: &App, began: Timestamp) -> Result<(), StoreError> {
    let gap = find_gap(app, began).await?;
    if let Some(gap) = gap {
        tracing::info!(seconds = gap.length().as_secs_f64(), "no node was alive; clocks are extended");
        app.store.prolong_leases(gap.from, gap.to.plus(app.policy.lease)).await?;
        app.store.make_good_queue(gap.from, gap.to.plus(queue::LEASE), gap.to.plus(pairing::LIFE)).await?;
    }
    // After the queue, which takes nobody's place before this; before the games, which may be waiting for it: each of
    // them makes the gap good for itself, ahead of whatever else it does.
    app.aliveness.settle(gap);
    if let Some(gap) = gap {
        extend_all(app, gap).await?;
        (app.reach)(arrows::EXTENDED);
    }
    beat(app).await?;
    *app.aliveness.word() = Word::Given(app.clock.now());
    app.store.forget_nodes(app.clock.now().minus(REMEMBERED)).await
}

async fn find_gap(app: &App, began: Timestamp) -> Result<Option<Gap>, StoreError> {
    let Some(last) = app.store.last_alive().await? else { return Ok(None) };
    let gap = Gap { from: last, to: began };
    if last >= began {
        return Ok(None);
    }
    if app.policy.always_alone || began.since(last) > SILENCE {
        return Ok(Some(gap));
    }
    app.clock.sleep(LISTEN).await;
    let alone = app.store.last_alive().await? == Some(last);
    Ok(alone.then_some(gap))
}

/// Returns once every running game has it in its journal: the sign of life that follows says so.
async fn extend_all(app: &App, gap: Gap) -> Result<(), StoreError> {
    let mut after: Option<GameId> = None;
    loop {
        let games = app.store.running(None, after, AT_ONCE).await?;
        let Some(last) = games.last() else { return Ok(()) };
        after = Some(*last);
        let mut extended = Vec::with_capacity(games.len());
        for game in games {
            let (done, outcome) = oneshot::channel();
            let _ = app.tables.send(game, Message::Extend(gap, done)).await;
            extended.push(outcome);
        }
        for outcome in extended {
            match outcome.await.unwrap_or(Err(Trouble::Busy)) {
                // What does not replay has no clock that could be extended.
                Ok(()) | Err(Trouble::NotFound | Trouble::Broken) => {}
                Err(Trouble::Store(error)) => return Err(error),
                Err(Trouble::Busy) => return Err(StoreError::LostRace),
            }
        }
    }
}

/// Says that this node is alive.
pub(crate) async fn beat(app: &App) -> Result<(), StoreError> {
    app.store.beat(app.node, app.clock.now()).await
}

/// The same, once it has taken over from whoever was alive before. A node that could not say so for long is as one that
/// starts: if no other node lived meanwhile, nobody could play, and that time is made good.
pub(crate) async fn go_on(app: &App) -> Result<(), StoreError> {
    let now = app.clock.now();
    let word = *app.aliveness.word();
    if let Word::Given(at) = word {
        if now.since(at) <= DOUBT {
            beat(app).await?;
            // Not if there was doubt meanwhile: what was said then is where the gap begins.
            let mut word = app.aliveness.word();
            if let Word::Given(at) = &mut *word {
                *at = now;
            }
            return Ok(());
        }
        app.aliveness.doubt();
    }
    app.aliveness.doubt_again(now);
    app.store.last_alive().await?;
    take_over(app, app.aliveness.answered(now)).await
}
