//! What a route asks of its caller, and who tells whether a presented credential is good.

use async_trait::async_trait;
use kernel::{Permission, Principal};

/// What a route asks of its caller. Every route declares one; there is no default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody; a credential is not looked at.
    Public,
    /// Nobody in particular, or somebody who holds the permission. A credential that is presented must be good.
    Optional(Permission),
    /// Somebody who holds the permission.
    Permission(Permission),
    /// Somebody who holds at least one of these.
    AnyOf(&'static [Permission]),
    /// A socket's upgrade: `platform::live` checks the bearer token or the ticket, and this permission.
    Upgrade(Permission),
    /// The process itself: health, metrics, the API reference. Anybody; carries nothing of anybody.
    Process,
}

impl Access {
    /// The permissions of which one is needed; empty when none is.
    pub fn permissions(&self) -> &[Permission] {
        match self {
            Self::Public | Self::Process => &[],
            Self::Optional(one) | Self::Permission(one) | Self::Upgrade(one) => std::slice::from_ref(one),
            Self::AnyOf(any) => any,
        }
    }

    /// Whether the route answers 401 to somebody without a credential.
    pub fn needs_credential(&self) -> bool {
        matches!(self, Self::Permission(_) | Self::AnyOf(_) | Self::Upgrade(_))
    }

    /// Whether the principal holds what the route asks for.
    pub fn admits(&self, principal: &Principal) -> bool {
        let permissions = self.permissions();
        permissions.is_empty() || permissions.iter().any(|permission| principal.may(*permission))
    }
}

/// Why a credential is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuthFailure {
    /// Not a token of ours, or changed on the way.
    #[error("the token is not valid")]
    Invalid,
    /// Was good, and is past its time: refresh.
    #[error("the token has expired")]
    Expired,
    /// Its session was ended: sign in.
    #[error("the session has ended")]
    Revoked,
    /// Its account may not act at present.
    #[error("the account is suspended")]
    Suspended,
    /// Cannot be told now.
    #[error("tokens cannot be verified at present")]
    Unavailable,
}

/// Tells who presents a bearer token. Identity's verifier is the one implementation; the root hands it in.
#[async_trait]
pub trait Authenticator: Send + Sync {
    /// The principal behind the token.
    async fn authenticate(&self, bearer: &str) -> Result<Principal, AuthFailure>;
}
