//! The one place where sessions begin: whatever was proved, the account's standing is checked here, in the transaction
//! that opens the session.

use identity_api::AccountStatus;
use kernel::{CallContext, Timestamp};
use platform::db::StoreError;
use secrecy::SecretString;

use super::{App, access_token};
use crate::config::SecondFactor;
use crate::domain::account::Account;
use crate::domain::session::{Device, Session};
use crate::store::{NewSession, Opened};

/// What somebody proved.
#[derive(Debug, Clone)]
pub(crate) struct Proof {
    pub(crate) account: Account,
    /// By which means, as RFC 8176 names them.
    pub(crate) amr: &'static str,
    pub(crate) device: Device,
}

/// By a password.
pub(crate) const PASSWORD: &str = "pwd";

/// A session with the tokens of its present generation.
pub(crate) struct SignedIn {
    pub(crate) account: Account,
    pub(crate) session: Session,
    pub(crate) access_token: SecretString,
    pub(crate) expires_at: Timestamp,
    pub(crate) refresh_token: SecretString,
}

/// Why no session begins.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IssueError {
    /// The account may not act.
    #[error("the account is suspended")]
    Suspended,
    /// It waits to be linked.
    #[error("the registration is not complete yet")]
    Pending,
    /// A password alone does not do for this account.
    #[error("a second factor is required")]
    SecondFactorRequired,
    /// It was removed meanwhile.
    #[error("no such account")]
    Gone,
    /// The token could not be signed.
    #[error("the access token could not be signed")]
    Signing,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Opens a session for what was proved.
pub(crate) async fn run(app: &App, call: &CallContext, proof: Proof) -> Result<SignedIn, IssueError> {
    // No second factor can be enrolled yet, so nobody who needs one has shown it.
    if proof.account.needs_second_factor() && app.config.second_factor == SecondFactor::Required {
        return Err(IssueError::SecondFactorRequired);
    }
    let stamp = app.stamp(call);
    let new = NewSession {
        id: app.ids.next(),
        account: proof.account.id,
        amr: proof.amr.to_owned(),
        auth_time: stamp.at,
        device: proof.device,
        lifetime: app.config.lifetimes().of(proof.account.account_type),
    };
    match app.store.open_session(stamp, new).await? {
        Opened::Session(account, session) => {
            metrics::counter!("identity_sessions_opened_total", "account_type" => account.account_type.as_str())
                .increment(1);
            tokens(app, *account, *session)
        }
        Opened::NotNow(status) => Err(not_now(status)),
        Opened::NoSuchAccount => Err(IssueError::Gone),
    }
}

/// The tokens of a session's present generation.
pub(crate) fn tokens(app: &App, account: Account, session: Session) -> Result<SignedIn, IssueError> {
    let now = app.clock.now();
    let expires_at = now.plus(app.config.access_lifetime()).min(session.expires_at);
    let ring = app.keys.ring();
    let audience = app.verifier.audience();
    let access_token =
        access_token::write(&ring, audience, &*app.random, &account, &session, now, expires_at)
            .ok_or(IssueError::Signing)?;
    let refresh_token = app.secrets.refresh_token(session.id, session.generation);
    Ok(SignedIn { account, session, access_token: access_token.into(), expires_at, refresh_token })
}

/// Why an account of this status has no session now.
pub(crate) fn not_now(status: AccountStatus) -> IssueError {
    match status {
        AccountStatus::PendingLink => IssueError::Pending,
        AccountStatus::Deleted | AccountStatus::Invited => IssueError::Gone,
        AccountStatus::Suspended | AccountStatus::Active => IssueError::Suspended,
    }
}
