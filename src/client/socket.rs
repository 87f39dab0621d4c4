//! A live socket of protocol `whot.v1`.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{self, Message, Utf8Bytes};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::http::{Api, ClientError};

/// A frame from the server.
pub type Frame = Value;

/// How long a client waits for a frame that must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// One open socket. Frames that arrive while something else is awaited are kept in order.
pub struct Socket {
    /// In a place of its own: with TLS it is large, and a socket is often moved.
    stream: Box<WebSocketStream<MaybeTlsStream<TcpStream>>>,
    kept: VecDeque<Frame>,
    welcome: Frame,
}

impl Socket {
    /// Opens `path` with the caller's access token and says hello from this device with these topics.
    pub async fn open(api: &Api, path: &str, device: &str, topics: Value) -> Result<Self, ClientError> {
        let mut socket = Self::connect(api, path, "whot.v1").await?;
        socket.send(&json!({"t": "hello", "v": [1], "device": device, "topics": topics})).await?;
        socket.welcome = socket.frame_of("welcome").await?;
        Ok(socket)
    }

    /// Opens `path`, offering these subprotocols, and says nothing yet.
    pub async fn connect(api: &Api, path: &str, protocols: &str) -> Result<Self, ClientError> {
        Self::connect_within(api, path, protocols, PATIENCE).await
    }

    /// The same; a server that takes the connection and then says nothing is not waited for any longer.
    async fn connect_within(
        api: &Api,
        path: &str,
        protocols: &str,
        patience: Duration,
    ) -> Result<Self, ClientError> {
        let url = format!("{}{path}", api.base().replacen("http", "ws", 1));
        let mut request = url.into_client_request().map_err(|error| unreachable_by(&error))?;
        let headers = request.headers_mut();
        if let Some(token) = api.token() {
            let value = HeaderValue::from_str(&format!("Bearer {token}"));
            headers
                .insert("authorization", value.map_err(|error| ClientError::Unreachable(error.to_string()))?);
        }
        let value =
            HeaderValue::from_str(protocols).map_err(|error| ClientError::Unreachable(error.to_string()))?;
        headers.insert("sec-websocket-protocol", value);
        let connecting = tokio_tungstenite::connect_async_with_config(request, None, true);
        let connected = tokio::time::timeout(patience, connecting).await;
        let (stream, _) = connected.map_err(|_| ClientError::Silence(patience))?.map_err(refusal)?;
        Ok(Self { stream: Box::new(stream), kept: VecDeque::new(), welcome: Value::Null })
    }

    /// What the server answered to the hello; null before one was said.
    pub fn welcome(&self) -> &Frame {
        &self.welcome
    }

    /// Sends one frame.
    pub async fn send(&mut self, frame: &Value) -> Result<(), ClientError> {
        self.send_text(frame.to_string()).await
    }

    /// Sends any text at all.
    pub async fn send_text(&mut self, text: String) -> Result<(), ClientError> {
        self.stream.send(Message::text(text)).await.map_err(|error| unreachable_by(&error))
    }

    /// Sends a command without waiting for its answer.
    pub async fn command(
        &mut self,
        cid: &str,
        topic: &Value,
        base: u64,
        action: &Value,
    ) -> Result<(), ClientError> {
        self.send(&json!({"t": "cmd", "cid": cid, "topic": topic, "base": base, "do": action})).await
    }

    /// The next frame, kept or new.
    pub async fn next(&mut self) -> Result<Frame, ClientError> {
        self.next_within(PATIENCE).await
    }

    /// The next frame, kept or new, if it is there within `patience`.
    pub async fn next_within(&mut self, patience: Duration) -> Result<Frame, ClientError> {
        match self.kept.pop_front() {
            Some(frame) => Ok(frame),
            None => self.receive(patience).await,
        }
    }

    /// The next frame for which `wanted` holds; earlier ones are kept for [`Self::next`].
    pub async fn find(&mut self, wanted: impl Fn(&Frame) -> bool) -> Result<Frame, ClientError> {
        if let Some(found) = self.kept.iter().position(&wanted).and_then(|at| self.kept.remove(at)) {
            return Ok(found);
        }
        loop {
            let frame = self.receive(PATIENCE).await?;
            if wanted(&frame) {
                return Ok(frame);
            }
            self.kept.push_back(frame);
        }
    }

