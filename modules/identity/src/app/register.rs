//! Registration: with a redemption ticket a customer, without one a player if the deployment is open.

use std::time::Duration;

use identity_api::{AccountStatus, RedemptionOrigin, RedemptionTicket};
use kernel::CallContext;
use kernel::id::{AccountId, RedemptionId};
use platform::db::StoreError;
use platform::web::{ClaimParts, Refusal};
use secrecy::SecretString;

use super::App;
use super::issue_session::{self, IssueError, PASSWORD, Proof, SignedIn};
use super::password_gate::{Busy, Class, SetError};
use super::sign_in::{self, SignInError};
use crate::domain::account::Account;
use crate::domain::email::Email;
use crate::domain::password::Refused;
use crate::domain::session::Device;
use crate::domain::username::Username;
use crate::store::{Candidate, NewAccount, RedemptionOutcome, Registered, Registration};

/// How often a waiting registration looks at its row when nothing rings.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What somebody asks for.
pub(crate) struct Request {
    pub(crate) ticket: Option<SecretString>,
    pub(crate) username: Username,
    pub(crate) password: SecretString,
    pub(crate) email: Option<Email>,
    pub(crate) device: Device,
    /// The idempotency key, for registrations without a ticket.
    pub(crate) claim: Option<ClaimParts>,
}

/// How a registration ends when it does not fail.
pub(crate) enum Outcome {
    /// The account is active and signed in.
    SignedIn(Box<SignedIn>),
    /// The account exists; its relationship does not stand yet. The token lets its client ask how it goes on.
    Pending { redemption: RedemptionId, token: SecretString },
}

