//! The one socket, kept open: it comes back by itself from where it was, and sends again what was not answered.

mod asking;
#[cfg(test)]
mod tests;

use std::time::Duration;

use kernel::Timestamp;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, sleep};

use self::asking::{Asking, due};
use super::session::Session;
use crate::client::{ClientError, Frame, Socket, fresh_id};

/// News that nobody has taken yet; beyond it the socket waits.
const AHEAD: usize = 256;
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// Somebody sits there and their clock runs: shorter than what an app waits in a pocket.
const LONGEST_WAIT: Duration = Duration::from_secs(8);
/// A server that asks for a pause gets it, up to here.
const LONGEST_ASKED: Duration = Duration::from_secs(30);
/// Pings without any frame after them: then the connection is dead, even if the system does not know it.
const UNHEARD: u32 = 2;

/// What the socket is asked to do.
enum Order {
    Follow { sitting: u64, game: String },
    Leave { sitting: u64 },
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
    /// The game is not followed: it is not open to this player, or not any more.
    Shut(String),
    /// A notice of the inbox.
    Notice(Value),
    /// How far the server's clock was ahead of this machine's when that was heard, in microseconds.
    Ahead(i64),
}

impl News {
    /// Whether it is about the followed game, and worth nothing at the next one.
    fn is_of_game(&self) -> bool {
        match self {
            Self::Snapshot(..) | Self::Event(..) | Self::Done | Self::Refused(_) | Self::Shut(_) => true,
            Self::Lost(_) | Self::Back | Self::Over(_) | Self::Notice(_) | Self::Ahead(_) => false,
        }
    }
}

