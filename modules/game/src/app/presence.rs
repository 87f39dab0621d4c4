//! Who is there: sockets that follow a game lease their seat, in batches; a seat whose leases have lapsed is away.
//!
//! Leases live in storage, for every node to see; who follows here is known here, whatever becomes of its leases.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kernel::Timestamp;
use kernel::id::{AccountId, GameId};
use platform::bus::Bell;

use super::App;
use super::hot::Message;
use crate::store::{Lease, StoreError};

/// Seats found away in one look.
const AT_ONCE: i64 = 500;

/// Who follows games in this process, and what no lease tells of it yet.
#[derive(Default)]
pub(crate) struct Presences {
    known: Mutex<Known>,
    changed: Bell,
}

/// In an order that does not differ from run to run.
#[derive(Default)]
struct Known {
    held: BTreeSet<(GameId, AccountId)>,
    changes: BTreeMap<(GameId, AccountId), Change>,
    /// Whose game could not be told that they came.
    unheard: BTreeSet<(GameId, AccountId)>,
    /// When all leases of this process were prolonged last.
    renewed_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Came,
    Left,
    /// It acted without following: it counts as seen for as long as a lease lasts.
    Acted,
}

impl Presences {
    /// Somebody began or ceased to follow a game in this process. Quick; the latest word counts.
    pub(crate) fn note(&self, game: GameId, account: AccountId, there: bool) {
        let mut known = self.known();
        if there {
            known.held.insert((game, account));
        } else {
            known.held.remove(&(game, account));
        }
        known.changes.insert((game, account), if there { Change::Came } else { Change::Left });
        drop(known);
        self.changed.ring();
    }

    /// Somebody who counted as away acted.
    pub(crate) fn acted(&self, game: GameId, account: AccountId) {
        let mut known = self.known();
        let change = if known.held.contains(&(game, account)) { Change::Came } else { Change::Acted };
        known.changes.entry((game, account)).or_insert(change);
        drop(known);
        self.changed.ring();
    }

    /// Whether somebody follows the game in this process. Its lease is taken anew then.
    pub(crate) fn vouches(&self, game: GameId, account: AccountId) -> bool {
        let mut known = self.known();
        if !known.held.contains(&(game, account)) {
            return false;
        }
        known.changes.entry((game, account)).or_insert(Change::Came);
        drop(known);
        self.changed.ring();
        true
    }

    /// A game could not be told that somebody came. It is told again with what changes next, or a little later.
    pub(crate) fn unheard(&self, game: GameId, account: AccountId) {
        self.known().unheard.insert((game, account));
    }

    /// Rings when there are changes.
    pub(crate) fn bell(&self) -> Bell {
        self.changed.clone()
    }

    fn take(&self) -> BTreeMap<(GameId, AccountId), Change> {
        std::mem::take(&mut self.known().changes)
    }

    /// Who is still here, and whose game does not know it yet.
    fn take_unheard(&self) -> Vec<(GameId, AccountId)> {
        let mut known = self.known();
        let unheard = std::mem::take(&mut known.unheard);
        unheard.into_iter().filter(|key| known.held.contains(key)).collect()
    }

    /// Takes back what was not written. Something newer may have been noted since.
    fn put_back(&self, changes: BTreeMap<(GameId, AccountId), Change>) {
        let mut known = self.known();
        for (key, change) in changes {
            known.changes.entry(key).or_insert(change);
        }
    }

    fn is_renewed(&self, now: Timestamp, every: Duration) -> bool {
        self.known().renewed_at.is_some_and(|at| now < at.plus(every))
    }

    /// All leases of this process were prolonged as of an instant; those that may have lapsed before are taken anew.
    fn renewed(&self, now: Timestamp, lease: Duration) {
        let mut known = self.known();
        let before = known.renewed_at.replace(now);
        if before.is_none_or(|before| now < before.plus(lease)) {
            return;
        }
        for key in known.held.clone() {
            known.changes.entry(key).or_insert(Change::Came);
        }
        drop(known);
        self.changed.ring();
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes the leases for what changed, and tells each game who came. What fails is left for the next call.
pub(crate) async fn flush(app: &App) -> Result<(), StoreError> {
    let changes = app.presences.take();
    if !changes.is_empty() {
        let leases = leases(app, &changes);
        if let Err(error) = app.store.lease(app.node, leases).await {
            app.presences.put_back(changes);
            return Err(error);
        }
    }
    let came = changes.into_iter().filter(|(_, change)| *change == Change::Came).map(|(key, _)| key);
    for (game, account) in came.chain(app.presences.take_unheard()) {
        let _ = app.tables.send(game, Message::Seen(account)).await;
    }
    Ok(())
}

fn leases(app: &App, changes: &BTreeMap<(GameId, AccountId), Change>) -> Vec<Lease> {
    let now = app.clock.now();
    let lease = |((game, account), change): (&(GameId, AccountId), &Change)| {
        let lasts = if *change == Change::Left { app.policy.away_after } else { app.policy.lease };
        let held = *change == Change::Came;
        Lease { game: *game, account: *account, held, until: now.plus(lasts) }
    };
    changes.iter().map(lease).collect()
}

/// Prolongs everything that this node vouches for, by a third of its time; what fails is tried again at the next call.
pub(crate) async fn renew(app: &App) -> Result<(), StoreError> {
    let (now, lease) = (app.clock.now(), app.policy.lease);
    if app.presences.is_renewed(now, lease / 3) {
        return Ok(());
    }
    app.store.renew_leases(app.node, now.plus(lease)).await?;
    app.presences.renewed(now, lease);
    Ok(())
}

/// Tells each game whose seat nobody vouches for any more.
pub(crate) async fn notice_lapses(app: &App) -> Result<(), StoreError> {
    for (game, seat) in app.store.lapsed(app.clock.now(), AT_ONCE).await? {
        let _ = app.tables.send(game, Message::Lapsed(seat)).await;
    }
    Ok(())
}