    /// The next frame of this type.
    pub async fn frame_of(&mut self, kind: &str) -> Result<Frame, ClientError> {
        self.find(|frame| frame.get("t").and_then(Value::as_str) == Some(kind)).await
    }

    /// The answer to the command or question with this id.
    pub async fn answer_to(&mut self, cid: &str) -> Result<Frame, ClientError> {
        self.find(|frame| {
            let kind = frame.get("t").and_then(Value::as_str);
            matches!(kind, Some("ok" | "err")) && frame.get("cid").and_then(Value::as_str) == Some(cid)
        })
        .await
    }

    /// Waits for the server to close the socket and gives code and reason.
    pub async fn closed(&mut self) -> (u16, String) {
        loop {
            match self.receive(PATIENCE).await {
                Ok(frame) => self.kept.push_back(frame),
                Err(ClientError::Closed { code, reason }) => return (code, reason),
                Err(other) => return (0, other.to_string()),
            }
        }
    }

    /// A frame that is there within `patience`.
    pub async fn receive(&mut self, patience: Duration) -> Result<Frame, ClientError> {
        let text = self.receive_text(patience).await?;
        serde_json::from_str(&text).map_err(|_| ClientError::Incomplete("JSON in a frame"))
    }

    /// The text of the next frame, for who reads only parts of it.
    pub async fn next_text(&mut self) -> Result<Utf8Bytes, ClientError> {
        match self.kept.pop_front() {
            Some(frame) => Ok(frame.to_string().into()),
            None => self.receive_text(PATIENCE).await,
        }
    }

    async fn receive_text(&mut self, patience: Duration) -> Result<Utf8Bytes, ClientError> {
        loop {
            let received = tokio::time::timeout(patience, self.stream.next()).await;
            match received.map_err(|_| ClientError::Silence(patience))? {
                Some(Ok(Message::Text(text))) => return Ok(text),
                Some(Ok(Message::Close(frame))) => return Err(closed_by(frame)),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => {
                    return Err(ClientError::Closed {
                        code: 1006,
                        reason: "the connection broke".to_owned(),
                    });
                }
            }
        }
    }

    /// Closes politely.
    pub async fn close(mut self) {
        // The peer may be gone already; there is nothing left to tell it then.
        let _ = (*self.stream).close(None).await;
    }

    /// Drops the connection without a word, as a lost network does.
    pub fn cut(self) {
        drop(self.stream);
    }
}

fn closed_by(frame: Option<tungstenite::protocol::CloseFrame>) -> ClientError {
    match frame {
        Some(frame) => ClientError::Closed { code: frame.code.into(), reason: frame.reason.to_string() },
        None => ClientError::Closed { code: 1005, reason: String::new() },
    }
}

fn unreachable_by(error: &tungstenite::Error) -> ClientError {
    match error {
        tungstenite::Error::ConnectionClosed | tungstenite::Error::AlreadyClosed => {
            ClientError::Closed { code: 1006, reason: "the connection is closed".to_owned() }
        }
        other => ClientError::Unreachable(other.to_string()),
    }
}

/// A refused upgrade carries a problem like any other answer.
fn refusal(error: tungstenite::Error) -> ClientError {
    let tungstenite::Error::Http(response) = error else { return unreachable_by(&error) };
    let problem: Value =
        response.body().as_deref().and_then(|body| serde_json::from_slice(body).ok()).unwrap_or(Value::Null);
    ClientError::Refused {
        method: "GET".to_owned(),
        path: "(upgrade)".to_owned(),
        status: response.status().as_u16(),
        code: problem.get("code").and_then(Value::as_str).unwrap_or_default().to_owned(),
        problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_that_never_answers_the_upgrade_is_not_waited_for_for_ever() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let api = Api::new(format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let patience = Duration::from_millis(50);
        let opened = Socket::connect_within(&api, "/", "whot.v1", patience).await;
        assert!(matches!(opened.err(), Some(ClientError::Silence(time)) if time == patience));
    }
}
