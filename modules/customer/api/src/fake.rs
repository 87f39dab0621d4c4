//! A customer context in memory, for the tests of other contexts. It passes the same contract suite as the real one.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use kernel::id::{AccountId, DecisionId, RelationshipId};
use kernel::{CallContext, IdSource, Page};

use crate::port::{Capability, Check, Customer, CustomerError, Decision, Denial, NetworkQuery, Standing};

/// Relationships and blocks in memory.
pub struct FakeCustomer {
    ids: IdSource,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// Customer to its distributor and the relationship.
    distributors: HashMap<AccountId, (AccountId, RelationshipId)>,
    blocks: HashSet<(AccountId, AccountId)>,
    doubts: bool,
}

impl Inner {
    fn head(&self, account: AccountId) -> AccountId {
        self.distributors.get(&account).map_or(account, |(distributor, _)| *distributor)
    }

    fn relationship(&self, one: AccountId, other: AccountId) -> Option<RelationshipId> {
        [(one, other), (other, one)].into_iter().find_map(|(customer, distributor)| {
            self.distributors.get(&customer).filter(|(head, _)| *head == distributor).map(|(_, id)| *id)
        })
    }

    fn denial(&self, check: &Check) -> Option<Denial> {
        let (one, other) = (check.subject, check.object);
        if self.doubts {
            Some(Denial::Doubt)
        } else if one == other {
            Some(Denial::UnknownPair)
        } else if self.blocks.contains(&(one, other)) || self.blocks.contains(&(other, one)) {
            Some(Denial::Blocked)
        } else if check.capability == Capability::Chat && self.relationship(one, other).is_none() {
            Some(Denial::NoRelationship)
        } else if self.head(one) != self.head(other) {
            Some(Denial::OtherNetwork)
        } else {
            None
        }
    }
}

impl FakeCustomer {
    /// An empty one.
    #[must_use]
    pub fn new(ids: IdSource) -> Self {
        Self { ids, inner: Mutex::default() }
    }

    /// Starts a relationship.
    pub fn relate(&self, distributor: AccountId, customer: AccountId) {
        let relationship = self.ids.next();
        self.with(|inner| inner.distributors.insert(customer, (distributor, relationship)));
    }

    /// Adds a block.
    pub fn block(&self, by: AccountId, blocked: AccountId) {
        self.with(|inner| inner.blocks.insert((by, blocked)));
    }

    /// Lifts a block.
    pub fn unblock(&self, by: AccountId, blocked: AccountId) {
        self.with(|inner| inner.blocks.remove(&(by, blocked)));
    }

    /// Whether identity answers nothing from now on, and every check is in doubt.
    pub fn doubt(&self, doubts: bool) {
        self.with(|inner| inner.doubts = doubts);
    }

    fn with<T>(&self, act: impl FnOnce(&mut Inner) -> T) -> T {
        act(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Customer for FakeCustomer {
    async fn check(&self, _: &CallContext, check: Check) -> Result<Decision, CustomerError> {
        let id: DecisionId = self.ids.next();
        Ok(self.with(|inner| Decision {
            id,
            denial: inner.denial(&check),
            standing: inner
                .relationship(check.subject, check.object)
                .map(|relationship| Standing { relationship, version: 1 }),
        }))
    }

    async fn network(
        &self,
        _: &CallContext,
        query: NetworkQuery,
    ) -> Result<Page<AccountId, AccountId>, CustomerError> {
        let members: BTreeSet<AccountId> = self.with(|inner| {
            let head = inner.head(query.account);
            let customers = inner.distributors.iter().filter(|(_, (d, _))| *d == head).map(|(c, _)| *c);
            customers.chain([head]).collect()
        });
        let rows = members
            .into_iter()
            .filter(|member| *member != query.account && query.after.is_none_or(|after| *member > after))
            .take(usize::try_from(query.limit.get()).unwrap_or(usize::MAX).saturating_add(1))
            .collect();
        Ok(Page::from_rows(rows, query.limit, |last| *last))
    }

    async fn head(&self, _: &CallContext, account: AccountId) -> Result<AccountId, CustomerError> {
        Ok(self.with(|inner| inner.head(account)))
    }
}
