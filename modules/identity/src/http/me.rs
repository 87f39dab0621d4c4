//! GET /api/v1/users/me

use identity_api::{AccountStatus, DistributorStanding};
use kernel::id::{AccountId, RelationshipId};
use kernel::{AccountType, Permission, Role, Timestamp};
use platform::web::{Answer, Caller, Problem, State, schema};
use serde::Serialize;
use utoipa::ToSchema;

use super::signed_in::AccountTypeWord;
use crate::app::access_token::permissions_of;
use crate::app::{App, find};
use crate::domain::account::Account;
use crate::domain::email::Email;

platform::word_schema! {
    RoleWord: kernel::Role;
    PermissionWord: kernel::Permission;
    AccountStatusWord: identity_api::AccountStatus;
    DistributorStandingWord: identity_api::DistributorStanding;
}

/// One's own profile.
#[derive(Serialize, ToSchema)]
pub(super) struct Me {
    #[schema(value_type = schema::AccountId)]
    account_id: AccountId,
    username: String,
    /// Nobody else sees it.
    email: Option<String>,
    #[schema(value_type = AccountTypeWord)]
    account_type: AccountType,
    #[schema(value_type = Vec<RoleWord>)]
    roles: Vec<Role>,
    #[schema(value_type = Vec<PermissionWord>)]
    permissions: Vec<Permission>,
    #[schema(value_type = AccountStatusWord)]
    status: AccountStatus,
    /// For distributors.
    #[schema(value_type = Option<DistributorStandingWord>)]
    distributor_standing: Option<DistributorStanding>,
    /// For customers.
    #[schema(value_type = Option<schema::RelationshipId>)]
    relationship_id: Option<RelationshipId>,
    vip_enabled: bool,
    #[schema(value_type = schema::Time)]
    created_at: Timestamp,
}

impl From<&Account> for Me {
    fn from(account: &Account) -> Self {
        Self {
            account_id: account.id,
            username: account.username.to_string(),
            email: account.email.as_ref().map(Email::as_str).map(str::to_owned),
            account_type: account.account_type,
            roles: account.roles().iter().collect(),
            permissions: permissions_of(account),
            status: account.state.status,
            distributor_standing: account.state.standing,
            relationship_id: account.relationship,
            vip_enabled: account.vip,
            created_at: account.created_at,
        }
    }
}

pub(super) async fn handle(caller: Caller, app: State<App>) -> Result<Answer<Me>, Problem> {
    let account = find::account(&app, caller.principal.account).await?.ok_or_else(Problem::not_found)?;
    Ok(Answer::ok(Me::from(&account)))
}
