//! The door and the actix transport, over a real connection on the loopback.

use std::net::SocketAddr;

use actix_web::web::{self, Data, Payload};
use actix_web::{App, HttpRequest, HttpServer};
use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderName, Response, StatusCode};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};

use super::*;

type Socket = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

struct Server {
    address: SocketAddr,
    world: World,
    handle: actix_web::dev::ServerHandle,
}

fn serve() -> Server {
    let clock = ManualClock::default();
    let hub = Hub::new(HubParts {
        clock: Arc::new(clock.clone()),
        random: Arc::new(SeededRandom::new(5)),
        cursor_key: Mac::new(&SecretBytes::from([3; 32])),
        settings: LiveSettings { origins: vec!["https://play.example".into()], ..LiveSettings::default() },
    });
    let journal = Arc::new(Journal::default());
    *journal.hub.lock().unwrap() = Some(Arc::clone(&hub));
    hub.add_topics(Arc::clone(&journal) as Arc<dyn TopicSource>);
    let door = Data::new(Door::new(Arc::clone(&hub), Arc::new(Names { clock: clock.clone() })));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(door.clone())
            .route(
                "/live",
                web::get().to(async |request: HttpRequest, payload: Payload, door: Data<Door>| {
                    door.upgrade(&request, payload, None).await
                }),
            )
            .route(
                "/games/{id}/ws",
                web::get().to(
                    async |request: HttpRequest,
                           payload: Payload,
                           id: web::Path<String>,
                           door: Data<Door>| {
                        door.upgrade(&request, payload, Some(("game", &id))).await
                    },
                ),
            )
    });
    let server = server.workers(1).bind(("127.0.0.1", 0)).unwrap();
    let address = server.addrs()[0];
    let server = server.run();
    let handle = server.handle();
    actix_web::rt::spawn(server);
    Server { address, world: World { hub, clock, journal }, handle }
}

