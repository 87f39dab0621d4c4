//! POST /`api/v1/games/invites/{invite_id}/cancel`

use kernel::id::GameInviteId;
use platform::web::{Answer, Caller, PathId, Problem, State};

use super::invite_view::InviteView;
use super::problem;
use crate::app::{App, answer_invite};

pub(super) async fn handle(
    caller: Caller,
    app: State<App>,
    id: PathId<GameInviteId>,
) -> Result<Answer<InviteView>, Problem> {
    let account = caller.principal.account;
    let invite =
        answer_invite::cancel(&app, &caller.call, account, id.0).await.map_err(problem::of_answer)?;
    Ok(Answer::ok(InviteView::shown(&app, &caller.call, account, &invite).await))
}
