//! The one socket, kept open: it comes back by itself from where it was, and sends again what was not answered.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{Interval, MissedTickBehavior, interval, sleep};

use super::session::Session;
use crate::client::{ClientError, Frame, Socket, fresh_id};

/// News that nobody has taken yet; beyond it the socket waits.
const AHEAD: usize = 256;
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// Somebody sits there and their clock runs: shorter than what an app waits in a pocket.
const LONGEST_WAIT: Duration = Duration::from_secs(8);

/// What the socket is asked to do.
enum Order {
    Follow(String),
    Leave,
    Command { cid: String, base: u64, action: Value },
}

/// What came of it.
#[derive(Debug)]
pub(super) enum News {
    /// The connection is lost; it is tried again.
    Lost(String),
    /// It is back.
    Back,
    /// It will not come back.
    Over(String),
    /// The whole followed game, with the last event that it includes.
    Snapshot(u64, Value),
    /// The next event of the followed game, with its place; no data where it is not for this player.
    Event(u64, Option<Value>),
    /// A command was committed.
    Done,
    /// A command was refused. The game as it is now came before, where that helps.
    Refused(String),
    /// A notice of the inbox.
    Notice(Value),
    /// What time it is at the server.
    Now(String),
}

/// A handle on the connection.
pub(super) struct Link {
    orders: mpsc::Sender<Order>,
    news: mpsc::Receiver<News>,
}

impl Link {
    /// Connects, and stays connected until the handle is dropped.
    pub(super) async fn open(session: &Session) -> Result<Self, ClientError> {
        let (orders, taken) = mpsc::channel(AHEAD);
        let (told, news) = mpsc::channel(AHEAD);
        let mut line = Line {
            session: session.clone(),
            orders: taken,
            news: told,
            game: None,
            inbox: None,
            unanswered: None,
            token: None,
            ping: 0,
        };
        let socket = line.connect().await?;
        tokio::spawn(line.keep(socket));
        Ok(Self { orders, news })
    }

    pub(super) async fn next(&mut self) -> News {
        match self.news.recv().await {
            Some(news) => news,
            None => News::Over("the connection ended".to_owned()),
        }
    }

    pub(super) async fn follow(&self, game: &str) {
        self.order(Order::Follow(game.to_owned())).await;
    }

    pub(super) async fn leave(&self) {
        self.order(Order::Leave).await;
    }

    /// Sends a command decided on after the event `base`. It is sent again until it is answered.
    pub(super) async fn command(&self, base: u64, action: Value) {
        self.order(Order::Command { cid: fresh_id(), base, action }).await;
    }

    async fn order(&self, order: Order) {
        // Nobody takes orders once the connection is over; the news say so.
        let _ = self.orders.send(order).await;
    }
}

/// The followed game and the last event that was passed on.
struct Followed {
    game: String,
    last: Option<u64>,
}

/// Why a socket is not used any more.
enum End {
    /// Nobody listens.
    Unwanted,
    Lost(ClientError),
}

struct Line {
    session: Session,
    orders: mpsc::Receiver<Order>,
    news: mpsc::Sender<News>,
    game: Option<Followed>,
    inbox: Option<String>,
    unanswered: Option<(String, Value)>,
    /// What the open socket was authenticated with last.
    token: Option<String>,
    ping: u64,
}

impl Line {
    async fn connect(&mut self) -> Result<Socket, ClientError> {
        let mut person = self.session.person().await?;
        let first = self.hello(&person).await;
        let refused = matches!(&first, Err(ClientError::Refused { status: 401, .. }))
            || matches!(&first, Err(ClientError::Closed { code: 4003, .. }));
        let mut socket = if refused {
            person = self.session.renewed(&person).await?;
            self.hello(&person).await?
        } else {
            first?
        };
        self.token = person.api.token().map(str::to_owned);
        if let Some(frame) = self.command_frame() {
            socket.send(&frame).await?;
        }
        Ok(socket)
    }

