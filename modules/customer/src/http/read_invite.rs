//! `GET /api/v1/invites/{invite_id}`

use kernel::id::InviteId;
use platform::web::{Answer, Caller, PathId, Problem, State};

use super::invite_view::InviteView;
use super::problem;
use crate::app::{App, list_invites};

pub(crate) async fn handle(
    caller: Caller,
    app: State<App>,
    invite: PathId<InviteId>,
) -> Result<Answer<InviteView>, Problem> {
    let found = list_invites::one(&app, &caller.call, caller.principal.account, invite.0).await;
    let named = found.map_err(problem::of_failure)?.ok_or_else(Problem::not_found)?;
    Ok(Answer::ok(InviteView::named(named, app.clock.now())))
}
