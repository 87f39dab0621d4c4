//! `POST /api/v1/relationships/{customer_id}/suspend`, `/resume` and `/end`

use kernel::id::AccountId;
use platform::web::{Answer, Caller, IfMatch, PathId, Problem, State};

use super::problem;
use super::relationship_view::RelationshipView;
use crate::app::{App, change_relationship, read_relationships};
use crate::domain::relationship::Change;

type Changed = Result<Answer<RelationshipView>, Problem>;

pub(crate) async fn suspend(
    caller: Caller,
    app: State<App>,
    customer: PathId<AccountId>,
    version: IfMatch,
) -> Changed {
    change(&caller, &app, customer.0, Change::Suspend, version.0).await
}

pub(crate) async fn resume(
    caller: Caller,
    app: State<App>,
    customer: PathId<AccountId>,
    version: IfMatch,
) -> Changed {
    change(&caller, &app, customer.0, Change::Resume, version.0).await
}

pub(crate) async fn end(
    caller: Caller,
    app: State<App>,
    customer: PathId<AccountId>,
    version: IfMatch,
) -> Changed {
    change(&caller, &app, customer.0, Change::End, version.0).await
}

async fn change(caller: &Caller, app: &App, customer: AccountId, change: Change, version: i64) -> Changed {
    let changed =
        change_relationship::run(app, &caller.call, caller.principal.account, customer, change, version)
            .await
            .map_err(problem::of_change)?;
    let version = changed.version;
    let seen = read_relationships::with_names(app, &caller.call, changed).await;
    Ok(Answer::ok(RelationshipView::from(seen)).etag(version))
}
