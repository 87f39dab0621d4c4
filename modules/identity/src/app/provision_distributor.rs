//! Provisioning distributors: an admin asks, another person approves or rejects.

use identity_api::DistributorStanding;
use kernel::id::AccountId;
use kernel::{CallContext, Limit, Page, Permission, Principal};
use platform::db::StoreError;
use platform::web::ClaimParts;
use secrecy::SecretString;

use super::App;
use super::staff::{CreateError, created};
use crate::domain::distributor::{Distributor, People};
use crate::domain::email::Email;
use crate::domain::username::Username;
use crate::store::{DecisionOutcome, NewAccount, NewDistributor, NewToken, Verdict};

/// What an admin asks for.
pub(crate) struct Request {
    pub(crate) username: Username,
    pub(crate) email: Option<Email>,
    pub(crate) label: Option<String>,
}

/// Records the request.
pub(crate) async fn request(
    app: &App,
    call: &CallContext,
    by: &Principal,
    request: Request,
    claim: ClaimParts,
) -> Result<Distributor, CreateError> {
    let Request { username, email, label } = request;
    let account = NewAccount { person: app.ids.next(), account: app.ids.next(), username };
    let made = account.account;
    let new = NewDistributor { account, email, label, requested_by: by.person };
    let account = created(app.store.request_distributor(app.stamp(call), new, claim).await?, made)?;
    let found = app.store.distributor(account).await?;
    found.ok_or(CreateError::Store(StoreError::inconsistent("a requested distributor")))
}

/// Why nothing was decided.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DecideError {
    #[error("no such distributor")]
    NoSuchDistributor,
    #[error("the person who asked may not decide")]
    SamePerson,
    #[error("not an approver")]
    NotAnApprover,
    #[error("a distributor that is {0} cannot be decided on")]
    WrongState(DistributorStanding),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An approved distributor and its activation token.
pub(crate) struct Approved {
    pub(crate) distributor: Distributor,
    pub(crate) activation_token: SecretString,
}

/// Approves: the distributor gets its activation token. Again, before it is used: a new one, and the old one is void.
pub(crate) async fn approve(
    app: &App,
    call: &CallContext,
    by: &Principal,
    account: AccountId,
) -> Result<Approved, DecideError> {
    let minted = app.secrets.mint_activation(&*app.random);
    let token = NewToken { mac: minted.mac, expires_at: app.config.activation_until(app.clock.now()) };
    let distributor = decide(app, call, by, account, Verdict::Approve(token)).await?;
    Ok(Approved { distributor, activation_token: minted.text })
}

/// Rejects, for a reason code.
pub(crate) async fn reject(
    app: &App,
    call: &CallContext,
    by: &Principal,
    account: AccountId,
    reason: String,
) -> Result<Distributor, DecideError> {
    decide(app, call, by, account, Verdict::Reject(reason)).await
}

async fn decide(
    app: &App,
    call: &CallContext,
    by: &Principal,
    account: AccountId,
    verdict: Verdict,
) -> Result<Distributor, DecideError> {
    let people = app.config.people();
    // In one-person mode whoever may ask may also decide, in every other only an approver.
    let may = by.may(Permission::DistributorApprove)
        || (people == People::One && by.may(Permission::DistributorRequest));
    if !may {
        return Err(DecideError::NotAnApprover);
    }
    match app.store.decide_distributor(app.stamp(call), account, by.person, people, verdict).await? {
        DecisionOutcome::Decided(distributor, _) => Ok(distributor),
        DecisionOutcome::NoSuchDistributor => Err(DecideError::NoSuchDistributor),
        DecisionOutcome::SamePerson => Err(DecideError::SamePerson),
        DecisionOutcome::WrongState(standing) => Err(DecideError::WrongState(standing)),
    }
}

/// A page of distributors, newest first.
pub(crate) async fn list(
    app: &App,
    standing: Option<DistributorStanding>,
    before: Option<AccountId>,
    limit: Limit,
) -> Result<Page<Distributor, AccountId>, StoreError> {
    let rows = app.store.distributors(standing, before, limit).await?;
    Ok(Page::from_rows(rows, limit, |distributor| distributor.account))
}
