//! GET /`api/v1/games/{game_id}/proof` and GET /`api/v1/games/{game_id}/notation`

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use actix_web::{HttpRequest, HttpResponse};
use game_engine::Seat;
use game_record::{RecordDigest, notation};
use kernel::Timestamp;
use kernel::id::{AccountId, GameId};
use platform::web::{Caller, PathId, Problem, State, schema};
use serde_json::Value;
use utoipa::ToSchema;

use super::problem;
use crate::app::{App, proof};
use crate::live::wire::SeatWord;
use crate::text::Text;

/// The published record of a game that is over, whole: `whot verify game` checks it offline.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes; the record writes itself")]
pub(super) struct GameRecord {
    /// `whot-record@1`.
    format: String,
    #[schema(value_type = schema::GameId)]
    game_id: GameId,
    /// The first is the one who invited.
    #[schema(value_type = Vec<RecordPlayer>, min_items = 2, max_items = 2)]
    players: [RecordPlayer; 2],
    /// The canonical text of the rule set, which the commitment binds.
    rule_set: String,
    /// 32 bytes as base64url, as all of them.
    commitment: String,
    /// Null where a player gave none: it counts as 32 zero bytes.
    #[schema(value_type = Vec<Option<String>>, min_items = 2, max_items = 2)]
    entropy: [Option<String>; 2],
    seed: String,
    outcome: RecordOutcome,
    /// The whole journal.
    lines: Vec<RecordLine>,
    /// SHA-256 over all of it but the display names: both players export the same one.
    digest: String,
}

/// One of the two players of a record.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes; the record writes itself")]
pub(super) struct RecordPlayer {
    #[schema(value_type = schema::AccountId)]
    account_id: AccountId,
    /// For display; nothing binds it.
    username: Option<String>,
}

/// How the match of a record ended.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes; the record writes itself")]
pub(super) struct RecordOutcome {
    #[schema(value_type = Option<SeatWord>)]
    winner: Option<Text<Seat>>,
    /// `rounds`, `resignation`, `forfeit_away`, `forfeit_clock`, `drawn` or `voided`.
    reason: String,
    rounds: u32,
    #[schema(value_type = Vec<u32>, min_items = 2, max_items = 2)]
    points: [u32; 2],
    #[schema(value_type = Vec<u16>, min_items = 2, max_items = 2)]
    wins: [u16; 2],
}

/// A line of a record's journal.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes; the record writes itself")]
pub(super) struct RecordLine {
    /// From 1, without gaps.
    seq: u64,
    #[schema(value_type = schema::Time)]
    at: Timestamp,
    /// What happened, by `kind`, hidden cards included; docs/fair-shuffle.md names every member.
    #[schema(value_type = Object)]
    event: Value,
}

pub(super) async fn handle(
    caller: Caller,
    app: State<App>,
    id: PathId<GameId>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let account = caller.principal.account;
    let record = proof::run(&app, &caller.call, account, id.0).await.map_err(problem::of_proof)?;
    let json = || record.to_json().map_err(|_| Problem::internal());
    export(&request, record.digest, "application/json", &format!("{}.json", id.0), json)
}

pub(super) async fn notation(
    caller: Caller,
    app: State<App>,
    id: PathId<GameId>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let account = caller.principal.account;
    let record = proof::run(&app, &caller.call, account, id.0).await.map_err(problem::of_proof)?;
    let text = || record.story().map(|story| notation::write(&story)).map_err(|_| Problem::internal());
    export(&request, record.digest, "text/plain; charset=utf-8", &format!("{}.whot", id.0), text)
}

/// A file that never changes, but for the display names in it: hence the weak tag.
fn export(
    request: &HttpRequest,
    digest: RecordDigest,
    kind: &str,
    name: &str,
    body: impl FnOnce() -> Result<String, Problem>,
) -> Result<HttpResponse, Problem> {
    let tag = format!("W/\"{digest}\"");
    let known = request.headers().get_all(IF_NONE_MATCH).filter_map(|value| value.to_str().ok());
    let known =
        known.flat_map(|value| value.split(',')).any(|one| matches!(one.trim(), "*") || same(one, &tag));
    if known {
        return Ok(HttpResponse::build(StatusCode::NOT_MODIFIED).insert_header((ETAG, tag)).finish());
    }
    let mut response = HttpResponse::Ok();
    response.insert_header((CONTENT_TYPE, kind)).insert_header((ETAG, tag));
    response.insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")));
    Ok(response.body(body()?))
}

/// Weak comparison (RFC 9110, 8.8.3.2).
fn same(one: &str, other: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    opaque(one) == opaque(other)
}