    async fn hello(&self, person: &crate::client::Person) -> Result<Socket, ClientError> {
        let inbox = match &self.inbox {
            Some(cursor) => json!({"inbox": true, "after": cursor}),
            None => json!({"inbox": true}),
        };
        let topics: Vec<Value> = self.game.iter().map(topic_after).chain([inbox]).collect();
        person.live_on("whot-play", Value::from(topics)).await
    }

    /// Serves one socket after the other until nobody listens or coming back is of no use.
    async fn keep(mut self, first: Socket) {
        let mut socket = first;
        loop {
            if let Some(now) = socket.welcome().get("now").and_then(Value::as_str) {
                self.tell(News::Now(now.to_owned())).await;
            }
            let error = match self.serve(&mut socket).await {
                End::Unwanted => return socket.close().await,
                End::Lost(error) => error,
            };
            if is_final(&error) {
                return self.tell(News::Over(words(&error))).await;
            }
            self.tell(News::Lost(words(&error))).await;
            match self.come_back(&error).await {
                Ok(Some(fresh)) => socket = fresh,
                Ok(None) => return,
                Err(error) => return self.tell(News::Over(words(&error))).await,
            }
            self.tell(News::Back).await;
        }
    }

    /// Tries until it works; nothing if nobody listens any more, an error if it is of no use.
    async fn come_back(&mut self, lost: &ClientError) -> Result<Option<Socket>, ClientError> {
        let mut wait = first_wait(lost);
        loop {
            if !self.wait(wait + jitter(wait)).await {
                return Ok(None);
            }
            match self.connect().await {
                Ok(socket) => return Ok(Some(socket)),
                Err(error) if is_final(&error) => return Err(error),
                Err(_) => wait = (wait * 2).min(LONGEST_WAIT),
            }
        }
    }

    /// Waits, taking orders meanwhile; whether anybody still listens.
    async fn wait(&mut self, time: Duration) -> bool {
        let over = sleep(time);
        tokio::pin!(over);
        loop {
            tokio::select! {
                () = &mut over => return true,
                order = self.orders.recv() => match order {
                    Some(order) => self.remember(order),
                    None => return false,
                },
            }
        }
    }

    /// What an order means for the next connection.
    fn remember(&mut self, order: Order) {
        match order {
            Order::Follow(game) => self.game = Some(Followed { game, last: None }),
            Order::Leave => self.game = None,
            Order::Command { cid, base, action } => {
                let topic = self.game.as_ref().map(|followed| json!({"game": followed.game}));
                let frame = json!({"t": "cmd", "cid": cid, "topic": topic, "base": base, "do": action});
                self.unanswered = Some((cid, frame));
            }
        }
    }

    fn command_frame(&self) -> Option<Value> {
        self.unanswered.as_ref().map(|(_, frame)| frame.clone())
    }

    async fn serve(&mut self, socket: &mut Socket) -> End {
        let mut pings = pings(socket);
        loop {
            let done = tokio::select! {
                order = self.orders.recv() => match order {
                    Some(order) => self.carry_out(order, socket).await,
                    None => return End::Unwanted,
                },
                frame = socket.next() => match frame {
                    Ok(frame) => self.take(frame, socket).await,
                    Err(error) => Err(error),
                },
                _ = pings.tick() => self.ping(socket).await,
            };
            if let Err(error) = done {
                return End::Lost(error);
            }
        }
    }

    async fn carry_out(&mut self, order: Order, socket: &mut Socket) -> Result<(), ClientError> {
        let left = match (&order, &self.game) {
            (Order::Command { .. }, _) | (_, None) => None,
            (_, Some(followed)) => Some(json!({"game": followed.game})),
        };
        if let Some(topic) = left {
            socket.send(&json!({"t": "unfollow", "cid": fresh_id(), "topic": topic})).await?;
        }
        let follows = matches!(order, Order::Follow(_));
        let commands = matches!(order, Order::Command { .. });
        self.remember(order);
        if follows {
            self.follow(socket).await?;
        }
        match self.command_frame().filter(|_| commands) {
            Some(frame) => socket.send(&frame).await,
            None => Ok(()),
        }
    }

