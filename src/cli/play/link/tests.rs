//! The line over a socket whose other end does what a server does on a bad day.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};

use super::{FIRST_WAIT, Link, News, first_wait};
use crate::cli::play::session::Session;
use crate::client::{Api, ClientError, Person};

/// How long anything may take. Generous: machines are shared.
const PATIENCE: Duration = Duration::from_mins(1);

/// Where a client believes the server to be.
struct Place {
    listener: TcpListener,
    session: Session,
}

impl Place {
    async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let person = Person {
            api: Api::new(base).unwrap().with_token("token"),
            account: "acc_ada".to_owned(),
            session: "ses_ada".to_owned(),
            username: "ada".to_owned(),
            password: String::new(),
            refresh_token: "refresh".to_owned(),
            expires_in_s: 3_600,
        };
        Self { listener, session: Session::of(person) }
    }

    /// A link, and the other end of its first connection.
    async fn linked(&self) -> (Link, Peer) {
        let (link, (peer, _)) = tokio::join!(Link::open(&self.session), self.welcomes());
        (link.unwrap(), peer)
    }

    /// The next connection and its hello, which is welcomed.
    async fn welcomes(&self) -> (Peer, Value) {
        let (stream, _) = timeout(PATIENCE, self.listener.accept()).await.expect("somebody comes").unwrap();
        let stream = tokio_tungstenite::accept_hdr_async(stream, speaks_whot).await.unwrap();
        let mut peer = Peer(stream);
        let hello = peer.hears("hello").await;
        peer.says(json!({"t": "welcome", "v": 1, "now": "2026-01-01T00:00:00Z", "ping_s": 1})).await;
        (peer, hello)
    }
}

#[allow(clippy::result_large_err, clippy::unnecessary_wraps, reason = "what the handshake takes")]
fn speaks_whot(_: &Request, mut response: Response) -> Result<Response, ErrorResponse> {
    response.headers_mut().insert("sec-websocket-protocol", "whot.v1".parse().unwrap());
    Ok(response)
}

/// The server's end of one connection.
struct Peer(WebSocketStream<TcpStream>);

impl Peer {
    async fn says(&mut self, frame: Value) {
        self.0.send(Message::text(frame.to_string())).await.unwrap();
    }

    /// The next frame of this kind. Pings before it are answered.
    async fn hears(&mut self, kind: &str) -> Value {
        loop {
            let message =
                timeout(PATIENCE, self.0.next()).await.expect("it says something").unwrap().unwrap();
            let Message::Text(text) = message else { continue };
            let frame: Value = serde_json::from_str(&text).unwrap();
            if frame["t"] == kind {
                return frame;
            }
            if frame["t"] == "ping" {
                self.says(json!({"t": "pong", "n": frame["n"]})).await;
            }
        }
    }

    async fn refuses(&mut self, asked: &Value, code: &str) {
        let retryable = code == "unavailable";
        self.says(json!({"t": "err", "cid": asked["cid"], "code": code, "retryable": retryable})).await;
    }

    async fn shows(&mut self, game: &str, seq: u64) {
        self.says(json!({"t": "snap", "topic": {"game": game}, "seq": seq, "data": {"game_id": game}})).await;
    }
}

impl Link {
    /// The next news that are not about the time.
    async fn told(&mut self) -> News {
        loop {
            match timeout(PATIENCE, self.next()).await.expect("there are news") {
                News::Ahead(_) => {}
                news => return news,
            }
        }
    }
}

#[tokio::test]
async fn a_connection_that_only_seems_open_is_given_up_after_two_pings_and_comes_back() {
    let place = Place::open().await;
    let (mut link, mut peer) = place.linked().await;
    for _ in 0..4 {
        let ping = peer.hears("ping").await;
        peer.says(json!({"t": "pong", "n": ping["n"]})).await;
    }
    // From here on nobody answers, and nobody closes either.
    let lost = link.told().await;
    assert!(matches!(&lost, News::Lost(why) if why == "no sign of the server for 2 s"), "{lost:?}");
    place.welcomes().await;
    assert!(matches!(link.told().await, News::Back));
}

