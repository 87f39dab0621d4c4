//! The protocol against a topic source in memory, over the transport in memory. Nothing here waits for real time: the
//! clock is moved by hand, and a socket runs only when a test steps it.

mod closing;
mod commands;
mod following;
mod inbox;
mod random;
mod upgrade;

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::task::noop_waker;
use kernel::id::{AccountId, PersonId, SessionId};
use kernel::{
    AccountType, Clock, ManualClock, Permission, Principal, Role, Roles, SeededRandom, Timestamp, TypedId,
};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use uuid::Uuid;

use super::testing::{Peer, Pipe, pipe};
use super::transport::{Incoming, Outgoing};
use super::*;
use crate::crypto::{Mac, SecretBytes};
use crate::web::AuthFailure;

pub(super) const ROOMY: usize = 10_000;

/// A journal per topic. Bodies are `{"n":seq}`; a viewer sees those of its own parity (and, as viewer 9, all).
#[derive(Default)]
pub(super) struct Journal {
    lengths: Mutex<HashMap<String, u64>>,
    pub(super) down: AtomicBool,
    /// `heads` never answers while set.
    pub(super) heads_hang: AtomicBool,
    /// Polls that a read takes before and after it looks.
    pub(super) slow: AtomicUsize,
    /// Polls that the next opening takes; those after it take none.
    pub(super) slow_open: AtomicUsize,
    pub(super) reads: AtomicUsize,
    /// Commands wait for this many permits.
    pub(super) gate: Mutex<Option<Arc<tokio::sync::Semaphore>>>,
    pub(super) done: Mutex<Vec<String>>,
    hub: Mutex<Option<Arc<Hub>>>,
    /// Commands commit and say so, but nobody publishes.
    pub(super) mute: AtomicBool,
}

pub(super) fn body(seq: u64) -> Body {
    to_raw_value(&serde_json::json!({ "n": seq })).unwrap()
}

