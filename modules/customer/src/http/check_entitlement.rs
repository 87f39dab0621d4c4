//! `GET /api/v1/entitlements/{chat,play}/{first_user_id}/{second_user_id}`

use customer_api::{Capability, Check};
use kernel::id::{AccountId, DecisionId};
use platform::web::{Answer, Caller, PathIds, Problem, State, schema};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::{App, check_entitlement};

platform::word_schema!(CapabilityWord: Capability);

/// Whether a pair may do something together now. Why not is never told to people.
#[derive(Serialize, ToSchema)]
pub(crate) struct EntitlementView {
    #[schema(value_type = schema::DecisionId)]
    decision_id: DecisionId,
    #[schema(value_type = CapabilityWord)]
    capability: Capability,
    allowed: bool,
    /// `not_available` when it is not allowed.
    code: Option<&'static str>,
}

type Pair = PathIds<AccountId, AccountId>;

pub(crate) async fn chat(
    caller: Caller,
    app: State<App>,
    pair: Pair,
) -> Result<Answer<EntitlementView>, Problem> {
    check(&caller, &app, Capability::Chat, pair).await
}

pub(crate) async fn play(
    caller: Caller,
    app: State<App>,
    pair: Pair,
) -> Result<Answer<EntitlementView>, Problem> {
    check(&caller, &app, Capability::Play, pair).await
}

async fn check(
    caller: &Caller,
    app: &App,
    capability: Capability,
    PathIds(subject, object): Pair,
) -> Result<Answer<EntitlementView>, Problem> {
    if ![subject, object].contains(&caller.principal.account) {
        return Err(Problem::not_found());
    }
    let decision = check_entitlement::run(app, &caller.call, Check { subject, capability, object }).await;
    let allowed = decision.allowed();
    let code = (!allowed).then_some("not_available");
    Ok(Answer::ok(EntitlementView { decision_id: decision.id, capability, allowed, code }))
}
