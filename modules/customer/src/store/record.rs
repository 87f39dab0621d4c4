//! What goes with a change into its transaction: history, events, notices, audit rows and owed steps.
//! Written once as helpers on a connection; they are called inside bodies only.

use customer_api::CustomerEvent;
use diesel_async::RunQueryDsl;
use kernel::id::{AccountId, InviteId, RedemptionId, RelationshipId};
use kernel::{IdSource, Timestamp};
use platform::audit::{self, AuditEvent};
use platform::db::StoreError;
use platform::notices;
use platform::outbox::{self, NewEvent};
use platform::sql::{Key, Word};
use serde_json::{Value, json};

use super::rows::{DriveRow, InviteHistoryRow, RelationshipHistoryRow, RelationshipRow};
use super::schema::{drives, invite_history, relationship_history, relationships};
use super::{Act, Posted};
use crate::domain::drive::DriveKind;
use crate::domain::notice::Notice;
use crate::domain::relationship::{Origin, Relationship, RelationshipState};

/// What every record needs: where ids come from, who acts, and when.
#[derive(Clone)]
pub(super) struct Scribe {
    pub(super) ids: IdSource,
    pub(super) act: Act,
}

impl Scribe {
    pub(super) fn at(&self) -> Timestamp {
        self.act.at
    }

    fn actor(&self) -> Option<Key> {
        self.act.call.actor.account().map(Key::from)
    }

    pub(super) fn audit(&self, action: &'static str, object: impl std::fmt::Display) -> AuditEvent {
        AuditEvent::new(self.ids.next(), self.act.at, &self.act.call, action, object)
    }

    fn event(&self, event: &CustomerEvent) -> Result<NewEvent, StoreError> {
        NewEvent::new(self.ids.next(), event.kind(), event.aggregate(), event, self.act.at)
    }
}

/// A step that follows from what is being committed.
pub(super) struct Owed {
    pub(super) kind: DriveKind,
    pub(super) account: AccountId,
    pub(super) relationship: Option<RelationshipId>,
    pub(super) redemption: Option<RedemptionId>,
}

impl Owed {
    pub(super) fn link(kind: DriveKind, relationship: &Relationship) -> Self {
        Self {
            kind,
            account: relationship.customer,
            relationship: Some(relationship.id),
            redemption: relationship.origin.map(|origin| origin.redemption),
        }
    }

    pub(super) fn announcement(account: AccountId) -> Self {
        Self { kind: DriveKind::Announce, account, relationship: None, redemption: None }
    }
}

/// The notices that tell both sides how their relationship stands.
pub(super) fn to_both(relationship: &Relationship) -> Vec<(AccountId, Notice)> {
    let notice = Notice::Relationship {
        relationship: relationship.id,
        distributor: relationship.distributor,
        customer: relationship.customer,
        state: relationship.state,
        version: relationship.version,
    };
    vec![(relationship.customer, notice), (relationship.distributor, notice)]
}

/// A new relationship, as its first row.
pub(super) fn started(
    id: RelationshipId,
    (distributor, customer): (AccountId, AccountId),
    origin: Origin,
    at: Timestamp,
) -> Relationship {
    Relationship {
        id,
        distributor,
        customer,
        state: RelationshipState::Active,
        version: 1,
        origin: Some(origin),
        started_at: at,
        changed_at: at,
    }
}

fn stored(notice: Notice) -> (&'static str, Value) {
    match notice {
        Notice::InviteRedeemed { invite, customer, relationship } => (
            "invite_redeemed",
            json!({"invite_id": invite, "customer_id": customer, "relationship_id": relationship}),
        ),
        Notice::Relationship { relationship, distributor, customer, state, version } => (
            "relationship_changed",
            json!({
                "relationship_id": relationship,
                "distributor_id": distributor,
                "customer_id": customer,
                "state": state,
                "version": version,
            }),
        ),
        Notice::Entitlement { with } => ("entitlement_changed", json!({"account_id": with})),
    }
}

