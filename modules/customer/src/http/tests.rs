//! The routes through the real web floor: what an app sends and sees.

use std::sync::Arc;

use actix_web::App as Server;
use actix_web::body::{BoxBody, to_bytes};
use actix_web::http::header::HeaderMap;
use actix_web::test::{TestRequest, init_service};
use async_trait::async_trait;
use kernel::id::AccountId;
use kernel::{AccountType, Principal, Role, Roles, SeededRandom};
use platform::crypto::{Mac, SecretBytes};
use platform::db::Dialect;
use platform::testing::TestDb;
use platform::web::{AuthFailure, Authenticator, Edge, Table, Web, WebSettings};
use serde_json::{Value, json};

use super::{Association, Landing, routes};
use crate::MIGRATIONS;
use crate::config::Config;
use crate::house::House;

/// A token is a role, a dot and an account.
struct SpokenTokens(Principal);

#[async_trait]
impl Authenticator for SpokenTokens {
    async fn authenticate(&self, bearer: &str) -> Result<Principal, AuthFailure> {
        let (role, account) = bearer.split_once('.').ok_or(AuthFailure::Invalid)?;
        let role: Role = role.parse().map_err(|_| AuthFailure::Invalid)?;
        let account: AccountId = account.parse().map_err(|_| AuthFailure::Invalid)?;
        Ok(Principal { account, roles: Roles::NONE.with(role), ..self.0.clone() })
    }
}

struct Reply {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The whole answer but what names this one request.
    fn without_request(&self) -> (u16, Value, Vec<String>) {
        let mut body = self.json();
        body.as_object_mut().unwrap().remove("request_id");
        let names = self
            .headers
            .keys()
            .map(|name| name.as_str().to_owned())
            .filter(|name| !name.starts_with("ratelimit"));
        let mut names: Vec<String> = names.collect();
        names.sort();
        (self.status, body, names)
    }
}

fn token(role: &str, account: AccountId) -> String {
    format!("Bearer {role}.{account}")
}

fn by(request: TestRequest, role: &str, account: AccountId) -> TestRequest {
    request.insert_header(("authorization", token(role, account)))
}

async fn send(house: &House, request: TestRequest) -> Reply {
    let config = Config::default();
    let routes =
        routes().state(house.app.clone()).state(Landing::of(&config)).state(Association::of(&config));
    let table = Table::new([routes]).unwrap();
    let somebody = house.principal(house.ids.next());
    let web = Arc::new(Web::new(
        Arc::new(house.clock.clone()),
        Arc::new(SeededRandom::new(2)),
        Arc::new(SpokenTokens(somebody)),
        Mac::new(&SecretBytes::from([3; 32])),
        WebSettings::default(),
    ));
    let server =
        Server::new().wrap(Edge::new(web.clone())).configure(move |config| table.mount(&web, config));
    let service = init_service(server).await;
    let response = match actix_web::dev::Service::call(&service, request.to_request()).await {
        Ok(response) => response.into_parts().1.map_into_boxed_body(),
        Err(error) => error.error_response(),
    };
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body: BoxBody = response.into_body();
    let text = String::from_utf8(to_bytes(body).await.unwrap().to_vec()).unwrap();
    Reply { status, headers, text }
}

/// Runs a test on a fresh embedded database. The floor is the same above either; storage has tests of its own.
fn over<F: Future<Output = ()>>(test: impl FnOnce(House) -> F) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let fresh = TestDb::fresh(Dialect::Sqlite, &MIGRATIONS).await.unwrap();
        test(House::new(&fresh.db)).await;
        fresh.remove().await;
    });
}

async fn create(house: &House, distributor: AccountId, key: &str) -> Reply {
    let request = TestRequest::post()
        .uri("/api/v1/invites")
        .insert_header(("idempotency-key", key))
        .set_json(json!({}));
    send(house, by(request, "distributor", distributor)).await
}

fn redeeming(code: &str, key: &str) -> TestRequest {
    TestRequest::post()
        .uri("/api/v1/invites/redeem")
        .insert_header(("idempotency-key", key))
        .set_json(json!({"token": code}))
}

