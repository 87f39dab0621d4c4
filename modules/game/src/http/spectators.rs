//! The spectators of a game: /`api/v1/games/{game_id}/spectators` and what lies below.

use kernel::id::{AccountId, GameId};
use kernel::{CallContext, Timestamp};
use platform::web::{Answer, Body, Caller, NoContent, PathId, PathIds, Problem, State, schema};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::problem;
use crate::app::App;
use crate::app::spectate::{self, Opinion};
use crate::domain::spectator::{Spectator, SpectatorState};
use crate::live::wire::Person;

platform::word_schema! { SpectatorStateWord: SpectatorState; }

/// Whom to let in.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewSpectator)]
pub(super) struct NewSpectator {
    #[schema(min_length = 1, max_length = 64)]
    username: String,
}

/// Somebody who watches, or is to watch, a game.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Spectator)]
pub(super) struct SpectatorView {
    #[schema(value_type = schema::GameId)]
    game_id: GameId,
    spectator: Person,
    #[schema(value_type = SpectatorStateWord)]
    state: SpectatorState,
    /// The player who wanted it first; the other one agrees or declines.
    #[schema(value_type = schema::AccountId)]
    proposed_by_account_id: AccountId,
    #[schema(value_type = schema::Time)]
    proposed_at: Timestamp,
}

/// All of them; a game never has many.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Spectators)]
pub(super) struct SpectatorsView {
    items: Vec<SpectatorView>,
}

/// No name is longer.
const LONGEST_NAME: usize = 64;

async fn shown(app: &App, call: &CallContext, spectators: Vec<Spectator>) -> Vec<SpectatorView> {
    let names = app.names.of(call, spectators.iter().map(|one| one.account)).await;
    let view = |one: Spectator| SpectatorView {
        game_id: one.game,
        spectator: Person::named(one.account, &names),
        state: one.state,
        proposed_by_account_id: one.proposed_by,
        proposed_at: one.proposed_at,
    };
    spectators.into_iter().map(view).collect()
}

async fn one(app: &App, call: &CallContext, spectator: Spectator) -> Result<Answer<SpectatorView>, Problem> {
    shown(app, call, vec![spectator]).await.pop().map(Answer::ok).ok_or_else(Problem::internal)
}

pub(super) async fn propose(
    caller: Caller,
    app: State<App>,
    id: PathId<GameId>,
    body: Body<NewSpectator>,
) -> Result<Answer<SpectatorView>, Problem> {
    let username = body.0.username;
    if username.is_empty() || username.len() > LONGEST_NAME {
        return Err(Problem::invalid("invalid_request").pointer(
            "/username",
            "out_of_range",
            "1 to 64 characters",
        ));
    }
    let proposed = spectate::propose(&app, &caller.call, caller.principal.account, id.0, username).await;
    one(&app, &caller.call, proposed.map_err(problem::of_spectate)?).await
}

pub(super) async fn list(
    caller: Caller,
    app: State<App>,
    id: PathId<GameId>,
) -> Result<Answer<SpectatorsView>, Problem> {
    let spectators = spectate::list(&app, caller.principal.account, id.0).await;
    let spectators = spectators.map_err(problem::of_spectate)?;
    Ok(Answer::ok(SpectatorsView { items: shown(&app, &caller.call, spectators).await }))
}

pub(super) async fn agree(
    caller: Caller,
    app: State<App>,
    ids: PathIds<GameId, AccountId>,
) -> Result<Answer<SpectatorView>, Problem> {
    answer(&caller, &app, ids, Opinion::Agree).await
}

pub(super) async fn decline(
    caller: Caller,
    app: State<App>,
    ids: PathIds<GameId, AccountId>,
) -> Result<Answer<SpectatorView>, Problem> {
    answer(&caller, &app, ids, Opinion::Decline).await
}

async fn answer(
    caller: &Caller,
    app: &App,
    ids: PathIds<GameId, AccountId>,
    opinion: Opinion,
) -> Result<Answer<SpectatorView>, Problem> {
    let answered =
        spectate::answer(app, &caller.call, caller.principal.account, (ids.0, ids.1), opinion).await;
    one(app, &caller.call, answered.map_err(problem::of_spectate)?).await
}

pub(super) async fn end(
    caller: Caller,
    app: State<App>,
    ids: PathIds<GameId, AccountId>,
) -> Result<NoContent, Problem> {
    let ended = spectate::end(&app, &caller.call, caller.principal.account, (ids.0, ids.1)).await;
    ended.map_err(problem::of_spectate)?;
    Ok(NoContent)
}