impl Server {
    async fn open(
        &self,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<(Socket, Response<Option<Vec<u8>>>), Error> {
        let mut request = format!("ws://{}{path}", self.address).into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        tokio_tungstenite::connect_async(request).await
    }

    async fn signed_in(&self) -> Socket {
        self.open("/live", &[("authorization", "Bearer 1.1.600")]).await.unwrap().0
    }

    async fn refused(&self, path: &str, headers: &[(&str, &str)]) -> (StatusCode, String) {
        match self.open(path, headers).await {
            Err(Error::Http(response)) => {
                let content_type = response.headers()["content-type"].to_str().unwrap();
                assert_eq!(content_type, "application/problem+json");
                let body: Value = serde_json::from_slice(response.body().as_ref().unwrap()).unwrap();
                (response.status(), body["code"].as_str().unwrap().to_owned())
            }
            other => panic!("expected a refusal, got {other:?}"),
        }
    }
}

async fn text(socket: &mut Socket) -> Value {
    loop {
        match socket.next().await.unwrap().unwrap() {
            Message::Text(text) => return serde_json::from_str(&text).unwrap(),
            Message::Ping(_) | Message::Pong(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

async fn close(socket: &mut Socket) -> (u16, String) {
    while let Some(message) = socket.next().await {
        if let Message::Close(Some(frame)) = message.unwrap() {
            return (frame.code.into(), frame.reason.as_str().to_owned());
        }
    }
    panic!("the connection ended without a close frame");
}

/// Path, headers, and the refusal's status and code.
type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], u16, &'a str);

const HELLO: &str = r#"{"t":"hello","v":[1],"topics":[{"game":"a","after":0}]}"#;

#[actix_web::test]
async fn a_socket_plays_over_a_real_connection() {
    let server = serve();
    let mut socket = server.signed_in().await;
    socket.send(Message::text(HELLO)).await.unwrap();
    assert_eq!(text(&mut socket).await["t"], "welcome");
    let command = format!(r#"{{"t":"cmd","cid":"{}","topic":{{"game":"a"}},"base":0,"do":2}}"#, cid(1));
    socket.send(Message::text(command)).await.unwrap();
    let mut frames = Vec::new();
    for _ in 0..3 {
        frames.push(text(&mut socket).await);
    }
    assert_eq!(kinds(&frames), ["ev", "ev", "ok"]);
    socket.send(Message::Ping(Bytes::from_static(b"hi"))).await.unwrap();
    assert!(matches!(socket.next().await, Some(Ok(Message::Pong(payload))) if payload == "hi"));
    server.world.hub.close_session(session_id(1), Close::SessionRevoked);
    assert_eq!(close(&mut socket).await, (4003, "session revoked".into()));
    server.handle.stop(false).await;
}

#[actix_web::test]
async fn the_ticket_stands_among_the_protocols_and_only_the_protocol_is_echoed() {
    let server = serve();
    let offered =
        [("sec-websocket-protocol", "whot.ticket.1-1, whot.v1"), ("origin", "https://play.example")];
    let (mut socket, response) = server.open("/live", &offered).await.unwrap();
    assert_eq!(response.headers()["sec-websocket-protocol"], "whot.v1");
    socket.send(Message::text(HELLO)).await.unwrap();
    assert_eq!(text(&mut socket).await["session"], session_id(1).to_string());
    server.handle.stop(false).await;
}

#[actix_web::test]
async fn who_may_not_connect_is_told_before_the_upgrade() {
    let server = serve();
    let bearer = ("authorization", "Bearer 1.1.600");
    let table: &[Row<'_>] = &[
        ("/live", &[], 401, "unauthenticated"),
        ("/live?token=1.1.600", &[], 401, "unauthenticated"),
        ("/live", &[("authorization", "Basic x")], 401, "unauthenticated"),
        ("/live", &[("authorization", "Bearer nonsense")], 401, "unauthenticated"),
        ("/live", &[("authorization", "Bearer expired.x.x")], 401, "token_expired"),
        ("/live", &[("authorization", "Bearer unavailable.x.x")], 503, "unavailable"),
        ("/live", &[bearer, ("origin", "https://evil.example")], 403, "origin_not_allowed"),
        ("/live", &[bearer, ("origin", "null")], 403, "origin_not_allowed"),
        ("/live", &[bearer, ("sec-websocket-protocol", "whot.v9")], 400, "unsupported_protocol"),
        ("/live", &[bearer, ("sec-websocket-protocol", "whot.v1, whot.ticket.1-1")], 400, "two_credentials"),
        ("/live", &[bearer, ("sec-websocket-version", "12")], 426, "upgrade_required"),
        ("/games/foreign/ws", &[bearer], 404, "not_found"),
    ];
    for (path, headers, status, code) in table {
        let (got, why) = server.refused(path, headers).await;
        assert_eq!((got.as_u16(), why.as_str()), (*status, *code), "{path} {headers:?}");
    }
    assert_eq!(server.world.hub.sockets(), 0);
    server.handle.stop(false).await;
}

#[actix_web::test]
async fn frames_that_are_none_close_with_a_reason_that_arrives() {
    let server = serve();
    let huge = format!("{{\"t\":\"{}\"}}", "x".repeat(3_000_000));
    for (message, expected) in [
        (Message::text(huge), "at most 49152 bytes"),
        (Message::binary(vec![1, 2, 3]), "frames are text"),
        (Message::text("}"), "expected value"),
    ] {
        let mut socket = server.signed_in().await;
        // The server may close before all of a huge frame is written.
        let _ = socket.send(message).await;
        let (code, reason) = close(&mut socket).await;
        assert_eq!(code, 4400);
        assert!(reason.contains(expected), "{reason}");
    }
    server.handle.stop(false).await;
}

#[actix_web::test]
async fn a_single_topic_route_is_followed_from_the_start_and_a_drain_says_goodbye() {
    let server = serve();
    server.world.journal.commit_many("a", 3);
    let (mut socket, _) = server.open("/games/a/ws", &[("authorization", "Bearer 1.1.600")]).await.unwrap();
    socket.send(Message::text(r#"{"t":"hello","v":[1]}"#)).await.unwrap();
    assert_eq!(text(&mut socket).await["t"], "welcome");
    assert_eq!(text(&mut socket).await["seq"], 3);
    server.world.hub.drain().await;
    let (code, reason) = close(&mut socket).await;
    assert_eq!(code, u16::from(CloseCode::Library(4001)));
    assert!(reason.starts_with("draining, retry_after_ms="));
    let (status, _) = server.refused("/live", &[("authorization", "Bearer 1.1.600")]).await;
    assert_eq!(status, 503);
    server.handle.stop(false).await;
}
