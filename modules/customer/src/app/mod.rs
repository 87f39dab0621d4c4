//! The use cases, one file each: what happens, in which order, with which ports. No SQL and no HTTP is here.

pub(crate) mod block_account;
pub(crate) mod change_relationship;
pub(crate) mod check_entitlement;
pub(crate) mod create_invite;
pub(crate) mod drive_forward;
pub(crate) mod hear_identity;
pub(crate) mod list_blocks;
pub(crate) mod list_invites;
pub(crate) mod list_network;
pub(crate) mod mark_vip;
pub(crate) mod read_relationships;
pub(crate) mod redeem_as_player;
pub(crate) mod redeem_invite;
pub(crate) mod reissue_invite;
pub(crate) mod release_reservations;
pub(crate) mod revoke_invite;
#[cfg(test)]
mod tests;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use identity_api::{AccountStanding, Identity, RedemptionTicket};
use kernel::id::AccountId;
use kernel::{Actor, CallContext, Clock, IdSource, PortError, Random, RequestId};
use platform::bus::Bell;
use platform::crypto::{Mac, RootSecret, tokens};
use platform::db::StoreError;
use secrecy::{ExposeSecret, SecretString};

use crate::config::Config;
use crate::domain::invite::{CodeMac, Invite, KeyMac};
use crate::store::{Act, Posted, Store};

/// Stands before every invite code.
pub(crate) const CODE_PREFIX: &str = "civ";

/// How long identity may take to say how accounts stand; after that a decision denies (DOMAIN.md 4).
const STANDING_PATIENCE: Duration = Duration::from_secs(1);

/// What every use case works with.
pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) ids: IdSource,
    pub(crate) identity: Arc<dyn Identity>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) keys: Keys,
    /// The public origin of invite links, for example `https://whot.example`; no slash at its end.
    pub(crate) public_origin: String,
    /// Hands a committed notice to live sockets.
    pub(crate) push: Arc<dyn Fn(&Posted) + Send + Sync>,
    /// Told at each arrow of [`crate::arrows`].
    pub(crate) reach: Arc<dyn Fn(&'static str) + Send + Sync>,
    /// Rings when a step is owed.
    pub(crate) owed: Bell,
}

/// The keys this context derives from the root secret.
pub(crate) struct Keys {
    codes: Mac,
    tickets: Mac,
}

impl Keys {
    pub(crate) fn derive(root: &RootSecret) -> Self {
        Self {
            codes: Mac::new(&root.derive::<32>("customer.invite-code", 1)),
            tickets: Mac::new(&root.derive::<32>(RedemptionTicket::PURPOSE, 1)),
        }
    }

    /// What is kept of a code; `None` for what is no code at all.
    pub(crate) fn code(&self, code: &SecretString) -> Option<CodeMac> {
        let bytes = tokens::parse(CODE_PREFIX, code.expose_secret())?;
        Some(self.code_of(&bytes))
    }

    fn code_of(&self, bytes: &tokens::TokenBytes) -> CodeMac {
        CodeMac(self.codes.tag(&[b"code", bytes.as_bytes()]))
    }

    /// What is kept of an idempotency key that came with this code.
    pub(crate) fn key(&self, code: CodeMac, key: &str) -> KeyMac {
        KeyMac(self.codes.tag(&[b"key", &code.0, key.as_bytes()]))
    }

    /// A ticket as its holder carries it.
    pub(crate) fn ticket(&self, ticket: RedemptionTicket) -> SecretString {
        ticket.to_text(&self.tickets.tag(&[&ticket.to_bytes()])).into()
    }
}

/// An invite and the code that was issued for it just now, which exists nowhere else.
pub(crate) struct Issued {
    pub(crate) invite: Invite,
    pub(crate) code: SecretString,
}

impl App {
    pub(crate) fn act(&self, call: &CallContext) -> Act {
        Act { call: call.clone(), at: self.clock.now() }
    }

    /// A call by a part of this context itself.
    pub(crate) fn own_call(&self, part: &str) -> CallContext {
        let request_id = RequestId::fresh(&*self.random);
        CallContext::new(Actor::system(part), request_id, self.clock.now(), Duration::from_secs(5))
    }

    pub(crate) fn mint(&self) -> (SecretString, CodeMac) {
        let (code, bytes) = tokens::mint(CODE_PREFIX, &*self.random);
        let mac = self.keys.code_of(&bytes);
        (code, mac)
    }

    /// The link that carries a code in its fragment, where no server and no preview sees it.
    pub(crate) fn link(&self, code: &SecretString) -> SecretString {
        format!("{}/i#{}", self.public_origin, code.expose_secret()).into()
    }

    pub(crate) fn push_all(&self, posted: &[Posted]) {
        for one in posted {
            (self.push)(one);
        }
    }

    /// How accounts stand, if identity says so within a second.
    pub(crate) async fn standings(
        &self,
        call: &CallContext,
        accounts: Vec<AccountId>,
    ) -> Result<Vec<AccountStanding>, identity_api::IdentityError> {
        let call = call.clone().within(self.clock.now(), STANDING_PATIENCE);
        let asked = self.identity.accounts(&call, accounts);
        let late = pin!(async { self.clock.sleep(STANDING_PATIENCE).await });
        match select(asked, late).await {
            Either::Left((answer, _)) => answer,
            Either::Right(_) => Err(PortError::DeadlineExceeded.into()),
        }
    }

    /// Public names for display; empty when identity does not answer in time.
    pub(crate) async fn names(&self, call: &CallContext, accounts: Vec<AccountId>) -> Vec<AccountStanding> {
        if accounts.is_empty() {
            return Vec::new();
        }
        self.standings(call, accounts).await.unwrap_or_default()
    }
}

/// What a use case says when storage or a port fails beneath it.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Port(#[from] PortError),
}

impl Failure {
    /// Identity refused what it must not refuse, or did not answer.
    pub(crate) fn of_identity(error: identity_api::IdentityError) -> Self {
        match error {
            identity_api::IdentityError::Port { source } => Self::Port(source),
            other => Self::Port(PortError::unavailable(other)),
        }
    }
}
