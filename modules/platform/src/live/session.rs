//! One socket's life: a single future that sends what is queued, reads frames, and polls the work they cause.
//! It knows no web framework; it owns no timer; it waits for nothing while it holds the socket's lock.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use bytestring::ByteString;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesOrdered, FuturesUnordered, Stream as _};
use kernel::{Actor, CallContext, Principal, Timestamp};

use super::auth::{LiveAuth, Ticketed};
use super::close::Close;
use super::errand::{Errand, Heads};
use super::frames::{self, After, Cid, ClientFrame, ServerFrame, TopicName, VERSIONS, Wanted};
use super::hub::{Attached, Hub, Place};
use super::inbox;
use super::rate::Bucket;
use super::socket::{Ending, Left, Socket, Stream};
use super::topic::{Body, Command, Reply, TopicError, TopicKey, TopicSource, Viewing};
use super::transport::{Gone, Incoming, Outgoing, Transport};
use crate::web::AuthFailure;

/// Rounds of work in one poll before the thread is lent to others.
const ROUNDS: usize = 64;
/// Reads of topics under way at once.
const PULLS: usize = 4;
/// Openings of topics under way at once.
const OPENINGS: usize = 8;
/// How long a ping waits for the sources to say how far each topic is.
pub(crate) const PING_PATIENCE: Duration = Duration::from_secs(1);
/// Commands of one socket that are under way or waiting.
const COMMANDS: usize = 64;

/// A running socket. It completes when the connection is closed and no command is under way any more.
pub struct Session<T> {
    attached: Option<Attached>,
    hub: Arc<Hub>,
    socket: Arc<Socket>,
    transport: Option<T>,
    auth: Arc<dyn LiveAuth>,
    origin: Option<String>,
    bucket: Bucket,
    /// Commands by topic: the first of each is under way, the others wait for it.
    lanes: HashMap<TopicKey, VecDeque<Asked>>,
    commands: FuturesUnordered<BoxFuture<'static, (u64, TopicKey, Reply)>>,
    under_way: Vec<UnderWay>,
    next_command: u64,
    errands: FuturesUnordered<BoxFuture<'static, Errand>>,
    /// Follows and unfollows: several are prepared at once, but they take effect in the order they were asked for.
    openings: FuturesOrdered<BoxFuture<'static, Errand>>,
    to_open: VecDeque<BoxFuture<'static, Errand>>,
    pings: VecDeque<(u64, Timestamp)>,
    pulling: usize,
    carried: Option<Outgoing>,
    pong: Option<Bytes>,
    close_sent: bool,
}

/// A command that waits for its turn.
struct Asked {
    cid: Cid,
    base: u64,
    action: Body,
}

/// A command whose source has not answered yet.
struct UnderWay {
    number: u64,
    cid: Cid,
    topic: TopicKey,
    since: Timestamp,
}

impl<T: Transport> Session<T> {
    pub(crate) fn new(
        attached: Attached,
        transport: T,
        auth: Arc<dyn LiveAuth>,
        origin: Option<String>,
        now: Timestamp,
    ) -> Self {
        let hub = Arc::clone(&attached.hub);
        let bucket = Bucket::new(hub.settings.frames_per_second, hub.settings.frames_burst, now);
        Self {
            socket: Arc::clone(&attached.socket),
            hub,
            attached: Some(attached),
            transport: Some(transport),
            auth,
            origin,
            bucket,
            lanes: HashMap::new(),
            commands: FuturesUnordered::new(),
            under_way: Vec::new(),
            next_command: 0,
            errands: FuturesUnordered::new(),
            openings: FuturesOrdered::new(),
            to_open: VecDeque::new(),
            pings: VecDeque::new(),
            pulling: 0,
            carried: None,
            pong: None,
            close_sent: false,
        }
    }
}