    /// Follows the game from the last event that was passed on.
    async fn follow(&self, socket: &mut Socket) -> Result<(), ClientError> {
        let Some(followed) = &self.game else { return Ok(()) };
        let mut frame = json!({"t": "follow", "cid": fresh_id(), "topic": {"game": followed.game}});
        if let (Some(last), Some(members)) = (followed.last, frame.as_object_mut()) {
            members.insert("after".to_owned(), Value::from(last));
        }
        socket.send(&frame).await
    }

    /// Asks for a sign of life, and renews the socket's token where the session's was renewed.
    async fn ping(&mut self, socket: &mut Socket) -> Result<(), ClientError> {
        self.ping = self.ping.wrapping_add(1);
        socket.send(&json!({"t": "ping", "n": self.ping})).await?;
        let token = self.session.person().await?.api.token().map(str::to_owned);
        if token == self.token {
            return Ok(());
        }
        socket.send(&json!({"t": "auth", "cid": fresh_id(), "token": token})).await?;
        self.token = token;
        Ok(())
    }

    async fn take(&mut self, frame: Frame, socket: &mut Socket) -> Result<(), ClientError> {
        let kind = frame.get("t").and_then(Value::as_str).unwrap_or_default();
        let of_inbox = frame.pointer("/topic/inbox").is_some();
        if let Some(cursor) = frame.get(if of_inbox { "cursor" } else { "inbox" }).and_then(Value::as_str) {
            self.inbox = Some(cursor.to_owned());
        }
        match kind {
            "ev" if of_inbox => self.notice(&frame).await,
            "evs" => {
                for event in frame.get("events").and_then(Value::as_array).into_iter().flatten() {
                    if of_inbox {
                        self.notice(event).await;
                    } else if self.is_of_game(&frame) {
                        self.event(event, socket).await?;
                    }
                }
            }
            "ev" if self.is_of_game(&frame) => self.event(&frame, socket).await?,
            "snap" if self.is_of_game(&frame) => {
                self.snapshot(&frame, "data").await;
            }
            "ok" | "err" => self.answer(&frame, socket).await?,
            "pong" => self.pong(&frame, socket).await?,
            "gone" if self.is_of_game(&frame) => {
                let code = frame.get("code").and_then(Value::as_str).unwrap_or_default().to_owned();
                self.tell(News::Refused(code)).await;
            }
            _ => {}
        }
        Ok(())
    }

    fn is_of_game(&self, frame: &Frame) -> bool {
        let topic = frame.pointer("/topic/game").and_then(Value::as_str);
        self.game.as_ref().is_some_and(|followed| topic == Some(followed.game.as_str()))
    }

    async fn snapshot(&mut self, frame: &Frame, member: &str) {
        let seq = frame.get("seq").and_then(Value::as_u64);
        let data = frame.get(member).filter(|data| !data.is_null());
        if let (Some(followed), Some(seq), Some(data)) = (&mut self.game, seq, data) {
            followed.last = Some(seq);
            self.tell(News::Snapshot(seq, data.clone())).await;
        }
    }

    /// The next event is passed on, an old one is not, and a gap is asked for.
    async fn event(&mut self, event: &Value, socket: &mut Socket) -> Result<(), ClientError> {
        let seq = event.get("seq").and_then(Value::as_u64).ok_or(ClientError::Incomplete("seq"))?;
        let Some(followed) = &mut self.game else { return Ok(()) };
        match followed.last {
            Some(last) if seq <= last => Ok(()),
            Some(last) if seq == last + 1 => {
                followed.last = Some(seq);
                let data = event.get("data").filter(|data| !data.is_null()).cloned();
                self.tell(News::Event(seq, data)).await;
                Ok(())
            }
            _ => self.follow(socket).await,
        }
    }

