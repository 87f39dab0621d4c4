//! `GET /api/v1/invites`

use kernel::Limit;
use platform::web::{Answer, Caller, Cursor, List, Problem, Query, State, Web};
use serde::Deserialize;
use utoipa::IntoParams;

use super::invite_view::InviteView;
use super::problem;
use crate::app::{App, list_invites};
use crate::domain::invite::InviteShown;

/// Which invites.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListQuery {
    /// Only those in this state.
    #[param(value_type = Option<super::invite_view::InviteState>, inline)]
    state: Option<InviteShown>,
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
) -> Result<Answer<List<InviteView>>, Problem> {
    let ListQuery { state, limit, cursor } = query.0;
    let who = &caller.principal;
    let filter = format!("invites?state={}", state.map_or("", InviteShown::as_str));
    let before = cursor.map(|cursor| cursor.open(&web, who, &filter)).transpose()?;
    let part = list_invites::Part { shown: state, before, limit: limit.unwrap_or_default() };
    let page =
        list_invites::page(&app, &caller.call, who.account, part).await.map_err(problem::of_failure)?;
    let now = app.clock.now();
    let page = page.map(|named| InviteView::named(named, now));
    Ok(Answer::ok(List::from_page(page, |last| Cursor::seal(&web, who, &filter, last))))
}
