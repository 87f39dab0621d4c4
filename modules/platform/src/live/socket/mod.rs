//! The part of a socket that the hub, the wheel and its own pump share: the bounded queue, and how far each followed
//! topic was sent. Everything is decided under one short lock and nothing waits here.
//!
//! The order of events: a follow is *live* when everything that exists was put into the queue; only then is a published
//! event queued directly, and only the very next one. Anything else marks the follow *behind*, and it pulls from
//! storage until it is live again. So an event is queued once, in order, whatever publishing and pulling do.

mod follow;
mod publishing;
mod pulling;
mod queue;

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use bytestring::ByteString;
use futures_util::task::AtomicWaker;
use kernel::id::{AccountId, SessionId};
use kernel::{Principal, Timestamp};

use self::follow::Follow;
pub(crate) use self::follow::Stream;
pub(crate) use self::pulling::{Left, PULL_EVENTS, Pull, Pulled};
use self::queue::Queue;
use super::close::Close;
use super::frames::Cid;
use super::session::PING_PATIENCE;
use super::settings::LiveSettings;
use super::topic::TopicKey;

/// How long a closing socket may take to say so.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);

/// One socket, as everybody but its pump sees it.
pub(crate) struct Socket {
    pub(crate) id: u64,
    pub(crate) account: AccountId,
    pub(crate) session: SessionId,
    pub(crate) opened_at: Timestamp,
    /// The one topic of a single-topic route.
    pub(crate) fixed: Option<TopicKey>,
    waker: AtomicWaker,
    last_in: AtomicI64,
    state: Mutex<State>,
}

impl Socket {
    pub(crate) fn new(
        id: u64,
        principal: Arc<Principal>,
        fixed: Option<TopicKey>,
        now: Timestamp,
        settings: &LiveSettings,
    ) -> Self {
        Self {
            id,
            account: principal.account,
            session: principal.session,
            opened_at: now,
            fixed,
            waker: AtomicWaker::new(),
            last_in: AtomicI64::new(now.micros()),
            state: Mutex::new(State::new(principal, settings)),
        }
    }

    /// The shared state; never held across an await.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn wake(&self) {
        self.waker.wake();
    }

    pub(crate) fn wake_by(&self, waker: &Waker) {
        self.waker.register(waker);
    }

    pub(crate) fn heard(&self, now: Timestamp) {
        self.last_in.store(now.micros(), Ordering::Relaxed);
    }

    /// Begins to close, unless it already does.
    pub(crate) fn close(&self, close: Close) {
        self.lock().begin_close(Ending::Ours(close));
        self.wake();
    }

    /// The wheel came by: renewals that were missed, silence, a stuck close, and follows that wait to be retried.
    pub(crate) fn visit(&self, now: Timestamp, settings: &LiveSettings) {
        let silent = now.since(Timestamp::from_micros(self.last_in.load(Ordering::Relaxed)));
        let mut state = self.lock();
        if state.visit(now, self.opened_at, silent, settings) {
            drop(state);
            self.wake();
        }
    }
}

/// How a socket ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ending {
    /// With our close frame.
    Ours(Close),
    /// The peer said so first.
    Theirs,
}

pub(crate) struct State {
    pub(crate) principal: Arc<Principal>,
    pub(crate) greeted: bool,
    pub(crate) queue: Queue,
    follows: Vec<Option<Follow>>,
    by_key: HashMap<TopicKey, usize>,
    behind: VecDeque<usize>,
    inbox_waiting: Vec<Cid>,
    generation: u64,
    closing: Option<Ending>,
    closing_since: Option<Timestamp>,
    /// The close took too long: let go of the connection.
    pub(crate) abort: bool,
    pub(crate) ping_due: bool,
    last_ping: Timestamp,
    /// When the oldest command still running began; the pump keeps it.
    pub(crate) busy_since: Option<Timestamp>,
    /// When the oldest ping still unanswered came; the pump keeps it.
    pub(crate) pinged_since: Option<Timestamp>,
}

impl State {
    fn new(principal: Arc<Principal>, settings: &LiveSettings) -> Self {
        Self {
            principal,
            greeted: false,
            queue: Queue::new(settings.queue_frames, settings.queue_bytes),
            follows: Vec::new(),
            by_key: HashMap::new(),
            behind: VecDeque::new(),
            inbox_waiting: Vec::new(),
            generation: 0,
            closing: None,
            closing_since: None,
            abort: false,
            ping_due: false,
            last_ping: Timestamp::UNIX_EPOCH,
            busy_since: None,
            pinged_since: None,
        }
    }

    pub(crate) fn begin_close(&mut self, ending: Ending) {
        if self.closing.is_none() {
            if ending == Ending::Ours(Close::TooSlow) {
                self.queue.clear();
            }
            self.closing = Some(ending);
        }
    }

    pub(crate) fn ending(&self) -> Option<&Ending> {
        self.closing.as_ref()
    }

    /// Queues an answer. It cannot be fetched again, so it may exceed a full queue by what is in flight, but not
    /// towards a peer that takes nothing.
    pub(crate) fn answer(&mut self, frame: ByteString) {
        if self.queue.is_full() && self.queue.is_slow() {
            self.begin_close(Ending::Ours(Close::TooSlow));
        } else {
            self.queue.push(frame);
        }
    }

    fn visit(
        &mut self,
        now: Timestamp,
        opened: Timestamp,
        silent: Duration,
        settings: &LiveSettings,
    ) -> bool {
        if self.closing.is_some() {
            let since = *self.closing_since.get_or_insert(now);
            self.abort = now.since(since) > CLOSE_WITHIN;
            return self.abort || self.busy_since.is_some();
        }
        if let Some(close) = self.overdue(now, opened, silent, settings) {
            self.begin_close(Ending::Ours(close));
            return true;
        }
        let pause = settings.idle_ping();
        if silent > pause && now.since(self.last_ping) > pause {
            self.last_ping = now;
            self.ping_due = true;
        }
        let rested = self.retry_rested();
        let late = self.busy_since.is_some_and(|since| now.since(since) > settings.command_patience());
        let pong_late = self.pinged_since.is_some_and(|since| now.since(since) > PING_PATIENCE);
        rested || late || pong_late || self.ping_due
    }

    fn overdue(
        &mut self,
        now: Timestamp,
        opened: Timestamp,
        silent: Duration,
        settings: &LiveSettings,
    ) -> Option<Close> {
        if self.principal.expires_at <= now {
            Some(Close::Expired)
        } else if !self.greeted && now.since(opened) > settings.hello_within() {
            Some(Close::protocol("no hello in time"))
        } else if silent > settings.silent_after() {
            Some(Close::Silent)
        } else if self.queue.visit(now) {
            Some(Close::TooSlow)
        } else {
            None
        }
    }
}
