//! The answer to everything that begins or renews a session.

use kernel::id::{AccountId, SessionId};
use kernel::{AccountType, Timestamp};
use platform::web::schema;
use secrecy::ExposeSecret;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::issue_session;

platform::word_schema!(AccountTypeWord: kernel::AccountType);

/// Tokens of a session.
#[derive(Serialize, ToSchema)]
pub(super) struct SignedIn {
    /// Always `Bearer`.
    token_type: &'static str,
    access_token: String,
    /// Seconds the access token has to live.
    expires_in: u64,
    #[schema(value_type = schema::Time)]
    expires_at: Timestamp,
    refresh_token: String,
    /// When the refresh token stops being good if it is not used.
    #[schema(value_type = schema::Time)]
    refresh_expires_at: Timestamp,
    #[schema(value_type = schema::SessionId)]
    session_id: SessionId,
    #[schema(value_type = schema::AccountId)]
    account_id: AccountId,
    #[schema(value_type = AccountTypeWord)]
    account_type: AccountType,
    username: String,
}

impl SignedIn {
    pub(super) fn new(signed_in: &issue_session::SignedIn, now: Timestamp) -> Self {
        Self {
            token_type: "Bearer",
            access_token: signed_in.access_token.expose_secret().to_owned(),
            expires_in: signed_in.expires_at.since(now).as_secs(),
            expires_at: signed_in.expires_at,
            refresh_token: signed_in.refresh_token.expose_secret().to_owned(),
            refresh_expires_at: signed_in.session.refresh_until(),
            session_id: signed_in.session.id,
            account_id: signed_in.account.id,
            account_type: signed_in.account.account_type,
            username: signed_in.account.username.to_string(),
        }
    }
}
