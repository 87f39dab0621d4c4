//! GET /api/v1/games

use kernel::Limit;
use kernel::id::GameId;
use platform::web::{Answer, Caller, Cursor, List, Problem, Query, State, Web};
use serde::Deserialize;
use utoipa::IntoParams;

use super::summary_view::GameSummary;
use crate::app::{App, history};
use crate::domain::ending::Status;
use crate::live::wire::GameStatusWord;

/// Which games.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    #[param(value_type = Option<GameStatusWord>)]
    status: Option<Status>,
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Option<Limit>,
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
}

pub(super) async fn handle(
    caller: Caller,
    app: State<App>,
    web: State<Web>,
    query: Query<ListQuery>,
) -> Result<Answer<List<GameSummary>>, Problem> {
    let Query(query) = query;
    let filter = format!("games {}", query.status.map_or("all", Status::as_str));
    let before: Option<GameId> =
        query.cursor.map(|cursor| cursor.open(&web, &caller.principal, &filter)).transpose()?;
    let limit = query.limit.unwrap_or_default();
    let page = history::list(&app, caller.principal.account, query.status, before, limit).await?;
    let people = page.items.iter().flat_map(|game| [game.players.first, game.players.second]);
    let names = app.names.of(&caller.call, people).await;
    let page = page.map(|game| GameSummary::of(&game, &names));
    Ok(Answer::ok(List::from_page(page, |last| Cursor::seal(&web, &caller.principal, &filter, last))))
}
