//! The API document says what the table says, and nothing that cannot be resolved.

use std::collections::BTreeSet;

use kernel::id::{AccountId, GameId};
use kernel::{Permission, Role, Timestamp};
use platform::web::{
    Access, Answer, Cursor, Idempotent, Info, List, NoContent, Rate, Route, Routes, Table, schema,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use crate::world::{Floor, get};

const INFO: Info = Info { title: "Test", version: "1", description: "A test." };

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "only described")]
struct NewGame {
    #[schema(value_type = schema::AccountId)]
    opponent: AccountId,
    #[schema(max_length = 80)]
    label: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct Game {
    #[schema(value_type = schema::GameId)]
    id: GameId,
    #[schema(value_type = schema::Time)]
    begun_at: Timestamp,
    #[schema(value_type = Vec<schema::Role>)]
    roles: Vec<Role>,
    #[schema(value_type = Option<schema::AccountId>)]
    winner: Option<AccountId>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "only described")]
struct Listing {
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Option<kernel::Limit>,
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
}

fn routes() -> Routes {
    let nothing = || async { NoContent };
    Routes::of("game")
        .add(
            Route::post("/api/v1/games", Access::Permission(Permission::GamePlay), nothing)
                .summary("Begin a game")
                .body::<NewGame>()
                .answers::<Game>(201)
                .idempotent(Idempotent::Required)
                .problem(409, "already_playing")
                .rate(Rate::Create),
        )
        .add(
            Route::get("/api/v1/games", Access::Permission(Permission::GameRead), nothing)
                .summary("Own games")
                .query::<Listing>()
                .answers::<List<Game>>(200),
        )
        .add(
            Route::put(
                "/api/v1/games/{game_id}",
                Access::AnyOf(&[Permission::GamePlay, Permission::StaffCreate]),
                nothing,
            )
            .summary("Change a game")
            .body::<NewGame>()
            .answers_nothing()
            .versioned(),
        )
        .add(
            Route::get("/i", Access::Public, || async { Answer::ok(1) })
                .answers_as(200, "text/html")
                .hidden(),
        )
}

fn document() -> Value {
    Table::new([routes()]).unwrap().openapi(&INFO)
}

#[test]
fn the_same_table_gives_the_same_bytes_whatever_the_order_of_its_contexts() {
    let other = || {
        Routes::of("other").add(Route::get("/z", Access::Public, || async { NoContent }).answers::<Game>(200))
    };
    let write =
        |tables: [Routes; 2]| serde_json::to_string(&Table::new(tables).unwrap().openapi(&INFO)).unwrap();
    assert_eq!(write([routes(), other()]), write([other(), routes()]));
}

#[test]
fn a_route_is_documented_with_all_it_asks_and_answers() {
    let document = document();
    let begin = &document["paths"]["/api/v1/games"]["post"];
    assert_eq!(begin["operationId"], "post_games");
    assert_eq!(begin["x-permission"], json!(["game:play"]));
    assert_eq!(begin["x-rate-class"], "create");
    assert_eq!(begin["security"], json!([{ "bearer": [] }]));
    assert_eq!(
        begin["requestBody"]["content"]["application/json"]["schema"]["$ref"],
        "#/components/schemas/NewGame"
    );
    assert_eq!(
        begin["responses"]["201"]["content"]["application/json"]["schema"]["$ref"],
        "#/components/schemas/Game"
    );
    assert_eq!(begin["parameters"][0]["name"], "Idempotency-Key");
    let codes = |status: &str| begin["responses"][status]["x-codes"].clone();
    assert_eq!(codes("409"), json!(["already_playing", "idempotency_in_flight"]));
    assert_eq!(codes("401"), json!(["session_revoked", "token_expired", "unauthenticated"]));
    assert_eq!(codes("429"), json!(["rate_limited"]));
    let list = &document["paths"]["/api/v1/games"]["get"];
    assert_eq!(
        (&list["parameters"][0]["name"], &list["parameters"][0]["in"]),
        (&json!("limit"), &json!("query"))
    );
    let change = &document["paths"]["/api/v1/games/{game_id}"]["put"];
    assert_eq!(change["x-permission"], json!(["game:play", "staff:create"]));
    assert_eq!(
        (&change["parameters"][0]["name"], &change["parameters"][0]["in"]),
        (&json!("game_id"), &json!("path"))
    );
    assert!(change["responses"]["428"].is_object() && change["responses"]["404"].is_object());
    assert!(document["paths"]["/i"].is_null(), "hidden");
}

#[test]
fn kernel_types_are_described_by_their_stand_ins() {
    let schemas = document()["components"]["schemas"].clone();
    assert_eq!(schemas["GameId"]["pattern"], "^gam_[0-7][0-9a-hjkmnp-tv-z]{25}$");
    assert!(schemas["Role"]["enum"].as_array().unwrap().contains(&json!("moderator")));
    assert_eq!(schemas["Time"]["format"], "date-time");
    assert_eq!(
        schemas["NewGame"]["additionalProperties"], false,
        "unknown fields are refused and it says so"
    );
    assert_eq!(schemas["Game"]["properties"]["id"]["$ref"], "#/components/schemas/GameId");
}

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                found.insert(reference.to_owned());
            }
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[test]
fn every_reference_resolves_and_every_component_is_used() {
    let document = document();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    let known: BTreeSet<String> =
        document["components"]["schemas"].as_object().unwrap().keys().cloned().collect();
    let named: BTreeSet<String> = found
        .iter()
        .map(|reference| reference.trim_start_matches("#/components/schemas/").to_owned())
        .collect();
    assert_eq!(named, known);
}

async fn fetch(path: &str) -> crate::world::Reply {
    let floor = Floor::new();
    let table = Table::new([routes()]).unwrap().with_docs(&INFO).unwrap();
    let web = floor.web.clone();
    let app = actix_web::App::new()
        .wrap(platform::web::Edge::new(web.clone()))
        .configure(move |config| table.mount(&web, config));
    let service = actix_web::test::init_service(app).await;
    crate::world::reply(&service, get(path)).await
}

#[actix_web::test]
async fn the_reference_is_served_without_anything_from_elsewhere() {
    assert_eq!(fetch("/openapi.json").await.json(), document());
    for (path, media) in [
        ("/docs", "text/html"),
        ("/docs/reference.js", "text/javascript"),
        ("/docs/reference.css", "text/css"),
    ] {
        let reply = fetch(path).await;
        assert_eq!(reply.status, 200, "{path}");
        assert!(reply.header("content-type").starts_with(media), "{path}");
        let policy = reply.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert!(!reply.text().contains("://"), "{path} names another host");
        assert!(!reply.text().contains("innerHTML"), "{path}");
    }
    let page = fetch("/docs").await;
    assert!(
        !page.text().contains("<style")
            && !page.text().contains("style=")
            && !page.text().contains("<script>")
    );
}
