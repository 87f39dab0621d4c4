//! The part of a socket that the hub, the wheel and its own pump share: the bounded queue, and how far each followed
//! topic was sent. Everything is decided under one short lock and nothing waits here.
//!
//! The order of events: a follow is *live* when everything that exists was put into the queue; only then is a published
//! event queued directly, and only the very next one. Anything else marks the follow *behind*, and it pulls from
//! storage until it is live again. So an event is queued once, in order, whatever publishing and pulling do.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use bytestring::ByteString;
use futures_util::task::AtomicWaker;
use kernel::id::{AccountId, SessionId};
use kernel::{Principal, Timestamp};
use serde_json::value::RawValue;

use super::close::Close;
use super::frames::{About, Batch, Cid, EventOut, MAX_FRAME_OUT, ServerFrame, TooLarge};
use super::inbox;
use super::session::PING_PATIENCE;
use super::settings::LiveSettings;
use super::topic::{CatchUp, Event, TopicError, TopicKey, Viewer};
use crate::crypto::Mac;

/// How many events one pull asks for.
pub(crate) const PULL_EVENTS: u32 = 50;
/// A pull begins only while the queue holds at most this much, so that live events keep room beside catch-up.
const PULL_BELOW_FRAMES: usize = 32;
const PULL_BELOW_BYTES: usize = 64 * 1024;
/// An idle queue keeps room for this many frames, so that idle sockets stay small.
const KEPT_FRAMES: usize = 16;
/// How often storage may fail to show an announced event before the announcement counts as wrong.
const MISSES: u8 = 3;
/// How long a closing socket may take to say so.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);
/// How long a peer may take nothing at all.
const STALLED_FOR: Duration = Duration::from_secs(20);

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

/// The frames that wait to leave.
pub(crate) struct Queue {
    frames: VecDeque<ByteString>,
    bytes: usize,
    max_frames: usize,
    max_bytes: usize,
    stalled_since: Option<Timestamp>,
}

impl Queue {
    fn push(&mut self, frame: ByteString) {
        self.bytes += frame.len();
        self.frames.push_back(frame);
    }

    pub(crate) fn pop(&mut self) -> Option<ByteString> {
        let frame = self.frames.pop_front()?;
        self.bytes = self.bytes.saturating_sub(frame.len());
        if self.frames.is_empty() && self.frames.capacity() > KEPT_FRAMES {
            self.frames = VecDeque::new();
        }
        Some(frame)
    }

    /// Whether nothing more fits.
    pub(crate) fn is_full(&self) -> bool {
        self.frames.len() >= self.max_frames || self.bytes >= self.max_bytes
    }

    fn invites_pull(&self) -> bool {
        self.frames.len() <= self.max_frames.min(PULL_BELOW_FRAMES)
            && self.bytes <= self.max_bytes.min(PULL_BELOW_BYTES)
    }

    pub(crate) fn stalled(&mut self, now: Timestamp) {
        self.stalled_since.get_or_insert(now);
    }

    pub(crate) fn moving(&mut self) {
        self.stalled_since = None;
    }
}

/// What a follow reads from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    /// A topic's source.
    Topic,
    /// One context's part of the inbox.
    Inbox(&'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// All that exists is queued; the next published event may follow directly.
    Live,
    /// Waits for room to pull.
    Behind,
    /// A pull is under way.
    Pulling,
    /// Storage did not help; tried again when the wheel comes by.
    Resting,
}

/// An answer that may not overtake events.
enum Waiting {
    /// Answers a command: after event `seq`.
    Reply { seq: u64, frame: ByteString },
    /// Answers a follow: once it is live.
    Followed(Cid),
}

struct Follow {
    key: TopicKey,
    stream: Stream,
    viewer: Viewer,
    /// The last event that was queued; none until a first snapshot.
    sent: Option<u64>,
    /// The last event that is known to exist.
    head: u64,
    phase: Phase,
    /// Which pull may still be settled.
    generation: u64,
    misses: u8,
    waiting: Vec<Waiting>,
}

/// Work for the pump: read what follows `after`.
#[derive(Debug, Clone)]
pub(crate) struct Pull {
    slot: usize,
    generation: u64,
    pub(crate) key: TopicKey,
    pub(crate) stream: Stream,
    pub(crate) viewer: Viewer,
    pub(crate) after: Option<u64>,
}

