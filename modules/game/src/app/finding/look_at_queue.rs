//! Where somebody stands in the queue. Looking is a sign of life: whoever looks stays.

use std::time::Duration;

use kernel::id::AccountId;

use super::{pair_up, part};
use crate::app::App;
use crate::app::follow_identity::system_call;
use crate::domain::pairing::{Cause, Pairing, PairingState};
use crate::domain::queue::{Entry, LEASE};
use crate::store::StoreError;

/// A lease is prolonged when less than this is left of it, so that a look seldom writes. More than a minute, after which
/// those without a socket are asked to look again.
pub(crate) const FRESH: Duration = Duration::from_secs(75);
/// Looks at most while a pairing comes or goes.
const ATTEMPTS: usize = 3;

/// Where an account stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is not in the queue.
    Idle,
    Waiting(Entry),
    /// Somebody has been found, and both are asked.
    Offered(Entry, Box<Pairing>),
}

pub(crate) async fn run(app: &App, account: AccountId) -> Result<Standing, StoreError> {
    app.aliveness.settled().await?;
    for _ in 0..ATTEMPTS {
        let Some(entry) = app.store.queue_entry(account).await? else { return Ok(Standing::Idle) };
        let now = app.clock.now();
        if entry.seen_until < now.plus(FRESH) {
            app.store.keep_entries(vec![account], now.plus(LEASE)).await?;
        }
        let Some(id) = entry.pairing else { return Ok(Standing::Waiting(entry)) };
        // Without one it has just ended, and the next look says how.
        let Some(pairing) = app.store.pairing(id).await? else { continue };
        match pairing.state(now) {
            PairingState::Offered => return Ok(Standing::Offered(entry, Box::new(pairing))),
            PairingState::Expired => {
                let stamp = app.stamp(&system_call(app, pair_up::NAME));
                part::end(app, stamp, &pairing, Cause::Time).await?;
            }
            PairingState::Begun | PairingState::Declined | PairingState::Cancelled => {}
        }
    }
    Err(StoreError::LostRace)
}