impl<T: Transport> Future for Session<T> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        this.socket.wake_by(cx.waker());
        for _ in 0..ROUNDS {
            let moved = this.finish_commands(cx);
            if this.transport.is_none() {
                return this.wind_up();
            }
            let moved = this.finish_errands(cx) || moved;
            let moved = this.send(cx) || moved;
            let moved = this.begin_work() || moved;
            let moved = this.read(cx) || moved;
            if !moved && this.transport.is_some() {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

// Out.
impl<T: Transport> Session<T> {
    /// Sends until the transport is full or nothing is left. Returns whether the connection ended.
    fn send(&mut self, cx: &mut Context<'_>) -> bool {
        let mut sent = false;
        while !self.close_sent {
            let Some(frame) = self.next_out() else { break };
            let Some(transport) = self.transport.as_mut() else { return true };
            match transport.poll_ready(cx) {
                Poll::Pending => {
                    let now = self.hub.clock.now();
                    self.carried = Some(frame);
                    self.socket.lock().queue.stalled(now);
                    break;
                }
                Poll::Ready(Ok(())) => {
                    self.close_sent = matches!(frame, Outgoing::Close(_));
                    if transport.send(frame).is_err() {
                        return self.hang_up();
                    }
                    self.hub.meters.frames_out.increment(1);
                    sent = true;
                }
                Poll::Ready(Err(Gone)) => return self.hang_up(),
            }
        }
        if sent {
            self.socket.lock().queue.moving();
        }
        self.flush(cx)
    }

    fn flush(&mut self, cx: &mut Context<'_>) -> bool {
        if self.socket.lock().abort {
            return self.hang_up();
        }
        let Some(transport) = self.transport.as_mut() else { return true };
        match transport.poll_flush(cx) {
            Poll::Ready(Ok(())) if self.close_sent => self.hang_up(),
            Poll::Ready(Err(Gone)) => self.hang_up(),
            Poll::Ready(Ok(())) | Poll::Pending => false,
        }
    }

    fn next_out(&mut self) -> Option<Outgoing> {
        if let Some(frame) = self.carried.take() {
            return Some(frame);
        }
        if let Some(payload) = self.pong.take() {
            return Some(Outgoing::Pong(payload));
        }
        let mut state = self.socket.lock();
        if std::mem::take(&mut state.ping_due) {
            return Some(Outgoing::Ping);
        }
        if state.ending() == Some(&Ending::Ours(Close::TooSlow)) {
            return Some(Outgoing::Close(Some(Close::TooSlow)));
        }
        if let Some(frame) = state.queue.pop() {
            return Some(Outgoing::Text(frame));
        }
        match state.ending()? {
            // Whoever is sent away because the process ends still gets the answers to what it asked.
            Ending::Ours(Close::Draining { .. }) if !self.commands.is_empty() => None,
            Ending::Ours(close) => Some(Outgoing::Close(Some(close.clone()))),
            Ending::Theirs => Some(Outgoing::Close(None)),
        }
    }

    /// Lets go of the connection and of everything in the hub. Commands under way go on.
    fn hang_up(&mut self) -> bool {
        if self.transport.take().is_some() {
            let ending = self.socket.lock().ending().cloned();
            let code = match ending {
                Some(Ending::Ours(close)) => close.code().to_string(),
                Some(Ending::Theirs) | None => "peer".to_owned(),
            };
            tracing::debug!(socket = self.socket.id, account = %self.socket.account, code, "socket closed");
            metrics::counter!("whot_live_closes_total", "code" => code).increment(1);
        }
        self.attached = None;
        self.lanes.clear();
        self.to_open.clear();
        self.openings = FuturesOrdered::new();
        self.errands = FuturesUnordered::new();
        true
    }

    /// After the connection: commands under way run to their end, or until they are given up.
    fn wind_up(&mut self) -> Poll<()> {
        self.socket.lock().begin_close(Ending::Theirs);
        if self.commands.is_empty() || self.under_way.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    }

    fn close(&self, close: Close) {
        self.socket.lock().begin_close(Ending::Ours(close));
    }

    fn answer(&self, frame: &ServerFrame<'_>) {
        self.socket.lock().answer(frame.encode());
    }

    fn refuse(&self, cid: Cid, code: &str, retryable: bool) {
        self.answer(&ServerFrame::Err { cid, code, retryable, seq: None, snapshot: None });
    }
}

// In.
impl<T: Transport> Session<T> {
    /// Reads one frame, unless the socket closes or the peer must first take what is queued for it.
    fn read(&mut self, cx: &mut Context<'_>) -> bool {
        {
            let state = self.socket.lock();
            if state.ending().is_some() || state.queue.is_full() {
                return false;
            }
        }
        let Some(transport) = self.transport.as_mut() else { return false };
        let Poll::Ready(incoming) = transport.poll_recv(cx) else { return false };
        let now = self.hub.clock.now();
        self.socket.heard(now);
        match incoming {
            None => return self.hang_up(),
            Some(Err(fault)) => self.close(Close::Protocol(fault.0)),
            Some(Ok(Incoming::Close)) => self.socket.lock().begin_close(Ending::Theirs),
            Some(Ok(_)) if !self.bucket.take(now) => self.close(Close::TooFast),
            Some(Ok(Incoming::Pong)) => {}
            Some(Ok(Incoming::Ping(payload))) => self.pong = Some(payload),
            Some(Ok(Incoming::Text(text))) => self.on_text(&text, now),
        }
        true
    }

    fn on_text(&mut self, text: &ByteString, now: Timestamp) {
        self.hub.meters.frames_in.increment(1);
        let (greeted, expires_at) = {
            let state = self.socket.lock();
            (state.greeted, state.principal.expires_at)
        };
        if expires_at <= now {
            return self.close(Close::Expired);
        }
        match frames::parse(text) {
            Err(malformed) => self.close(Close::Protocol(malformed.into_reason())),
            Ok(ClientFrame::Hello { versions, device, topics }) if !greeted => {
                self.on_hello(&versions, device, topics, now);
            }
            Ok(ClientFrame::Hello { .. }) => self.close(Close::protocol("hello was said before")),
            Ok(_) if !greeted => self.close(Close::protocol("the first frame is a hello")),
            Ok(ClientFrame::Cmd { cid, topic, base, action }) => {
                self.on_command(&topic, Asked { cid, base, action: action.to_owned() }, now);
            }
            Ok(ClientFrame::Follow { cid, topic, after }) => self.on_follow(Some(cid), topic, after),
            Ok(ClientFrame::Unfollow { cid, topic }) => {
                self.to_open.push_back(Box::pin(std::future::ready(Errand::Unfollowed { cid, topic })));
            }
            Ok(ClientFrame::Auth { cid, token }) => self.on_auth(cid, token.0.into_owned()),
            Ok(ClientFrame::Ping { n }) => self.on_ping(n, now),
        }
    }

    fn on_hello(
        &mut self,
        versions: &[u32],
        device: Option<Cow<'_, str>>,
        topics: Vec<Wanted>,
        now: Timestamp,
    ) {
        let Some(version) = versions.iter().copied().filter(|version| VERSIONS.contains(version)).max()
        else {
            return self.close(Close::protocol("no common version; this server speaks 1"));
        };
        let place = Place {
            session: self.socket.session,
            device: device.map(Cow::into_owned).unwrap_or_default(),
            topic: self.socket.fixed.clone(),
        };
        if let Some(attached) = self.attached.as_mut() {
            attached.take_place(place);
        }
        self.socket.lock().greeted = true;
        let (session, ping_s) = (self.socket.session, self.hub.settings.ping_s);
        self.answer(&ServerFrame::Welcome { version, session, now, ping_s });
        let fixed = self.socket.fixed.as_ref().map(name_of);
        let named = topics.iter().any(|wanted| Some(&wanted.topic) == fixed.as_ref());
        for Wanted { topic, after } in topics {
            self.on_follow(None, topic, after);
        }
        if let Some(topic) = fixed.filter(|_| !named) {
            self.on_follow(None, topic, None);
        }
    }

    fn on_follow(&mut self, cid: Option<Cid>, topic: TopicName, after: Option<After>) {
        let name = topic.clone();
        if let Err(refused) = self.begin_follow(cid, topic, after) {
            self.not_followed(cid, &name, refused);
        }
    }

    fn begin_follow(
        &mut self,
        cid: Option<Cid>,
        topic: TopicName,
        after: Option<After>,
    ) -> Result<(), TopicError> {
        if self.socket.lock().follow_count() + self.openings.len() + self.to_open.len()
            >= self.hub.settings.max_topics
        {
            return Err(TopicError::Refused("too_many_topics"));
        }
        match (topic, after) {
            (TopicName::Inbox, None | Some(After::Cursor(_))) if self.socket.fixed.is_some() => {
                Err(TopicError::Refused("other_topic"))
            }
            (TopicName::Inbox, None) => self.open_inbox(cid, inbox::Positions::new()),
            (TopicName::Inbox, Some(After::Cursor(cursor))) => {
                let positions = inbox::open(&self.hub.cursor_key, self.socket.account, &cursor);
                self.open_inbox(cid, positions.ok_or(TopicError::Refused("invalid_cursor"))?)
            }
            (TopicName::One { kind, id }, None) => self.open_topic(cid, &kind, &id, None),
            (TopicName::One { kind, id }, Some(After::Seq(after))) => {
                self.open_topic(cid, &kind, &id, Some(after))
            }
            (TopicName::Inbox, Some(After::Seq(_))) | (TopicName::One { .. }, Some(After::Cursor(_))) => {
                self.close(Close::protocol("after is a number for a topic and a cursor for the inbox"));
                Ok(())
            }
        }
    }

    fn open_topic(
        &mut self,
        cid: Option<Cid>,
        kind: &str,
        id: &str,
        after: Option<u64>,
    ) -> Result<(), TopicError> {
        let (source, key) = self.topic(kind, id)?;
        let principal = self.principal();
        self.to_open.push_back(Box::pin(async move {
            let viewer = source.open(&principal, key.id()).await;
            Errand::Opened { cid, key, after, viewer }
        }));
        Ok(())
    }

    fn open_inbox(&mut self, cid: Option<Cid>, positions: inbox::Positions) -> Result<(), TopicError> {
        let (sources, account) = (self.hub.inboxes(), self.socket.account);
        if sources.is_empty() {
            return Err(TopicError::NotFound);
        }
        self.to_open.push_back(Box::pin(async move {
            let mut streams = Vec::with_capacity(sources.len());
            for source in sources {
                let context = source.context();
                let after = match positions.get(context) {
                    Some(seq) => *seq,
                    None => match source.head(account).await {
                        Ok(head) => head,
                        Err(error) => return Errand::InboxOpened { cid, streams: Err(error) },
                    },
                };
                streams.push((context, after));
            }
            Errand::InboxOpened { cid, streams: Ok(streams) }
        }));
        Ok(())
    }

    /// The source and the key of a topic as a client named it.
    fn topic(&self, kind: &str, id: &str) -> Result<(Arc<dyn TopicSource>, TopicKey), TopicError> {
        let source = self.hub.source(kind).ok_or(TopicError::Refused("unknown_topic"))?;
        let key = TopicKey::named(source.kind(), id);
        match &self.socket.fixed {
            Some(fixed) if *fixed != key => Err(TopicError::Refused("other_topic")),
            _ => Ok((source, key)),
        }
    }

    /// A follow failed: `err` to who asked by name, `gone` to who asked in the hello.
    fn not_followed(&self, cid: Option<Cid>, topic: &TopicName, error: TopicError) {
        if let Some(cid) = cid {
            return self.refuse(cid, error.code(), error == TopicError::Unavailable);
        }
        let about = match topic {
            TopicName::One { kind, id } => frames::About::Topic { kind, id },
            TopicName::Inbox => frames::About::Inbox,
        };
        let mut state = self.socket.lock();
        state.answer(ServerFrame::Gone { about, code: error.code() }.encode());
        if self.socket.fixed.as_ref().is_some_and(|fixed| name_of(fixed) == *topic) {
            let unavailable = error == TopicError::Unavailable;
            let close = if unavailable { Close::Unavailable { retry_ms: 1_000 } } else { Close::TopicEnded };
            state.begin_close(Ending::Ours(close));
        }
    }

    fn unfollow(&self, cid: Cid, topic: &TopicName) {
        let Some(attached) = self.attached.as_ref() else { return };
        let left = match topic {
            TopicName::One { kind, id } => match self.topic(kind, id) {
                Ok((_, key)) if self.socket.fixed.as_ref() == Some(&key) => {
                    return self.refuse(cid, "only_topic", false);
                }
                Ok((_, key)) => attached.unfollow(&key, "unfollowed"),
                Err(error) => return self.refuse(cid, error.code(), false),
            },
            TopicName::Inbox => {
                let sources = self.hub.inboxes().into_iter();
                let streams = sources.map(|source| inbox::stream_of(source.context(), self.socket.account));
                streams.fold(false, |left, key| attached.unfollow(&key, "unfollowed") || left)
            }
        };
        if left {
            self.answer(&ServerFrame::Ok { cid, seq: None });
        } else {
            self.refuse(cid, "not_followed", false);
        }
    }

    fn on_auth(&mut self, cid: Cid, token: String) {
        let (auth, origin) = (Arc::clone(&self.auth), self.origin.clone());
        self.errands.push(Box::pin(async move {
            // An access token is a JWT, which has two dots; a ticket has none.
            let result = if token.contains('.') {
                auth.bearer(&token).await.map(|principal| Ticketed { principal, only_topic: None })
            } else {
                auth.ticket(&token, origin.as_deref()).await
            };
            Errand::Renewed { cid, result: Box::new(result) }
        }));
    }

    fn on_ping(&mut self, n: u64, now: Timestamp) {
        let following = self.socket.lock().following();
        if following.is_empty() {
            return self.answer(&ServerFrame::Pong { n, now, seqs: &[], inbox: None });
        }
        self.pings.push_back((n, now));
        self.note_busy();
        let heads = Heads::of(&self.hub, self.socket.account, following);
        self.errands.push(Box::pin(async move { Errand::Heads { n, heads: heads.read().await } }));
    }
}

// Commands.
impl<T: Transport> Session<T> {
    fn on_command(&mut self, topic: &TopicName, asked: Asked, now: Timestamp) {
        let TopicName::One { kind, id } = topic else {
            return self.refuse(asked.cid, "unknown_topic", false);
        };
        let key = match self.topic(kind, id) {
            Ok((_, key)) => key,
            Err(error) => return self.refuse(asked.cid, error.code(), false),
        };
        let waiting: usize = self.lanes.values().map(VecDeque::len).sum();
        if waiting + self.commands.len() >= COMMANDS {
            return self.refuse(asked.cid, "too_many_in_flight", true);
        }
        if let Some(lane) = self.lanes.get_mut(&key) {
            lane.push_back(asked);
        } else {
            self.lanes.insert(key.clone(), VecDeque::new());
            self.run(key, asked, now);
        }
    }

    fn run(&mut self, key: TopicKey, asked: Asked, now: Timestamp) {
        let Some(source) = self.hub.source(key.kind()) else { return };
        let (principal, viewer) = {
            let state = self.socket.lock();
            (Arc::clone(&state.principal), state.viewer_of(&key))
        };
        let Ok(command) = self.command(&asked, &principal, now) else {
            return self.refuse(asked.cid, "internal", false);
        };
        let number = self.next_command;
        self.next_command += 1;
        self.under_way.push(UnderWay { number, cid: asked.cid, topic: key.clone(), since: now });
        self.note_busy();
        self.commands.push(Box::pin(async move {
            let opened = match viewer {
                Some(viewer) => Ok(viewer),
                None => source.open(&principal, key.id()).await,
            };
            let reply = match opened {
                Ok(viewer) => {
                    source.command(&Viewing { principal, topic: key.clone(), viewer }, command).await
                }
                Err(error) => error.into(),
            };
            (number, key, reply)
        }));
    }

    fn command(
        &self,
        asked: &Asked,
        principal: &Principal,
        now: Timestamp,
    ) -> Result<Command, kernel::call::InvalidRequestId> {
        let request_id = asked.cid.uuid().to_string().parse()?;
        let call =
            CallContext::new(Actor::from(principal), request_id, now, self.hub.settings.command_patience());
        Ok(Command { call, cid: asked.cid.uuid(), base: asked.base, action: asked.action.clone() })
    }

    fn finish_commands(&mut self, cx: &mut Context<'_>) -> bool {
        let mut moved = self.give_up_late_commands();
        while let Poll::Ready(Some((number, key, reply))) = Pin::new(&mut self.commands).poll_next(cx) {
            moved = true;
            let place = self.under_way.iter().position(|running| running.number == number);
            if let Some(place) = place {
                let running = self.under_way.swap_remove(place);
                self.reply(running.cid, &key, &reply);
                self.next_in_lane(key);
            }
        }
        if moved {
            self.note_busy();
        }
        moved
    }

    fn reply(&self, cid: Cid, key: &TopicKey, reply: &Reply) {
        let (seq, frame) = match reply {
            Reply::Done { seq } => (Some(*seq), ServerFrame::Ok { cid, seq: Some(*seq) }),
            Reply::Refused { code, retryable, seq, snapshot } => {
                let (retryable, seq) = (*retryable, *seq);
                (seq, ServerFrame::Err { cid, code, retryable, seq, snapshot: snapshot.as_deref() })
            }
        };
        self.socket.lock().reply(key, seq, frame.encode());
    }

    fn next_in_lane(&mut self, key: TopicKey) {
        let Some(lane) = self.lanes.get_mut(&key) else { return };
        if let Some(asked) = lane.pop_front() {
            let now = self.hub.clock.now();
            self.run(key, asked, now);
        } else {
            self.lanes.remove(&key);
        }
    }

    /// Answers commands whose source takes too long. Whether they take effect is unknown; they may be repeated.
    fn give_up_late_commands(&mut self) -> bool {
        let Some(oldest) = self.under_way.iter().map(|running| running.since).min() else { return false };
        let (now, patience) = (self.hub.clock.now(), self.hub.settings.command_patience());
        if now.since(oldest) <= patience {
            return false;
        }
        let late: Vec<UnderWay> =
            self.under_way.extract_if(.., |running| now.since(running.since) > patience).collect();
        for running in late {
            self.refuse(running.cid, "deadline_exceeded", true);
            self.next_in_lane(running.topic);
        }
        true
    }

    fn note_busy(&self) {
        let mut state = self.socket.lock();
        state.busy_since = self.under_way.iter().map(|running| running.since).min();
        state.pinged_since = self.pings.front().map(|(_, since)| *since);
    }
}

// Work.
impl<T: Transport> Session<T> {
    fn begin_work(&mut self) -> bool {
        let mut moved = false;
        while self.openings.len() < OPENINGS
            && let Some(opening) = self.to_open.pop_front()
        {
            self.openings.push_back(opening);
            moved = true;
        }
        while self.pulling < PULLS {
            let mut state = self.socket.lock();
            let Some(pull) = state.next_pull() else { break };
            let principal = Arc::clone(&state.principal);
            drop(state);
            if let Some(reading) = Errand::pull(&self.hub, pull, principal) {
                self.pulling += 1;
                self.errands.push(reading);
                moved = true;
            }
        }
        moved
    }

    fn finish_errands(&mut self, cx: &mut Context<'_>) -> bool {
        let mut moved = false;
        while let Poll::Ready(Some(errand)) = Pin::new(&mut self.errands).poll_next(cx) {
            moved = true;
            self.finish(errand);
        }
        while let Poll::Ready(Some(errand)) = Pin::new(&mut self.openings).poll_next(cx) {
            moved = true;
            self.finish(errand);
        }
        self.answer_late_pings();
        moved
    }

    fn finish(&mut self, errand: Errand) {
        match errand {
            Errand::Opened { cid, key, after, viewer } => match (viewer, self.attached.as_ref()) {
                (Ok(viewer), Some(attached)) => attached.follow(&key, Stream::Topic, viewer, after, cid),
                (Ok(_), None) => {}
                (Err(error), _) => self.not_followed(cid, &name_of(&key), error),
            },
            Errand::InboxOpened { cid, streams } => match streams {
                Ok(streams) => self.follow_inbox(cid, streams),
                Err(error) => self.not_followed(cid, &TopicName::Inbox, error),
            },
            Errand::Pulled { pull, result } => {
                self.pulling = self.pulling.saturating_sub(1);
                let (cursor_key, fixed) = (&self.hub.cursor_key, self.socket.fixed.as_ref());
                let left = self.socket.lock().settle(&pull, result, cursor_key, fixed);
                if let (Some(Left(key)), Some(attached)) = (left, self.attached.as_ref()) {
                    attached.forget(&key);
                }
            }
            Errand::Unfollowed { cid, topic } => self.unfollow(cid, &topic),
            Errand::Heads { n, heads } => self.heads(n, &heads),
            Errand::Renewed { cid, result } => self.renewed(cid, *result),
        }
    }

    fn follow_inbox(&self, cid: Option<Cid>, streams: Vec<(&'static str, u64)>) {
        let Some(attached) = self.attached.as_ref() else { return };
        for (context, after) in streams {
            let key = inbox::stream_of(context, self.socket.account);
            attached.follow(&key, Stream::Inbox(context), super::topic::Viewer::ANYONE, Some(after), None);
        }
        self.socket.lock().inbox_followed(cid);
    }

    /// Sources said how far each topic is: followers that missed something read it, and the ping is answered.
    fn heads(&mut self, n: u64, heads: &[(TopicKey, u64)]) {
        {
            let mut state = self.socket.lock();
            heads.iter().for_each(|(key, head)| state.note_head(key, *head));
        }
        if let Some(place) = self.pings.iter().position(|(waiting, _)| *waiting == n) {
            self.pings.remove(place);
            self.note_busy();
            self.pong(n);
        }
    }

    /// A source that does not answer must not make a living server look dead.
    fn answer_late_pings(&mut self) {
        let Some((_, oldest)) = self.pings.front() else { return };
        if self.hub.clock.now().since(*oldest) > PING_PATIENCE {
            for (n, _) in std::mem::take(&mut self.pings) {
                self.pong(n);
            }
            self.note_busy();
        }
    }

    fn pong(&self, n: u64) {
        let now = self.hub.clock.now();
        let mut state = self.socket.lock();
        let following = state.following();
        let topics = following.iter().filter(|(_, stream, _)| *stream == Stream::Topic);
        let seqs: Vec<(&str, u64)> = topics.map(|(key, _, head)| (key.id(), *head)).collect();
        let cursor = state.cursor(&self.hub.cursor_key, None);
        let frame = ServerFrame::Pong { n, now, seqs: &seqs, inbox: cursor.as_deref() }.encode();
        state.answer(frame);
    }

    fn renewed(&self, cid: Cid, result: Result<Ticketed, AuthFailure>) {
        let ticketed = match result {
            Ok(ticketed) => ticketed,
            Err(AuthFailure::Unavailable) => return self.refuse(cid, "unavailable", true),
            Err(AuthFailure::Expired) => return self.close(Close::Expired),
            Err(AuthFailure::Revoked) => return self.close(Close::SessionRevoked),
            Err(AuthFailure::Suspended) => return self.close(Close::Suspended),
            Err(AuthFailure::Invalid) => {
                return self.close(Close::protocol("auth: the credential is not valid"));
            }
        };
        let principal = ticketed.principal;
        if (principal.account, principal.session) != (self.socket.account, self.socket.session) {
            return self.close(Close::protocol("auth: the credential is of another account or session"));
        }
        let only = ticketed.only_topic.as_ref();
        if only.is_some() && only != self.socket.fixed.as_ref().map(parts_of).as_ref() {
            return self.close(Close::protocol("auth: the credential opens another topic only"));
        }
        self.socket.lock().principal = Arc::new(principal);
        self.answer(&ServerFrame::Ok { cid, seq: None });
    }

    fn principal(&self) -> Arc<Principal> {
        Arc::clone(&self.socket.lock().principal)
    }
}

fn parts_of(key: &TopicKey) -> (String, String) {
    (key.kind().to_owned(), key.id().to_owned())
}

fn name_of(key: &TopicKey) -> TopicName {
    TopicName::One { kind: key.kind().to_owned(), id: key.id().to_owned() }
}
