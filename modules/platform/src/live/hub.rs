//! The hub of one process: which sockets exist, who follows what, and the fan-out after a commit.
//! It stores nothing: what it loses, sequence numbers heal from storage.

use std::collections::{BTreeSet, HashMap};
use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use bytestring::ByteString;
use kernel::id::{AccountId, SessionId};
use kernel::random::RandomExt;
use kernel::{Clock, Random, Timestamp};
use metrics::{Counter, Gauge};
use serde_json::value::RawValue;

use super::attach::Place;
use super::close::Close;
use super::frames::{About, EventOut, ServerFrame};
use super::inbox::{InboxSource, stream_of};
use super::settings::LiveSettings;
use super::socket::{Socket, Stream};
use super::topic::{Presence, Published, TopicKey, TopicSource, Viewer};
use super::wheel::{TICK, Wheel};
use crate::crypto::Mac;

const SHARDS: usize = 64;
/// How long a drain waits for sockets to leave.
const DRAIN_WITHIN: Duration = Duration::from_secs(10);
/// The longest pause that a draining server asks for.
const MAX_JITTER_MS: u32 = 5_000;
/// How long an ended session is remembered for upgrades that were under way.
const REMEMBER: Duration = Duration::from_mins(2);

/// What a hub is made of.
pub struct HubParts {
    /// For `now`, and the wheel's pauses.
    pub clock: Arc<dyn Clock>,
    /// For jitter.
    pub random: Arc<dyn Random>,
    /// For the inbox's cursors.
    pub cursor_key: Mac,
    /// Limits.
    pub settings: LiveSettings,
}

/// Registry and fan-out. One per process.
pub struct Hub {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) cursor_key: Mac,
    pub(crate) settings: LiveSettings,
    pub(crate) meters: Meters,
    random: Arc<dyn Random>,
    sources: RwLock<Vec<Arc<dyn TopicSource>>>,
    inboxes: RwLock<Vec<Arc<dyn InboxSource>>>,
    watchers: RwLock<HashMap<&'static str, Arc<dyn Presence>>>,
    hasher: RandomState,
    /// All shards but one, and that one: so that every hash has a shard without a panic.
    shards: Vec<Mutex<Followers>>,
    last_shard: Mutex<Followers>,
    registry: Mutex<Registry>,
    pub(super) wheel: Wheel,
    pub(super) next_id: AtomicU64,
    draining: AtomicBool,
}

type Followers = HashMap<TopicKey, Vec<Follower>>;

pub(super) struct Follower {
    pub(super) socket: Arc<Socket>,
    pub(super) slot: usize,
    pub(super) stream: Stream,
    pub(super) viewer: Viewer,
}

pub(crate) struct Meters {
    pub(crate) frames_in: Counter,
    pub(crate) frames_out: Counter,
    pub(super) sockets: Gauge,
}

/// Whose sockets end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    Session(SessionId),
    Account(AccountId),
}

#[derive(Default)]
pub(super) struct Registry {
    pub(super) sockets: HashMap<u64, Arc<Socket>>,
    pub(super) accounts: HashMap<AccountId, Vec<u64>>,
    pub(super) places: HashMap<Place, u64>,
    /// Ended sessions and accounts, numbered: an upgrade that began before one of them must notice it.
    pub(super) endings: Vec<(u64, Whose, Close, Timestamp)>,
    pub(super) ending: u64,
}

impl Hub {
    /// An empty hub.
    #[must_use]
    pub fn new(parts: HubParts) -> Arc<Self> {
        let HubParts { clock, random, cursor_key, settings } = parts;
        Arc::new(Self {
            clock,
            cursor_key,
            settings,
            meters: Meters {
                frames_in: metrics::counter!("whot_live_frames_in_total"),
                frames_out: metrics::counter!("whot_live_frames_out_total"),
                sockets: metrics::gauge!("whot_live_sockets"),
            },
            random,
            sources: RwLock::default(),
            inboxes: RwLock::default(),
            watchers: RwLock::default(),
            hasher: RandomState::new(),
            shards: (1..SHARDS).map(|_| Mutex::default()).collect(),
            last_shard: Mutex::default(),
            registry: Mutex::default(),
            wheel: Wheel::default(),
            next_id: AtomicU64::new(1),
            draining: AtomicBool::new(false),
        })
    }

