//! What one person at a terminal has: the terminal, the session, the connection, and what to remember of each game.

use std::collections::HashMap;

use game_record::text::Bytes32;
use game_record::{Commitment, Entropy, Remembered};
use kernel::Timestamp;
use kernel::random::RandomExt;
use platform::random::OsRandom;

use super::link::{Link, News};
use super::session::Session;
use super::terminal::{Interrupt, Terminal};

/// What is known of a game from before its end.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Memory {
    /// What the server promised, as it was first heard.
    pub(super) commitment: Option<[u8; 32]>,
    /// One's own random bytes.
    pub(super) entropy: Option<[u8; 32]>,
}

impl Memory {
    pub(super) fn remembered(self) -> Remembered {
        Remembered {
            commitment: self.commitment.map(Commitment::from_bytes),
            entropy: self.entropy.map(Entropy::new),
        }
    }
}

/// Everything at hand.
pub(super) struct Desk {
    pub(super) terminal: Terminal,
    pub(super) session: Session,
    pub(super) link: Link,
    pub(super) interrupt: Interrupt,
    /// How this program is started again for the same person at the same server.
    pub(super) command: String,
    memories: HashMap<String, Memory>,
    /// How far the server's clock is ahead of this machine's.
    ahead_micros: i64,
}

impl Desk {
    pub(super) fn new(
        terminal: Terminal,
        interrupt: Interrupt,
        session: Session,
        link: Link,
        command: String,
    ) -> Self {
        Self { terminal, session, link, interrupt, command, memories: HashMap::new(), ahead_micros: 0 }
    }

    /// The time at the server.
    pub(super) fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.session.now().micros().saturating_add(self.ahead_micros))
    }

    /// Sets the clock by what the server said.
    pub(super) fn hear_time(&mut self, news: &News) {
        if let News::Ahead(micros) = news {
            self.ahead_micros = *micros;
        }
    }

    pub(super) fn memory(&self, game: &str) -> Memory {
        self.memories.get(game).copied().unwrap_or_default()
    }

    /// Remembers the promise of a game's shuffle; the first one counts.
    pub(super) fn remember_commitment(&mut self, game: &str, commitment: &str) {
        let memory = self.memories.entry(game.to_owned()).or_default();
        memory.commitment =
            memory.commitment.or_else(|| commitment.parse::<Bytes32>().ok().map(|bytes| bytes.0));
    }

    /// Fresh random bytes for a game's shuffle, remembered and as they are sent.
    pub(super) fn fresh_entropy(&mut self, game: &str) -> String {
        let bytes: [u8; 32] = OsRandom.bytes();
        self.memories.entry(game.to_owned()).or_default().entropy = Some(bytes);
        Bytes32(bytes).to_string()
    }

    /// The bytes that were made for a game were not taken.
    pub(super) fn forget_entropy(&mut self, game: &str) {
        self.memories.entry(game.to_owned()).or_default().entropy = None;
    }
}
