//! GET /`api/v1/games/ratings/{account_id}`

use kernel::id::AccountId;
use platform::web::{Answer, Caller, PathId, Problem, State};

use super::rating_view::Ratings;
use crate::app::{App, ratings};

pub(super) async fn handle(
    caller: Caller,
    app: State<App>,
    id: PathId<AccountId>,
) -> Result<Answer<Ratings>, Problem> {
    let viewer = caller.principal.account;
    let theirs = ratings::of_other(&app, &caller.call, viewer, id.0).await?.ok_or_else(Problem::not_found)?;
    let names = app.names.of(&caller.call, [id.0]).await;
    Ok(Answer::ok(Ratings::of(id.0, &theirs, &names)))
}
