//! The wire of `whot.v1` as two closed enums named by direction, one function to read and one to write.
//! What a game's or a chat's payload means is never known here: it passes through as raw JSON.

mod client;
mod server;
#[cfg(test)]
mod tests;

use std::fmt;

use uuid::Uuid;

pub use self::client::{ClientFrame, Malformed, Token, parse};
pub use self::server::{About, Batch, EventOut, ServerFrame, TooLarge};

/// The largest frame a client may send, in bytes.
pub const MAX_FRAME_IN: usize = 48 * 1024;
/// The largest frame the server sends, in bytes.
pub const MAX_FRAME_OUT: usize = 64 * 1024;
/// How many topics one `hello` may name.
pub const MAX_HELLO_TOPICS: usize = 256;
/// The versions of the protocol this server speaks.
pub const VERSIONS: &[u32] = &[1];

/// A client's id for one request: a `UUIDv7`, repeated in the answer exactly as it was written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Cid {
    uuid: Uuid,
    upper: bool,
}

impl Cid {
    /// The id itself.
    #[must_use]
    pub fn uuid(self) -> Uuid {
        self.uuid
    }

    pub(super) fn read(text: &str) -> Result<Self, Malformed> {
        let uuid = (text.len() == 36).then(|| Uuid::try_parse(text).ok()).flatten();
        let uuid = uuid.filter(|uuid| uuid.get_version_num() == 7);
        let uuid = uuid.ok_or_else(|| Malformed::new("cid is not a hyphenated UUIDv7"))?;
        let upper = text.bytes().any(|byte| byte.is_ascii_uppercase());
        if upper && text.bytes().any(|byte| byte.is_ascii_lowercase()) {
            return Err(Malformed::new("cid mixes upper and lower case"));
        }
        Ok(Self { uuid, upper })
    }
}

impl fmt::Display for Cid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.upper {
            write!(f, "{:X}", self.uuid.hyphenated())
        } else {
            write!(f, "{:x}", self.uuid.hyphenated())
        }
    }
}

impl fmt::Debug for Cid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A topic as a client names it. Whether it exists, and for whom, its source says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TopicName {
    /// `{"game":"gam_.."}`
    One {
        /// The kind, for example `game`.
        kind: String,
        /// The id, as written.
        id: String,
    },
    /// `{"inbox":true}`
    Inbox,
}

impl TopicName {
    /// The same, if it consists of words that need no escaping and could name something.
    pub(super) fn plain(self) -> Option<Self> {
        let word = |text: &str| {
            (1..=64).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        };
        match &self {
            Self::Inbox => Some(self),
            Self::One { kind, id } => (word(kind) && word(id)).then_some(self),
        }
    }
}

/// From where a client wants to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum After {
    /// After this event of a topic.
    Seq(u64),
    /// After what this signed cursor says of the inbox.
    Cursor(String),
}

/// One topic in a `hello`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Which topic.
    pub topic: TopicName,
    /// From where; absent asks for a snapshot first (or, for the inbox, only for what is new).
    pub after: Option<After>,
}
