//! The store in memory: the same contract as the diesel ones, for simulations of the whole module.
//!
//! All tables lie behind one lock, so a method is one transaction. A method looks first and writes last: once it has
//! begun to write nothing can fail, so nothing has to be rolled back. A new method is a few lines over [`Tables`].

mod finding;
mod games;
mod invites;
mod people;
mod practice;
mod ratings;
mod spectators;
mod time;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use game_api::GameEvent;
use game_engine::Seat;
use kernel::id::{AccountId, AuditId, GameId, GameInviteId, NodeId, PairingId};
use kernel::{IdSource, Timestamp};
use platform::audit::AuditEvent;
use platform::outbox::NewEvent;

use self::games::{Game, PairWins, Running};
use self::invites::KeptClaim;
use self::ratings::Rated;
use super::{Chosen, Cursor, Noted, ReconnectRow, Stamp, StoreError, Told, notice_form};
use crate::domain::invite::Invite;
use crate::domain::notice::Addressed;
use crate::domain::pairing::Pairing;
use crate::domain::queue::Entry as QueueEntry;
use crate::domain::spectator::Spectator;

/// Everything that game keeps, in this process. Clones are the same store.
#[derive(Clone)]
pub(crate) struct MemoryStore {
    tables: Arc<Mutex<Tables>>,
    ids: IdSource,
}

/// The tables. What a transaction adds to the audit log and the outbox stands in lists that tests may look into.
#[derive(Default)]
pub(crate) struct Tables {
    invites: BTreeMap<GameInviteId, Invite>,
    seeds: BTreeMap<GameId, Vec<u8>>,
    spectators: BTreeMap<(GameId, AccountId), Spectator>,
    claims: BTreeMap<(String, String, String), KeptClaim>,
    games: BTreeMap<GameId, Game>,
    running: BTreeMap<GameId, Running>,
    participants: BTreeMap<(AccountId, GameId), Seat>,
    pairs: BTreeMap<(AccountId, AccountId), PairWins>,
    rated: Rated,
    leases: BTreeMap<(GameId, Seat, NodeId), SeatLease>,
    nodes: BTreeMap<NodeId, Timestamp>,
    restrictions: BTreeMap<AccountId, Timestamp>,
    tokens: BTreeMap<[u8; 32], ReconnectRow>,
    queue: BTreeMap<AccountId, QueueEntry>,
    joins: BTreeMap<(String, String, String), ([u8; 32], Timestamp)>,
    pairings: BTreeMap<PairingId, Pairing>,
    preferences: BTreeMap<AccountId, Chosen>,
    online: BTreeMap<(AccountId, NodeId), Timestamp>,
    cursors: BTreeMap<&'static str, i64>,
    notices: BTreeMap<AccountId, Vec<Noted>>,
    pub(crate) audit: Vec<AuditEvent>,
    pub(crate) outbox: Vec<NewEvent>,
}

#[derive(Debug, Clone, Copy)]
struct SeatLease {
    held: bool,
    seen_until: Timestamp,
}

impl MemoryStore {
    /// An empty store.
    pub(crate) fn new(ids: IdSource) -> Self {
        Self { tables: Arc::default(), ids }
    }

    /// One transaction, or a look at everything.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut Tables) -> T) -> T {
        act(&mut self.tables.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What a transaction is about to write to inboxes: encoded, so that nothing can fail any more.
struct Letters(Vec<(AccountId, &'static str, serde_json::Value)>);

impl Letters {
    /// In the order in which the diesel store writes them.
    fn of(notices: Vec<Addressed>) -> Result<Self, StoreError> {
        let mut notices = Addressed::to_people(notices);
        notices.sort_by_key(|addressed| addressed.to);
        let letter =
            |Addressed { to, notice }: Addressed| Ok((to, notice.kind(), notice_form::body(&notice)?));
        Ok(Self(notices.into_iter().map(letter).collect::<Result<_, StoreError>>()?))
    }
}

impl Tables {
    fn tell(&mut self, letters: Letters, at: Timestamp) -> Vec<Told> {
        let mut told = Vec::with_capacity(letters.0.len());
        for (to, kind, body) in letters.0 {
            let stream = self.notices.entry(to).or_default();
            let seq = stream.len() as u64 + 1;
            stream.push(Noted { seq, kind: kind.to_owned(), at, body: body.clone() });
            told.push(Told { to, seq, kind, at, body });
        }
        told
    }

    fn record(
        &mut self,
        ids: &IdSource,
        stamp: &Stamp,
        action: &'static str,
        object: String,
        change: impl FnOnce(AuditEvent) -> AuditEvent,
    ) {
        let id: AuditId = ids.next();
        self.audit.push(change(AuditEvent::new(id, stamp.at, &stamp.call, action, object)));
    }

    fn may_advance(&self, cursor: Cursor) -> Result<(), StoreError> {
        let at = self.cursors.get(cursor.consumer).copied().unwrap_or(0);
        if at == cursor.number - 1 { Ok(()) } else { Err(StoreError::LostRace) }
    }

    /// After [`Tables::may_advance`] said yes.
    fn advance(&mut self, cursor: Cursor) {
        self.cursors.insert(cursor.consumer, cursor.number);
    }
}

/// An event as it will stand in the outbox.
fn announcement(ids: &IdSource, event: &GameEvent, at: Timestamp) -> Result<NewEvent, StoreError> {
    NewEvent::new(ids.next(), event.kind(), event.game(), event, at)
}

fn rows(limit: i64) -> usize {
    usize::try_from(limit).unwrap_or(0)
}
