//! `GET /api/v1/relationships/{customer_id}/history`

use kernel::Timestamp;
use kernel::id::AccountId;
use platform::web::{Answer, Caller, List, PathId, Problem, State, schema};
use serde::Serialize;
use utoipa::ToSchema;

use super::problem;
use super::relationship_view::RelationshipStateWord;
use crate::app::{App, read_relationships};
use crate::domain::relationship::{PastState, RelationshipState};

/// A state the relationship has been in.
#[derive(Serialize, ToSchema)]
pub(crate) struct PastStateView {
    version: i64,
    #[schema(value_type = RelationshipStateWord)]
    state: RelationshipState,
    #[schema(value_type = schema::Time)]
    at: Timestamp,
    /// Who brought it about; absent where the system did.
    #[schema(value_type = Option<schema::AccountId>)]
    by: Option<AccountId>,
}

impl From<PastState> for PastStateView {
    fn from(past: PastState) -> Self {
        Self { version: past.version, state: past.state, at: past.at, by: past.actor }
    }
}

pub(crate) async fn handle(
    caller: Caller,
    app: State<App>,
    customer: PathId<AccountId>,
) -> Result<Answer<List<PastStateView>>, Problem> {
    let found = read_relationships::history(&app, caller.principal.account, customer.0)
        .await
        .map_err(problem::of_failure)?;
    let items = found.ok_or_else(Problem::not_found)?.into_iter().map(PastStateView::from).collect();
    Ok(Answer::ok(List { items, next_cursor: None }))
}