async fn polls(count: usize) {
    for _ in 0..count {
        let mut yielded = false;
        std::future::poll_fn(|cx| {
            if std::mem::replace(&mut yielded, true) {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}

impl Journal {
    pub(super) fn head(&self, id: &str) -> u64 {
        self.lengths.lock().unwrap().get(id).copied().unwrap_or(0)
    }

    /// Commits one event without telling anybody.
    pub(super) fn commit(&self, id: &str) -> u64 {
        let mut lengths = self.lengths.lock().unwrap();
        let length = lengths.entry(id.to_owned()).or_default();
        *length += 1;
        *length
    }

    pub(super) fn commit_many(&self, id: &str, count: u64) {
        (0..count).for_each(|_| {
            self.commit(id);
        });
    }

    fn available(&self) -> Result<(), TopicError> {
        if self.down.load(Ordering::SeqCst) { Err(TopicError::Unavailable) } else { Ok(()) }
    }

    fn read(&self, id: &str, viewer: Viewer, after: Option<u64>, limit: u32) -> CatchUp {
        self.reads.fetch_add(1, Ordering::SeqCst);
        let head = self.head(id);
        match after {
            Some(after) if after <= head && head - after <= SNAP_BEYOND => {
                let last = head.min(after + u64::from(limit));
                let events = (after + 1..=last).map(|seq| event(seq, viewer)).collect();
                CatchUp::Events { events, head }
            }
            _ => CatchUp::Snapshot { seq: head, data: body(head) },
        }
    }
}

fn event(seq: u64, viewer: Viewer) -> Event {
    let seen = viewer == Viewer(9) || seq % 2 == u64::from(viewer.0);
    Event { seq, at: Timestamp::from_seconds(0), body: seen.then(|| body(seq)) }
}

#[async_trait]
impl TopicSource for Journal {
    fn kind(&self) -> &'static str {
        "game"
    }

    async fn open(&self, principal: &Principal, id: &str) -> Result<Viewer, TopicError> {
        polls(self.slow_open.swap(0, Ordering::SeqCst)).await;
        self.available()?;
        match id {
            "foreign" => Err(TopicError::NotFound),
            "watched" => Ok(Viewer(9)),
            _ => Ok(Viewer(u32::try_from(principal.account.uuid().as_u128() % 2).unwrap())),
        }
    }

    async fn catch_up(
        &self,
        viewing: &Viewing,
        after: Option<u64>,
        limit: u32,
    ) -> Result<CatchUp, TopicError> {
        let slow = self.slow.load(Ordering::SeqCst);
        polls(slow).await;
        self.available()?;
        let read = self.read(viewing.topic.id(), viewing.viewer, after, limit);
        polls(slow).await;
        Ok(read)
    }

    async fn heads(&self, topics: &[TopicKey]) -> Result<Vec<u64>, TopicError> {
        if self.heads_hang.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        self.available()?;
        Ok(topics.iter().map(|topic| self.head(topic.id())).collect())
    }

    async fn command(&self, viewing: &Viewing, command: Command) -> Reply {
        let gate = self.gate.lock().unwrap().clone();
        if let Some(gate) = gate {
            gate.acquire().await.unwrap().forget();
        }
        assert_eq!(command.call.request_id.as_str(), command.cid.to_string());
        let id = viewing.topic.id();
        self.done.lock().unwrap().push(format!("{id} {}", command.action.get()));
        let head = self.head(id);
        match command.action.get() {
            "\"bad\"" => Reply::refused("not_your_turn"),
            "\"panic\"" => panic!("as asked"),
            "\"huge\"" => Reply::Refused {
                code: "stale".into(),
                retryable: true,
                seq: None,
                snapshot: Some(to_raw_value(&"x".repeat(frames::MAX_FRAME_OUT)).unwrap()),
            },
            _ if command.base != head => Reply::Refused {
                code: "stale".into(),
                retryable: true,
                seq: Some(head),
                snapshot: Some(body(head)),
            },
            action => {
                let count = action.parse().unwrap_or(1);
                let seqs: Vec<u64> = (0..count).map(|_| self.commit(id)).collect();
                if !self.mute.load(Ordering::SeqCst) {
                    let hub = self.hub.lock().unwrap().clone().unwrap();
                    publish(&hub, id, &seqs);
                }
                Reply::Done { seq: self.head(id) }
            }
        }
    }
}

pub(super) fn publish(hub: &Hub, id: &str, seqs: &[u64]) {
    for seq in seqs {
        let raw: &RawValue = &body(*seq);
        let bodies = [(Viewer(u32::try_from(seq % 2).unwrap()), raw), (Viewer(9), raw)];
        let event = Published { seq: *seq, at: Timestamp::from_seconds(0), bodies: &bodies };
        hub.publish(&TopicKey::new("game", id), &[event]);
    }
}

/// Tokens are `<account>.<session>.<seconds until expiry>`; tickets `<account>-<session>`.
pub(super) struct Names {
    pub(super) clock: ManualClock,
}

#[async_trait]
impl LiveAuth for Names {
    async fn bearer(&self, token: &str) -> Result<Principal, AuthFailure> {
        match token {
            "expired.x.x" => return Err(AuthFailure::Expired),
            "unavailable.x.x" => return Err(AuthFailure::Unavailable),
            _ => {}
        }
        let numbers: Vec<u64> = token.split('.').filter_map(|part| part.parse().ok()).collect();
        let [account, session, seconds] = numbers[..] else { return Err(AuthFailure::Invalid) };
        let expires_at = self.clock.now().plus(Duration::from_secs(seconds));
        Ok(principal(account.into(), session.into(), expires_at))
    }

    async fn ticket(&self, ticket: &str, _origin: Option<&str>) -> Result<Ticketed, AuthFailure> {
        // Behind an `@` stands the one game that it opens.
        let (who, game) = ticket.split_once('@').map_or((ticket, None), |(who, game)| (who, Some(game)));
        let numbers: Vec<u128> = who.split('-').filter_map(|part| part.parse().ok()).collect();
        let [account, session] = numbers[..] else { return Err(AuthFailure::Invalid) };
        let expires_at = self.clock.now().plus(Duration::from_mins(10));
        let only_topic = game.map(|game| ("game".to_owned(), game.to_owned()));
        Ok(Ticketed { principal: principal(account, session, expires_at), only_topic })
    }
}

pub(super) fn principal(account: u128, session: u128, expires_at: Timestamp) -> Principal {
    let roles = Roles::NONE.with(Role::Player);
    assert!(roles.may(Permission::LiveConnect));
    Principal {
        account: account_id(account),
        person: PersonId::from_uuid(Uuid::from_u128(account)),
        session: session_id(session),
        account_type: AccountType::Player,
        roles,
        expires_at,
        auth_time: Timestamp::UNIX_EPOCH,
    }
}

pub(super) fn account_id(account: u128) -> AccountId {
    AccountId::from_uuid(Uuid::from_u128(account))
}

pub(super) fn session_id(session: u128) -> SessionId {
    SessionId::from_uuid(Uuid::from_u128(session))
}

pub(super) struct World {
    pub(super) hub: Arc<Hub>,
    pub(super) clock: ManualClock,
    pub(super) journal: Arc<Journal>,
}

impl World {
    pub(super) fn new() -> Self {
        let clock = ManualClock::default();
        let hub = Hub::new(HubParts {
            clock: Arc::new(clock.clone()),
            random: Arc::new(SeededRandom::new(5)),
            cursor_key: Mac::new(&SecretBytes::from([3; 32])),
            settings: LiveSettings::default(),
        });
        let journal = Arc::new(Journal::default());
        *journal.hub.lock().unwrap() = Some(Arc::clone(&hub));
        hub.add_topics(Arc::clone(&journal) as Arc<dyn TopicSource>);
        Self { hub, clock, journal }
    }

    pub(super) fn arrival(&self, account: u128, session: u128, fixed: Option<&str>) -> Arrival {
        Arrival {
            principal: principal(account, session, self.clock.now().plus(Duration::from_mins(10))),
            auth: Arc::new(Names { clock: self.clock.clone() }),
            origin: None,
            fixed: fixed.map(|id| TopicKey::new("game", id)),
            since: self.hub.epoch(),
        }
    }

    /// A connected client that has said nothing yet.
    pub(super) fn connect(&self, account: u128, session: u128, capacity: usize) -> Client {
        self.connect_to(account, session, capacity, None)
    }

    pub(super) fn connect_to(
        &self,
        account: u128,
        session: u128,
        capacity: usize,
        fixed: Option<&str>,
    ) -> Client {
        let (transport, peer) = pipe(capacity);
        let session = self.hub.attach(transport, self.arrival(account, session, fixed)).unwrap();
        Client { session: Some(Box::pin(session)), peer: Some(peer) }
    }

    /// A client that has said hello with these topics and heard the welcome.
    pub(super) fn join(&self, account: u128, topics: &str) -> Client {
        let mut client = self.connect(account, account, ROOMY);
        client.hello(topics);
        let welcome = client.hear_one();
        assert_eq!(welcome["t"], "welcome");
        client
    }

    pub(super) fn commit_and_publish(&self, id: &str) -> u64 {
        let seq = self.journal.commit(id);
        publish(&self.hub, id, &[seq]);
        seq
    }

    /// Moves the clock and lets the wheel come round once.
    pub(super) fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
        (0..4).for_each(|_| self.hub.turn_wheel());
    }
}

pub(super) struct Client {
    session: Option<Pin<Box<Session<Pipe>>>>,
    pub(super) peer: Option<Peer>,
}

impl Client {
    /// Runs the socket until it has nothing to do. Returns whether it still lives.
    pub(super) fn step(&mut self) -> bool {
        let waker = noop_waker();
        let mut cx = Context::from_waker(&waker);
        if let Some(session) = &mut self.session
            && session.as_mut().poll(&mut cx).is_ready()
        {
            self.session = None;
        }
        self.session.is_some()
    }

    /// The connection and the server's side of it vanish at once.
    pub(super) fn vanish(mut self) {
        self.peer = None;
        self.step();
    }

    pub(super) fn say(&mut self, text: impl AsRef<str>) {
        self.peer.as_ref().unwrap().send(text.as_ref().to_owned());
        self.step();
    }

    pub(super) fn push(&mut self, incoming: Incoming) {
        self.peer.as_ref().unwrap().push(Ok(incoming));
        self.step();
    }

    pub(super) fn hello(&mut self, topics: &str) {
        self.say(format!(r#"{{"t":"hello","v":[1],"device":"phone","topics":[{topics}]}}"#));
    }

    pub(super) fn command(&mut self, number: u128, id: &str, base: u64, action: &str) {
        let cid = cid(number);
        self.say(format!(
            r#"{{"t":"cmd","cid":"{cid}","topic":{{"game":"{id}"}},"base":{base},"do":{action}}}"#
        ));
    }

    /// The next frame that has been sent.
    pub(super) fn take(&mut self) -> Option<Outgoing> {
        self.step();
        let frame = self.peer.as_ref().unwrap().try_next();
        self.step();
        frame
    }

    /// Everything that is sent until nothing more comes, texts only.
    pub(super) fn hear(&mut self) -> Vec<Value> {
        let mut heard = Vec::new();
        let mut quiet = 0;
        while quiet < 50 {
            match self.take() {
                Some(Outgoing::Text(text)) => heard.push(serde_json::from_str(&text).unwrap()),
                Some(_) => {}
                None => quiet += 1,
            }
        }
        heard
    }

    pub(super) fn hear_one(&mut self) -> Value {
        match self.take() {
            Some(Outgoing::Text(text)) => serde_json::from_str(&text).unwrap(),
            other => panic!("expected a frame, got {other:?}"),
        }
    }

    /// Reads on until the server closes; its code and reason.
    pub(super) fn closed(&mut self) -> Option<(u16, String)> {
        for _ in 0..ROOMY {
            match self.take() {
                Some(Outgoing::Close(close)) => {
                    return close.map(|close| (close.code(), close.reason().into_owned()));
                }
                None if self.session.is_none() => return None,
                Some(_) | None => {}
            }
        }
        panic!("the socket was not closed");
    }

    pub(super) fn is_open(&mut self) -> bool {
        self.step()
    }
}

pub(super) fn cid(number: u128) -> Uuid {
    uuid::Builder::from_unix_timestamp_millis(
        1_700_000_000_000,
        &number.to_be_bytes()[6..].try_into().unwrap(),
    )
    .into_uuid()
}

/// The sequence numbers that frames carried for one topic, in order, and the last snapshot's.
pub(super) fn seqs(frames: &[Value], id: &str) -> Vec<u64> {
    let of_topic = frames.iter().filter(|frame| frame["topic"]["game"] == id);
    let mut seqs = Vec::new();
    for frame in of_topic {
        match frame["t"].as_str().unwrap() {
            "ev" | "snap" => seqs.push(frame["seq"].as_u64().unwrap()),
            "evs" => seqs
                .extend(frame["events"].as_array().unwrap().iter().map(|one| one["seq"].as_u64().unwrap())),
            _ => {}
        }
    }
    seqs
}

pub(super) fn kinds(frames: &[Value]) -> Vec<&str> {
    frames.iter().map(|frame| frame["t"].as_str().unwrap()).collect()
}