#[test]
fn an_invite_is_made_redeemed_and_seen_as_used() {
    over(|house| async move {
        let distributor = house.distributor().await;
        let made = create(&house, distributor, "k1").await;
        assert_eq!(made.status, 201, "{}", made.text);
        let invite = made.json();
        let (id, code) = (invite["id"].as_str().unwrap(), invite["code"].as_str().unwrap());
        assert_eq!(made.header("location"), format!("/api/v1/invites/{id}"));
        assert_eq!(invite["link"], format!("https://whot.example/i#{code}"));
        assert!(invite["qr_svg"].as_str().unwrap().contains("<svg"));
        assert_eq!(invite["state"], "open");

        let reserved = send(&house, redeeming(code, "r1")).await;
        assert_eq!((reserved.status, &reserved.json()["outcome"]), (200, &json!("reserved")));
        let by_path = TestRequest::post()
            .uri(&format!("/api/v1/invites/{code}/redeem"))
            .insert_header(("idempotency-key", "r1"));
        let again = send(&house, by_path).await.json();
        assert_eq!(again["redemption_id"], reserved.json()["redemption_id"], "either form, one redemption");
        let ticket = reserved.json()["ticket"].as_str().unwrap().to_owned();
        let account = house.register(&ticket.into()).unwrap();
        house.settle().await;

        let seen = by(TestRequest::get().uri(&format!("/api/v1/invites/{id}")), "distributor", distributor);
        let seen = send(&house, seen).await.json();
        assert_eq!(
            (&seen["state"], &seen["redeemed_by"]["account_id"]),
            (&json!("redeemed"), &json!(account))
        );
        assert_eq!(seen["redeemed_by"]["username"], account.to_string());
        assert!(seen.get("code").is_none() && seen.get("link").is_none());
        let list =
            by(TestRequest::get().uri("/api/v1/invites?state=redeemed&limit=1"), "distributor", distributor);
        assert_eq!(send(&house, list).await.json()["items"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn every_unusable_invite_gets_the_same_answer() {
    over(|house| async move {
        let distributor = house.distributor().await;
        let used = create(&house, distributor, "k1").await.json()["code"].as_str().unwrap().to_owned();
        send(&house, redeeming(&used, "winner")).await;
        let voided = create(&house, distributor, "k2").await.json()["code"].as_str().unwrap().to_owned();
        create(&house, distributor, "k2").await;
        let (unknown, _) = house.app.mint();
        let unknown = secrecy::ExposeSecret::expose_secret(&unknown).to_owned();
        let mut answers = Vec::new();
        for code in [used.as_str(), &voided, &unknown, "civ_junk", "junk", ""] {
            answers.push(send(&house, redeeming(code, "loser")).await.without_request());
            if !code.is_empty() {
                let path = format!("/api/v1/invites/{code}/redeem");
                let request = TestRequest::post().uri(&path).insert_header(("idempotency-key", "loser"));
                answers.push(send(&house, request).await.without_request());
            }
        }
        assert_eq!((answers[0].0, &answers[0].1["code"]), (404, &json!("invite_unusable")));
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    });
}

#[test]
fn creating_without_a_key_or_with_a_bad_body_is_refused_precisely() {
    over(|house| async move {
        let distributor = house.distributor().await;
        let post = || by(TestRequest::post().uri("/api/v1/invites"), "distributor", distributor);
        let keyed = |body: Value| post().insert_header(("idempotency-key", "k")).set_json(body);
        assert_eq!(send(&house, post().set_json(json!({}))).await.status, 400);
        for (body, status, code) in [
            (json!({"color": "red"}), 422, "unknown_field"),
            (json!({"expires_in_hours": 0}), 422, "invalid_request"),
            (json!({"expires_in_hours": 9_999}), 422, "invalid_request"),
            (json!({"label": "  "}), 422, "invalid_request"),
        ] {
            let reply = send(&house, keyed(body)).await;
            assert_eq!((reply.status, reply.json()["code"].as_str().unwrap()), (status, code));
        }
        let made = send(&house, keyed(json!({"label": "Ada"}))).await;
        assert_eq!((made.status, &made.json()["label"]), (201, &json!("Ada")));
        let reused = send(&house, keyed(json!({"label": "Obi"}))).await;
        assert_eq!((reused.status, &reused.json()["code"]), (422, &json!("idempotency_key_reused")));
    });
}

#[test]
fn a_signed_in_player_redeems_and_a_customer_is_told_why_not() {
    over(|house| async move {
        let distributor = house.distributor().await;
        let player = house.person(AccountType::Player);
        let invite = create(&house, distributor, "k1").await.json();
        let redeemed =
            send(&house, by(redeeming(invite["code"].as_str().unwrap(), "r"), "player", player)).await;
        assert_eq!((redeemed.status, &redeemed.json()["outcome"]), (200, &json!("related")));
        let second = create(&house, distributor, "k2").await.json();
        let refused =
            send(&house, by(redeeming(second["code"].as_str().unwrap(), "r"), "customer", player)).await;
        assert_eq!((refused.status, &refused.json()["code"]), (409, &json!("already_related")));
    });
}

#[test]
fn a_relationship_is_changed_with_the_version_that_was_read() {
    over(|house| async move {
        let distributor = house.distributor().await;
        let customer = house.customer_of(distributor).await;
        let path = format!("/api/v1/relationships/{customer}");
        let read = send(&house, by(TestRequest::get().uri(&path), "distributor", distributor)).await;
        assert_eq!((read.status, read.header("etag")), (200, "\"1\""));
        assert_eq!(read.json()["customer_username"], customer.to_string());
        let suspend = |etag: Option<&str>| {
            let request = by(TestRequest::post().uri(&format!("{path}/suspend")), "distributor", distributor);
            match etag {
                Some(etag) => request.insert_header(("if-match", etag)),
                None => request,
            }
        };
        assert_eq!(send(&house, suspend(None)).await.status, 428);
        assert_eq!(send(&house, suspend(Some("\"7\""))).await.status, 412);
        let suspended = send(&house, suspend(Some("\"1\""))).await;
        assert_eq!((suspended.status, suspended.header("etag")), (200, "\"2\""));
        assert_eq!(suspended.json()["state"], "suspended");
        let wrong = send(&house, suspend(Some("\"2\""))).await;
        assert_eq!((wrong.status, &wrong.json()["code"]), (409, &json!("wrong_state")));
        let stranger = house.distributor().await;
        assert_eq!(
            send(&house, by(TestRequest::get().uri(&path), "distributor", stranger)).await.status,
            404
        );
        let history = by(TestRequest::get().uri(&format!("{path}/history")), "customer", customer);
        assert_eq!(send(&house, history).await.json()["items"].as_array().unwrap().len(), 2);
    });
}

#[test]
fn an_entitlement_is_told_to_the_two_alone_and_never_why() {
    over(|house| async move {
        let distributor = house.distributor().await;
        let (one, two) = (house.customer_of(distributor).await, house.customer_of(distributor).await);
        let ask = async |what: &str, a, b, who| {
            let path = format!("/api/v1/entitlements/{what}/{a}/{b}");
            send(&house, by(TestRequest::get().uri(&path), "customer", who)).await
        };
        let chat = ask("chat", one, distributor, one).await.json();
        assert_eq!((&chat["allowed"], &chat["code"]), (&json!(true), &Value::Null));
        let denied = ask("chat", one, two, one).await;
        assert_eq!(
            (&denied.json()["allowed"], &denied.json()["code"]),
            (&json!(false), &json!("not_available"))
        );
        assert!(!denied.text.contains("no_relationship"));
        assert_eq!(ask("play", one, two, two).await.json()["allowed"], true);
        assert_eq!(ask("chat", one, distributor, two).await.status, 404);
        let put = by(TestRequest::put().uri(&format!("/api/v1/blocks/{one}")), "customer", two);
        assert_eq!(send(&house, put).await.status, 204);
        assert_eq!(ask("play", one, two, one).await.json()["allowed"], false);
        let blocks = send(&house, by(TestRequest::get().uri("/api/v1/blocks"), "customer", two)).await.json();
        assert_eq!(blocks["items"][0]["account_id"], json!(one));
        let delete = by(TestRequest::delete().uri(&format!("/api/v1/blocks/{one}")), "customer", two);
        assert_eq!(send(&house, delete).await.status, 204);
        assert_eq!(ask("play", one, two, one).await.json()["allowed"], true);
    });
}

#[test]
fn the_landing_page_is_strict_and_spends_nothing() {
    over(|house| async move {
        for (path, media) in [
            ("/i", "text/html"),
            ("/g", "text/html"),
            ("/i/landing.css", "text/css"),
            ("/i/landing.js", "text/javascript"),
        ] {
            let page = send(&house, TestRequest::get().uri(path)).await;
            assert_eq!(page.status, 200);
            assert!(page.header("content-type").starts_with(media));
            let policy = page.header("content-security-policy");
            assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
            assert_eq!(page.header("referrer-policy"), "no-referrer");
        }
        let association =
            send(&house, TestRequest::get().uri("/.well-known/apple-app-site-association")).await;
        assert_eq!((association.status, association.header("content-type")), (200, "application/json"));
    });
}
