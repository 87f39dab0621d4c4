//! POST /`api/v1/games/{game_id}/play`

use kernel::id::{GameId, Uuid};
use platform::web::{Answer, Body, Caller, PathId, Problem, State};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::problem;
use crate::app::hot::{Answer as Answered, Why};
use crate::app::{App, play};
use crate::domain::command::Asked;
use crate::domain::view::GameView;
use crate::live::command::Do;
use crate::live::wire::Snapshot;

/// A command, as over the socket.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = GamePlay)]
pub(super) struct Play {
    /// The client's id for this command, good for ever: a UUID, version 7.
    #[schema(value_type = String, format = "uuid")]
    cid: Uuid,
    /// The last event the client has seen.
    base: u64,
    /// What to do.
    #[serde(rename = "do")]
    #[schema(value_type = Do)]
    action: Box<RawValue>,
}

/// A committed command.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = GamePlayed)]
pub(super) struct Played {
    #[schema(value_type = String, format = "uuid")]
    cid: Uuid,
    /// The last event it caused.
    seq: u64,
}

/// Ids of commands are UUIDs of version 7 (RFC 9562), over the socket as here.
const VERSION: usize = 7;

pub(super) async fn handle(
    caller: Caller,
    app: State<App>,
    id: PathId<GameId>,
    body: Body<Play>,
) -> Result<Answer<Played>, Problem> {
    let Play { cid, base, action } = body.0;
    let act = Do::parse(action.get()).map_err(|_| problem::malformed_command())?;
    carry_out(&app, caller, id.0, Asked { cid, base: Some(base), act }).await
}

/// Carries a command out and answers as every command over REST is answered.
pub(super) async fn carry_out(
    app: &App,
    caller: Caller,
    game: GameId,
    asked: Asked,
) -> Result<Answer<Played>, Problem> {
    if asked.cid.get_version_num() != VERSION {
        return Err(Problem::invalid("invalid_request").pointer("/cid", "not_a_uuidv7", "a UUID, version 7"));
    }
    let cid = asked.cid;
    let call = caller.call.clone();
    match play::run(app, call, caller.principal.account, game, asked).await.map_err(problem::of_trouble)? {
        Answered::Done { seq } => Ok(Answer::ok(Played { cid, seq })),
        Answered::Refused { why, seq, view } => Err(refused(app, &caller, why, seq, view.as_deref()).await),
    }
}

async fn refused(app: &App, caller: &Caller, why: Why, seq: u64, view: Option<&GameView>) -> Problem {
    let problem = problem::of_refusal(why, seq);
    let Some(view) = view else { return problem };
    let names = app.names.of(&caller.call, [view.players.first, view.players.second]).await;
    match serde_json::to_value(Snapshot::of(view, &names)) {
        Ok(snapshot) => problem.with("snapshot", snapshot),
        Err(_) => Problem::internal(),
    }
}
