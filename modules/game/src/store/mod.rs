//! Everything game keeps, and all of its SQL. One method is one transaction, with the audit, outbox and inbox rows that
//! belong to it. Row types never leave this room.

mod advance;
mod begin;
mod diesel_store;
mod finding_rows;
mod floor;
mod games;
mod invites;
mod journal_form;
#[cfg(test)]
mod memory;
mod notice_form;
mod people;
mod practice;
mod preferences;
mod queue;
mod rating_rows;
mod ratings;
mod rows;
mod schema;
mod spectators;
mod time;

#[cfg(test)]
mod contract;

pub(crate) use diesel_store::DieselStore;
pub use floor::appended_within;
pub(crate) use games::{Append, Finish, GameStore, GamesQuery, Journal, Lines, PairScore, Summary};
pub(crate) use invites::{
    Acceptance, Accepting, Cancelling, Closing, Creation, InviteStore, InvitesQuery, NewInvite,
};
#[cfg(test)]
pub(crate) use memory::MemoryStore;
pub(crate) use people::{Cursor, Noted, PeopleStore, ReconnectRow, Sessions};
pub(crate) use platform::db::StoreError;
pub(crate) use practice::PracticeStore;
pub(crate) use preferences::{Chosen, PreferenceStore};
pub(crate) use queue::{Joining, NewPairing, PairingBegin, QueueStore};
#[cfg(test)]
pub(crate) use ratings::Uncounted;
pub(crate) use ratings::{BetweenQuery, BoardQuery, EntriesQuery, Place, RatingStore, Revocation};
pub(crate) use spectators::{Proposing, SpectatorStore, Turning};
pub(crate) use time::{Lease, TimeStore};

use kernel::id::AccountId;
use kernel::{CallContext, Timestamp};

/// What the whole context keeps.
pub(crate) trait Store:
    InviteStore
    + GameStore
    + RatingStore
    + TimeStore
    + PeopleStore
    + PracticeStore
    + SpectatorStore
    + QueueStore
    + PreferenceStore
{
}
impl<
    S: InviteStore
        + GameStore
        + RatingStore
        + TimeStore
        + PeopleStore
        + PracticeStore
        + SpectatorStore
        + QueueStore
        + PreferenceStore,
> Store for S
{
}

/// On whose behalf a business transaction happens, and when.
#[derive(Debug, Clone)]
pub(crate) struct Stamp {
    pub(crate) call: CallContext,
    pub(crate) at: Timestamp,
}

/// A notice that now stands in somebody's inbox.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Told {
    pub(crate) to: AccountId,
    pub(crate) seq: u64,
    pub(crate) kind: &'static str,
    pub(crate) at: Timestamp,
    pub(crate) body: serde_json::Value,
}

/// The published form of a journal line, for records.
pub(crate) fn published(line: &crate::domain::entry::Recorded) -> Result<serde_json::Value, StoreError> {
    let text = journal_form::encode(&line.entry, line.clock.as_ref())?;
    serde_json::from_str(&text).map_err(|_| StoreError::inconsistent("a journal line"))
}
