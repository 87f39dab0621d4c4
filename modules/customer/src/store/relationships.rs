//! Relationships: how they are read and moved on, and what identity's events change for them.

use async_trait::async_trait;
use customer_api::CustomerEvent;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use identity_api::DistributorStanding;
use kernel::Limit;
use kernel::id::{AccountId, RelationshipId};
use platform::audit;
use platform::db::StoreError;
use platform::inbox;
use platform::sql::{Key, Ts, Word};

use super::record::{Owed, Record, to_both};
use super::rows::{RelationshipHistoryRow, RelationshipRow};
use super::schema::{distributors, relationship_history, relationships};
use super::{Act, DieselStore, IDENTITY_CONSUMER, Posted, RelationshipQuery, RelationshipStore};
use crate::domain::drive::DriveKind;
use crate::domain::entitlement::PairFacts;
use crate::domain::relationship::{PastState, Relationship, RelationshipState};

#[async_trait]
impl RelationshipStore for DieselStore {
    async fn set_standing(
        &self,
        event: i64,
        distributor: AccountId,
        standing: DistributorStanding,
        act: Act,
    ) -> Result<(), StoreError> {
        let scribe = self.scribe(act);
        platform::write!(self.db, |c| {
            inbox::advance(c, IDENTITY_CONSUMER, event).await?;
            let at = Ts::from(scribe.at());
            diesel::insert_into(distributors::table)
                .values((
                    distributors::account.eq(Key::from(distributor)),
                    distributors::standing.eq(Word(standing)),
                    distributors::event.eq(event),
                    distributors::invites.eq(0_i64),
                    distributors::changed_at.eq(at),
                ))
                .on_conflict(distributors::account)
                .do_update()
                .set((
                    distributors::standing.eq(Word(standing)),
                    distributors::event.eq(event),
                    distributors::changed_at.eq(at),
                ))
                .execute(c)
                .await?;
            let heard = scribe.audit("distributor.standing", distributor).reason(standing.as_str());
            audit::record(c, heard).await?;
            c.owe(scribe, Owed::announcement(distributor)).await
        })
    }

    async fn account_changed(&self, event: i64, account: AccountId, act: Act) -> Result<(), StoreError> {
        let scribe = self.scribe(act);
        platform::write!(self.db, |c| {
            inbox::advance(c, IDENTITY_CONSUMER, event).await?;
            c.owe(scribe, Owed::announcement(account)).await
        })
    }

    async fn of_customer(&self, customer: AccountId) -> Result<Option<Relationship>, StoreError> {
        platform::read!(self.db, |c| {
            // Whatever ended is older than what is live: ids grow with time.
            let row: Option<RelationshipRow> = relationships::table
                .filter(relationships::customer.eq(Key::from(customer)))
                .select(RelationshipRow::as_select())
                .order(relationships::id.desc())
                .first(c)
                .await
                .optional()?;
            Ok(row.map(Relationship::from))
        })
    }

    async fn between(
        &self,
        distributor: AccountId,
        customer: AccountId,
    ) -> Result<Option<Relationship>, StoreError> {
        platform::read!(self.db, |c| {
            let row: Option<RelationshipRow> = relationships::table
                .filter(relationships::customer.eq(Key::from(customer)))
                .filter(relationships::distributor.eq(Key::from(distributor)))
                .select(RelationshipRow::as_select())
                .order(relationships::id.desc())
                .first(c)
                .await
                .optional()?;
            Ok(row.map(Relationship::from))
        })
    }

    async fn relationships(&self, query: RelationshipQuery) -> Result<Vec<Relationship>, StoreError> {
        platform::read!(self.db, |c| {
            let of = Key::from(query.of);
            let mut rows = relationships::table
                .filter(relationships::customer.eq(of).or(relationships::distributor.eq(of)))
                .select(RelationshipRow::as_select())
                .order(relationships::id.desc())
                .limit(query.limit.rows() + 1)
                .into_boxed();
            if let Some(state) = query.state {
                rows = rows.filter(relationships::state.eq(Word(state)));
            }
            if let Some(before) = query.before {
                rows = rows.filter(relationships::id.lt(Key::from(before)));
            }
            let rows: Vec<RelationshipRow> = rows.load(c).await?;
            Ok(rows.into_iter().map(Relationship::from).collect())
        })
    }

    async fn history(&self, relationship: RelationshipId) -> Result<Vec<PastState>, StoreError> {
        platform::read!(self.db, |c| {
            let rows: Vec<RelationshipHistoryRow> = relationship_history::table
                .filter(relationship_history::relationship.eq(Key::from(relationship)))
                .select(RelationshipHistoryRow::as_select())
                .order(relationship_history::version.desc())
                .limit(100)
                .load(c)
                .await?;
            Ok(rows.into_iter().map(PastState::from).collect())
        })
    }

    async fn change(
        &self,
        relationship: Relationship,
        to: RelationshipState,
        act: Act,
    ) -> Result<(Relationship, Vec<Posted>), StoreError> {
        let scribe = self.scribe(act);
        platform::write!(self.db, |c| {
            let row: Option<RelationshipRow> =
                diesel::update(relationships::table.find(Key::from(relationship.id)))
                    .filter(relationships::version.eq(relationship.version))
                    .set((
                        relationships::state.eq(Word(to)),
                        relationships::version.eq(relationships::version + 1),
                        relationships::changed_at.eq(Ts::from(scribe.at())),
                    ))
                    .returning(RelationshipRow::as_returning())
                    .get_result(c)
                    .await
                    .optional()?;
            let changed = Relationship::from(row.ok_or(StoreError::LostRace)?);
            let (what, event) = change_of(&changed);
            c.announce_event(scribe.clone(), event).await?;
            if to == RelationshipState::Ended {
                c.owe(scribe.clone(), Owed::link(DriveKind::Detach, &changed)).await?;
            }
            c.relationship_step(scribe.clone(), changed.clone(), what).await?;
            let posted = c.post(scribe, to_both(&changed)).await?;
            Ok((changed, posted))
        })
    }

    async fn vip_marked(
        &self,
        relationship: RelationshipId,
        enabled: bool,
        act: Act,
    ) -> Result<(), StoreError> {
        let scribe = self.scribe(act);
        let action = if enabled { "relationship.vip_set" } else { "relationship.vip_clear" };
        platform::write!(self.db, |c| { audit::record(c, scribe.audit(action, relationship)).await })
    }

    async fn pair(&self, subject: AccountId, object: AccountId) -> Result<PairFacts, StoreError> {
        self.pair_facts(subject, object).await
    }

    async fn network(
        &self,
        account: AccountId,
        after: Option<AccountId>,
        limit: Limit,
    ) -> Result<Vec<AccountId>, StoreError> {
        self.network_of(account, after, limit).await
    }

    async fn head(&self, account: AccountId) -> Result<AccountId, StoreError> {
        self.head_of(account).await
    }
}

fn change_of(changed: &Relationship) -> (&'static str, CustomerEvent) {
    let (relationship, distributor, customer) = (changed.id, changed.distributor, changed.customer);
    match changed.state {
        RelationshipState::Suspended => {
            let event = CustomerEvent::RelationshipSuspended { relationship, distributor, customer };
            ("relationship.suspend", event)
        }
        RelationshipState::Active => {
            let event = CustomerEvent::RelationshipResumed { relationship, distributor, customer };
            ("relationship.resume", event)
        }
        RelationshipState::Ended => {
            let event = CustomerEvent::RelationshipEnded { relationship, distributor, customer };
            ("relationship.end", event)
        }
    }
}
