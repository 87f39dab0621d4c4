//! One socket's life: a single future that sends what is queued, reads frames, and polls the work they cause.
//! It knows no web framework; it owns no timer; it waits for nothing while it holds the socket's lock.

mod commands;
mod reading;
mod settling;

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesOrdered, FuturesUnordered};
use kernel::Timestamp;

use self::commands::{Asked, UnderWay};
use super::attach::Attached;
use super::auth::LiveAuth;
use super::close::Close;
use super::errand::Errand;
use super::frames::{Cid, ServerFrame, TopicName};
use super::hub::Hub;
use super::rate::Bucket;
use super::socket::{Ending, Socket};
use super::topic::{Reply, TopicKey};
use super::transport::{Gone, Outgoing, Transport};

/// Rounds of work in one poll before the thread is lent to others.
const ROUNDS: usize = 64;
/// How long a ping waits for the sources to say how far each topic is.
pub(crate) const PING_PATIENCE: Duration = Duration::from_secs(1);

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
    /// Topics whose follow is asked for and not settled: commands on them wait, or answers would overtake events.
    opening: Vec<TopicKey>,
    pings: VecDeque<(u64, Timestamp)>,
    pulling: usize,
    carried: Option<Outgoing>,
    pong: Option<Bytes>,
    close_sent: bool,
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
            opening: Vec::new(),
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
        self.opening.clear();
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

fn parts_of(key: &TopicKey) -> (String, String) {
    (key.kind().to_owned(), key.id().to_owned())
}

fn name_of(key: &TopicKey) -> TopicName {
    TopicName::One { kind: key.kind().to_owned(), id: key.id().to_owned() }
}
