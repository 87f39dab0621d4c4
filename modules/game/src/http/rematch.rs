//! POST /`api/v1/games/{game_id}/rematch`

use kernel::id::GameId;
use platform::web::{Answer, Caller, Keyed, PathId, Problem, State};
use serde::Deserialize;
use utoipa::ToSchema;

use super::invite_view::InviteView;
use super::problem;
use crate::app::{App, rematch};

/// Nothing needs to be said.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RematchRequest)]
pub(super) struct Empty {}

pub(super) async fn handle(
    caller: Caller,
    app: State<App>,
    id: PathId<GameId>,
    body: Keyed<Empty>,
) -> Result<Answer<InviteView>, Problem> {
    let mut claim = body.claim;
    // The route's pattern and an empty body are the same for every game.
    claim.route = format!("{} {}", claim.route, id.0);
    let invite = rematch::run(&app, &caller.call, &caller.principal, claim, id.0)
        .await
        .map_err(|error| problem::of_rematch(error, id.0))?
        .ok_or_else(Problem::not_found)?;
    let view = InviteView::shown(&app, &caller.call, caller.principal.account, &invite).await;
    Ok(Answer::created(format!("/api/v1/games/invites/{}", invite.id), view))
}
