//! The routes as a client sees them: status, codes and bodies, over the real middleware.

use std::sync::Arc;

use actix_web::http::{Method, StatusCode};
use actix_web::{App as Server, test as harness};
use async_trait::async_trait;
use kernel::{Principal, SeededRandom};
use platform::crypto::{Mac, SecretBytes};
use platform::testing::TestDb;
use platform::web::{AuthFailure, Authenticator, Edge, Table, Web, WebSettings};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::routes;
use crate::MIGRATIONS;
use crate::app::App;
use crate::app::bootstrap_admin;
use crate::app::verify_token::Refused;
use crate::testing::{House, PASSWORD};

struct Auth(Arc<App>);

#[async_trait]
impl Authenticator for Auth {
    async fn authenticate(&self, bearer: &str) -> Result<Principal, AuthFailure> {
        self.0.verifier.verify(bearer).await.map_err(|refused| match refused {
            Refused::Revoked => AuthFailure::Revoked,
            Refused::Suspended => AuthFailure::Suspended,
            Refused::Token(_) => AuthFailure::Invalid,
            Refused::Store(_) => AuthFailure::Unavailable,
        })
    }
}

/// What came back.
#[derive(Debug)]
struct Reply {
    status: StatusCode,
    body: Value,
    headers: actix_web::http::header::HeaderMap,
}

impl Reply {
    fn text(&self, name: &str) -> String {
        self.body[name].as_str().unwrap_or_else(|| panic!("{name} in {self:?}")).to_owned()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap().to_str().unwrap()
    }

    fn code(&self) -> (u16, &str) {
        (self.status.as_u16(), self.body["code"].as_str().unwrap_or_default())
    }
}

/// A request to be sent.
struct Ask<'a> {
    method: Method,
    path: &'a str,
    bearer: &'a str,
    key: Option<&'a str>,
    body: Option<Value>,
}

fn get(path: &str) -> Ask<'_> {
    Ask { method: Method::GET, path, bearer: "", key: None, body: None }
}

fn post(path: &str, body: Value) -> Ask<'_> {
    Ask { method: Method::POST, body: Some(body), ..get(path) }
}

impl<'a> Ask<'a> {
    fn by(self, bearer: &'a str) -> Self {
        Self { bearer, ..self }
    }
    fn key(self, key: &'a str) -> Self {
        Self { key: Some(key), ..self }
    }
}

async fn send(house: &House, ask: Ask<'_>) -> Reply {
    let clock = Arc::new(house.clock.clone());
    let random = Arc::new(SeededRandom::new(4));
    let cursor_key = Mac::new(&SecretBytes::from([5; 32]));
    let auth = Arc::new(Auth(house.app.clone()));
    let web = Arc::new(Web::new(clock, random, auth, cursor_key, WebSettings::default()));
    let table = Table::new([routes().state(house.app.clone())]).unwrap();
    let mounted = web.clone();
    let server = Server::new().wrap(Edge::new(web)).configure(move |config| table.mount(&mounted, config));
    let service = harness::init_service(server).await;
    let mut request = harness::TestRequest::with_uri(ask.path)
        .method(ask.method)
        .peer_addr("192.0.2.1:5000".parse().unwrap())
        .insert_header(("x-device-id", "phone-1"));
    if !ask.bearer.is_empty() {
        request = request.insert_header(("authorization", format!("Bearer {}", ask.bearer)));
    }
    if let Some(key) = ask.key {
        request = request.insert_header(("idempotency-key", key));
    }
    if let Some(body) = ask.body {
        request = request.set_json(body);
    }
    let response = harness::call_service(&service, request.to_request()).await;
    let (status, headers) = (response.status(), response.headers().clone());
    let bytes = harness::read_body(response).await;
    Reply { status, headers, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) }
}

async fn activate(house: &House, token: &str) -> String {
    let body = json!({ "token": token, "password": PASSWORD });
    let reply = send(house, post("/api/v1/auth/activate", body)).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.text("access_token")
}

