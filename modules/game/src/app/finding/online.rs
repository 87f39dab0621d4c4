//! Who is online: this process vouches, in batches, for those who have a socket here and want that seen. Nothing is
//! written about anybody else.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use kernel::Timestamp;
use kernel::id::AccountId;

use crate::app::App;
use crate::store::StoreError;

/// Accounts asked about at once.
const AT_ONCE: usize = 500;

/// For whom this process vouches.
#[derive(Default)]
pub(crate) struct Vouching(Mutex<Known>);

#[derive(Default, Clone)]
struct Known {
    /// Everybody who had a socket here at the last look.
    here: BTreeSet<AccountId>,
    /// Those of them for whom there is a lease.
    vouched: BTreeSet<AccountId>,
    /// When all leases of this process were prolonged last.
    renewed_at: Option<Timestamp>,
}

impl Vouching {
    fn with<T>(&self, act: impl FnOnce(&mut Known) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Vouches for those who came, withdraws for those who left, and prolongs it for whoever stayed well before it ends.
pub(crate) async fn step(app: &App) -> Result<(), StoreError> {
    let (here, now) = (app.connected.accounts(), app.clock.now());
    let known = app.finding.online.with(|known| known.clone());
    let all = known.renewed_at.is_none_or(|at| now >= at.plus(app.policy.lease / 3));
    let left: Vec<AccountId> = known.vouched.difference(&here).copied().collect();
    for part in left.chunks(AT_ONCE) {
        app.store.withdraw(app.node, part.to_vec()).await?;
        app.finding.online.with(|known| part.iter().for_each(|account| _ = known.vouched.remove(account)));
    }
    let came: Vec<AccountId> = here.iter().filter(|one| all || !known.here.contains(one)).copied().collect();
    for part in came.chunks(AT_ONCE) {
        vouch(app, part.to_vec()).await?;
    }
    app.finding.online.with(|known| known.here = here);
    if all {
        app.finding.online.with(|known| known.renewed_at = Some(now));
        app.store.forget_online(now).await?;
    }
    Ok(())
}

/// Vouches for those of these who want to be seen.
async fn vouch(app: &App, accounts: Vec<AccountId>) -> Result<(), StoreError> {
    let until = app.clock.now().plus(app.policy.lease);
    let vouched = app.store.vouch(app.node, accounts, until).await?;
    app.finding.online.with(|known| known.vouched.extend(vouched));
    Ok(())
}

/// Somebody has just chosen to be seen: at once, if it has a socket here.
pub(super) async fn show(app: &App, account: AccountId) -> Result<(), StoreError> {
    if app.connected.accounts().contains(&account) { vouch(app, vec![account]).await } else { Ok(()) }
}