/// Why nobody is registered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RegisterError {
    /// Unknown, forged, expired, cancelled or used by somebody else: nobody is told which.
    #[error("the invite cannot be used")]
    Unusable,
    /// This deployment takes nobody without an invite.
    #[error("registration is closed")]
    Closed,
    #[error("the username is taken")]
    UsernameTaken,
    #[error("the idempotency key stands for another request")]
    KeyReused,
    #[error("the same request is being carried out")]
    InFlight,
    #[error(transparent)]
    Password(Refused),
    #[error("too many tries")]
    Throttled(Refusal),
    #[error(transparent)]
    Busy(#[from] Busy),
    #[error(transparent)]
    Issue(#[from] IssueError),
}

impl From<SetError> for RegisterError {
    fn from(error: SetError) -> Self {
        match error {
            SetError::Refused(refused) => Self::Password(refused),
            SetError::Busy(busy) => Self::Busy(busy),
        }
    }
}

impl From<StoreError> for RegisterError {
    fn from(error: StoreError) -> Self {
        Self::Issue(error.into())
    }
}

/// Registers, or finds what the same request registered before and proves the credential again.
pub(crate) async fn run(app: &App, call: &CallContext, request: Request) -> Result<Outcome, RegisterError> {
    let origin = match &request.ticket {
        Some(ticket) => Some(origin_of(app, ticket).await?),
        None if app.config.open_registration => None,
        None => return Err(RegisterError::Closed),
    };
    let account = match origin {
        Some(Origin::Decided(account)) => prove(app, call, account, &request).await?,
        Some(Origin::Open(ticket)) => create(app, call, &request, Some(ticket)).await?,
        None => create(app, call, &request, None).await?,
    };
    let redemption = match origin {
        Some(Origin::Open(ticket)) => Some(ticket.redemption),
        Some(Origin::Decided(_)) => request
            .ticket
            .as_ref()
            .and_then(|ticket| app.secrets.read_redemption_ticket(ticket).map(|ticket| ticket.redemption)),
        None => None,
    };
    let account = until_linked(app, call, account).await?;
    match redemption {
        Some(redemption) if account.state.status == AccountStatus::PendingLink => {
            Ok(Outcome::Pending { redemption, token: app.secrets.registration_token(redemption) })
        }
        _ => {
            let proof = Proof { account, amr: PASSWORD, device: request.device };
            Ok(Outcome::SignedIn(Box::new(issue_session::run(app, call, proof).await?)))
        }
    }
}

/// How far a registration has come.
pub(crate) async fn progress(
    app: &App,
    redemption: RedemptionId,
    token: &str,
) -> Result<Option<AccountStatus>, StoreError> {
    if !app.secrets.is_registration_token(redemption, token) {
        return Ok(None);
    }
    let Some(RedemptionOutcome::Created(account)) = app.store.redemption(redemption).await? else {
        return Ok(None);
    };
    Ok(app.store.account(account).await?.map(|account| account.state.status))
}

/// What a ticket leads to.
#[derive(Clone, Copy)]
enum Origin {
    /// Nobody has used it.
    Open(RedemptionTicket),
    /// It made this account.
    Decided(AccountId),
}

async fn origin_of(app: &App, ticket: &SecretString) -> Result<Origin, RegisterError> {
    let ticket = app.secrets.read_redemption_ticket(ticket).ok_or(RegisterError::Unusable)?;
    app.throttles.registration(ticket.redemption).map_err(RegisterError::Throttled)?;
    match app.store.redemption(ticket.redemption).await? {
        Some(RedemptionOutcome::Created(account)) => Ok(Origin::Decided(account)),
        Some(RedemptionOutcome::Cancelled) => Err(RegisterError::Unusable),
        None if ticket.expires_at <= app.clock.now() => Err(RegisterError::Unusable),
        None => Ok(Origin::Open(ticket)),
    }
}

async fn create(
    app: &App,
    call: &CallContext,
    request: &Request,
    ticket: Option<RedemptionTicket>,
) -> Result<Account, RegisterError> {
    let credential = app.passwords.set(request.password.clone(), Class::Standard, &request.username).await?;
    let account =
        NewAccount { person: app.ids.next(), account: app.ids.next(), username: request.username.clone() };
    let id = account.account;
    let registration = Registration {
        account,
        email: request.email.clone(),
        credential,
        origin: ticket.map(|ticket| RedemptionOrigin {
            redemption: ticket.redemption,
            distributor: ticket.distributor,
        }),
        claim: request.claim.clone().filter(|_| ticket.is_none()),
    };
    match app.store.register(app.stamp(call), registration).await? {
        Registered::Created => {
            if ticket.is_some() {
                (app.reach)("identity.account_created");
            }
            metrics::counter!("identity_registrations_total").increment(1);
            app.store.account(id).await?.ok_or(RegisterError::Issue(IssueError::Gone))
        }
        Registered::Existing(account) => prove(app, call, account, request).await,
        Registered::Unusable => Err(RegisterError::Unusable),
        Registered::UsernameTaken => Err(RegisterError::UsernameTaken),
        Registered::KeyReused => Err(RegisterError::KeyReused),
        Registered::InFlight => Err(RegisterError::InFlight),
    }
}

/// The same request again proves the credential that the first one set; anybody else learns nothing.
async fn prove(
    app: &App,
    call: &CallContext,
    account: AccountId,
    request: &Request,
) -> Result<Account, RegisterError> {
    let candidate = match app.store.account(account).await? {
        Some(account) if account.username.key() == request.username.key() => {
            let credential = app.store.credential(account.id).await?;
            Some(Candidate { account, credential, known_device: false })
        }
        _ => None,
    };
    sign_in::prove(app, call, candidate, request.password.clone()).await.map_err(|error| match error {
        SignInError::BadCredentials => RegisterError::Unusable,
        SignInError::Throttled(refusal) => RegisterError::Throttled(refusal),
        SignInError::Busy(busy) => RegisterError::Busy(busy),
        SignInError::Issue(issue) => RegisterError::Issue(issue),
    })
}

/// Watches the account's own row until its relationship stands, for as long as the deployment allows.
async fn until_linked(app: &App, call: &CallContext, mut account: Account) -> Result<Account, RegisterError> {
    let patience = Duration::from_millis(u64::from(app.config.registration_wait_ms));
    let deadline = app.clock.now().plus(patience).min(call.deadline);
    let mut committed = app.committed.clone();
    while account.state.status == AccountStatus::PendingLink && app.clock.now() < deadline {
        tokio::select! {
            () = committed.wait() => {}
            () = app.clock.sleep(LOOK_EVERY) => {}
        }
        account = app.store.account(account.id).await?.ok_or(RegisterError::Issue(IssueError::Gone))?;
    }
    Ok(account)
}
