//! `DELETE /api/v1/invites/{invite_id}` and `POST /api/v1/invites/{invite_id}/revoke`

use kernel::id::InviteId;
use platform::web::{Answer, Caller, NoContent, PathId, Problem, State};

use super::invite_view::InviteView;
use super::problem;
use crate::app::{App, revoke_invite};

pub(crate) async fn delete(
    caller: Caller,
    app: State<App>,
    invite: PathId<InviteId>,
) -> Result<NoContent, Problem> {
    post(caller, app, invite).await.map(|_| NoContent)
}

pub(crate) async fn post(
    caller: Caller,
    app: State<App>,
    invite: PathId<InviteId>,
) -> Result<Answer<InviteView>, Problem> {
    let revoked = revoke_invite::run(&app, &caller.call, caller.principal.account, invite.0)
        .await
        .map_err(problem::of_revoke)?;
    Ok(Answer::ok(InviteView::of(revoked, app.clock.now())))
}
