//! The hub of one process: which sockets exist, who follows what, and the fan-out after a commit.
//! It stores nothing: what it loses, sequence numbers heal from storage.

use std::collections::HashMap;
use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use bytestring::ByteString;
use kernel::id::{AccountId, SessionId};
use kernel::random::RandomExt;
use kernel::{Clock, Principal, Random, Timestamp};
use metrics::{Counter, Gauge};
use serde_json::value::RawValue;

use super::auth::LiveAuth;
use super::close::Close;
use super::frames::{About, EventOut, ServerFrame};
use super::inbox::{InboxSource, stream_of};
use super::session::Session;
use super::settings::LiveSettings;
use super::socket::{Socket, Stream};
use super::topic::{Presence, Published, TopicKey, TopicSource, Viewer};
use super::transport::Transport;
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
    wheel: Wheel,
    next_id: AtomicU64,
    draining: AtomicBool,
}

type Followers = HashMap<TopicKey, Vec<Follower>>;

struct Follower {
    socket: Arc<Socket>,
    slot: usize,
    stream: Stream,
    viewer: Viewer,
}

pub(crate) struct Meters {
    pub(crate) frames_in: Counter,
    pub(crate) frames_out: Counter,
    sockets: Gauge,
}

/// Whose sockets end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Session(SessionId),
    Account(AccountId),
}

/// Which socket is the present one of a session, a device and a route.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) session: SessionId,
    pub(crate) device: String,
    /// None on the general route.
    pub(crate) topic: Option<TopicKey>,
}

#[derive(Default)]
struct Registry {
    sockets: HashMap<u64, Arc<Socket>>,
    accounts: HashMap<AccountId, Vec<u64>>,
    places: HashMap<Place, u64>,
    /// Ended sessions and accounts, numbered: an upgrade that began before one of them must notice it.
    endings: Vec<(u64, Whose, Close, Timestamp)>,
    ending: u64,
}

/// A moment in the order of ended sessions. Taken before a credential is checked, compared when the socket attaches.
#[derive(Debug, Clone, Copy)]
pub struct Epoch(u64);

/// A peer that was let in.
pub struct Arrival {
    /// Who.
    pub principal: Principal,
    /// Checks later credentials.
    pub auth: Arc<dyn LiveAuth>,
    /// The browser's origin, if there was one.
    pub origin: Option<String>,
    /// The one topic of a single-topic route.
    pub fixed: Option<TopicKey>,
    /// From before the credential was checked.
    pub since: Epoch,
}

/// Why no further socket is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoRoom {
    /// The process is going away.
    #[error("draining")]
    Draining,
    /// The process holds as many as it may.
    #[error("too many sockets")]
    Process,
    /// The account holds as many as it may.
    #[error("too many sockets of one account")]
    Account,
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

    /// The present moment in the order of ended sessions; take it before checking a credential.
    pub fn epoch(&self) -> Epoch {
        Epoch(self.registry().ending)
    }

    /// Runs the protocol over a connection. The returned future is the socket's life: spawn it on the thread that owns
    /// the transport.
    pub fn attach<T: Transport>(
        self: &Arc<Self>,
        transport: T,
        arrival: Arrival,
    ) -> Result<Session<T>, NoRoom> {
        let now = self.clock.now();
        let Arrival { principal, auth, origin, fixed, since } = arrival;
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let socket = Arc::new(Socket::new(id, Arc::new(principal), fixed, now, &self.settings));
        self.register(&socket, since)?;
        self.wheel.add(&socket);
        let attached = Attached { hub: Arc::clone(self), socket: Arc::clone(&socket), place: None };
        Ok(Session::new(attached, transport, auth, origin, now))
    }

    fn register(&self, socket: &Arc<Socket>, since: Epoch) -> Result<(), NoRoom> {
        if self.is_draining() {
            return Err(NoRoom::Draining);
        }
        let mut registry = self.registry();
        if registry.sockets.len() >= self.settings.max_sockets {
            return Err(NoRoom::Process);
        }
        let of_account = registry.accounts.entry(socket.account).or_default();
        if of_account.len() >= self.settings.max_sockets_per_account {
            return Err(NoRoom::Account);
        }
        of_account.push(socket.id);
        registry.sockets.insert(socket.id, Arc::clone(socket));
        self.meters.sockets.increment(1);
        let missed =
            registry.endings.iter().find(|(number, whose, _, _)| *number > since.0 && whose.is(socket));
        if let Some((_, _, close, _)) = missed {
            socket.close(close.clone());
        }
        Ok(())
    }

    fn registry(&self) -> MutexGuard<'_, Registry> {
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

    fn add_follower(&self, topic: &TopicKey, follower: Follower) {
        let mut shard = self.shard(topic);
        let account = follower.socket.account;
        let first = follower.stream == Stream::Topic && !is_followed(&shard, topic, account);
        shard.entry(topic.clone()).or_default().push(follower);
        if first && let Some(watcher) = self.watcher(topic.kind()) {
            watcher.followed(topic, account);
        }
    }

    fn remove_follower(&self, topic: &TopicKey, socket: &Socket) {
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
    fn is(self, socket: &Socket) -> bool {
        match self {
            Self::Session(session) => socket.session == session,
            Self::Account(account) => socket.account == account,
        }
    }
}

