//! One seat at a live game: follows it, plays from what the server lists as legal, and resumes after a lost connection.

use serde_json::{Value, json};

use super::http::{ClientError, fresh_id};
use super::people::Person;
use super::socket::{Frame, Socket};

/// An event as this seat sees it; no data where it may not see.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// Its place in the game.
    pub seq: u64,
    /// Its body for this seat.
    pub data: Value,
}

/// How a command was answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Answered {
    /// Committed; the last event it caused.
    Done(u64),
    /// Refused; nothing changed.
    Refused {
        /// The stable code.
        code: String,
        /// Whether the same command may succeed later.
        retryable: bool,
    },
}

/// A seat with its socket.
pub struct Table {
    person: Person,
    game: String,
    socket: Socket,
    /// The last event this seat has.
    pub seq: u64,
    /// What the server says this seat may do now, each as a command's `do`.
    pub legal: Vec<Value>,
    /// The last snapshot.
    pub snapshot: Value,
    /// How the game ended, once it has.
    pub outcome: Option<Value>,
}

impl Table {
    /// Sits down: opens a socket, follows the game and takes its snapshot.
    pub async fn sit(person: &Person, game: &str) -> Result<Self, ClientError> {
        let socket = person.live(json!([{"game": game}])).await?;
        Self::sit_at(person, game, socket).await
    }

    /// The same on a socket that follows the game already, and nothing else that begins with a snapshot.
    pub async fn sit_at(person: &Person, game: &str, socket: Socket) -> Result<Self, ClientError> {
        let mut table = Self {
            person: person.clone(),
            game: game.to_owned(),
            socket,
            seq: 0,
            legal: Vec::new(),
            snapshot: Value::Null,
            outcome: None,
        };
        let snap = table.socket.frame_of("snap").await?;
        table.take_snapshot(&snap);
        Ok(table)
    }

    /// Drops the connection without a word and comes back from the last event this seat has.
    pub async fn resume(&mut self) -> Result<(), ClientError> {
        let topics = json!([{"game": self.game, "after": self.seq}]);
        let fresh = self.person.live(topics).await?;
        std::mem::replace(&mut self.socket, fresh).cut();
        Ok(())
    }

    /// The same, as somebody whose session has been renewed.
    pub async fn resume_as(&mut self, person: &Person) -> Result<(), ClientError> {
        self.person = person.clone();
        self.resume().await
    }

    /// The topic as it is written on the wire.
    pub fn topic(&self) -> Value {
        json!({"game": self.game})
    }

    /// The socket, for a test that wants to misbehave on it.
    pub fn socket(&mut self) -> &mut Socket {
        &mut self.socket
    }

    /// Whether this seat may do anything now.
    pub fn to_move(&self) -> bool {
        self.outcome.is_none() && !self.legal.is_empty()
    }

    /// Waits until something happens, and says what.
    pub async fn advance(&mut self) -> Result<Vec<Seen>, ClientError> {
        let frame = self.socket.next().await?;
        self.take(&frame)
    }

    /// Sends a command under a fresh id and waits for its answer.
    pub async fn play(&mut self, action: &Value) -> Result<(Answered, Vec<Seen>), ClientError> {
        self.play_as(&fresh_id(), action).await
    }

    /// Sends a command under this id and waits for its answer; says what was seen until then.
    pub async fn play_as(&mut self, cid: &str, action: &Value) -> Result<(Answered, Vec<Seen>), ClientError> {
        let topic = self.topic();
        self.socket.command(cid, &topic, self.seq, action).await?;
        let mut seen = Vec::new();
        loop {
            let frame = self.socket.next().await?;
            let answers = frame.get("cid").and_then(Value::as_str) == Some(cid);
            match frame.get("t").and_then(Value::as_str) {
                Some("ok") if answers => {
                    let seq =
                        frame.get("seq").and_then(Value::as_u64).ok_or(ClientError::Incomplete("seq"))?;
                    return Ok((Answered::Done(seq), seen));
                }
                Some("err") if answers => {
                    if let Some(data) = frame.get("snapshot").filter(|data| !data.is_null()) {
                        self.take_snapshot(&json!({"seq": frame.get("seq"), "data": data}));
                    }
                    let code = frame.get("code").and_then(Value::as_str).unwrap_or_default().to_owned();
                    let retryable = frame.get("retryable").and_then(Value::as_bool).unwrap_or(false);
                    return Ok((Answered::Refused { code, retryable }, seen));
                }
                _ => seen.extend(self.take(&frame)?),
            }
        }
    }

    fn take(&mut self, frame: &Frame) -> Result<Vec<Seen>, ClientError> {
        match frame.get("t").and_then(Value::as_str) {
            Some("snap") => {
                self.take_snapshot(frame);
                Ok(Vec::new())
            }
            Some("ev") => self.take_event(frame).map(|seen| vec![seen]),
            Some("evs") => {
                let events =
                    frame.get("events").and_then(Value::as_array).ok_or(ClientError::Incomplete("events"))?;
                events.clone().iter().map(|event| self.take_event(event)).collect()
            }
            _ => Ok(Vec::new()),
        }
    }

    /// Events come without gap and without repeat; anything else is the server's fault and ends the game here.
    fn take_event(&mut self, event: &Value) -> Result<Seen, ClientError> {
        let seq = event.get("seq").and_then(Value::as_u64).ok_or(ClientError::Incomplete("seq"))?;
        if seq != self.seq + 1 {
            return Err(ClientError::Incomplete("the next event: a gap or a repeat"));
        }
        self.seq = seq;
        let data = event.get("data").cloned().unwrap_or(Value::Null);
        // Events that are not of the rules leave what is legal as it was; any other says it anew, or there is nothing.
        let kind = data.get("kind").and_then(Value::as_str);
        if let Some(legal) = data.get("legal").and_then(Value::as_array) {
            self.legal.clone_from(legal);
        } else if !matches!(kind, Some("away" | "back" | "clock_extended")) {
            self.legal.clear();
        }
        if let Some(outcome) = data.get("outcome").filter(|outcome| !outcome.is_null()) {
            self.outcome = Some(outcome.clone());
            self.legal.clear();
        }
        Ok(Seen { seq, data })
    }

    fn take_snapshot(&mut self, snap: &Value) {
        self.seq = snap.get("seq").and_then(Value::as_u64).unwrap_or(0);
        self.snapshot = snap.get("data").cloned().unwrap_or(Value::Null);
        self.legal = self.snapshot.get("legal").and_then(Value::as_array).cloned().unwrap_or_default();
        self.outcome = self.snapshot.get("outcome").filter(|outcome| !outcome.is_null()).cloned();
    }
}
