//! POST /`api/v1/games/invites/{invite_id}/decline`

use kernel::id::GameInviteId;
use platform::web::{Answer, Body, Caller, PathId, Problem, State};
use serde::Deserialize;
use utoipa::ToSchema;

use super::invite_view::{DeclineReasonWord, InviteView};
use super::problem;
use crate::app::{App, answer_invite};
use crate::domain::invite::DeclineReason;

/// Why not.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = GameInviteRefusal)]
pub(super) struct Refusal {
    #[schema(value_type = DeclineReasonWord)]
    reason: DeclineReason,
}

pub(super) async fn handle(
    caller: Caller,
    app: State<App>,
    id: PathId<GameInviteId>,
    body: Body<Refusal>,
) -> Result<Answer<InviteView>, Problem> {
    let account = caller.principal.account;
    let invite = answer_invite::decline(&app, &caller.call, account, id.0, body.0.reason)
        .await
        .map_err(problem::of_answer)?;
    Ok(Answer::ok(InviteView::shown(&app, &caller.call, account, &invite).await))
}
