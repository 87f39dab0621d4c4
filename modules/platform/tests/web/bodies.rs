//! Extractors beside the plain body: keys, versions, ids, queries, cursors.

use data_encoding::HEXLOWER;
use kernel::id::{AccountId, GameId};
use kernel::{Limit, Permission, TypedId};
use platform::web::{
    Access, Answer, Caller, Cursor, IdempotencyKey, Idempotent, IfMatch, Keyed, List, PathId, PathIds,
    PathSecret, Problem, Query, Route, Routes, State, Web,
};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::world::{Floor, bearer, get, post, reply};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listing {
    limit: Option<Limit>,
    cursor: Option<Cursor>,
}

async fn numbers(
    caller: Caller,
    web: State<Web>,
    Query(query): Query<Listing>,
) -> Result<Answer<List<u32>>, Problem> {
    let after: u32 =
        query.cursor.map(|cursor| cursor.open(&web, &caller.principal, "numbers")).transpose()?.unwrap_or(0);
    let limit = query.limit.unwrap_or_default();
    let rows = (after + 1..=7).take(limit.get() as usize + 1).collect();
    let page = kernel::Page::from_rows(rows, limit, |last| *last);
    Ok(Answer::ok(List::from_page(page, |key| Cursor::seal(&web, &caller.principal, "numbers", key))))
}

async fn keyed(made: Keyed<Value>, caller: Caller) -> Answer<Value> {
    assert_eq!(caller.call.idempotency_key.as_deref(), Some(made.claim.key.as_str()));
    Answer::ok(json!({ "route": made.claim.route, "digest": HEXLOWER.encode(&made.claim.digest) }))
}

fn routes() -> Routes {
    let any = Access::Permission(Permission::ProfileRead);
    Routes::of("test")
        .add(Route::get("/numbers", any, numbers))
        .add(Route::post("/keyed/{id}", any, keyed).idempotent(Idempotent::Required))
        .add(
            Route::post("/key-only", Access::Public, |IdempotencyKey(key): IdempotencyKey| async { key })
                .idempotent(Idempotent::Required),
        )
        .add(Route::put("/versioned", Access::Public, |IfMatch(version): IfMatch| async move {
            Answer::ok(version).etag(version + 1)
        }))
        .add(Route::get("/games/{game_id}", Access::Public, |PathId(id): PathId<GameId>| async move {
            id.to_string()
        }))
        .add(Route::get(
            "/pairs/{a}/{b}",
            Access::Public,
            |PathIds(a, b): PathIds<AccountId, GameId>| async move { format!("{a} {b}") },
        ))
        .add(Route::get(
            "/secrets/{token}/spend",
            Access::Public,
            |PathSecret(token): PathSecret| async move { token.expose_secret().to_owned() },
        ))
}

#[actix_web::test]
async fn a_list_is_walked_by_cursors_that_nobody_else_can_use() {
    let floor = Floor::new();
    let service = floor.serve(routes()).await;
    let page = |token: &'static str, query: String| {
        reply(&service, get(&format!("/numbers?{query}")).insert_header(bearer(token)))
    };
    let mut seen = Vec::new();
    let mut query = "limit=3".to_owned();
    loop {
        let list = page("player", query).await.json();
        seen.extend(list["items"].as_array().unwrap().iter().map(|item| item.as_u64().unwrap()));
        let Some(cursor) = list["next_cursor"].as_str() else { break };
        query = format!("limit=3&cursor={cursor}");
        let stolen = page("player-2", query.clone()).await;
        assert_eq!((stolen.status, stolen.problem().as_str()), (400, "invalid_cursor"));
        let changed = page("player", format!("{query}A")).await;
        assert_eq!(changed.problem(), "invalid_cursor");
    }
    assert_eq!(seen, [1, 2, 3, 4, 5, 6, 7]);
}

