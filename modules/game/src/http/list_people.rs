//! GET /api/v1/games/people

use kernel::Limit;
use kernel::id::AccountId;
use platform::web::{Answer, Caller, Cursor, List, Problem, Query, State, Web, schema};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::problem;
use crate::app::App;
use crate::app::finding::people::{self, Acquaintance};

const FILTER: &str = "people of one's network";

/// Which page.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct PeopleQuery {
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Option<Limit>,
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
}

/// Somebody of one's network.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = GameAcquaintance)]
pub(super) struct AcquaintanceView {
    #[schema(value_type = schema::AccountId)]
    account_id: AccountId,
    username: String,
    /// True of those who are online, have chosen to be seen, and may be played now. Everybody else is false.
    online: bool,
}

impl From<Acquaintance> for AcquaintanceView {
    fn from(one: Acquaintance) -> Self {
        Self { account_id: one.account, username: one.username, online: one.online }
    }
}

pub(super) async fn handle(
    caller: Caller,
    app: State<App>,
    web: State<Web>,
    query: Query<PeopleQuery>,
) -> Result<Answer<List<AcquaintanceView>>, Problem> {
    let Query(query) = query;
    let after: Option<AccountId> =
        query.cursor.map(|cursor| cursor.open(&web, &caller.principal, FILTER)).transpose()?;
    let (account, limit) = (caller.principal.account, query.limit.unwrap_or_default());
    let page = people::list(&app, &caller.call, account, after, limit).await.map_err(problem::of_people)?;
    let page = page.map(AcquaintanceView::from);
    Ok(Answer::ok(List::from_page(page, |last| Cursor::seal(&web, &caller.principal, FILTER, last))))
}
