//! The store over diesel, on both databases, and what its transactions share.

use kernel::id::AuditId;
use kernel::{IdSource, Timestamp};
use platform::audit::{self, AuditConn, AuditEvent};
use platform::db::{Db, StoreError};
use platform::notices::{self, NoticesConn};
use platform::outbox::{self, NewEvent, OutboxConn};

use super::{Stamp, Told, notice_form};
use crate::domain::notice::Addressed;
use game_api::GameEvent;

/// The one implementation of the store.
#[derive(Clone)]
pub(crate) struct DieselStore {
    pub(super) db: Db,
    pub(super) ids: IdSource,
}

impl DieselStore {
    pub(crate) fn new(db: Db, ids: IdSource) -> Self {
        Self { db, ids }
    }
}

/// Appends notices, each account's in the order of account ids, so that two transactions never wait for each other.
pub(super) async fn tell<C: NoticesConn>(
    c: &mut C,
    notices: Vec<Addressed>,
    at: Timestamp,
) -> Result<Vec<Told>, StoreError> {
    let mut notices = Addressed::to_people(notices);
    notices.sort_by_key(|addressed| addressed.to);
    let mut told = Vec::with_capacity(notices.len());
    for Addressed { to, notice } in notices {
        let (kind, body) = (notice.kind(), notice_form::body(&notice)?);
        let seq = notices::append(c, to, kind, body.clone(), at).await?;
        let seq = u64::try_from(seq).map_err(|_| StoreError::inconsistent("the number of a notice"))?;
        told.push(Told { to, seq, kind, at, body });
    }
    Ok(told)
}

/// Announces an event to other contexts.
pub(super) async fn announce<C: OutboxConn>(
    c: &mut C,
    ids: &IdSource,
    event: &GameEvent,
    at: Timestamp,
) -> Result<(), StoreError> {
    outbox::append(c, NewEvent::new(ids.next(), event.kind(), event.game(), event, at)?).await
}

/// Records in the audit log what this transaction does.
pub(super) async fn audit<C: AuditConn>(
    c: &mut C,
    ids: &IdSource,
    stamp: &Stamp,
    action: &'static str,
    object: String,
    change: impl FnOnce(AuditEvent) -> AuditEvent + Send,
) -> Result<(), StoreError> {
    let id: AuditId = ids.next();
    audit::record(c, change(AuditEvent::new(id, stamp.at, &stamp.call, action, object))).await
}

/// Why nothing was done: told apart from failure, so that the transaction is rolled back.
pub(super) enum Undone<T> {
    Not(T),
    Failed(StoreError),
}

impl<T> From<StoreError> for Undone<T> {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

impl<T> From<diesel::result::Error> for Undone<T> {
    fn from(error: diesel::result::Error) -> Self {
        Self::Failed(error.into())
    }
}