/// A handle on the connection.
pub(super) struct Link {
    orders: mpsc::Sender<Order>,
    news: mpsc::Receiver<(u64, News)>,
    /// Grows whenever one sits down or gets up: news of an earlier sitting are dropped.
    sitting: u64,
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
            sitting: 0,
            game: None,
            inbox: None,
            asking: Asking::default(),
            unanswered: None,
            token: None,
            ping: 0,
        };
        let socket = line.connect().await?;
        tokio::spawn(line.keep(socket));
        Ok(Self { orders, news, sitting: 0 })
    }

    /// The next news. Nothing is lost when this is given up.
    pub(super) async fn next(&mut self) -> News {
        loop {
            match self.news.recv().await {
                Some((sitting, news)) if news.is_of_game() && sitting != self.sitting => {}
                Some((_, news)) => return news,
                None => return News::Over("the connection ended".to_owned()),
            }
        }
    }

    pub(super) async fn follow(&mut self, game: &str) {
        self.sitting += 1;
        self.order(Order::Follow { sitting: self.sitting, game: game.to_owned() }).await;
    }

    pub(super) async fn leave(&mut self) {
        self.sitting += 1;
        self.order(Order::Leave { sitting: self.sitting }).await;
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
    asking: Asking,
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
    news: mpsc::Sender<(u64, News)>,
    sitting: u64,
    game: Option<Followed>,
    /// How far the inbox was heard.
    inbox: Option<String>,
    /// How following the inbox goes.
    asking: Asking,
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
        // The hello has asked for everything.
        for asking in self.game.iter_mut().map(|followed| &mut followed.asking).chain([&mut self.asking]) {
            asking.was_asked();
        }
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
                self.tell_time(now).await;
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
            Order::Follow { sitting, game } => {
                self.unanswered = None;
                self.sitting = sitting;
                self.game = Some(Followed { game, last: None, asking: Asking::default() });
            }
            Order::Leave { sitting } => {
                self.unanswered = None;
                self.sitting = sitting;
                self.game = None;
            }
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
        let every = ping_time(socket);
        let mut pings = interval(every);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut unheard = 0;
        loop {
            let done = tokio::select! {
                // What has come is heard before it is missed.
                biased;
                order = self.orders.recv() => match order {
                    Some(order) => self.carry_out(order, socket).await,
                    None => return End::Unwanted,
                },
                frame = socket.next_within(every * (UNHEARD + 1)) => {
                    unheard = 0;
                    match frame {
                        Ok(frame) => self.take(frame, socket).await,
                        Err(error) => Err(error),
                    }
                }
                _ = pings.tick() => {
                    if unheard == UNHEARD {
                        return End::Lost(ClientError::Silence(every * UNHEARD));
                    }
                    unheard += 1;
                    self.ping(socket).await
                }
                () = due(self.game.as_mut().map(|followed| &mut followed.asking)) => self.follow(socket).await,
                () = due(Some(&mut self.asking)) => self.follow_inbox(socket).await,
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
        let follows = matches!(order, Order::Follow { .. });
        let commands = matches!(order, Order::Command { .. });
        // First of all: should the socket break now, the next one knows.
        self.remember(order);
        if let Some(topic) = left {
            socket.send(&json!({"t": "unfollow", "cid": fresh_id(), "topic": topic})).await?;
        }
        if follows {
            self.follow(socket).await?;
        }
        match self.command_frame().filter(|_| commands) {
            Some(frame) => socket.send(&frame).await,
            None => Ok(()),
        }
    }

    /// Follows the game from the last event that was passed on.
    async fn follow(&mut self, socket: &mut Socket) -> Result<(), ClientError> {
        let Some(followed) = &mut self.game else { return Ok(()) };
        let topic = json!({"game": followed.game});
        let frame = followed.asking.frame(&topic, followed.last.map(Value::from));
        socket.send(&frame).await
    }

    /// Follows the inbox from where it was heard last.
    async fn follow_inbox(&mut self, socket: &mut Socket) -> Result<(), ClientError> {
        let frame = self.asking.frame(&json!({"inbox": true}), self.inbox.clone().map(Value::from));
        socket.send(&frame).await
    }

    /// Asks for a sign of life, and renews the socket's token where the session's was renewed.
    async fn ping(&mut self, socket: &mut Socket) -> Result<(), ClientError> {
        self.ping = self.ping.wrapping_add(1);
        socket.send(&json!({"t": "ping", "n": self.ping})).await?;
        let person = match self.session.person().await {
            Ok(person) => person,
            // The token is good for a while yet: the next ping tries again.
            Err(error) if error.passes() => return Ok(()),
            Err(error) => return Err(error),
        };
        let token = person.api.token().map(str::to_owned);
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
            self.asking = Asking::default();
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
            "gone" if of_inbox => self.inbox_refused(&frame, socket).await?,
            "gone" if self.is_of_game(&frame) => self.game_refused(&frame).await,
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
            followed.asking = Asking::default();
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
                followed.asking = Asking::default();
                let data = event.get("data").filter(|data| !data.is_null()).cloned();
                self.tell(News::Event(seq, data)).await;
                Ok(())
            }
            _ => self.follow(socket).await,
        }
    }

    async fn answer(&mut self, frame: &Frame, socket: &mut Socket) -> Result<(), ClientError> {
        let Some(cid) = frame.get("cid").and_then(Value::as_str) else { return Ok(()) };
        let Some((_, command)) = self.unanswered.as_ref().filter(|(own, _)| own == cid) else {
            return self.followed(frame, cid, socket).await;
        };
        let code = code(frame);
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

    /// Perhaps it is a follow that was answered.
    async fn followed(&mut self, frame: &Frame, cid: &str, socket: &mut Socket) -> Result<(), ClientError> {
        let refused = frame.get("t").and_then(Value::as_str) == Some("err");
        match &mut self.game {
            Some(followed) if followed.asking.is(cid) => {
                if refused {
                    self.game_refused(frame).await;
                } else {
                    followed.asking = Asking::default();
                }
            }
            _ if self.asking.is(cid) && refused => return self.inbox_refused(frame, socket).await,
            _ => {}
        }
        Ok(())
    }

    /// The game cannot be followed: now, or ever.
    async fn game_refused(&mut self, frame: &Frame) {
        let Some(followed) = &mut self.game else { return };
        if passes(frame) {
            return followed.asking.later();
        }
        (self.game, self.unanswered) = (None, None);
        self.tell(News::Shut(code(frame).to_owned())).await;
    }

    async fn inbox_refused(&mut self, frame: &Frame, socket: &mut Socket) -> Result<(), ClientError> {
        if passes(frame) {
            self.asking.later();
        } else if code(frame) == "invalid_cursor" {
            self.inbox = None;
            return self.follow_inbox(socket).await;
        }
        Ok(())
    }

    async fn pong(&mut self, frame: &Frame, socket: &mut Socket) -> Result<(), ClientError> {
        if let Some(now) = frame.get("now").and_then(Value::as_str) {
            self.tell_time(now).await;
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

    /// Compares the clocks at once: news may wait, and then this one would be late.
    async fn tell_time(&self, now: &str) {
        if let Ok(now) = now.parse::<Timestamp>() {
            let ahead = now.micros().saturating_sub(self.session.now().micros());
            self.tell(News::Ahead(ahead)).await;
        }
    }

    async fn tell(&self, news: News) {
        // Whoever does not listen any more drops its handle too, and that ends the line.
        let _ = self.news.send((self.sitting, news)).await;
    }
}

/// What the server asks for, or the usual.
fn first_wait(lost: &ClientError) -> Duration {
    match lost {
        ClientError::Closed { code: 4029, .. } => FIRST_WAIT * 10,
        ClientError::Closed { code: 4001, reason } => {
            let asked = reason.split_once("retry_after_ms=").and_then(|(_, asked)| asked.parse().ok());
            asked.map_or(FIRST_WAIT, Duration::from_millis).min(LONGEST_ASKED)
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

fn ping_time(socket: &Socket) -> Duration {
    let seconds = socket.welcome().get("ping_s").and_then(Value::as_u64).unwrap_or(10);
    // Whatever a server says: beyond 45 s of silence it closes the socket.
    Duration::from_secs(seconds.clamp(1, 40))
}

fn code(frame: &Frame) -> &str {
    frame.get("code").and_then(Value::as_str).unwrap_or_default()
}

/// Whether a topic that was refused may be there a little later.
fn passes(refused: &Frame) -> bool {
    code(refused) == "unavailable" || refused.get("retryable") == Some(&Value::Bool(true))
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
