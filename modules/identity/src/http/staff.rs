//! `POST /api/v1/admin/staff` and `PUT /api/v1/admin/staff/{account_id}/roles/{role}`

use actix_web::web::Path;
use kernel::id::AccountId;
use kernel::{Role, Timestamp};
use platform::web::{Answer, Caller, Keyed, Problem, State, schema};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::me::RoleWord;
use super::{parse, problem};
use crate::app::{App, staff};

/// Who is to join.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewStaff {
    #[schema(min_length = 3, max_length = 32)]
    username: String,
}

/// A staff account that was created.
#[derive(Serialize, ToSchema)]
pub(super) struct StaffMade {
    #[schema(value_type = schema::AccountId)]
    account_id: AccountId,
    username: String,
    /// Shown once. Absent when a repeat finds the account active.
    enrolment_token: Option<String>,
    #[schema(value_type = Option<schema::Time>)]
    expires_at: Option<Timestamp>,
}

/// The roles of a staff account.
#[derive(Serialize, ToSchema)]
pub(super) struct StaffRoles {
    #[schema(value_type = schema::AccountId)]
    account_id: AccountId,
    #[schema(value_type = Vec<RoleWord>)]
    roles: Vec<Role>,
}

pub(super) async fn create(
    caller: Caller,
    app: State<App>,
    Keyed { body, claim }: Keyed<NewStaff>,
) -> Result<Answer<StaffMade>, Problem> {
    let username = parse::username(&body.username)?;
    let made = staff::create(&app, &caller.call, username, claim).await.map_err(problem::of_create)?;
    let (token, expires_at) = made.enrolment.unzip();
    let answer = StaffMade {
        account_id: made.account.id,
        username: made.account.username.to_string(),
        enrolment_token: token.map(|token| token.expose_secret().to_owned()),
        expires_at,
    };
    Ok(Answer::created(format!("/api/v1/admin/accounts/{}", made.account.id), answer))
}

pub(super) async fn grant(
    caller: Caller,
    app: State<App>,
    path: Path<(String, String)>,
) -> Result<Answer<StaffRoles>, Problem> {
    let (account, role) = path.into_inner();
    let account: AccountId = account.parse().map_err(|_| Problem::not_found())?;
    let role: Role = role.parse().map_err(|_| Problem::not_found())?;
    let roles = staff::grant(&app, &caller.call, &caller.principal, account, role)
        .await
        .map_err(problem::of_grant)?;
    Ok(Answer::ok(StaffRoles { account_id: account, roles: roles.iter().collect() }))
}
