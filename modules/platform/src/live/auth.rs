//! How a socket's peer proves who it is: at the upgrade, and again before the credential ends.
//! Who issues and checks credentials is the root's affair.

use async_trait::async_trait;
use kernel::Principal;

use crate::web::AuthFailure;

/// Checks credentials. The root composes one from identity's verifier, its tickets, and game's reconnect tokens.
#[async_trait]
pub trait LiveAuth: Send + Sync + 'static {
    /// Verifies an access token.
    async fn bearer(&self, token: &str) -> Result<Principal, AuthFailure>;

    /// Spends a ticket: what followed `whot.ticket.` in the offered protocols. It is bound to the Origin it was made for.
    async fn ticket(&self, ticket: &str, origin: Option<&str>) -> Result<Ticketed, AuthFailure>;
}

/// What a spent ticket stood for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticketed {
    /// Whose it was.
    pub principal: Principal,
    /// Kind and id of the one topic it opens, if it opens only one.
    pub only_topic: Option<(String, String)>,
}
