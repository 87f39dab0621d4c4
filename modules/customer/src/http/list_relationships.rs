//! `GET /api/v1/relationships`

use kernel::Limit;
use platform::web::{Answer, Caller, Cursor, List, Problem, Query, State, Web};
use serde::Deserialize;
use utoipa::IntoParams;

use super::problem;
use super::relationship_view::RelationshipView;
use crate::app::{App, read_relationships};
use crate::domain::relationship::RelationshipState;

/// Which relationships.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListQuery {
    /// Only those in this state.
    #[param(value_type = Option<super::relationship_view::RelationshipStateWord>, inline)]
    state: Option<RelationshipState>,
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
) -> Result<Answer<List<RelationshipView>>, Problem> {
    let ListQuery { state, limit, cursor } = query.0;
    let who = &caller.principal;
    let filter = format!("relationships?state={}", state.map_or("", RelationshipState::as_str));
    let before = cursor.map(|cursor| cursor.open(&web, who, &filter)).transpose()?;
    let part = read_relationships::Part { state, before, limit: limit.unwrap_or_default() };
    let page =
        read_relationships::page(&app, &caller.call, who.account, part).await.map_err(problem::of_failure)?;
    let page = page.map(RelationshipView::from);
    Ok(Answer::ok(List::from_page(page, |last| Cursor::seal(&web, who, &filter, last))))
}
