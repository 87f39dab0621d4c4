//! `PUT /api/v1/relationships/{customer_id}/vip`

use kernel::id::AccountId;
use platform::web::{Answer, Body, Caller, PathId, Problem, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::problem;
use crate::app::{App, mark_vip};

/// The VIP flag.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VipMark {
    enabled: bool,
}

pub(crate) async fn handle(
    caller: Caller,
    app: State<App>,
    customer: PathId<AccountId>,
    mark: Body<VipMark>,
) -> Result<Answer<VipMark>, Problem> {
    let enabled = mark.0.enabled;
    mark_vip::run(&app, &caller.call, caller.principal.account, customer.0, enabled)
        .await
        .map_err(problem::of_vip)?;
    Ok(Answer::ok(VipMark { enabled }))
}
