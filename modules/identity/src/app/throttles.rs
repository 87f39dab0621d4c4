//! How often a password may be tried, beyond what the routes' classes count by address.

use std::net::IpAddr;
use std::sync::Arc;

use kernel::Clock;
use kernel::id::{AccountId, RedemptionId};
use platform::web::{Refusal, Throttle, network_of};

use crate::config;

/// The buckets.
pub(crate) struct Throttles {
    account: Throttle,
    pair: Throttle,
    device: Throttle,
    registration: Throttle,
}

/// From where a password is tried.
#[derive(Debug, Clone)]
pub(crate) enum Origin {
    /// From a device the account knows.
    Known(AccountId, String),
    /// From anywhere else.
    Address(IpAddr),
}

impl Throttles {
    pub(crate) fn new(settings: &config::Throttles, clock: &Arc<dyn Clock>) -> Self {
        let throttle = |quota| Throttle::new(clock.clone(), quota);
        Self {
            account: throttle(settings.account),
            pair: throttle(settings.pair),
            device: throttle(settings.device),
            registration: throttle(settings.registration),
        }
    }

    /// Counts one try of `login`, in whatever spelling is unique. Accounts that do not exist count alike.
    pub(crate) fn sign_in(&self, login: &str, origin: &Origin) -> Result<(), Refusal> {
        match origin {
            Origin::Known(account, device) => self.device.check(&(account, device)).map(drop),
            Origin::Address(address) => {
                self.pair.check(&(login, network_of(*address)))?;
                self.account.check(&login).map(drop)
            }
        }
    }

    /// Counts one try to register with a ticket: it may tell whether a username is free.
    pub(crate) fn registration(&self, redemption: RedemptionId) -> Result<(), Refusal> {
        self.registration.check(&redemption).map(drop)
    }
}
