//! GET /`api/v1/games/{game_id`}

use kernel::id::GameId;
use platform::web::{Answer, Caller, PathId, Problem, State};

use super::problem;
use crate::app::{App, look};
use crate::live::wire::Snapshot;

pub(super) async fn handle(
    caller: Caller,
    app: State<App>,
    id: PathId<GameId>,
) -> Result<Answer<Snapshot>, Problem> {
    let view = look::snapshot(&app, caller.principal.account, id.0).await.map_err(problem::of_trouble)?;
    let names = app.names.of(&caller.call, [view.players.first, view.players.second]).await;
    Ok(Answer::ok(Snapshot::of(&view, &names)))
}
