//! Which games are hot, and the way to their tasks. A game that nobody asks for leaves memory.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, PoisonError};

use kernel::id::GameId;
use platform::lifecycle::Tasks;
use tokio::sync::mpsc;

use super::hot::{self, Message, Parts};

/// Messages that may wait for one game; whoever comes then waits too.
const MAILBOX: usize = 64;
const SHARDS: usize = 16;

/// The hot games of this process.
pub(crate) struct Tables {
    parts: Arc<Parts>,
    tasks: Tasks,
    hasher: RandomState,
    shards: [Mutex<Shard>; SHARDS],
}

#[derive(Default)]
struct Shard {
    games: HashMap<GameId, Entry>,
    /// Counts the visits of the reaper.
    visits: u64,
    closed: bool,
}

struct Entry {
    mailbox: mpsc::Sender<Message>,
    used: u64,
}

/// The process is going away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no game is played here any more")]
pub(crate) struct Closed;

impl Tables {
    pub(crate) fn new(parts: Arc<Parts>, tasks: Tasks) -> Self {
        Self { parts, tasks, hasher: RandomState::new(), shards: std::array::from_fn(|_| Mutex::default()) }
    }

    /// Hands a message to the game's task, which begins with it if need be.
    pub(crate) async fn send(&self, game: GameId, message: Message) -> Result<(), Closed> {
        let mut message = message;
        // A task ends when it is forgotten, or broken; then the next one takes the message.
        for _ in 0..3 {
            let mailbox = self.mailbox(game)?;
            match mailbox.send(message).await {
                Ok(()) => return Ok(()),
                Err(mpsc::error::SendError(back)) => {
                    message = back;
                    self.forget(game, &mailbox);
                }
            }
        }
        Err(Closed)
    }

    /// The game's task, if it has one.
    pub(crate) fn find(&self, game: GameId) -> Option<mpsc::Sender<Message>> {
        self.with(game, |shard| {
            let visits = shard.visits;
            shard.games.get_mut(&game).map(|entry| {
                entry.used = visits;
                entry.mailbox.clone()
            })
        })
    }

    fn mailbox(&self, game: GameId) -> Result<mpsc::Sender<Message>, Closed> {
        self.with(game, |shard| {
            if shard.closed {
                return Err(Closed);
            }
            let used = shard.visits;
            let entry = shard.games.entry(game).or_insert_with(|| {
                let (mailbox, messages) = mpsc::channel(MAILBOX);
                self.tasks.spawn("game", hot::run(Arc::clone(&self.parts), game, messages));
                Entry { mailbox, used }
            });
            entry.used = used;
            Ok(entry.mailbox.clone())
        })
    }

    fn forget(&self, game: GameId, mailbox: &mpsc::Sender<Message>) {
        self.with(game, |shard| {
            if shard.games.get(&game).is_some_and(|entry| entry.mailbox.same_channel(mailbox)) {
                shard.games.remove(&game);
            }
        });
    }

    /// Forgets every game that nobody asked for since the visit before the last one. What such a task was sent it still
    /// does; then it ends.
    pub(crate) fn reap(&self) -> usize {
        let mut hot = 0;
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            let visits = shard.visits;
            shard.games.retain(|_, entry| entry.used == visits);
            shard.visits += 1;
            hot += shard.games.len();
        }
        hot
    }

    /// Lets no game begin any more; those that are hot finish what they were sent.
    pub(crate) fn close(&self) {
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            shard.closed = true;
            shard.games.clear();
        }
    }

    fn with<T>(&self, game: GameId, act: impl FnOnce(&mut Shard) -> T) -> T {
        let place = usize::try_from(self.hasher.hash_one(game) % SHARDS as u64).unwrap_or(0);
        let [first, ..] = &self.shards;
        let shard = self.shards.get(place).unwrap_or(first);
        act(&mut shard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