/// A socket's entry in the hub. Dropping it removes exactly that socket, by its id, wherever it stands: never the
/// successor that took its place.
pub(crate) struct Attached {
    pub(crate) hub: Arc<Hub>,
    pub(crate) socket: Arc<Socket>,
    place: Option<Place>,
}

impl Attached {
    /// Takes the place of its session, device and route, and sends away whoever had it.
    pub(crate) fn take_place(&mut self, place: Place) {
        let mut registry = self.hub.registry();
        let before = registry.places.insert(place.clone(), self.socket.id);
        let before = before.and_then(|id| registry.sockets.get(&id)).cloned();
        self.place = Some(place);
        drop(registry);
        if let Some(before) = before {
            before.close(Close::Replaced);
        }
    }

    /// Follows a topic, or goes on after another event of it.
    pub(crate) fn follow(
        &self,
        topic: &TopicKey,
        stream: Stream,
        viewer: Viewer,
        after: Option<u64>,
        cid: Option<super::frames::Cid>,
    ) {
        let slot = self.socket.lock().follow(topic, stream, viewer, after, cid);
        if let Some(slot) = slot {
            // From here on publications reach the socket; its first pull begins later and sees what came before.
            let socket = Arc::clone(&self.socket);
            self.hub.add_follower(topic, Follower { socket, slot, stream, viewer });
        }
    }

    /// Stops following. The hub forgets first, so that no publication meets a slot that another topic took.
    pub(crate) fn unfollow(&self, topic: &TopicKey, code: &'static str) -> bool {
        self.hub.remove_follower(topic, &self.socket);
        self.socket.lock().unfollow(topic, code)
    }

    /// The hub's half of a follow that already ended in the socket.
    pub(crate) fn forget(&self, topic: &TopicKey) {
        self.hub.remove_follower(topic, &self.socket);
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        let topics = self.socket.lock().following();
        for (topic, _, _) in topics {
            self.hub.remove_follower(&topic, &self.socket);
        }
        let mut registry = self.hub.registry();
        if registry.sockets.remove(&self.socket.id).is_some() {
            self.hub.meters.sockets.decrement(1);
        }
        if let Some(of_account) = registry.accounts.get_mut(&self.socket.account) {
            of_account.retain(|id| *id != self.socket.id);
            if of_account.is_empty() {
                registry.accounts.remove(&self.socket.account);
            }
        }
        if let Some(place) = &self.place
            && registry.places.get(place) == Some(&self.socket.id)
        {
            registry.places.remove(place);
        }
    }
}
