//! What is known and what is written of a request: ids, addresses, spans. Never a raw path.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::test::TestRequest;
use kernel::{Clock, Permission};
use platform::web::{Access, Anonymous, Answer, NoContent, Route, Routes, WebSettings};
use tracing_subscriber::fmt::MakeWriter;

use crate::world::{Floor, bearer, get, post};

async fn client(caller: Anonymous) -> Answer<[String; 3]> {
    let text = |value: Option<String>| value.unwrap_or_default();
    Answer::ok([
        caller.client.address.to_string(),
        text(caller.client.user_agent),
        text(caller.client.device),
    ])
}

async fn deadline(caller: Anonymous) -> Answer<String> {
    Answer::ok(format!("{} {}", caller.call.request_id, caller.call.deadline))
}

fn routes() -> Routes {
    Routes::of("customer")
        .add(Route::get("/client", Access::Public, client))
        .add(Route::get("/deadline", Access::Public, deadline).patience(Duration::from_secs(3)))
        .add(Route::post("/api/v1/invites/{token}/redeem", Access::Public, || async { NoContent }))
        .add(Route::get("/mine", Access::Permission(Permission::ProfileRead), || async { NoContent }))
}

#[actix_web::test]
async fn a_well_formed_request_id_is_kept_and_any_other_replaced() {
    let floor = Floor::new();
    let kept = floor.send(routes(), get("/nowhere").insert_header(("x-request-id", "app-1.2_3"))).await;
    assert_eq!((kept.header("x-request-id"), kept.problem().as_str()), ("app-1.2_3", "not_found"));
    for bad in ["", "a b", "<script>", &"x".repeat(65)] {
        let reply = floor.send(routes(), get("/client").insert_header(("x-request-id", bad))).await;
        let fresh = reply.header("x-request-id");
        assert!(fresh.len() == 16 && fresh.bytes().all(|byte| byte.is_ascii_hexdigit()), "{bad}: {fresh}");
    }
    let call = floor.send(routes(), get("/deadline").insert_header(("x-request-id", "r-9"))).await;
    let until = floor.clock.now().plus(Duration::from_secs(3));
    assert_eq!(call.json(), format!("r-9 {until}"), "what a call into a context carries");
}

async fn address(proxies: &[&str], peer: &str, forwarded: &[&str]) -> String {
    let trusted_proxies = proxies.iter().map(|network| network.parse().unwrap()).collect();
    let floor = Floor::with(WebSettings { trusted_proxies, ..WebSettings::default() });
    let request = get("/client").peer_addr(peer.parse().unwrap());
    let request =
        forwarded.iter().fold(request, |request, hop| request.append_header(("x-forwarded-for", *hop)));
    floor.send(routes(), request).await.json()[0].as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn forwarded_addresses_are_believed_only_from_listed_proxies() {
    let proxies = ["10.0.0.0/8", "fd00::/8"];
    assert_eq!(address(&[], "10.0.0.1:1", &["192.0.2.1"]).await, "10.0.0.1", "no proxy is listed");
    assert_eq!(address(&proxies, "203.0.113.9:1", &["192.0.2.1"]).await, "203.0.113.9", "not a listed one");
    assert_eq!(address(&proxies, "10.0.0.1:1", &["192.0.2.1"]).await, "192.0.2.1");
    assert_eq!(
        address(&proxies, "10.0.0.1:1", &["6.6.6.6, 192.0.2.1"]).await,
        "192.0.2.1",
        "the rest is hearsay"
    );
    assert_eq!(address(&proxies, "10.0.0.1:1", &["192.0.2.1, 10.0.0.2"]).await, "192.0.2.1");
    assert_eq!(address(&proxies, "10.0.0.1:1", &["192.0.2.1", "10.0.0.2"]).await, "192.0.2.1", "two headers");
    assert_eq!(address(&proxies, "10.0.0.1:1", &["192.0.2.1, nonsense"]).await, "10.0.0.1");
    assert_eq!(address(&proxies, "[fd00::1]:1", &["[2001:db8::7]:443"]).await, "2001:db8::7");
    assert_eq!(address(&proxies, "10.0.0.1:1", &[]).await, "10.0.0.1");
}

#[actix_web::test]
async fn device_and_agent_are_bounded() {
    let request = get("/client")
        .insert_header(("user-agent", "x".repeat(1_000)))
        .insert_header(("x-device-id", "phone-1"));
    let client = Floor::new().send(routes(), request).await.json();
    assert_eq!((client[1].as_str().unwrap().len(), &client[2]), (256, &"phone-1".into()));
    let odd = get("/client").insert_header(("x-device-id", "a device"));
    assert_eq!(Floor::new().send(routes(), odd).await.json()[2], "");
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;
    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// Everything that is logged at any level while the request is answered.
async fn logged(request: TestRequest) -> String {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    Floor::new().send(routes(), request).await;
    String::from_utf8(log.0.lock().unwrap().clone()).unwrap()
}

#[actix_web::test]
async fn a_token_in_the_path_reaches_no_log_at_any_level() {
    let text = logged(post("/api/v1/invites/civ_planted/redeem", "{}")).await;
    assert!(
        text.contains("/api/v1/invites/{token}/redeem") && text.contains("module=\"customer\""),
        "{text}"
    );
    assert!(!text.contains("civ_planted"), "{text}");
    for path in ["/api/v1/invites/civ_planted/redeemed", "/api/v1/invites/civ_planted/redeem?x=civ_planted"] {
        let text = logged(get(path)).await;
        assert!(text.contains("answered") && !text.contains("civ_planted"), "{text}");
    }
}

#[actix_web::test]
async fn a_line_carries_request_account_status_and_trace_but_no_token() {
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let request = get("/mine")
        .insert_header(bearer("player-planted"))
        .insert_header(("x-request-id", "r-77"))
        .insert_header(("traceparent", format!("00-{trace}-00f067aa0ba902b7-01")));
    let text = logged(request).await;
    for part in ["request_id=\"r-77\"", "account=acc_", "status=204", "micros=", "route=\"/mine\"", trace] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("player-planted"), "{text}");
    let text = logged(
        get("/client").insert_header(("traceparent", format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)))),
    )
    .await;
    assert!(!text.contains("trace_id"), "{text}");
}