    async fn answer(&mut self, frame: &Frame, socket: &mut Socket) -> Result<(), ClientError> {
        let cid = frame.get("cid").and_then(Value::as_str);
        let Some((_, command)) = self.unanswered.as_ref().filter(|(own, _)| Some(own.as_str()) == cid) else {
            return Ok(());
        };
        let code = frame.get("code").and_then(Value::as_str).unwrap_or_default();
        if matches!(code, "deadline_exceeded" | "unavailable") {
            // Nobody knows whether it happened: the very same frame again finds out.
            sleep(FIRST_WAIT).await;
            return socket.send(command).await;
        }
        self.unanswered = None;
        if frame.get("t").and_then(Value::as_str) == Some("ok") {
            self.tell(News::Done).await;
        } else {
            self.snapshot(frame, "snapshot").await;
            self.tell(News::Refused(code.to_owned())).await;
        }
        Ok(())
    }

    async fn pong(&mut self, frame: &Frame, socket: &mut Socket) -> Result<(), ClientError> {
        if let Some(now) = frame.get("now").and_then(Value::as_str) {
            self.tell(News::Now(now.to_owned())).await;
        }
        let Some(followed) = &self.game else { return Ok(()) };
        let head = frame.get("seqs").and_then(|seqs| seqs.get(&followed.game)).and_then(Value::as_u64);
        if followed.last.zip(head).is_some_and(|(last, head)| head > last) {
            return self.follow(socket).await;
        }
        Ok(())
    }

    async fn notice(&self, frame: &Value) {
        if let Some(data) = frame.get("data").filter(|data| !data.is_null()) {
            self.tell(News::Notice(data.clone())).await;
        }
    }

    async fn tell(&self, news: News) {
        // Whoever does not listen any more drops its handle too, and that ends the line.
        let _ = self.news.send(news).await;
    }
}

/// What the server asks for, or the usual.
fn first_wait(lost: &ClientError) -> Duration {
    match lost {
        ClientError::Closed { code: 4029, .. } => FIRST_WAIT * 10,
        ClientError::Closed { code: 4001, reason } => {
            let reason: Value = serde_json::from_str(reason).unwrap_or_default();
            let asked = reason.get("retry_after_ms").and_then(Value::as_u64);
            asked.map_or(FIRST_WAIT, Duration::from_millis).min(LONGEST_WAIT)
        }
        _ => FIRST_WAIT,
    }
}

/// Up to half of it, so that not everybody comes back at once.
fn jitter(wait: Duration) -> Duration {
    use kernel::random::RandomExt;
    let [lot] = platform::random::OsRandom.bytes();
    wait * u32::from(lot) / 510
}

fn topic_after(followed: &Followed) -> Value {
    match followed.last {
        Some(last) => json!({"game": followed.game, "after": last}),
        None => json!({"game": followed.game}),
    }
}

fn pings(socket: &Socket) -> Interval {
    let every = socket.welcome().get("ping_s").and_then(Value::as_u64).unwrap_or(10).max(1);
    let mut pings = interval(Duration::from_secs(every));
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pings
}

/// Whether the guide says not to come back.
fn is_final(error: &ClientError) -> bool {
    match error {
        ClientError::Closed { code, .. } => matches!(code, 4009 | 4010 | 4400),
        ClientError::Refused { status, .. } => matches!(status, 400..=428) && *status != 408,
        _ => false,
    }
}

/// What happened, for whoever lost the connection by it.
fn words(error: &ClientError) -> String {
    match error {
        ClientError::Closed { code: 1006 | 1005, .. } | ClientError::Unreachable(_) => {
            "the connection broke".to_owned()
        }
        ClientError::Closed { code: 4001, .. } => "the server is restarting".to_owned(),
        ClientError::Closed { code: 4003, .. } => "the session has to be renewed".to_owned(),
        ClientError::Closed { code: 4009, .. } => "another program took this session's place".to_owned(),
        ClientError::Closed { code: 4010, .. } => "the account may not play now".to_owned(),
        ClientError::Refused { status: 401, .. } => "the session ended; sign in again".to_owned(),
        ClientError::Silence(time) => format!("no sign of the server for {} s", time.as_secs()),
        other => other.to_string(),
    }
}
