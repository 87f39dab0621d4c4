//! Who is there: sockets that follow a game lease their seat, in batches; a seat whose leases have lapsed is away.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use kernel::id::{AccountId, GameId};
use platform::bus::Bell;

use super::App;
use super::hot::Message;
use crate::store::{Lease, StoreError};

/// Seats found away in one look.
const AT_ONCE: i64 = 500;

/// Changes that no lease tells of yet, in an order that does not differ from run to run.
#[derive(Default)]
pub(crate) struct Presences {
    changes: Mutex<BTreeMap<(GameId, AccountId), bool>>,
    changed: Bell,
}

impl Presences {
    /// Somebody began or ceased to follow a game in this process. Quick; the latest word counts.
    pub(crate) fn note(&self, game: GameId, account: AccountId, there: bool) {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner).insert((game, account), there);
        self.changed.ring();
    }

    /// Rings when there are changes.
    pub(crate) fn bell(&self) -> Bell {
        self.changed.clone()
    }

    fn take(&self) -> BTreeMap<(GameId, AccountId), bool> {
        std::mem::take(&mut *self.changes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Writes the leases for what changed, and tells each game who came.
pub(crate) async fn flush(app: &App) -> Result<(), StoreError> {
    let changes = app.presences.take();
    if changes.is_empty() {
        return Ok(());
    }
    let now = app.clock.now();
    let lease = |((game, account), there): (&(GameId, AccountId), &bool)| {
        let lasts = if *there { app.policy.lease } else { app.policy.away_after };
        Lease { game: *game, account: *account, held: *there, until: now.plus(lasts) }
    };
    let leases = changes.iter().map(lease).collect();
    if let Err(error) = app.store.lease(app.node, leases).await {
        // Not lost, unless something newer has been noted since.
        let mut waiting = app.presences.changes.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, there) in changes {
            waiting.entry(key).or_insert(there);
        }
        return Err(error);
    }
    for ((game, account), _) in changes.into_iter().filter(|(_, there)| *there) {
        let _ = app.tables.send(game, Message::Seen(account)).await;
    }
    Ok(())
}

/// Prolongs everything that this node vouches for.
pub(crate) async fn renew(app: &App) -> Result<(), StoreError> {
    app.store.renew_leases(app.node, app.clock.now().plus(app.policy.lease)).await
}

/// Tells each game whose seat nobody vouches for any more.
pub(crate) async fn notice_lapses(app: &App) -> Result<(), StoreError> {
    for (game, seat) in app.store.lapsed(app.clock.now(), AT_ONCE).await? {
        let _ = app.tables.send(game, Message::Lapsed(seat)).await;
    }
    Ok(())
}