platform::dual! {
    /// The helpers.
    pub(super) trait Record {
        async fn announce_event(c, scribe: Scribe, event: CustomerEvent) -> Result<(), StoreError> {
            outbox::append(c, scribe.event(&event)?).await
        }

        /// Posts in the order of the accounts, so that two transactions never wait for each other's streams.
        async fn post(c, scribe: Scribe, to: Vec<(AccountId, Notice)>) -> Result<Vec<Posted>, StoreError> {
            let mut to = to;
            to.sort_by_key(|(account, _)| *account);
            let mut posted = Vec::with_capacity(to.len());
            for (account, notice) in to {
                let (kind, body) = stored(notice);
                let seq = notices::append(c, account, kind, body.clone(), scribe.at()).await?;
                posted.push(Posted { account, seq, at: scribe.at(), kind, body });
            }
            Ok(posted)
        }

        async fn owe(c, scribe: Scribe, owed: Owed) -> Result<(), StoreError> {
            let row = DriveRow {
                id: Key(scribe.ids.uuid()),
                kind: Word(owed.kind),
                account: owed.account.into(),
                relationship: owed.relationship.map(Key::from),
                redemption: owed.redemption.map(Key::from),
                cursor: None,
                attempts: 0,
                next_at: scribe.at().into(),
            };
            diesel::insert_into(drives::table).values(row).execute(c).await?;
            Ok(())
        }

        /// The history line and the audit row of an invite's step.
        async fn invite_step(
            c,
            scribe: Scribe,
            invite: InviteId,
            what: &'static str,
            redemption: Option<RedemptionId>,
        ) -> Result<(), StoreError> {
            let row = InviteHistoryRow {
                id: Key(scribe.ids.uuid()),
                invite: invite.into(),
                what,
                at: scribe.at().into(),
                actor: scribe.actor(),
                redemption: redemption.map(Key::from),
            };
            diesel::insert_into(invite_history::table).values(row).execute(c).await?;
            let event = scribe.audit(what, invite);
            audit::record(c, match redemption {
                Some(redemption) => event.related("redemption", redemption),
                None => event,
            })
            .await
        }

        /// The history line and the audit row of a relationship's step.
        async fn relationship_step(
            c,
            scribe: Scribe,
            relationship: Relationship,
            what: &'static str,
        ) -> Result<(), StoreError> {
            let row = RelationshipHistoryRow {
                relationship: relationship.id.into(),
                version: relationship.version,
                state: Word(relationship.state),
                at: scribe.at().into(),
                actor: scribe.actor(),
            };
            diesel::insert_into(relationship_history::table).values(row).execute(c).await?;
            let event = scribe.audit(what, relationship.id);
            let event = event.related("distributor", relationship.distributor);
            audit::record(c, event.related("customer", relationship.customer)).await
        }

        /// Begins a relationship with all that goes with it; `None` when its customer already has a live one.
        async fn begin(
            c,
            scribe: Scribe,
            relationship: Relationship,
            owed: DriveKind,
        ) -> Result<Option<Vec<Posted>>, StoreError> {
            let inserted = diesel::insert_into(relationships::table)
                .values(RelationshipRow::from(&relationship))
                .on_conflict_do_nothing()
                .execute(c)
                .await?;
            if inserted == 0 {
                return Ok(None);
            }
            let event = CustomerEvent::RelationshipStarted {
                relationship: relationship.id,
                distributor: relationship.distributor,
                customer: relationship.customer,
            };
            c.announce_event(scribe.clone(), event).await?;
            c.owe(scribe.clone(), Owed::link(owed, &relationship)).await?;
            c.relationship_step(scribe.clone(), relationship.clone(), "relationship.start").await?;
            let mut to = to_both(&relationship);
            if let Some(origin) = relationship.origin {
                let notice = Notice::InviteRedeemed {
                    invite: origin.invite,
                    customer: relationship.customer,
                    relationship: relationship.id,
                };
                to.push((relationship.distributor, notice));
            }
            Ok(Some(c.post(scribe, to).await?))
        }
    }
}