    /// Adds a kind of topic. All are added before the first socket.
    pub fn add_topics(&self, source: Arc<dyn TopicSource>) {
        self.sources.write().unwrap_or_else(PoisonError::into_inner).push(source);
    }

    /// Adds a context's part of the inbox. All are added before the first socket.
    pub fn add_inbox(&self, source: Arc<dyn InboxSource>) {
        self.inboxes.write().unwrap_or_else(PoisonError::into_inner).push(source);
    }

    /// Lets somebody know who follows topics of a kind.
    pub fn watch(&self, kind: &'static str, presence: Arc<dyn Presence>) {
        self.watchers.write().unwrap_or_else(PoisonError::into_inner).insert(kind, presence);
    }

    pub(crate) fn source(&self, kind: &str) -> Option<Arc<dyn TopicSource>> {
        let sources = self.sources.read().unwrap_or_else(PoisonError::into_inner);
        sources.iter().find(|source| source.kind() == kind).cloned()
    }

    pub(crate) fn inboxes(&self) -> Vec<Arc<dyn InboxSource>> {
        self.inboxes.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn watcher(&self, kind: &str) -> Option<Arc<dyn Presence>> {
        self.watchers.read().unwrap_or_else(PoisonError::into_inner).get(kind).cloned()
    }

    /// Hands committed events to the topic's followers. Never waits, never fails; call it after the commit and before
    /// the command's reply. Events that come out of order, twice, or not at all are healed from storage.
    pub fn publish(&self, topic: &TopicKey, events: &[Published<'_>]) {
        let shard = self.shard(topic);
        let Some(followers) = shard.get(topic) else { return };
        let about = About::Topic { kind: topic.kind(), id: topic.id() };
        for event in events {
            let mut encoded: Vec<(Viewer, ByteString)> = Vec::new();
            for follower in followers {
                let frame = || encoded_for(&mut encoded, follower.viewer, about, event);
                if follower.socket.lock().offer(follower.slot, event.seq, frame) {
                    follower.socket.wake();
                }
            }
        }
    }

    /// Hands a committed notice to the account's sockets that follow their inbox.
    pub fn publish_inbox(
        &self,
        context: &'static str,
        account: AccountId,
        seq: u64,
        at: Timestamp,
        data: &RawValue,
    ) {
        let key = stream_of(context, account);
        let shard = self.shard(&key);
        for follower in shard.get(&key).into_iter().flatten() {
            let event = EventOut { seq, at, data: Some(data) };
            let mut state = follower.socket.lock();
            if state.offer_notice(follower.slot, event, context, &self.cursor_key) {
                drop(state);
                follower.socket.wake();
            }
        }
    }

    /// Ends a topic for one account or for everybody: `gone`, and 4010 where it was the route's only topic.
    pub fn end_topic(&self, topic: &TopicKey, who: Option<AccountId>, code: &'static str) {
        let mut shard = self.shard(topic);
        let Some(followers) = shard.get_mut(topic) else { return };
        let ends = |follower: &Follower| who.is_none_or(|account| account == follower.socket.account);
        let gone: Vec<Follower> = followers.extract_if(.., |follower| ends(follower)).collect();
        if followers.is_empty() {
            shard.remove(topic);
        }
        for follower in &gone {
            follower.socket.lock().end(topic, code, follower.socket.fixed.as_ref());
            follower.socket.wake();
            self.tell_if_last(&shard, topic, follower.socket.account);
        }
    }

    /// Whether any socket of this account in this process follows the topic.
    pub fn follows(&self, topic: &TopicKey, account: AccountId) -> bool {
        is_followed(&self.shard(topic), topic, account)
    }

    /// Ends every socket of a session.
    pub fn close_session(&self, session: SessionId, close: Close) {
        self.close_all(Whose::Session(session), close);
    }

    /// Ends every socket of an account.
    pub fn close_account(&self, account: AccountId, close: Close) {
        self.close_all(Whose::Account(account), close);
    }

    fn close_all(&self, whose: Whose, close: Close) {
        let mut registry = self.registry();
        registry.ending += 1;
        let number = registry.ending;
        for socket in registry.sockets.values().filter(|socket| whose.is(socket)) {
            socket.close(close.clone());
        }
        registry.endings.push((number, whose, close, self.clock.now()));
    }

    /// The accounts that have a socket here.
    pub fn accounts(&self) -> BTreeSet<AccountId> {
        self.registry().accounts.keys().copied().collect()
    }

    /// How many sockets there are.
    pub fn sockets(&self) -> usize {
        self.registry().sockets.len()
    }

    /// Whether the hub refuses new sockets because the process is going away.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }

    /// Sends every socket away with 4001 and a pause of its own, and takes no new ones. Commands under way are still
    /// answered. Returns when all have left, or after ten seconds.
    pub async fn drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
        let begun = self.clock.now();
        let sockets: Vec<Arc<Socket>> = self.registry().sockets.values().cloned().collect();
        for socket in sockets {
            let retry_ms = u32::from_le_bytes(self.random.bytes::<4>()) % MAX_JITTER_MS;
            socket.close(Close::Draining { retry_ms });
        }
        while self.sockets() > 0 && self.clock.now().since(begun) < DRAIN_WITHIN {
            self.clock.sleep(Duration::from_millis(20)).await;
        }
    }

    /// The heartbeat of all sockets, until `stop` completes. Run it once, on the main runtime.
    pub async fn run_wheel(self: Arc<Self>, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        loop {
            let pause = self.clock.sleep(TICK);
            if let futures_util::future::Either::Left(_) =
                futures_util::future::select(stop.as_mut(), pause).await
            {
                return;
            }
            self.turn_wheel();
        }
    }

    /// One turn of the wheel; four of them visit every socket.
    pub fn turn_wheel(&self) {
        let now = self.clock.now();
        self.wheel.turn(now, &self.settings);
        self.registry().endings.retain(|(_, _, _, at)| now.since(*at) < REMEMBER);
    }

    pub(super) fn registry(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn shard(&self, topic: &TopicKey) -> MutexGuard<'_, Followers> {
        let hash = usize::try_from(self.hasher.hash_one(topic) & 0xffff).unwrap_or(0);
        let shard = self.shards.get(hash % SHARDS).unwrap_or(&self.last_shard);
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell_if_last(&self, shard: &Followers, topic: &TopicKey, account: AccountId) {
        if !is_followed(shard, topic, account)
            && let Some(watcher) = self.watcher(topic.kind())
        {
            watcher.unfollowed(topic, account);
        }
    }

    pub(super) fn add_follower(&self, topic: &TopicKey, follower: Follower) {
        let mut shard = self.shard(topic);
        let account = follower.socket.account;
        let first = follower.stream == Stream::Topic && !is_followed(&shard, topic, account);
        shard.entry(topic.clone()).or_default().push(follower);
        if first && let Some(watcher) = self.watcher(topic.kind()) {
            watcher.followed(topic, account);
        }
    }

    pub(super) fn remove_follower(&self, topic: &TopicKey, socket: &Socket) {
        let mut shard = self.shard(topic);
        let Some(followers) = shard.get_mut(topic) else { return };
        let Some(place) = followers.iter().position(|follower| follower.socket.id == socket.id) else {
            return;
        };
        let removed = followers.swap_remove(place);
        if followers.is_empty() {
            shard.remove(topic);
        }
        if removed.stream == Stream::Topic {
            self.tell_if_last(&shard, topic, socket.account);
        }
    }
}

fn is_followed(shard: &Followers, topic: &TopicKey, account: AccountId) -> bool {
    shard.get(topic).into_iter().flatten().any(|follower| follower.socket.account == account)
}

/// The event as this viewer sees it, encoded once for all who see the same.
fn encoded_for(
    encoded: &mut Vec<(Viewer, ByteString)>,
    viewer: Viewer,
    about: About<'_>,
    event: &Published<'_>,
) -> ByteString {
    if let Some((_, frame)) = encoded.iter().find(|(of, _)| *of == viewer) {
        return frame.clone();
    }
    let data = event.body_for(viewer);
    let frame = ServerFrame::Ev(about, EventOut { seq: event.seq, at: event.at, data }).encode();
    encoded.push((viewer, frame.clone()));
    frame
}

impl Whose {
    pub(super) fn is(self, socket: &Socket) -> bool {
        match self {
            Self::Session(session) => socket.session == session,
            Self::Account(account) => socket.account == account,
        }
    }
}
