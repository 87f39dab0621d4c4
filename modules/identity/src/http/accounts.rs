//! `GET /api/v1/admin/accounts/{account_id}`, and suspend and reinstate beneath it

use identity_api::{AccountStatus, DistributorStanding};
use kernel::id::{AccountId, PersonId};
use kernel::{AccountType, Role, Timestamp};
use platform::web::{Answer, Body, Caller, PathId, Problem, State, schema};
use serde::Serialize;
use utoipa::ToSchema;

use super::distributors::Reason;
use super::me::{AccountStatusWord, DistributorStandingWord, RoleWord};
use super::signed_in::AccountTypeWord;
use super::{parse, problem};
use crate::app::{App, find, standing};
use crate::domain::account::Account;

/// An account as staff see it: no contact data.
#[derive(Serialize, ToSchema)]
pub(super) struct AccountView {
    #[schema(value_type = schema::AccountId)]
    account_id: AccountId,
    #[schema(value_type = schema::PersonId)]
    person_id: PersonId,
    username: String,
    #[schema(value_type = AccountTypeWord)]
    account_type: AccountType,
    #[schema(value_type = Vec<RoleWord>)]
    roles: Vec<Role>,
    #[schema(value_type = AccountStatusWord)]
    status: AccountStatus,
    #[schema(value_type = Option<DistributorStandingWord>)]
    distributor_standing: Option<DistributorStanding>,
    vip_enabled: bool,
    #[schema(value_type = schema::Time)]
    created_at: Timestamp,
}

impl From<&Account> for AccountView {
    fn from(account: &Account) -> Self {
        Self {
            account_id: account.id,
            person_id: account.person,
            username: account.username.to_string(),
            account_type: account.account_type,
            roles: account.roles().iter().collect(),
            status: account.state.status,
            distributor_standing: account.state.standing,
            vip_enabled: account.vip,
            created_at: account.created_at,
        }
    }
}

pub(super) async fn get(
    _caller: Caller,
    app: State<App>,
    PathId(account): PathId<AccountId>,
) -> Result<Answer<AccountView>, Problem> {
    let account = find::account(&app, account).await?.ok_or_else(Problem::not_found)?;
    Ok(Answer::ok(AccountView::from(&account)))
}

pub(super) async fn suspend(
    caller: Caller,
    app: State<App>,
    PathId(account): PathId<AccountId>,
    Body(body): Body<Reason>,
) -> Result<Answer<AccountView>, Problem> {
    let reason = parse::reason(body.reason)?;
    let account =
        standing::suspend(&app, &caller.call, account, reason).await.map_err(problem::of_standing)?;
    Ok(Answer::ok(AccountView::from(&account)))
}

pub(super) async fn reinstate(
    caller: Caller,
    app: State<App>,
    PathId(account): PathId<AccountId>,
    Body(body): Body<Reason>,
) -> Result<Answer<AccountView>, Problem> {
    let reason = parse::reason(body.reason)?;
    let account =
        standing::reinstate(&app, &caller.call, account, reason).await.map_err(problem::of_standing)?;
    Ok(Answer::ok(AccountView::from(&account)))
}