/// What a pull brought.
#[derive(Debug)]
pub(crate) enum Pulled {
    /// From a topic.
    Topic(CatchUp),
    /// From an inbox: the notices, and whether there may be more.
    Inbox(Vec<Event>),
}

/// A topic that ended for this socket while it was read, and must leave the hub too.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Left(pub(crate) TopicKey);

impl State {
    fn new(principal: Arc<Principal>, settings: &LiveSettings) -> Self {
        Self {
            principal,
            greeted: false,
            queue: Queue {
                frames: VecDeque::new(),
                bytes: 0,
                max_frames: settings.queue_frames,
                max_bytes: settings.queue_bytes,
                stalled_since: None,
            },
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
                self.queue.frames.clear();
                self.queue.bytes = 0;
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
        if self.queue.is_full() && self.queue.stalled_since.is_some() {
            self.begin_close(Ending::Ours(Close::TooSlow));
        } else {
            self.queue.push(frame);
        }
    }

    /// Queues the answer to a command, after all events up to `seq` if the topic is followed.
    pub(crate) fn reply(&mut self, key: &TopicKey, seq: Option<u64>, frame: ByteString) {
        let slot = self.by_key.get(key).copied();
        let follow = slot.and_then(|slot| self.follows.get_mut(slot)).and_then(Option::as_mut);
        match (seq, follow) {
            (Some(seq), Some(follow)) if follow.sent.is_none_or(|sent| sent < seq) => {
                follow.waiting.push(Waiting::Reply { seq, frame });
                self.note_head(key, seq);
            }
            _ => self.answer(frame),
        }
    }

    /// An event up to `seq` is said to exist.
    pub(crate) fn note_head(&mut self, key: &TopicKey, seq: u64) {
        let Some(slot) = self.by_key.get(key).copied() else { return };
        let Some(follow) = self.follows.get_mut(slot).and_then(Option::as_mut) else { return };
        follow.head = follow.head.max(seq);
        if follow.phase == Phase::Live && follow.sent.is_none_or(|sent| sent < follow.head) {
            follow.phase = Phase::Behind;
            self.behind.push_back(slot);
        }
    }

    /// A published event. Returns whether the pump has something to do.
    pub(crate) fn offer(&mut self, slot: usize, seq: u64, frame: impl FnOnce() -> ByteString) -> bool {
        if !self.takes(slot, seq) {
            return self.closing.is_some() || !self.behind.is_empty();
        }
        let frame = frame();
        if frame.len() > MAX_FRAME_OUT {
            // Storage has it too, and settling the pull will end the topic in an orderly way.
            self.fall_behind(slot);
            return true;
        }
        self.queue.push(frame);
        self.release(slot);
        true
    }

    /// A published notice of the inbox.
    pub(crate) fn offer_notice(
        &mut self,
        slot: usize,
        event: EventOut<'_>,
        context: &'static str,
        cursor_key: &Mac,
    ) -> bool {
        if !self.takes(slot, event.seq) {
            return self.closing.is_some() || !self.behind.is_empty();
        }
        let cursor = self.cursor(cursor_key, None);
        let about = About::InboxOf { context, cursor: cursor.as_deref() };
        self.queue.push(ServerFrame::Ev(about, event).encode());
        self.release(slot);
        true
    }

    /// Whether this published event is the next one and fits; if so it counts as sent. If it is not, the follow falls
    /// behind; if it does not fit because the peer takes nothing, the socket closes.
    fn takes(&mut self, slot: usize, seq: u64) -> bool {
        let full = self.queue.is_full();
        let Some(follow) = self.follows.get_mut(slot).and_then(Option::as_mut) else { return false };
        follow.head = follow.head.max(seq);
        let sent = follow.sent.unwrap_or(0);
        if follow.phase != Phase::Live || seq <= sent {
            return false;
        }
        if seq == sent + 1 && !full {
            follow.sent = Some(seq);
            return true;
        }
        if full && self.queue.stalled_since.is_some() {
            self.begin_close(Ending::Ours(Close::TooSlow));
        } else {
            self.fall_behind(slot);
        }
        false
    }

    fn fall_behind(&mut self, slot: usize) {
        if let Some(follow) = self.follows.get_mut(slot).and_then(Option::as_mut) {
            follow.sent = follow.sent.map(|sent| sent.min(follow.head.saturating_sub(1)));
            follow.phase = Phase::Behind;
            self.behind.push_back(slot);
        }
    }

    /// Queues the answers that waited for events which are queued now.
    fn release(&mut self, slot: usize) {
        let Some(follow) = self.follows.get_mut(slot).and_then(Option::as_mut) else { return };
        if follow.waiting.is_empty() && self.inbox_waiting.is_empty() {
            return;
        }
        let (sent, live) = (follow.sent, follow.phase == Phase::Live);
        let ready = |waiting: &Waiting| match waiting {
            Waiting::Reply { seq, .. } => sent.is_some_and(|sent| *seq <= sent),
            Waiting::Followed(_) => live,
        };
        let (ready, waiting) = std::mem::take(&mut follow.waiting).into_iter().partition(ready);
        follow.waiting = waiting;
        for waiting in ready {
            let frame = match waiting {
                Waiting::Reply { frame, .. } => frame,
                Waiting::Followed(cid) => ServerFrame::Ok { cid, seq: sent }.encode(),
            };
            self.answer(frame);
        }
        self.release_inbox();
    }

    fn release_inbox(&mut self) {
        let all_live = self
            .follows
            .iter()
            .flatten()
            .all(|follow| follow.stream == Stream::Topic || follow.phase == Phase::Live);
        if all_live {
            for cid in std::mem::take(&mut self.inbox_waiting) {
                self.answer(ServerFrame::Ok { cid, seq: None }.encode());
            }
        }
    }

    /// Follows a topic from `after` on, or moves an existing follow there. Returns the slot of a new follow, which must
    /// then be made known to the hub.
    pub(crate) fn follow(
        &mut self,
        key: &TopicKey,
        stream: Stream,
        viewer: Viewer,
        after: Option<u64>,
        cid: Option<Cid>,
    ) -> Option<usize> {
        let waiting = cid.map(Waiting::Followed);
        if let Some(slot) = self.by_key.get(key).copied()
            && let Some(follow) = self.follows.get_mut(slot).and_then(Option::as_mut)
        {
            follow.sent = after;
            follow.generation = 0;
            follow.misses = 0;
            follow.waiting.extend(waiting);
            if follow.phase != Phase::Behind {
                follow.phase = Phase::Behind;
                self.behind.push_back(slot);
            }
            return None;
        }
        let follow = Follow {
            key: key.clone(),
            stream,
            viewer,
            sent: after,
            head: 0,
            phase: Phase::Behind,
            generation: 0,
            misses: 0,
            waiting: waiting.into_iter().collect(),
        };
        let slot = self.follows.iter().position(Option::is_none).unwrap_or(self.follows.len());
        if let Some(free) = self.follows.get_mut(slot) {
            *free = Some(follow);
        } else {
            self.follows.push(Some(follow));
        }
        self.by_key.insert(key.clone(), slot);
        self.behind.push_back(slot);
        Some(slot)
    }

    /// The inbox is followed; answered once all its streams are live.
    pub(crate) fn inbox_followed(&mut self, cid: Option<Cid>) {
        self.inbox_waiting.extend(cid);
        self.release_inbox();
    }

    /// Forgets a follow. Answers that waited for its events leave now: nothing else will release them.
    pub(crate) fn unfollow(&mut self, key: &TopicKey, code: &'static str) -> bool {
        let Some(slot) = self.by_key.remove(key) else { return false };
        let Some(follow) = self.follows.get_mut(slot).and_then(Option::take) else { return false };
        for waiting in follow.waiting {
            let frame = match waiting {
                Waiting::Reply { frame, .. } => frame,
                Waiting::Followed(cid) => {
                    ServerFrame::Err { cid, code, retryable: false, seq: None, snapshot: None }.encode()
                }
            };
            self.answer(frame);
        }
        self.release_inbox();
        true
    }

    /// A topic ended for this viewer.
    pub(crate) fn end(&mut self, key: &TopicKey, code: &'static str, fixed: Option<&TopicKey>) {
        if self.unfollow(key, code) {
            let about = About::Topic { kind: key.kind(), id: key.id() };
            self.answer(ServerFrame::Gone { about, code }.encode());
            if fixed == Some(key) {
                self.begin_close(Ending::Ours(Close::TopicEnded));
            }
        }
    }

    /// The next read to begin, if the queue has room for what it brings.
    pub(crate) fn next_pull(&mut self) -> Option<Pull> {
        if self.behind.is_empty() || self.closing.is_some() || !self.queue.invites_pull() {
            return None;
        }
        while let Some(slot) = self.behind.pop_front() {
            let Some(follow) = self.follows.get_mut(slot).and_then(Option::as_mut) else { continue };
            if follow.phase != Phase::Behind {
                continue;
            }
            self.generation += 1;
            follow.phase = Phase::Pulling;
            follow.generation = self.generation;
            return Some(Pull {
                slot,
                generation: self.generation,
                key: follow.key.clone(),
                stream: follow.stream,
                viewer: follow.viewer,
                after: follow.sent,
            });
        }
        None
    }

    /// Queues what a pull brought, and decides how the follow goes on.
    pub(crate) fn settle(
        &mut self,
        pull: &Pull,
        result: Result<Pulled, TopicError>,
        cursor_key: &Mac,
        fixed: Option<&TopicKey>,
    ) -> Option<Left> {
        let current = self.follows.get(pull.slot).and_then(Option::as_ref);
        if current.is_none_or(|follow| follow.generation != pull.generation) {
            return None;
        }
        let before = pull.after;
        let outcome = match result {
            Ok(Pulled::Topic(CatchUp::Snapshot { seq, data })) => {
                self.queue_snapshot(pull, seq, &data).map(|()| false)
            }
            Ok(Pulled::Topic(CatchUp::Events { events, head })) => {
                self.queue_events(pull, &events, cursor_key).map(|()| self.is_short_of(pull.slot, head))
            }
            Ok(Pulled::Inbox(events)) => {
                let full = u32::try_from(events.len()).is_ok_and(|count| count >= PULL_EVENTS);
                self.queue_events(pull, &events, cursor_key).map(|()| full)
            }
            Err(error) if error == TopicError::Unavailable || pull.stream != Stream::Topic => {
                self.rest(pull.slot);
                return None;
            }
            Err(error) => Err(error.code()),
        };
        match outcome {
            Ok(more) => {
                self.go_on(pull.slot, before, more);
                None
            }
            Err(code) => {
                self.end(&pull.key, code, fixed);
                Some(Left(pull.key.clone()))
            }
        }
    }

    fn is_short_of(&self, slot: usize, head: u64) -> bool {
        let sent = self.follows.get(slot).and_then(Option::as_ref).and_then(|follow| follow.sent);
        sent.unwrap_or(0) < head
    }

    fn rest(&mut self, slot: usize) {
        if let Some(follow) = self.follows.get_mut(slot).and_then(Option::as_mut) {
            follow.phase = Phase::Resting;
        }
    }

    /// After a pull: live, or another pull, or a rest when storage does not show what was announced.
    fn go_on(&mut self, slot: usize, before: Option<u64>, more: bool) {
        let Some(follow) = self.follows.get_mut(slot).and_then(Option::as_mut) else { return };
        let sent = *follow.sent.get_or_insert(0);
        let moved = before != Some(sent);
        follow.misses = if moved { 0 } else { follow.misses.saturating_add(1) };
        if !(more || follow.head > sent) || follow.misses > MISSES {
            follow.head = sent;
            follow.phase = Phase::Live;
        } else if moved {
            follow.phase = Phase::Behind;
            self.behind.push_back(slot);
        } else {
            follow.phase = Phase::Resting;
        }
        self.release(slot);
    }

    fn queue_snapshot(&mut self, pull: &Pull, seq: u64, data: &RawValue) -> Result<(), &'static str> {
        let about = About::Topic { kind: pull.key.kind(), id: pull.key.id() };
        let frame = ServerFrame::Snap { about, seq, data: Some(data) }.encode();
        if frame.len() > MAX_FRAME_OUT {
            tracing::error!(topic = %pull.key, bytes = frame.len(), "a snapshot is too large for a frame");
            return Err("too_large");
        }
        self.queue.push(frame);
        if let Some(follow) = self.follows.get_mut(pull.slot).and_then(Option::as_mut) {
            follow.sent = Some(seq);
        }
        Ok(())
    }

