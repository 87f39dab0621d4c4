//! POST /`api/v1/games/{game_id}/resign`

use kernel::id::{GameId, Uuid};
use platform::web::{Answer, Body, Caller, PathId, Problem, State};
use serde::Deserialize;
use utoipa::ToSchema;

use super::play::{Played, carry_out};
use crate::app::App;
use crate::domain::command::{Act, Asked};

/// Giving up. It needs no turn.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = GameResignation)]
pub(super) struct Resignation {
    /// The client's id for this command, as in `play`.
    #[schema(value_type = String, format = "uuid")]
    cid: Uuid,
    /// The last event the client has seen; without it the resignation holds whatever happened since.
    #[serde(default)]
    base: Option<u64>,
}

pub(super) async fn handle(
    caller: Caller,
    app: State<App>,
    id: PathId<GameId>,
    body: Body<Resignation>,
) -> Result<Answer<Played>, Problem> {
    let asked = Asked { cid: body.0.cid, base: body.0.base, act: Act::Resign };
    carry_out(&app, caller, id.0, asked).await
}
