//! Renewing tokens with a refresh token.

use kernel::CallContext;
use platform::db::StoreError;
use secrecy::SecretString;

use super::App;
use super::issue_session::{self, IssueError, SignedIn};
use crate::store::{Presented, Refreshed};

/// Why there are no new tokens.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RefreshError {
    /// Not a token of ours, or its session is over.
    #[error("the refresh token is not valid")]
    Invalid,
    /// An old token was used: the session was ended just now.
    #[error("the refresh token was used before; its session has ended")]
    Reused,
    #[error(transparent)]
    Issue(#[from] IssueError),
}

impl From<StoreError> for RefreshError {
    fn from(error: StoreError) -> Self {
        Self::Issue(error.into())
    }
}

/// Takes a refresh token and gives the session's tokens.
pub(crate) async fn run(
    app: &App,
    call: &CallContext,
    token: SecretString,
) -> Result<SignedIn, RefreshError> {
    let (session, generation) = app.secrets.read_refresh_token(&token).ok_or(RefreshError::Invalid)?;
    let presented = Presented {
        session,
        generation,
        seen: app.verifier.seen(session),
        lifetimes: app.config.lifetimes(),
    };
    match app.store.refresh(app.stamp(call), presented).await? {
        Refreshed::Tokens(account, session) => {
            if session.generation != generation.saturating_add(1) {
                return Err(RefreshError::Invalid);
            }
            Ok(issue_session::tokens(app, *account, *session)?)
        }
        Refreshed::Reused(revocation, told) => {
            app.revocations.apply(&revocation);
            (app.push)(&told);
            metrics::counter!("identity_refresh_reuse_total").increment(1);
            tracing::warn!(session = %session, "an old refresh token was used; its session was ended");
            Err(RefreshError::Reused)
        }
        Refreshed::NotNow(status) => Err(issue_session::not_now(status).into()),
        Refreshed::Over => Err(RefreshError::Invalid),
    }
}