#[actix_web::test]
async fn a_query_that_is_wrong_names_the_parameter() {
    for (query, code, pointer) in [
        ("limit=0", "invalid_request", "/limit"),
        ("limit=101", "invalid_request", "/limit"),
        ("limit=ten", "invalid_request", "/limit"),
        ("offset=5", "unknown_field", "/offset"),
        ("limit=1&limit=2", "invalid_request", "/limit"),
    ] {
        let reply = Floor::new()
            .send(routes(), get(&format!("/numbers?{query}")).insert_header(bearer("player")))
            .await;
        assert_eq!((reply.status, reply.problem().as_str()), (400, code), "{query}");
        assert_eq!(reply.json()["errors"][0]["pointer"], pointer, "{query}: {}", reply.text());
        assert_eq!(reply.json()["errors"][0]["in"], "query");
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    after: Option<u8>,
    quietly: Option<bool>,
}

#[actix_web::test]
async fn a_query_that_is_wrong_is_told_what_is_expected_in_plain_words() {
    let told = |query: Query<Told>| async move { format!("{:?} {:?}", query.0.after, query.0.quietly) };
    for (query, expected) in [
        ("after=ten", "expected a whole number"),
        ("after=", "expected a whole number"),
        ("after=256", "expected a smaller number"),
        ("quietly=perhaps", "expected true or false"),
    ] {
        let routes = Routes::of("test").add(Route::get("/told", Access::Public, told));
        let reply = Floor::new().send(routes, get(&format!("/told?{query}"))).await;
        assert_eq!((reply.status, &reply.json()["errors"][0]["detail"]), (400, &json!(expected)), "{query}");
    }
}

#[actix_web::test]
async fn a_creating_post_needs_its_key_and_knows_a_repeat_however_it_is_spelled() {
    let floor = Floor::new();
    let service = floor.serve(routes()).await;
    let send = |body: &str, key: Option<String>| {
        let request = post("/keyed/7", body).insert_header(bearer("player"));
        reply(
            &service,
            if let Some(key) = key { request.insert_header(("idempotency-key", key)) } else { request },
        )
    };
    let missing = send("{}", None).await;
    assert_eq!((missing.status, missing.problem().as_str()), (400, "idempotency_key_required"));
    for bad in ["a b".to_owned(), "x".repeat(256), String::new()] {
        assert_eq!(send("{}", Some(bad)).await.problem(), "invalid_idempotency_key");
    }
    let first = send(r#"{"a":1,"b":2}"#, Some("k".to_owned())).await.json();
    assert_eq!(first["route"], "POST /keyed/{id}", "the pattern, so that the claim holds for the route");
    assert_eq!(first, send(r#" {"b":2, "a":1}"#, Some("k".to_owned())).await.json());
    assert_ne!(first, send(r#"{"a":1,"b":3}"#, Some("k".to_owned())).await.json());
    let bare = floor.send(routes(), post("/key-only", "").insert_header(("idempotency-key", "abc"))).await;
    assert_eq!(bare.text(), "abc");
}

#[actix_web::test]
async fn a_write_to_a_versioned_resource_says_which_version_it_knows() {
    let put = |etag: Option<&'static str>| {
        let request = actix_web::test::TestRequest::put().uri("/versioned");
        let request = if let Some(etag) = etag { request.insert_header(("if-match", etag)) } else { request };
        async { Floor::new().send(routes(), request).await }
    };
    let missing = put(None).await;
    assert_eq!((missing.status, missing.problem().as_str()), (428, "precondition_required"));
    for foreign in ["\"abc\"", "7", "W/\"7\"", "*"] {
        let reply = put(Some(foreign)).await;
        assert_eq!((reply.status, reply.problem().as_str()), (412, "stale"), "{foreign}");
    }
    let done = put(Some("\"7\"")).await;
    assert_eq!((done.text(), done.header("etag")), ("7", "\"8\""));
}

#[actix_web::test]
async fn what_is_no_id_names_nothing() {
    let (game, account) = (GameId::from_uuid(uuid::Uuid::max()), AccountId::from_uuid(uuid::Uuid::nil()));
    let found = Floor::new().send(routes(), get(&format!("/games/{game}"))).await;
    assert_eq!(found.text(), game.to_string());
    let pair = Floor::new().send(routes(), get(&format!("/pairs/{account}/{game}"))).await;
    assert_eq!(pair.text(), format!("{account} {game}"));
    for path in [format!("/games/{account}"), "/games/7".to_owned(), format!("/pairs/{game}/{account}")] {
        let reply = Floor::new().send(routes(), get(&path)).await;
        assert_eq!((reply.status, reply.problem().as_str()), (404, "not_found"), "{path}");
    }
    let secret = Floor::new().send(routes(), get("/secrets/civ_abc/spend")).await;
    assert_eq!(secret.text(), "civ_abc");
}
