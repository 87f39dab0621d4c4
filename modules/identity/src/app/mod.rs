//! What identity does, one file per use case, and the few things it keeps in memory to do it quickly.

pub(crate) mod access_token;
pub(crate) mod activate;
pub(crate) mod bootstrap_admin;
pub(crate) mod find;
pub(crate) mod foreign_keys;
pub(crate) mod issue_session;
pub(crate) mod key_ring;
pub(crate) mod live_ticket;
pub(crate) mod password_gate;
pub(crate) mod provision_distributor;
pub(crate) mod refresh_tokens;
pub(crate) mod register;
pub(crate) mod revocation_view;
pub(crate) mod secrets;
pub(crate) mod sessions;
pub(crate) mod sign_in;
pub(crate) mod staff;
pub(crate) mod standing;
pub(crate) mod throttles;
pub(crate) mod verify_token;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use kernel::{CallContext, Clock, IdSource, Random};
use platform::bus::Bell;

use crate::config::Config;
pub(crate) use crate::store::Posted;
use crate::store::{Stamp, Store};
use key_ring::KeyRing;
use password_gate::Passwords;
use revocation_view::RevocationView;
use secrets::Secrets;
use throttles::Throttles;
use verify_token::Verifier;

/// Everything the use cases share.
pub(crate) struct App {
    pub(crate) config: Config,
    /// Scheme and host that links are built from; never taken from a request.
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) ids: IdSource,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) secrets: Secrets,
    pub(crate) passwords: Passwords,
    pub(crate) keys: Arc<KeyRing>,
    pub(crate) revocations: Arc<RevocationView>,
    pub(crate) verifier: Arc<Verifier>,
    pub(crate) throttles: Throttles,
    /// Rings after commits; a registration waits for it.
    pub(crate) committed: Bell,
    /// Hands a committed notice to the sockets that follow their inbox here.
    pub(crate) push: Arc<dyn Fn(&Posted) + Send + Sync>,
    /// Names the points at which a test may end the process.
    pub(crate) reach: Arc<dyn Fn(&'static str) + Send + Sync>,
}

impl App {
    /// Who asks, now.
    pub(crate) fn stamp(&self, call: &CallContext) -> Stamp {
        Stamp { call: call.clone(), at: self.clock.now() }
    }
}
