//! `POST /api/v1/invites/{invite_id}/resend`

use kernel::id::InviteId;
use platform::web::{Answer, Caller, PathId, Problem, State};

use super::invite_view::InviteIssued;
use super::problem;
use crate::app::{App, reissue_invite};

pub(crate) async fn handle(
    caller: Caller,
    app: State<App>,
    invite: PathId<InviteId>,
) -> Result<Answer<InviteIssued>, Problem> {
    let issued = reissue_invite::run(&app, &caller.call, caller.principal.account, invite.0)
        .await
        .map_err(problem::of_reissue)?;
    Ok(Answer::ok(InviteIssued::of(&app, issued)))
}
