//! GET /api/v1/games/ratings

use platform::web::{Answer, Caller, Problem, State};

use super::rating_view::Ratings;
use crate::app::{App, ratings};

pub(super) async fn handle(caller: Caller, app: State<App>) -> Result<Answer<Ratings>, Problem> {
    let account = caller.principal.account;
    let own = ratings::own(&app, account).await?;
    let names = app.names.of(&caller.call, [account]).await;
    Ok(Answer::ok(Ratings::of(account, &own, &names)))
}
