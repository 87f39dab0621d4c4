//! POST /`api/v1/games/pairings/{pairing_id}/accept` and `/decline`

use kernel::id::{GameId, PairingId};
use platform::web::{Answer, Body, Caller, NoContent, PathId, Problem, State, schema};
use serde::Serialize;
use utoipa::ToSchema;

use super::accept_invite::Acceptance;
use super::problem;
use crate::app::App;
use crate::app::finding::answer_pairing;

/// What an acceptance has led to.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = GamePairingAccepted)]
pub(super) struct Accepted {
    #[schema(value_type = schema::GameId)]
    game_id: GameId,
    /// Whether the game has begun; if not, the other has not answered yet.
    begun: bool,
}

pub(super) async fn accept(
    caller: Caller,
    app: State<App>,
    id: PathId<PairingId>,
    body: Body<Acceptance>,
) -> Result<Answer<Accepted>, Problem> {
    let (account, entropy) = (caller.principal.account, body.0.entropy());
    let accepted = answer_pairing::accept(&app, &caller.call, account, id.0, entropy)
        .await
        .map_err(problem::of_pairing)?;
    Ok(Answer::ok(Accepted { game_id: accepted.game, begun: accepted.begun }))
}

pub(super) async fn decline(
    caller: Caller,
    app: State<App>,
    id: PathId<PairingId>,
) -> Result<NoContent, Problem> {
    answer_pairing::decline(&app, &caller.call, caller.principal.account, id.0)
        .await
        .map_err(problem::of_pairing)?;
    Ok(NoContent)
}
