//! The audit log: who did what to which object, written in the transaction of the change itself.
//!
//! A row is a leaf to be: ids, time, actor, action, reason, object and digests; no content, no names, no unsalted hash
//! of text. The database refuses to change or delete one. A sequencer will fill in `leaf_index` and `leaf_hash`.

use std::collections::BTreeMap;
use std::fmt::Display;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::id::AuditId;
use kernel::{Actor, CallContext, RequestId, Timestamp};

use crate::db::StoreError;
use crate::sql::{Json, Key, Ts};
use crate::tables::audit_events;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEvent {
    /// Its id.
    pub id: AuditId,
    /// When it happened.
    pub at: Timestamp,
    /// On whose behalf.
    pub actor: Actor,
    /// Which request caused it.
    pub request_id: RequestId,
    /// What was done: `<thing>.<act>`, for example `invite.create`.
    pub action: &'static str,
    /// A reason code or a ticket number; never free text about a person.
    pub reason: Option<String>,
    /// What it was done to: a prefixed id.
    pub object: String,
    /// Keyed or salted digests of what must be provable later, in lower-case hexadecimal, and ids of related things.
    pub digests: BTreeMap<&'static str, String>,
}

impl AuditEvent {
    /// An event on behalf of whoever made `call`.
    pub fn new(
        id: AuditId,
        at: Timestamp,
        call: &CallContext,
        action: &'static str,
        object: impl Display,
    ) -> Self {
        Self {
            id,
            at,
            actor: call.actor.clone(),
            request_id: call.request_id.clone(),
            action,
            reason: None,
            object: object.to_string(),
            digests: BTreeMap::new(),
        }
    }

    /// The same event with a reason code.
    #[must_use]
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// The same event with a digest of something that must be provable later.
    #[must_use]
    pub fn digest(mut self, name: &'static str, bytes: &[u8]) -> Self {
        self.digests.insert(name, data_encoding::HEXLOWER.encode(bytes));
        self
    }

    /// The same event with the id of a related thing.
    #[must_use]
    pub fn related(mut self, name: &'static str, id: impl Display) -> Self {
        self.digests.insert(name, id.to_string());
        self
    }
}

#[derive(Insertable)]
#[diesel(table_name = audit_events)]
struct Row {
    id: Key,
    at: Ts,
    actor_kind: &'static str,
    actor_account: Option<Key>,
    actor_person: Option<Key>,
    actor_session: Option<Key>,
    actor_roles: Option<String>,
    actor_name: Option<String>,
    request_id: String,
    action: &'static str,
    reason: Option<String>,
    object: String,
    digests: Json<BTreeMap<&'static str, String>>,
}

impl From<AuditEvent> for Row {
    fn from(event: AuditEvent) -> Self {
        let mut row = Self {
            id: event.id.into(),
            at: event.at.into(),
            actor_kind: "anonymous",
            actor_account: None,
            actor_person: None,
            actor_session: None,
            actor_roles: None,
            actor_name: None,
            request_id: event.request_id.into(),
            action: event.action,
            reason: event.reason,
            object: event.object,
            digests: Json(event.digests),
        };
        match event.actor {
            Actor::Anonymous => {}
            Actor::System { name } => {
                row.actor_kind = "system";
                row.actor_name = Some(name);
            }
            Actor::Account { account, person, session, roles } => {
                row.actor_kind = "account";
                row.actor_account = Some(account.into());
                row.actor_person = Some(person.into());
                row.actor_session = Some(session.into());
                row.actor_roles = Some(roles.to_string());
            }
        }
        row
    }
}

crate::dual! {
    /// A connection on which the audit log can be written; both are.
    #[doc(hidden)]
    pub trait AuditConn {
        /// See [`record`].
        async fn record_audit(c, event: AuditEvent) -> Result<(), StoreError> {
            diesel::insert_into(audit_events::table).values(Row::from(event)).execute(c).await?;
            Ok(())
        }
    }
}

/// Records an event inside the write body of the change it tells of.
pub async fn record<C: AuditConn>(c: &mut C, event: AuditEvent) -> Result<(), StoreError> {
    c.record_audit(event).await
}
