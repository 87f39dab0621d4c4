//! `GET /api/v1/blocks`

use kernel::Limit;
use platform::web::{Answer, Caller, Cursor, List, Problem, Query, State, Web};
use serde::Deserialize;
use utoipa::IntoParams;

use super::block_account::BlockView;
use super::problem;
use crate::app::{App, list_blocks};

const FILTER: &str = "blocks";

/// Which part of the list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListQuery {
    /// How many, 1 to 100; 50 unless said.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Option<Limit>,
    /// Where the page begins.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
}

pub(crate) async fn handle(
    caller: Caller,
    app: State<App>,
    web: State<Web>,
    query: Query<ListQuery>,
) -> Result<Answer<List<BlockView>>, Problem> {
    let who = &caller.principal;
    let after = query.0.cursor.map(|cursor| cursor.open(&web, who, FILTER)).transpose()?;
    let limit = query.0.limit.unwrap_or_default();
    let page =
        list_blocks::run(&app, &caller.call, who.account, after, limit).await.map_err(problem::of_failure)?;
    let page = page.map(BlockView::from);
    Ok(Answer::ok(List::from_page(page, |last| Cursor::seal(&web, who, FILTER, last))))
}
