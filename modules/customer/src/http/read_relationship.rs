//! `GET /api/v1/relationships/{customer_id}`

use kernel::id::AccountId;
use platform::web::{Answer, Caller, PathId, Problem, State};

use super::problem;
use super::relationship_view::RelationshipView;
use crate::app::{App, read_relationships};

pub(crate) async fn handle(
    caller: Caller,
    app: State<App>,
    customer: PathId<AccountId>,
) -> Result<Answer<RelationshipView>, Problem> {
    let found = read_relationships::one(&app, &caller.call, caller.principal.account, customer.0)
        .await
        .map_err(problem::of_failure)?;
    let seen = found.ok_or_else(Problem::not_found)?;
    let version = seen.relationship.version;
    Ok(Answer::ok(RelationshipView::from(seen)).etag(version))
}
