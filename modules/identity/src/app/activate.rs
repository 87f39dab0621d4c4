//! Spending an enrolment or activation token by setting a credential.

use kernel::CallContext;
use platform::db::StoreError;
use secrecy::SecretString;

use super::App;
use super::issue_session::{self, IssueError, PASSWORD, Proof, SignedIn};
use super::password_gate::{Busy, SetError};
use super::sign_in::class_of;
use crate::config::SecondFactor;
use crate::domain::password::Refused;
use crate::domain::session::Device;
use crate::store::Activated;

/// Why nothing is activated.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ActivateError {
    /// Unknown, spent, replaced or expired: nobody is told which.
    #[error("the token cannot be used")]
    Unusable,
    #[error(transparent)]
    Password(Refused),
    #[error(transparent)]
    Busy(#[from] Busy),
    #[error(transparent)]
    Issue(#[from] IssueError),
}

impl From<SetError> for ActivateError {
    fn from(error: SetError) -> Self {
        match error {
            SetError::Refused(refused) => Self::Password(refused),
            SetError::Busy(busy) => Self::Busy(busy),
        }
    }
}

impl From<StoreError> for ActivateError {
    fn from(error: StoreError) -> Self {
        Self::Issue(error.into())
    }
}

/// Sets the credential, makes the account active and signs it in.
pub(crate) async fn run(
    app: &App,
    call: &CallContext,
    token: SecretString,
    password: SecretString,
    device: Device,
) -> Result<SignedIn, ActivateError> {
    let mac = app.secrets.activation_mac(&token).ok_or(ActivateError::Unusable)?;
    let (activation, account) = app.store.activation(mac).await?.ok_or(ActivateError::Unusable)?;
    if !activation.usable_at(app.clock.now()) {
        return Err(ActivateError::Unusable);
    }
    if account.needs_second_factor() && app.config.second_factor == SecondFactor::Required {
        return Err(IssueError::SecondFactorRequired.into());
    }
    let credential = app.passwords.set(password, class_of(&account), &account.username).await?;
    match app.store.activate(app.stamp(call), mac, credential).await? {
        Activated::Unusable => Err(ActivateError::Unusable),
        Activated::Done(account) => {
            let proof = Proof { account: *account, amr: PASSWORD, device };
            Ok(issue_session::run(app, call, proof).await?)
        }
    }
}
