//! WS /`api/v1/games/{game_id}/ws`

use actix_web::web::{Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use platform::live::Door;
use platform::web::{Problem, State};

use crate::live::KIND;

pub(super) async fn handle(
    request: HttpRequest,
    payload: Payload,
    door: State<Door>,
    game: Path<String>,
) -> Result<HttpResponse, Problem> {
    door.upgrade(&request, payload, Some((KIND, game.as_str()))).await
}
