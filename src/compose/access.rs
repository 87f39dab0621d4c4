//! Who checks credentials, for requests and for sockets: identity's verifier, its tickets, and game's reconnect tokens.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use identity_api::{BearerToken, Identity, IdentityError};
use kernel::id::{AccountId, SessionId};
use kernel::{Actor, CallContext, Clock, Principal, Random, RequestId};
use platform::live::{Close, Hub, LiveAuth, Ticketed};
use platform::web::{AuthFailure, Authenticator};

/// How long a credential may take to check.
const PATIENCE: Duration = Duration::from_secs(2);

/// Checks every credential there is.
pub(super) struct Access {
    identity: Arc<dyn Identity>,
    tickets: Arc<dyn identity::Tickets>,
    reconnect: OnceLock<Arc<dyn game::ReconnectTokens>>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl Access {
    pub(super) fn new(
        identity: Arc<dyn Identity>,
        tickets: Arc<dyn identity::Tickets>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        Self { identity, tickets, reconnect: OnceLock::new(), clock, random }
    }

    /// Game is built after the door it stands behind, so its tokens are accepted from here on.
    pub(super) fn accept_reconnect_tokens(&self, reconnect: Arc<dyn game::ReconnectTokens>) {
        // Called once, by the one composition there is.
        let _ = self.reconnect.set(reconnect);
    }

    async fn verify(&self, token: &str) -> Result<Principal, AuthFailure> {
        let request_id = RequestId::fresh(self.random.as_ref());
        let call = CallContext::new(Actor::Anonymous, request_id, self.clock.now(), PATIENCE);
        let verified = self.identity.verify_token(&call, BearerToken(token.to_owned())).await;
        verified.map_err(|error| failure_of(&error))
    }
}

fn failure_of(error: &IdentityError) -> AuthFailure {
    match error {
        IdentityError::InvalidToken { reason } => match reason.as_str() {
            "expired" => AuthFailure::Expired,
            "revoked" => AuthFailure::Revoked,
            "suspended" => AuthFailure::Suspended,
            _ => AuthFailure::Invalid,
        },
        IdentityError::Port { .. } => AuthFailure::Unavailable,
        IdentityError::UnknownAccount | IdentityError::WrongState | IdentityError::Cancelled => {
            AuthFailure::Invalid
        }
    }
}

#[async_trait]
impl Authenticator for Access {
    async fn authenticate(&self, bearer: &str) -> Result<Principal, AuthFailure> {
        self.verify(bearer).await
    }
}

#[async_trait]
impl LiveAuth for Access {
    async fn bearer(&self, token: &str) -> Result<Principal, AuthFailure> {
        self.verify(token).await
    }

    async fn ticket(&self, ticket: &str, origin: Option<&str>) -> Result<Ticketed, AuthFailure> {
        match self.reconnect.get().filter(|_| ticket.starts_with("rct_")) {
            Some(reconnect) => {
                let (game, session) = reconnect.spend(ticket).await?;
                let principal = self.tickets.principal_of(session).await?;
                Ok(Ticketed { principal, only_topic: Some(("game".to_owned(), game.to_string())) })
            }
            None => Ok(Ticketed { principal: self.tickets.spend(ticket, origin).await?, only_topic: None }),
        }
    }
}

/// Ends sockets when identity ends what they live on.
pub(super) struct Sockets(pub(super) Arc<Hub>);

impl identity::SocketCloser for Sockets {
    fn close_session(&self, session: SessionId) {
        self.0.close_session(session, Close::SessionRevoked);
    }

    fn close_account(&self, account: AccountId) {
        self.0.close_account(account, Close::Suspended);
    }
}
