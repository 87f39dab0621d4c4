//! The store over platform's database: what every method needs to sign its audit rows and events.

use identity_api::IdentityEvent;
use kernel::{IdSource, TypedId};
use platform::audit::AuditEvent;
use platform::db::{Db, StoreError};
use platform::outbox::NewEvent;

use super::{
    AccountStore, ActivationStore, KeyStore, ProvisioningStore, RegistrationStore, RevocationStore,
    SessionStore, StaffStore, Stamp, Store, TicketStore, UpkeepStore,
};
use crate::domain::revocation::{Revocation, Revoked};
use kernel::id::AccountId;

/// Identity's store on either database.
pub(crate) struct DieselStore {
    pub(super) db: Db,
    ids: IdSource,
}

impl DieselStore {
    pub(crate) fn new(db: Db, ids: IdSource) -> Self {
        Self { db, ids }
    }

    /// What a transaction writes its trail with.
    pub(super) fn trail(&self, stamp: Stamp) -> Trail {
        Trail { ids: self.ids.clone(), stamp }
    }
}

impl<T> Store for T where
    T: AccountStore
        + StaffStore
        + ProvisioningStore
        + ActivationStore
        + RegistrationStore
        + SessionStore
        + TicketStore
        + RevocationStore
        + KeyStore
        + UpkeepStore
{
}

/// The trail of one transaction: who, when, and ids for what it leaves behind.
#[derive(Clone)]
pub(super) struct Trail {
    ids: IdSource,
    pub(super) stamp: Stamp,
}

impl Trail {
    /// The audit row for `action` on `object`.
    pub(super) fn audit(&self, action: &'static str, object: impl TypedId) -> AuditEvent {
        AuditEvent::new(self.ids.next(), self.stamp.at, &self.stamp.call, action, object)
    }

    /// The audit row for `action` on something that is named by no typed id.
    pub(super) fn audit_named(&self, action: &'static str, object: &str) -> AuditEvent {
        AuditEvent::new(self.ids.next(), self.stamp.at, &self.stamp.call, action, object)
    }

    /// The outbox row for an event.
    pub(super) fn event(&self, event: &IdentityEvent) -> Result<NewEvent, StoreError> {
        NewEvent::new(self.ids.next(), event.kind(), event.account(), event, self.stamp.at)
    }

    /// An entry of the revocation log.
    pub(super) fn revocation(&self, account: AccountId, what: Revoked) -> Revocation {
        Revocation { id: self.ids.uuid(), account, what, at: self.stamp.at }
    }
}