#[tokio::test]
async fn what_storage_could_not_answer_is_followed_again_from_the_same_event() {
    let place = Place::open().await;
    let (mut link, mut peer) = place.linked().await;
    link.follow("gam_1").await;
    for _ in 0..2 {
        let follow = peer.hears("follow").await;
        assert_eq!((&follow["topic"], follow.get("after")), (&json!({"game": "gam_1"}), None));
        peer.refuses(&follow, "unavailable").await;
    }
    peer.hears("follow").await;
    peer.shows("gam_1", 7).await;
    assert!(matches!(link.told().await, News::Snapshot(7, _)));

    drop(peer);
    assert!(matches!(link.told().await, News::Lost(_)));
    let (mut peer, hello) = place.welcomes().await;
    assert_eq!(hello["topics"], json!([{"game": "gam_1", "after": 7}, {"inbox": true}]));
    assert!(matches!(link.told().await, News::Back));
    for topic in [json!({"game": "gam_1"}), json!({"inbox": true})] {
        peer.says(json!({"t": "gone", "topic": topic, "code": "unavailable"})).await;
    }
    let mut follows = [peer.hears("follow").await, peer.hears("follow").await];
    follows.sort_by_key(|follow| follow["topic"].get("game").is_none());
    assert_eq!((&follows[0]["topic"], &follows[0]["after"]), (&json!({"game": "gam_1"}), &json!(7)));
    assert_eq!(follows[1]["topic"], json!({"inbox": true}));
    peer.says(json!({"t": "ev", "topic": {"game": "gam_1"}, "seq": 8, "data": null})).await;
    assert!(matches!(link.told().await, News::Event(8, None)));
}

#[tokio::test]
async fn a_game_that_is_not_open_to_somebody_is_told_and_not_asked_for_again() {
    let place = Place::open().await;
    let (mut link, mut peer) = place.linked().await;
    link.follow("gam_1").await;
    let follow = peer.hears("follow").await;
    peer.refuses(&follow, "not_found").await;
    let shut = link.told().await;
    assert!(matches!(&shut, News::Shut(code) if code == "not_found"), "{shut:?}");

    link.follow("gam_2").await;
    peer.hears("follow").await;
    peer.shows("gam_2", 1).await;
    assert!(matches!(link.told().await, News::Snapshot(1, _)));
    peer.says(json!({"t": "gone", "topic": {"game": "gam_2"}, "code": "not_available"})).await;
    let shut = link.told().await;
    assert!(matches!(&shut, News::Shut(code) if code == "not_available"), "{shut:?}");
    drop(peer);
    let (_peer, hello) = place.welcomes().await;
    assert_eq!(hello["topics"], json!([{"inbox": true}]));
}

#[tokio::test]
async fn nothing_of_an_earlier_game_is_told_at_the_next_one() {
    for answered in [true, false] {
        the_next_game_is_as_the_first(answered).await;
    }
}

async fn the_next_game_is_as_the_first(answered: bool) {
    let place = Place::open().await;
    let (mut link, mut peer) = place.linked().await;
    link.follow("gam_1").await;
    peer.hears("follow").await;
    peer.shows("gam_1", 7).await;
    assert!(matches!(link.told().await, News::Snapshot(7, _)));
    link.command(7, json!({"draw": {}})).await;
    let command = peer.hears("cmd").await;
    // Nobody takes this any more, nor the answer, which comes when the next game is followed already.
    peer.says(json!({"t": "ev", "topic": {"game": "gam_1"}, "seq": 8, "data": null})).await;
    peer.refuses(&command, "unavailable").await;
    assert_eq!(peer.hears("cmd").await, command, "nobody knows what became of it, so it is sent again");
    link.leave().await;
    peer.hears("unfollow").await;
    link.follow("gam_2").await;
    peer.hears("follow").await;
    if answered {
        peer.refuses(&command, "stale_base").await;
    }
    peer.shows("gam_2", 3).await;
    let news = link.told().await;
    assert!(matches!(&news, News::Snapshot(3, data) if data["game_id"] == "gam_2"), "{news:?}");
    drop(peer);
    assert!(matches!(link.told().await, News::Lost(_)));
    let (mut peer, _) = place.welcomes().await;
    // The move of the last game is not sent again: a ping is the first that is heard.
    let first = timeout(PATIENCE, peer.0.next()).await.unwrap().unwrap().unwrap().into_text().unwrap();
    assert!(first.contains("\"ping\""), "{first}");
}

#[test]
fn a_server_that_goes_away_says_for_how_long() {
    let closed = |reason: &str| ClientError::Closed { code: 4001, reason: reason.to_owned() };
    assert_eq!(first_wait(&closed("draining, retry_after_ms=2500")), Duration::from_millis(2_500));
    assert_eq!(first_wait(&closed("unavailable, retry_after_ms=9999999")), Duration::from_secs(30));
    assert_eq!(first_wait(&closed("draining")), FIRST_WAIT);
}