platform::for_each_database! { MIGRATIONS;
    async fn from_the_first_admin_to_a_distributor_that_signs_in_and_out(db: TestDb) {
        let house = House::over(&db.db).await;
        let first = bootstrap_admin::run(&house.app, &house.call(), "root-admin").await.unwrap();
        let admin = activate(&house, first.token.expose_secret()).await;

        let staff = json!({ "username": "second-eyes" });
        let made = send(&house, post("/api/v1/admin/staff", staff).by(&admin).key("one")).await;
        assert_eq!(made.status, 201, "{made:?}");
        let approver = activate(&house, &made.text("enrolment_token")).await;
        let role = format!("/api/v1/admin/staff/{}/roles/approver", made.text("account_id"));
        let granted = send(&house, Ask { method: Method::PUT, ..get(&role) }.by(&admin)).await;
        assert_eq!((granted.status.as_u16(), &granted.body["roles"]), (200, &json!(["approver"])));

        let asked = json!({ "username": "kola", "label": "Kola & Sons" });
        let asked = send(&house, post("/api/v1/admin/distributors", asked).by(&admin).key("two")).await;
        assert_eq!((asked.status.as_u16(), &asked.body["state"]), (201, &json!("requested")), "{asked:?}");
        let path = format!("/api/v1/admin/distributors/{}", asked.text("id"));
        assert_eq!(asked.header("location"), path.as_str());
        let approve = format!("{path}/approve");
        let alone = send(&house, Ask { method: Method::POST, ..get(&approve) }.by(&admin)).await;
        assert_eq!(alone.code(), (403, "forbidden"));
        let approved = send(&house, Ask { method: Method::POST, ..get(&approve) }.by(&approver)).await;
        assert_eq!((approved.status.as_u16(), &approved.body["state"]), (200, &json!("invited")), "{approved:?}");
        activate(&house, &approved.text("activation_token")).await;

        let login = json!({ "login": "KOLA", "password": PASSWORD });
        let signed_in = send(&house, post("/api/v1/auth/login", login)).await;
        assert_eq!(signed_in.status, 200, "{signed_in:?}");
        let token = signed_in.text("access_token");
        let me = send(&house, get("/api/v1/users/me").by(&token)).await;
        assert_eq!((&me.body["username"], &me.body["account_type"]), (&json!("kola"), &json!("distributor")));
        assert_eq!(me.header("cache-control"), "no-store");
        let sessions = send(&house, get("/api/v1/sessions").by(&token)).await;
        assert_eq!(sessions.body["items"].as_array().unwrap().len(), 2);
        assert_eq!(sessions.body["items"][0]["device_id"], "phone-1");
        let out = send(&house, Ask { method: Method::POST, ..get("/api/v1/auth/logout") }.by(&token)).await;
        assert_eq!(out.status, 204);
        assert_eq!(send(&house, get("/api/v1/users/me").by(&token)).await.status, 401);

        let listed = send(&house, get("/api/v1/admin/distributors?state=active").by(&approver)).await;
        assert_eq!(listed.body["items"][0]["username"], "kola", "{listed:?}");
        let suspend = format!("{path}/suspend");
        let stopped = send(&house, post(&suspend, json!({ "reason": "audit" })).by(&admin)).await;
        assert_eq!(stopped.body["state"], "suspended", "{stopped:?}");
        let login = json!({ "login": "kola", "password": PASSWORD });
        let refused = send(&house, post("/api/v1/auth/login", login)).await;
        assert_eq!(refused.code(), (403, "account_suspended"));
    }

    async fn refreshing_renews_repeats_and_ends_a_family_over_http(db: TestDb) {
        let house = House::over(&db.db).await;
        house.player("ada").await;
        let login = json!({ "login": "ada", "password": PASSWORD, "device": { "id": "phone-2", "name": "Ada's phone" } });
        let first = send(&house, post("/api/v1/auth/login", login)).await.text("refresh_token");
        let refresh = async |token: &str| {
            send(&house, post("/api/v1/auth/refresh", json!({ "refresh_token": token }))).await
        };
        let second = refresh(&first).await.text("refresh_token");
        assert_eq!(refresh(&first).await.text("refresh_token"), second);
        let third = refresh(&second).await.text("refresh_token");
        assert_eq!(refresh(&first).await.code(), (401, "refresh_token_reused"));
        assert_eq!(refresh(&third).await.code(), (401, "invalid_refresh_token"));
        assert_eq!(refresh("junk").await.code(), (401, "invalid_refresh_token"));
    }

    async fn a_registration_over_http_is_pending_until_linked_and_then_signs_in(db: TestDb) {
        let house = House::over(&db.db).await;
        let distributor = house.distributor("kola").await.account;
        let redemption = house.app.ids.next();
        let ticket = house.ticket(redemption, distributor);
        let body = json!({ "ticket": ticket.expose_secret(), "username": "ada", "password": PASSWORD });
        let pending = send(&house, post("/api/v1/auth/register", body.clone())).await;
        assert_eq!(pending.status, 202, "{pending:?}");
        let status_url = pending.text("status_url");
        assert_eq!(pending.header("location"), status_url.as_str());
        assert_eq!(send(&house, get(&status_url)).await.code(), (404, "not_found"), "without its token");
        let account = house.app.store.account_by_username("ada".to_owned()).await.unwrap().unwrap().id;
        let link =
            identity_api::Link { account, relationship: house.app.ids.next(), redemption: Some(redemption) };
        house.app.store.link_redeemed(house.app.stamp(&house.call()), link).await.unwrap();
        let done = send(&house, post("/api/v1/auth/register", body)).await;
        assert_eq!((done.status.as_u16(), done.text("account_id")), (201, account.to_string()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_named_and_secrets_are_never_echoed() {
    let db = TestDb::fresh(platform::db::Dialect::Sqlite, &MIGRATIONS).await.unwrap();
    let house = House::over(&db.db).await;
    let first = bootstrap_admin::run(&house.app, &house.call(), "root-admin").await.unwrap();
    let token = first.token.expose_secret();
    let short =
        send(&house, post("/api/v1/auth/activate", json!({ "token": token, "password": "short" }))).await;
    assert_eq!(short.code(), (422, "password_unacceptable"));
    assert_eq!(short.body["errors"][0]["pointer"], "/password");
    assert_eq!(short.body["errors"][0]["code"], "too_short");
    let junk = json!({ "token": "act_junk", "password": PASSWORD });
    assert_eq!(send(&house, post("/api/v1/auth/activate", junk)).await.code(), (404, "activation_unusable"));
    let closed = json!({ "username": "ada", "password": PASSWORD });
    let closed = send(&house, post("/api/v1/auth/register", closed)).await;
    assert_eq!(closed.code(), (403, "registration_closed"));
    let name = json!({ "username": "a b", "password": PASSWORD });
    let name = send(&house, post("/api/v1/auth/register", name)).await;
    assert_eq!(
        (name.code(), &name.body["errors"][0]["pointer"]),
        ((422, "invalid_request"), &json!("/username"))
    );
    let wrong = json!({ "login": "nobody", "password": "planted-secret-password" });
    let wrong = send(&house, post("/api/v1/auth/login", wrong)).await;
    assert_eq!(wrong.code(), (401, "bad_credentials"));
    assert!(!wrong.body.to_string().contains("planted"));
    let unknown = json!({ "login": "nobody", "password": PASSWORD, "admin": true });
    assert_eq!(send(&house, post("/api/v1/auth/login", unknown)).await.code(), (422, "unknown_field"));
    db.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_published_keys_are_what_signed_the_tokens() {
    let db = TestDb::fresh(platform::db::Dialect::Sqlite, &MIGRATIONS).await.unwrap();
    let house = House::over(&db.db).await;
    let jwks = send(&house, get("/.well-known/jwks.json")).await;
    let keys = jwks.body["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 2, "the active key and the next");
    let active = house.app.keys.ring().active().kid().to_owned();
    let key = keys.iter().find(|key| key["kid"] == active.as_str()).unwrap();
    assert_eq!(
        (&key["kty"], &key["crv"], &key["alg"], &key["use"]),
        (&json!("EC"), &json!("P-256"), &json!("ES256"), &json!("sig"))
    );
    for coordinate in ["x", "y"] {
        let bytes = data_encoding::BASE64URL_NOPAD.decode(key[coordinate].as_str().unwrap().as_bytes());
        assert_eq!(bytes.unwrap().len(), 32);
    }
    assert!(jwks.header("cache-control").contains("max-age=300"));
    db.remove().await;
}

#[test]
fn the_table_documents_every_route_without_a_duplicate() {
    let table = Table::new([routes()]).unwrap();
    assert!(table.iter().all(|route| route.module() == "identity"));
    assert_eq!(table.iter().count(), 24);
}
