//! PUT /`api/v1/games/invites/{invite_id}/entropy`

use kernel::id::GameInviteId;
use platform::web::{Body, Caller, NoContent, PathId, Problem, State};

use super::invite_view::EntropyForm;
use super::problem;
use crate::app::{App, put_entropy};

pub(super) async fn handle(
    caller: Caller,
    app: State<App>,
    id: PathId<GameInviteId>,
    body: Body<EntropyForm>,
) -> Result<NoContent, Problem> {
    let entropy = body.0.entropy();
    put_entropy::run(&app, caller.principal.account, id.0, entropy).await.map_err(problem::of_entropy)?;
    Ok(NoContent)
}