    fn queue_events(&mut self, pull: &Pull, events: &[Event], cursor_key: &Mac) -> Result<(), &'static str> {
        let mut sent = pull.after.unwrap_or(0);
        if let (Stream::Inbox(context), Some(first)) = (pull.stream, events.first())
            && first.seq > sent + 1
        {
            sent = first.seq - 1;
            self.queue_inbox_gap(pull.slot, context, sent, cursor_key);
        }
        let about = match pull.stream {
            Stream::Topic => About::Topic { kind: pull.key.kind(), id: pull.key.id() },
            Stream::Inbox(context) => About::InboxOf { context, cursor: None },
        };
        let mut batch = Batch::new(&about);
        for event in events {
            if event.seq <= sent {
                continue;
            }
            if event.seq != sent + 1 {
                tracing::error!(topic = %pull.key, after = sent, got = event.seq, "a source left a gap");
                break;
            }
            let out = EventOut { seq: event.seq, at: event.at, data: event.body.as_deref() };
            if batch.add(out) == Err(TooLarge) {
                tracing::error!(topic = %pull.key, seq = event.seq, "an event is too large for a frame");
                return Err("too_large");
            }
            sent = event.seq;
        }
        let frames = batch.finish(|last| match pull.stream {
            Stream::Topic => None,
            Stream::Inbox(context) => self.cursor(cursor_key, Some((context, last))),
        });
        frames.into_iter().for_each(|frame| self.queue.push(frame));
        if let Some(follow) = self.follows.get_mut(pull.slot).and_then(Option::as_mut) {
            follow.sent = Some(sent);
        }
        Ok(())
    }

    /// Older notices are gone: says so with a snapshot without content, which means "read the lists again".
    fn queue_inbox_gap(&mut self, slot: usize, context: &'static str, seq: u64, cursor_key: &Mac) {
        if let Some(follow) = self.follows.get_mut(slot).and_then(Option::as_mut) {
            follow.sent = Some(seq);
        }
        let cursor = self.cursor(cursor_key, None);
        let about = About::InboxOf { context, cursor: cursor.as_deref() };
        self.queue.push(ServerFrame::Snap { about, seq, data: None }.encode());
    }

    /// The inbox's cursor as of what is queued, with one context's place given; none if it is not followed.
    pub(crate) fn cursor(&self, cursor_key: &Mac, at: Option<(&'static str, u64)>) -> Option<String> {
        let mut positions: BTreeMap<&'static str, u64> = BTreeMap::new();
        for follow in self.follows.iter().flatten() {
            if let Stream::Inbox(context) = follow.stream {
                positions.insert(context, follow.sent.unwrap_or(0));
            }
        }
        if positions.is_empty() {
            return None;
        }
        positions.extend(at);
        Some(inbox::seal(cursor_key, self.principal.account, positions.into_iter()))
    }

    /// The followed topics, each with its stream and the last event known of.
    pub(crate) fn following(&self) -> Vec<(TopicKey, Stream, u64)> {
        let known =
            |follow: &Follow| (follow.key.clone(), follow.stream, follow.head.max(follow.sent.unwrap_or(0)));
        self.follows.iter().flatten().map(known).collect()
    }

    /// With whose eyes a topic is followed, if it is.
    pub(crate) fn viewer_of(&self, key: &TopicKey) -> Option<Viewer> {
        let slot = *self.by_key.get(key)?;
        self.follows.get(slot)?.as_ref().map(|follow| follow.viewer)
    }

    pub(crate) fn follow_count(&self) -> usize {
        self.by_key.len()
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
        &self,
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
        } else if self.queue.stalled_since.is_some_and(|since| now.since(since) > STALLED_FOR) {
            Some(Close::TooSlow)
        } else {
            None
        }
    }

    fn retry_rested(&mut self) -> bool {
        let mut any = false;
        for (slot, follow) in self.follows.iter_mut().enumerate() {
            if let Some(follow) = follow
                && follow.phase == Phase::Resting
            {
                follow.phase = Phase::Behind;
                self.behind.push_back(slot);
                any = true;
            }
        }
        any
    }
}
