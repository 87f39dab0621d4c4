//! `PUT` and `DELETE /api/v1/blocks/{account_id}`

use kernel::Timestamp;
use kernel::id::AccountId;
use platform::web::{Caller, NoContent, PathId, Problem, State, schema};
use serde::Serialize;
use utoipa::ToSchema;

use super::problem;
use crate::app::list_blocks::Named;
use crate::app::{App, block_account};

/// Somebody one blocks.
#[derive(Serialize, ToSchema)]
pub(crate) struct BlockView {
    #[schema(value_type = schema::AccountId)]
    account_id: AccountId,
    /// The public name, when it is known in time.
    username: Option<String>,
    #[schema(value_type = schema::Time)]
    blocked_at: Timestamp,
}

impl From<Named> for BlockView {
    fn from(named: Named) -> Self {
        Self { account_id: named.block.blocked, username: named.username, blocked_at: named.block.at }
    }
}

pub(crate) async fn add(
    caller: Caller,
    app: State<App>,
    account: PathId<AccountId>,
) -> Result<NoContent, Problem> {
    block_account::add(&app, &caller.call, caller.principal.account, account.0)
        .await
        .map_err(problem::of_block)?;
    Ok(NoContent)
}

pub(crate) async fn lift(
    caller: Caller,
    app: State<App>,
    account: PathId<AccountId>,
) -> Result<NoContent, Problem> {
    block_account::lift(&app, &caller.call, caller.principal.account, account.0)
        .await
        .map_err(problem::of_failure)?;
    Ok(NoContent)
}
