//! What joins and what parts two people, and who is in whose network: the reads behind every entitlement.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use identity_api::DistributorStanding;
use kernel::Limit;
use kernel::id::AccountId;
use platform::db::StoreError;
use platform::sql::{Key, Word};

use super::DieselStore;
use super::rows::RelationshipRow;
use super::schema::{blocks, distributors, relationships};
use crate::domain::entitlement::{PairFacts, Tie};
use crate::domain::relationship::RelationshipState;

impl DieselStore {
    pub(super) async fn pair_facts(
        &self,
        subject: AccountId,
        object: AccountId,
    ) -> Result<PairFacts, StoreError> {
        platform::read!(self.db, |c| {
            let (one, other) = (Key::from(subject), Key::from(object));
            let blocked: i64 = blocks::table
                .filter(
                    blocks::blocker
                        .eq(one)
                        .and(blocks::blocked.eq(other))
                        .or(blocks::blocker.eq(other).and(blocks::blocked.eq(one))),
                )
                .count()
                .get_result(c)
                .await?;
            let ties: Vec<RelationshipRow> = relationships::table
                .filter(relationships::customer.eq_any([one, other]))
                .filter(relationships::state.eq(Word(RelationshipState::Active)))
                .select(RelationshipRow::as_select())
                .limit(2)
                .load(c)
                .await?;
            let active: i64 = distributors::table
                .filter(distributors::account.eq_any([one, other]))
                .filter(distributors::standing.eq(Word(DistributorStanding::Active)))
                .count()
                .get_result(c)
                .await?;
            let tie = |customer: Key| {
                ties.iter().find(|row| row.customer == customer).map(|row| Tie {
                    relationship: row.id.id(),
                    version: row.version,
                    distributor: row.distributor.id(),
                })
            };
            Ok(PairFacts {
                blocked: blocked > 0,
                subject: tie(one),
                object: tie(other),
                // Of a distributor and its customer only one is a distributor.
                distributor_active: active > 0,
            })
        })
    }

    pub(super) async fn head_of(&self, account: AccountId) -> Result<AccountId, StoreError> {
        let head: Result<Option<Key>, StoreError> = platform::read!(self.db, |c| {
            let tie = relationships::table
                .filter(relationships::customer.eq(Key::from(account)))
                .filter(relationships::state.eq(Word(RelationshipState::Active)))
                .select(relationships::distributor);
            Ok(tie.first(c).await.optional()?)
        });
        Ok(head?.map_or(account, Key::id))
    }

    pub(super) async fn network_of(
        &self,
        account: AccountId,
        after: Option<AccountId>,
        limit: Limit,
    ) -> Result<Vec<AccountId>, StoreError> {
        platform::read!(self.db, |c| {
            let head: Option<Key> = relationships::table
                .filter(relationships::customer.eq(Key::from(account)))
                .filter(relationships::state.eq(Word(RelationshipState::Active)))
                .select(relationships::distributor)
                .first(c)
                .await
                .optional()?;
            let head = head.map_or(account, Key::id::<AccountId>);
            let mut customers = relationships::table
                .filter(relationships::distributor.eq(Key::from(head)))
                .filter(relationships::state.eq(Word(RelationshipState::Active)))
                .filter(relationships::customer.ne(Key::from(account)))
                .select(relationships::customer)
                .order(relationships::customer)
                .limit(limit.rows() + 1)
                .into_boxed();
            if let Some(after) = after {
                customers = customers.filter(relationships::customer.gt(Key::from(after)));
            }
            let customers: Vec<Key> = customers.load(c).await?;
            let mut members: Vec<AccountId> = customers.into_iter().map(Key::id).collect();
            if head != account && after.is_none_or(|after| head > after) {
                members.push(head);
                members.sort_unstable();
            }
            members.truncate(usize::try_from(limit.get()).unwrap_or(usize::MAX).saturating_add(1));
            Ok(members)
        })
    }
}
