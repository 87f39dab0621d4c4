//! Staff accounts and their roles.

use kernel::id::AccountId;
use kernel::{CallContext, Principal, Role, Roles, Timestamp};
use platform::db::StoreError;
use platform::web::ClaimParts;
use secrecy::SecretString;

use super::App;
use crate::domain::account::Account;
use crate::domain::roles::GrantRefused;
use crate::domain::username::Username;
use crate::store::{Created, Granted, NewAccount, NewToken};

/// A staff account and its one-time token.
pub(crate) struct NewStaff {
    pub(crate) account: Account,
    /// Absent when a repeat finds the account active.
    pub(crate) enrolment: Option<(SecretString, Timestamp)>,
}

/// Why nothing was created.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CreateError {
    #[error("the username is taken")]
    UsernameTaken,
    #[error("the idempotency key stands for another request")]
    KeyReused,
    #[error("the same request is being carried out")]
    InFlight,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Creates a staff account without any role.
pub(crate) async fn create(
    app: &App,
    call: &CallContext,
    username: Username,
    claim: ClaimParts,
) -> Result<NewStaff, CreateError> {
    let stamp = app.stamp(call);
    let minted = app.secrets.mint_activation(&*app.random);
    let expires_at = app.config.enrolment_until(stamp.at);
    let staff = NewAccount { person: app.ids.next(), account: app.ids.next(), username };
    let made = staff.account;
    let token = NewToken { mac: minted.mac, expires_at };
    let account = created(app.store.create_staff(stamp, staff, token, claim).await?, made)?;
    let account = app.store.account(account).await?.ok_or(StoreError::inconsistent("a staff account"))?;
    let waits = account.state.status == identity_api::AccountStatus::Invited;
    Ok(NewStaff { account, enrolment: waits.then_some((minted.text, expires_at)) })
}

/// The account that a creating request comes to.
pub(crate) fn created(outcome: Created, made: AccountId) -> Result<AccountId, CreateError> {
    match outcome {
        Created::Made => Ok(made),
        Created::Repeat(account) => Ok(account),
        Created::UsernameTaken => Err(CreateError::UsernameTaken),
        Created::KeyReused => Err(CreateError::KeyReused),
        Created::InFlight => Err(CreateError::InFlight),
    }
}

/// Why no role was granted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GrantError {
    #[error("no such staff account")]
    NoSuchAccount,
    #[error(transparent)]
    Refused(#[from] GrantRefused),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Grants a role; gives the roles held afterwards.
pub(crate) async fn grant(
    app: &App,
    call: &CallContext,
    granter: &Principal,
    account: AccountId,
    role: Role,
) -> Result<Roles, GrantError> {
    match app.store.grant_role(app.stamp(call), granter.person, account, role).await? {
        Granted::Now(roles, revocation) => {
            app.revocations.apply(&revocation);
            Ok(roles)
        }
        Granted::Before(roles) => Ok(roles),
        Granted::Refused(refused) => Err(refused.into()),
        Granted::NoSuchAccount => Err(GrantError::NoSuchAccount),
    }
}
