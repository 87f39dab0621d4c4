//! What a context implements to have live topics, and the plain values that pass between it and the hub.
//! What an event or a command means is the context's alone; here they are raw JSON with a sequence number.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use kernel::id::AccountId;
use kernel::{CallContext, Principal, Timestamp};
use serde_json::value::RawValue;
use uuid::Uuid;

/// JSON that passes through untouched. `serde_json::value::to_raw_value` makes one.
pub type Body = Box<RawValue>;

/// A follower further behind than this many events gets a snapshot instead of them.
pub const SNAP_BEYOND: u64 = 200;

/// Names one topic: its kind and its id. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicKey {
    kind: &'static str,
    id: Arc<str>,
}

impl TopicKey {
    /// The topic `id` of a kind. The id is the canonical text of a typed id.
    pub fn new(kind: &'static str, id: impl fmt::Display) -> Self {
        Self::named(kind, &id.to_string())
    }

    /// The topic of a kind whose id is already text.
    #[must_use]
    pub fn named(kind: &'static str, id: &str) -> Self {
        Self { kind, id: id.into() }
    }

    /// The kind, for example `game`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// The id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl fmt::Display for TopicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, self.id)
    }
}

impl fmt::Debug for TopicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Which body of an event somebody sees. The source chooses the numbers, for example one per seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Viewer(pub u32);

impl Viewer {
    /// In [`Published::bodies`]: the body for every viewer that is not listed.
    pub const ANYONE: Self = Self(u32::MAX);
}

/// Somebody looking at a topic that its source let them into.
#[derive(Debug, Clone)]
pub struct Viewing {
    /// Who.
    pub principal: Arc<Principal>,
    /// At what.
    pub topic: TopicKey,
    /// With whose eyes.
    pub viewer: Viewer,
}

/// One event as one viewer may see it, read from storage.
#[derive(Debug, Clone)]
pub struct Event {
    /// Its place in the topic: from 1, without gaps.
    pub seq: u64,
    /// When it was committed.
    pub at: Timestamp,
    /// What this viewer sees; nothing if it is not for them.
    pub body: Option<Body>,
}

/// What a follower needs to go on.
#[derive(Debug, Clone)]
pub enum CatchUp {
    /// Consecutive events from the one after the follower's, no more than were asked for.
    Events {
        /// The events.
        events: Vec<Event>,
        /// The last event that storage holds.
        head: u64,
    },
    /// The topic as a whole: when the follower names no event, or one that does not exist, or is more than
    /// [`SNAP_BEYOND`] behind.
    Snapshot {
        /// The last event it contains.
        seq: u64,
        /// The topic as this viewer may see it.
        data: Body,
    },
}

/// A command as a client sent it.
#[derive(Debug)]
pub struct Command {
    /// The principal as actor, the `cid` as request id, and the deadline.
    pub call: CallContext,
    /// The client's id for it, good for ever: looked up before `base`.
    pub cid: Uuid,
    /// The last event the client had seen.
    pub base: u64,
    /// The `do` payload as it was written; not yet known to be anything but JSON.
    pub action: Body,
}

/// The one answer to a command.
#[derive(Debug)]
pub enum Reply {
    /// It is committed.
    Done {
        /// The last event it caused.
        seq: u64,
    },
    /// It changed nothing, or it is not known whether it did and may be repeated.
    Refused {
        /// A stable word, `a-z` and `_`.
        code: Cow<'static, str>,
        /// Whether the same command may succeed later.
        retryable: bool,
        /// The topic's current event.
        seq: Option<u64>,
        /// The topic as the viewer may see it; always for a stale base.
        snapshot: Option<Body>,
    },
}

impl Reply {
    /// A final refusal.
    #[must_use]
    pub fn refused(code: &'static str) -> Self {
        Self::Refused { code: code.into(), retryable: false, seq: None, snapshot: None }
    }

    /// Nothing can be said now; the same command may be sent again.
    #[must_use]
    pub fn unavailable() -> Self {
        Self::Refused { code: "unavailable".into(), retryable: true, seq: None, snapshot: None }
    }
}

impl From<TopicError> for Reply {
    fn from(error: TopicError) -> Self {
        let retryable = error == TopicError::Unavailable;
        Self::Refused { code: error.code().into(), retryable, seq: None, snapshot: None }
    }
}

/// Why a topic cannot be opened or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TopicError {
    /// There is no such topic for this person.
    #[error("no such topic for this person")]
    NotFound,
    /// The person may know of it, but not this. The word goes onto the wire.
    #[error("refused: {0}")]
    Refused(&'static str),
    /// Storage cannot answer now.
    #[error("storage cannot answer now")]
    Unavailable,
}

impl TopicError {
    /// The stable word for the wire.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::Refused(code) => code,
            Self::Unavailable => "unavailable",
        }
    }
}

/// One kind of topic. Its futures are polled on the socket's worker thread: they wait, they do not compute.
#[async_trait]
pub trait TopicSource: Send + Sync + 'static {
    /// The kind, which is also its key on the wire: `{"game":"gam_.."}`.
    fn kind(&self) -> &'static str;

    /// Whether this person may follow and command the topic, and with whose eyes. The id is as the client wrote it.
    async fn open(&self, principal: &Principal, id: &str) -> Result<Viewer, TopicError>;

    /// What follows `after`, read from storage: it must see every event committed before the call.
    async fn catch_up(
        &self,
        viewing: &Viewing,
        after: Option<u64>,
        limit: u32,
    ) -> Result<CatchUp, TopicError>;

    /// The last event of each topic, in the same order.
    async fn heads(&self, topics: &[TopicKey]) -> Result<Vec<u64>, TopicError>;

    /// Carries a command out. Events it causes are published before this returns. It is polled to its end (up to its
    /// deadline) even if the socket dies, and must survive being dropped all the same.
    async fn command(&self, viewing: &Viewing, command: Command) -> Reply;
}

/// Learns whose accounts follow a topic in this process. Called under a lock, in order: be quick, and never call
/// the hub from inside.
pub trait Presence: Send + Sync + 'static {
    /// The first socket of this account follows the topic.
    fn followed(&self, topic: &TopicKey, account: AccountId);

    /// The last one left.
    fn unfollowed(&self, topic: &TopicKey, account: AccountId);
}

/// An event to hand to followers, after its commit.
#[derive(Debug, Clone, Copy)]
pub struct Published<'a> {
    /// Its place in the topic.
    pub seq: u64,
    /// When it was committed.
    pub at: Timestamp,
    /// What each viewer sees. Who is not listed, and has no [`Viewer::ANYONE`], gets its number with `null`.
    pub bodies: &'a [(Viewer, &'a RawValue)],
}

impl<'a> Published<'a> {
    pub(crate) fn body_for(&self, viewer: Viewer) -> Option<&'a RawValue> {
        let of = |wanted| self.bodies.iter().find(|(who, _)| *who == wanted).map(|(_, body)| *body);
        of(viewer).or_else(|| of(Viewer::ANYONE))
    }
}
