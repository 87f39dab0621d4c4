//! One seat of the bench: plays by the wire as the client does, but reads of each frame only what the next move needs,
//! so that the load costs little beside the server that it shares a machine with.

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use crate::client::{ClientError, Person, Socket, fresh_id};

/// What the bench reads of a frame.
#[derive(Deserialize)]
struct Frame<'a> {
    t: &'a str,
    seq: Option<u64>,
    #[serde(borrow)]
    data: Option<Data<'a>>,
    #[serde(borrow)]
    events: Option<Vec<Event<'a>>>,
    code: Option<&'a str>,
}

#[derive(Deserialize)]
struct Event<'a> {
    seq: u64,
    #[serde(borrow)]
    data: Option<Data<'a>>,
}

#[derive(Deserialize)]
struct Data<'a> {
    kind: Option<&'a str>,
    #[serde(borrow)]
    legal: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    outcome: Option<&'a RawValue>,
}

/// A seat at one game.
pub(super) struct Seat {
    socket: Socket,
    /// A command up to its id, which is the same each time.
    head: String,
    /// The last event this seat has.
    pub(super) seq: u64,
    /// The move it would make: the first play that is legal, or whatever is.
    next: Option<String>,
    /// Whether the game has ended.
    pub(super) over: bool,
}

impl Seat {
    /// Sits down and takes the snapshot.
    pub(super) async fn sit(person: &Person, game: &str) -> Result<Self, ClientError> {
        Self::sit_on(person, "cli", game).await
    }

    /// The same from a device of this name.
    pub(super) async fn sit_on(person: &Person, device: &str, game: &str) -> Result<Self, ClientError> {
        let socket = person.live_on(device, json!([{"game": game}])).await?;
        let head = format!(r#"{{"t":"cmd","topic":{{"game":"{game}"}},"cid":""#);
        let mut seat = Self { socket, head, seq: 0, next: None, over: false };
        while seat.seq == 0 {
            seat.advance().await?;
        }
        Ok(seat)
    }

    /// Whether this seat may move.
    pub(super) fn may_move(&self) -> bool {
        self.next.is_some()
    }

    /// Makes a move and waits for its `ok`, whose seq it returns.
    pub(super) async fn make_move(&mut self) -> Result<u64, ClientError> {
        let action = self.next.take().ok_or(ClientError::Incomplete("a move that is legal"))?;
        self.command(&action).await
    }

    /// Gives the game away.
    pub(super) async fn resign(&mut self) -> Result<u64, ClientError> {
        self.command(r#"{"resign":{}}"#).await
    }

    async fn command(&mut self, action: &str) -> Result<u64, ClientError> {
        let text = format!(r#"{}{}","base":{},"do":{action}}}"#, self.head, fresh_id(), self.seq);
        self.socket.send_text(text).await?;
        loop {
            if let Some(seq) = self.advance().await? {
                return Ok(seq);
            }
        }
    }

    /// Takes one frame; the seq of an `ok`.
    pub(super) async fn advance(&mut self) -> Result<Option<u64>, ClientError> {
        let text = self.socket.next_text().await?;
        let frame: Frame<'_> =
            serde_json::from_str(&text).map_err(|_| ClientError::Incomplete("a frame as documented"))?;
        match frame.t {
            "ok" => return frame.seq.map(Some).ok_or(ClientError::Incomplete("seq")),
            "err" => {
                let code = frame.code.unwrap_or_default().to_owned();
                return Err(ClientError::Closed {
                    code: 0,
                    reason: format!("a legal move was refused: {code}"),
                });
            }
            "snap" | "ev" => {
                let seq = frame.seq.ok_or(ClientError::Incomplete("seq"))?;
                self.take(seq, frame.data);
            }
            "evs" => {
                for event in frame.events.unwrap_or_default() {
                    self.take(event.seq, event.data);
                }
            }
            _ => {}
        }
        Ok(None)
    }

    fn take(&mut self, seq: u64, data: Option<Data<'_>>) {
        self.seq = seq;
        let Some(data) = data else { return };
        self.over |= data.outcome.is_some_and(|outcome| outcome.get() != "null");
        // What is legal stays as it was after events that are not of the rules.
        if data.legal.is_some() || !matches!(data.kind, Some("away" | "back" | "clock_extended")) {
            let legal = data.legal.unwrap_or_default();
            let play = legal.iter().find(|action| action.get().starts_with(r#"{"play""#));
            self.next = play.or(legal.first()).filter(|_| !self.over).map(|action| action.get().to_owned());
        }
    }
}
