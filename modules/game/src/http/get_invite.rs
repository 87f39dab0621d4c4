//! GET /`api/v1/games/invites/{invite_id`}

use kernel::id::GameInviteId;
use platform::web::{Answer, Caller, PathId, Problem, State};

use super::invite_view::InviteView;
use crate::app::{App, list_invites};

pub(super) async fn handle(
    caller: Caller,
    app: State<App>,
    id: PathId<GameInviteId>,
) -> Result<Answer<InviteView>, Problem> {
    let account = caller.principal.account;
    let invite = list_invites::one(&app, account, id.0).await?.ok_or_else(Problem::not_found)?;
    Ok(Answer::ok(InviteView::shown(&app, &caller.call, account, &invite).await))
}
