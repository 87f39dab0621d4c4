//! What holds on every route (API.md 1): problems, request ids, idempotency, cursors, limits, headers.

use reqwest::Method;
use serde_json::{Value, json};
use whot::client::{Answer, Api};

use crate::harness::{PASSWORD, Server};
use crate::spec::openapi;

fn assert_problem(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, answer.code()), (status, code), "{}", answer.text);
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{}", answer.text);
    assert_eq!(answer.body["status"], status);
    assert_eq!(answer.body["request_id"].as_str(), answer.header("x-request-id"));
    assert!(answer.body["title"].is_string() && answer.body["type"].is_string(), "{}", answer.text);
}

async fn raw(api: &Api, method: Method, path: &str, kind: &str, body: &str) -> Answer {
    let request = api.request(method, path).header("content-type", kind).header("idempotency-key", "k-1");
    Api::send(request.body(body.to_owned())).await.unwrap()
}

#[tokio::test]
async fn every_kind_of_bad_request_gets_a_precise_problem() {
    let server = Server::start();
    let house = server.house().await;
    let api = &house.api;
    let login = "/api/v1/auth/login";
    let json_type = "application/json";

    assert_problem(&api.call(Method::GET, "/api/v1/nowhere", None).await.unwrap(), 404, "not_found");
    let answer = api.call(Method::GET, login, None).await.unwrap();
    assert_problem(&answer, 405, "method_not_allowed");
    assert!(answer.header("allow").unwrap().contains("POST"));
    assert_problem(&raw(api, Method::POST, login, json_type, "{\"login\":").await, 400, "malformed_json");
    assert_problem(
        &raw(api, Method::POST, login, "text/plain", "hello").await,
        415,
        "unsupported_media_type",
    );
    let huge = format!("{{\"login\":\"{}\"}}", "x".repeat(200_000));
    assert_problem(&raw(api, Method::POST, login, json_type, &huge).await, 413, "payload_too_large");
    let unknown =
        raw(api, Method::POST, login, json_type, r#"{"login":"a","password":"b","admin":true}"#).await;
    assert_problem(&unknown, 422, "unknown_field");
    assert_eq!(unknown.body["errors"][0]["pointer"], "/admin", "{}", unknown.text);
    let wrong_type = raw(api, Method::POST, login, json_type, r#"{"login":7,"password":"b"}"#).await;
    assert_problem(&wrong_type, 422, "invalid_request");
    assert_eq!(wrong_type.body["errors"][0]["pointer"], "/login", "{}", wrong_type.text);

    let answer = api.call(Method::GET, "/api/v1/users/me", None).await.unwrap();
    assert_problem(&answer, 401, "unauthenticated");
    assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer"));
    let forged =
        api.with_token("eyJhbGciOiJub25lIn0.e30.").call(Method::GET, "/api/v1/users/me", None).await.unwrap();
    assert_eq!(forged.status, 401);
    let refused = house.distributor.api.call(Method::GET, "/api/v1/admin/distributors", None).await.unwrap();
    assert_problem(&refused, 403, "forbidden");
    let junk_id = house.distributor.api.call(Method::GET, "/api/v1/invites/inv_junk", None).await.unwrap();
    assert_problem(&junk_id, 404, "not_found");
}

#[tokio::test]
async fn what_is_wrong_inside_a_body_is_told_where_it_stands_and_a_list_is_no_object() {
    let server = Server::start();
    let house = server.house().await;
    let api = &house.distributor.api;
    let set = |rule_set: Value| json!({ "username": "somebody", "rule_set": rule_set });
    for (body, code, pointer, field_code) in [
        (json!(["somebody", "naija_classic"]), "invalid_request", "", "wrong_type"),
        (set(json!({ "name": "quick", "zz": 1 })), "unknown_field", "/rule_set/zz", "unknown_field"),
        (set(json!({ "toggles": {} })), "invalid_request", "/rule_set/name", "required"),
        (
            set(json!({ "name": "quick", "version": "x" })),
            "invalid_request",
            "/rule_set/version",
            "wrong_type",
        ),
        (set(json!(7)), "invalid_request", "/rule_set", "wrong_type"),
        (set(json!(["quick"])), "invalid_request", "/rule_set", "wrong_type"),
    ] {
        let text = body.to_string();
        let answer = raw(api, Method::POST, "/api/v1/games/invites", "application/json", &text).await;
        assert_problem(&answer, 422, code);
        let error = &answer.body["errors"][0];
        assert_eq!((&error["pointer"], &error["code"]), (&json!(pointer), &json!(field_code)), "{text}");
    }
    let twice = r#"{"username":"a","rule_set":{"name":"quick","toggles":{"deal":5,"deal":6}}}"#;
    let answer = raw(api, Method::POST, "/api/v1/games/invites", "application/json", twice).await;
    assert_problem(&answer, 422, "invalid_request");
    assert_eq!(answer.body["errors"][0]["pointer"], "/rule_set/toggles/deal", "{}", answer.text);
    assert_eq!(answer.body["errors"][0]["code"], "duplicate", "{}", answer.text);
}

#[test]
fn every_list_documents_the_cursor_that_is_none_of_its_own() {
    let lists = openapi().routes_with("cursor");
    assert!(lists.len() > 5, "{lists:?}");
    for (path, answers) in lists {
        let codes = answers["400"]["x-codes"].as_array().unwrap();
        assert!(codes.contains(&json!("invalid_cursor")), "{path}");
    }
}

#[test]
fn what_a_body_has_to_name_is_documented_as_required_though_it_may_be_null() {
    let required = &openapi().component("GamePreferencesChoice")["required"];
    assert!(required.as_array().unwrap().contains(&json!("quiet_hours")), "{required}");
}

#[tokio::test]
async fn a_request_id_is_kept_when_it_is_well_formed_and_replaced_when_it_is_not() {
    let server = Server::start();
    let ask =
        |id: &'static str| Api::send(server.api.request(Method::GET, "/healthz").header("x-request-id", id));
    assert_eq!(ask("req-1.A_b").await.unwrap().header("x-request-id"), Some("req-1.A_b"));
    let replaced = ask("no good: spaces").await.unwrap();
    let id = replaced.header("x-request-id").unwrap();
    assert!(!id.is_empty() && id != "no good: spaces");
}

#[tokio::test]
async fn answers_carry_the_security_headers_and_what_is_private_is_not_stored() {
    let server = Server::start();
    let house = server.house().await;
    let me = house.distributor.api.get("/api/v1/users/me").await.unwrap();
    assert!(me.header("cache-control").unwrap().contains("no-store"));
    for name in ["x-content-type-options", "content-security-policy", "referrer-policy"] {
        assert!(me.header(name).is_some(), "{name} is missing");
    }
    assert!(me.header("ratelimit").is_some() && me.header("ratelimit-policy").is_some());
    let preflight = server.api.request(Method::OPTIONS, "/api/v1/users/me");
    let preflight =
        preflight.header("origin", "https://evil.example").header("access-control-request-method", "GET");
    let answer = Api::send(preflight).await.unwrap();
    assert!(answer.header("access-control-allow-origin").is_none(), "CORS is closed");
}

#[tokio::test]
async fn the_same_idempotency_key_creates_once_and_with_another_body_is_refused() {
    let server = Server::start();
    let house = server.house().await;
    let create = |body: Value| {
        let request = house.distributor.api.request(Method::POST, "/api/v1/invites");
        Api::send(request.header("idempotency-key", "same-key").json(&body))
    };
    let (first, second) = (create(json!({})).await.unwrap(), create(json!({})).await.unwrap());
    assert_eq!(first.body["id"], second.body["id"], "one invite");
    assert_ne!(first.body["code"], second.body["code"], "with a new code, since codes are not kept");
    let voided = house.redeem(first.body["code"].as_str().unwrap()).await;
    assert!(voided.is_err(), "the old code is void");
    house.redeem(second.body["code"].as_str().unwrap()).await.unwrap();
    assert_problem(&create(json!({"label": "another"})).await.unwrap(), 422, "idempotency_key_reused");
    let missing = house.distributor.api.request(Method::POST, "/api/v1/invites").json(&json!({}));
    assert_eq!(Api::send(missing).await.unwrap().status, 400, "the header is required");
}

#[tokio::test]
async fn a_list_is_paged_by_signed_cursors_that_belong_to_one_person_and_filter() {
    let server = Server::start();
    let house = server.house().await;
    let api = &house.distributor.api;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(api.post("/api/v1/invites", json!({})).await.unwrap().text_at("/id").unwrap());
    }
    let mut seen = Vec::new();
    let mut path = "/api/v1/invites?limit=2".to_owned();
    let mut cursors = Vec::new();
    loop {
        let page = api.get(&path).await.unwrap();
        seen.extend(
            page.body["items"].as_array().unwrap().iter().map(|i| i["id"].as_str().unwrap().to_owned()),
        );
        let Some(cursor) = page.body["next_cursor"].as_str() else { break };
        cursors.push(cursor.to_owned());
        path = format!("/api/v1/invites?limit=2&cursor={cursor}");
    }
    seen.sort();
    made.sort();
    assert_eq!(seen, made);
    let mut tampered = cursors[0].clone();
    tampered.replace_range(0..1, if tampered.starts_with('A') { "B" } else { "A" });
    let refused = api.call(Method::GET, &format!("/api/v1/invites?cursor={tampered}"), None).await.unwrap();
    assert_problem(&refused, 400, "invalid_cursor");
    let refused = api.call(Method::GET, "/api/v1/invites?limit=101", None).await.unwrap();
    assert_eq!(refused.status, 400, "{}", refused.text);
}

#[tokio::test]
async fn guessing_passwords_is_slowed_down_and_says_when_to_try_again() {
    let server = Server::start_with(&[("web.limits.sign_in.address.requests", "5")]);
    let mut last = None;
    for _ in 0..8 {
        let body = json!({"login": "nobody", "password": PASSWORD});
        last = Some(server.api.call(Method::POST, "/api/v1/auth/login", Some(&body)).await.unwrap());
    }
    let last = last.unwrap();
    assert_problem(&last, 429, "rate_limited");
    assert!(last.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
}

#[tokio::test]
async fn what_reaches_no_route_is_counted_by_address_and_costs_nobodys_own_allowance() {
    let server = Server::start_with(&[("web.limits.unmatched.address.requests", "3")]);
    let house = server.house().await;
    let api = &house.admin.api;
    let mine = async || {
        let answer = api.call(Method::GET, "/api/v1/users/me", None).await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.header("ratelimit").unwrap().to_owned()
    };
    for left in ["2", "1", "0"] {
        let stray = api.call(Method::GET, "/api/v1/nowhere", None).await.unwrap();
        assert_problem(&stray, 404, "not_found");
        assert!(stray.header("ratelimit").unwrap().starts_with(&format!("\"unmatched\";r={left};")));
    }
    for (method, path) in [(Method::GET, "/api/v1/nowhere"), (Method::DELETE, "/api/v1/users/me")] {
        let refused = api.call(method, path, None).await.unwrap();
        assert_problem(&refused, 429, "rate_limited");
        assert!(refused.header("retry-after").is_some());
    }
    assert!(mine().await.starts_with("\"read\";"), "another class");
}

#[tokio::test]
async fn health_docs_and_the_landing_page_are_there() {
    let server = Server::start();
    assert_eq!(server.api.get("/healthz").await.unwrap().status, 200);
    let ready = server.api.get("/readyz").await.unwrap();
    assert_eq!(ready.status, 200, "{}", ready.text);
    for context in ["identity", "customer", "game"] {
        assert!(ready.text.contains(context), "{}", ready.text);
    }
    let landing = server.api.get("/i").await.unwrap();
    assert!(landing.header("content-type").unwrap().starts_with("text/html"));
    assert!(landing.header("content-security-policy").unwrap().contains("default-src 'none'"));
    assert!(server.api.get("/docs").await.unwrap().text.contains("<html"));
    let document = server.api.get("/openapi.json").await.unwrap();
    assert!(document.body["openapi"].as_str().unwrap().starts_with("3.1"));
    let keys = server.api.get("/.well-known/jwks.json").await.unwrap();
    assert_eq!(keys.body["keys"][0]["kty"], "EC");
    assert!(keys.body["keys"][0].get("d").is_none(), "a private key is published");
}
