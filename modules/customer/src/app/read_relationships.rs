//! Reading relationships, as each side may see them.

use identity_api::AccountStanding;
use kernel::id::{AccountId, RelationshipId};
use kernel::{CallContext, Limit, Page};

use super::{App, Failure};
use crate::domain::relationship::{PastState, Relationship, RelationshipState};
use crate::store::RelationshipQuery;

/// A relationship and what identity says of both people; names are missing when it did not answer in time.
pub(crate) struct Seen {
    pub(crate) relationship: Relationship,
    pub(crate) people: Vec<AccountStanding>,
}

impl Seen {
    fn of(relationship: Relationship, all: &[AccountStanding]) -> Self {
        let both = [relationship.customer, relationship.distributor];
        let live = relationship.state != RelationshipState::Ended;
        let people = all.iter().filter(|a| live && both.contains(&a.account)).cloned().collect();
        Self { relationship, people }
    }

    /// What identity says of one of the two.
    pub(crate) fn person(&self, account: AccountId) -> Option<&AccountStanding> {
        self.people.iter().find(|person| person.account == account)
    }
}

/// The relationship of `customer` that `caller` may know of: its own, or the one between the two.
pub(crate) async fn visible(
    app: &App,
    caller: AccountId,
    customer: AccountId,
) -> Result<Option<Relationship>, Failure> {
    Ok(if caller == customer {
        app.store.of_customer(customer).await?
    } else {
        app.store.between(caller, customer).await?
    })
}

/// One relationship with names.
pub(crate) async fn one(
    app: &App,
    call: &CallContext,
    caller: AccountId,
    customer: AccountId,
) -> Result<Option<Seen>, Failure> {
    match visible(app, caller, customer).await? {
        Some(relationship) => Ok(Some(with_names(app, call, relationship).await)),
        None => Ok(None),
    }
}

/// Adds names to a relationship. Once it has ended, nobody is told anything new about the other.
pub(crate) async fn with_names(app: &App, call: &CallContext, relationship: Relationship) -> Seen {
    let both = vec![relationship.customer, relationship.distributor];
    let wanted = if relationship.state == RelationshipState::Ended { Vec::new() } else { both };
    let people = app.names(call, wanted).await;
    Seen::of(relationship, &people)
}

/// Which part of a list.
#[derive(Clone, Copy)]
pub(crate) struct Part {
    pub(crate) state: Option<RelationshipState>,
    /// Older than this one.
    pub(crate) before: Option<RelationshipId>,
    pub(crate) limit: Limit,
}

/// A page of the relationships somebody is part of, newest first.
pub(crate) async fn page(
    app: &App,
    call: &CallContext,
    of: AccountId,
    part: Part,
) -> Result<Page<Seen, RelationshipId>, Failure> {
    let Part { state, before, limit } = part;
    let query = RelationshipQuery { of, state, before, limit };
    let rows = app.store.relationships(query).await?;
    let page = Page::from_rows(rows, query.limit, |last| last.id);
    let live = page.items.iter().filter(|one| one.state != RelationshipState::Ended);
    // One of each pair is the asker itself, so a page never asks for more than a hundred others.
    let others = live.map(|one| if one.customer == query.of { one.distributor } else { one.customer });
    let people = app.names(call, others.collect()).await;
    Ok(page.map(|relationship| Seen::of(relationship, &people)))
}

/// The states a relationship has been in, latest first, for whoever may see it.
pub(crate) async fn history(
    app: &App,
    caller: AccountId,
    customer: AccountId,
) -> Result<Option<Vec<PastState>>, Failure> {
    match visible(app, caller, customer).await? {
        Some(relationship) => Ok(Some(app.store.history(relationship.id).await?)),
        None => Ok(None),
    }
}
