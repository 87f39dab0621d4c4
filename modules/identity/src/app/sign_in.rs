//! Signing in with a password. Unknown and known accounts get the same answer after the same work.

use std::net::IpAddr;
use std::time::Duration;

use kernel::{AccountType, CallContext};
use platform::db::StoreError;
use platform::web::Refusal;
use secrecy::SecretString;

use super::App;
use super::issue_session::{self, IssueError, PASSWORD, Proof, SignedIn};
use super::password_gate::{Busy, Checked, Class};
use super::throttles::Origin;
use crate::domain::account::Account;
use crate::domain::email::Email;
use crate::domain::session::Device;
use crate::domain::username::Username;
use crate::store::{Candidate, Credential, LoginKey};

/// What somebody presents.
pub(crate) struct Attempt {
    /// A username or an email address.
    pub(crate) login: String,
    pub(crate) password: SecretString,
    pub(crate) device: Device,
    pub(crate) address: IpAddr,
}

/// Why nobody is signed in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignInError {
    /// No such account, or not its password: nobody is told which.
    #[error("wrong name or password")]
    BadCredentials,
    /// Too many tries.
    #[error("too many tries")]
    Throttled(Refusal),
    /// Too much to hash.
    #[error(transparent)]
    Busy(#[from] Busy),
    #[error(transparent)]
    Issue(#[from] IssueError),
}

impl From<StoreError> for SignInError {
    fn from(error: StoreError) -> Self {
        Self::Issue(error.into())
    }
}

/// Signs in.
pub(crate) async fn run(app: &App, call: &CallContext, attempt: Attempt) -> Result<SignedIn, SignInError> {
    let arrived = app.clock.now();
    let candidate = match login_key(&attempt.login) {
        Some(key) => app.store.candidate(key, attempt.device.id.clone()).await?,
        None => None,
    };
    let origin = origin(candidate.as_ref(), &attempt);
    app.throttles.sign_in(&attempt.login.to_lowercase(), &origin).map_err(|refusal| {
        metrics::counter!("identity_sign_ins_total", "outcome" => "throttled").increment(1);
        SignInError::Throttled(refusal)
    })?;
    let account = match prove(app, call, candidate, attempt.password).await {
        Err(SignInError::BadCredentials) => {
            metrics::counter!("identity_sign_ins_total", "outcome" => "bad_credentials").increment(1);
            let least = Duration::from_millis(u64::from(app.config.refusal_ms));
            app.clock.sleep(least.saturating_sub(app.clock.now().since(arrived))).await;
            return Err(SignInError::BadCredentials);
        }
        proved => proved?,
    };
    let proof = Proof { account, amr: PASSWORD, device: attempt.device };
    let signed_in = issue_session::run(app, call, proof).await?;
    metrics::counter!("identity_sign_ins_total", "outcome" => "signed_in").increment(1);
    Ok(signed_in)
}

/// Checks the password of an account that may not exist.
pub(crate) async fn prove(
    app: &App,
    call: &CallContext,
    candidate: Option<Candidate>,
    password: SecretString,
) -> Result<Account, SignInError> {
    let class = candidate.as_ref().map_or(Class::Standard, |candidate| class_of(&candidate.account));
    let credential = candidate.as_ref().and_then(|candidate| candidate.credential.clone());
    let checked = app.passwords.check(password, credential.clone(), class).await?;
    let (Checked::Right { better }, Some(candidate), Some(old)) = (checked, candidate, credential) else {
        return Err(SignInError::BadCredentials);
    };
    if let Some(better) = better {
        rehash(app, call, &candidate.account, old, better).await;
    }
    Ok(candidate.account)
}

/// A better hash is kept when it can be; signing in does not depend on it.
async fn rehash(app: &App, call: &CallContext, account: &Account, old: Credential, better: Credential) {
    if let Err(error) = app.store.rehash(app.stamp(call), account.id, old, better).await {
        tracing::warn!(account = %account.id, %error, "a better password hash was not kept");
    }
}

/// Whose cost applies.
pub(crate) fn class_of(account: &Account) -> Class {
    if account.account_type == AccountType::Staff { Class::Staff } else { Class::Standard }
}

fn login_key(login: &str) -> Option<LoginKey> {
    if login.contains('@') {
        return login.parse::<Email>().ok().map(|email| LoginKey::Email(email.key()));
    }
    login.parse::<Username>().ok().map(|username| LoginKey::Username(username.key()))
}

fn origin(candidate: Option<&Candidate>, attempt: &Attempt) -> Origin {
    match (candidate, &attempt.device.id) {
        (Some(candidate), Some(device)) if candidate.known_device => {
            Origin::Known(candidate.account.id, device.clone())
        }
        _ => Origin::Address(attempt.address),
    }
}
