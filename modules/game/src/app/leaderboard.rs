//! Who is strongest: in one's own network, or among everybody where anybody may play anybody.
//!
//! Established ratings stand first, by their points, and have ranks; provisional ones follow and have none: a handful of
//! lucky games is no first place, and a rating that rests long enough is provisional again.

use std::cmp::Ordering;

use customer_api::{CustomerError, NetworkQuery};
use identity_api::AccountStatus;
use identity_api::IdentityError;
use kernel::id::AccountId;
use kernel::{CallContext, Limit, Page, PortError, Timestamp};

use super::App;
use crate::domain::rating::{Family, Rating, Standing, Tally};
pub(crate) use crate::store::Place;
use crate::store::{BoardQuery, StoreError};

kernel::words! {
    /// Among whom.
    pub(crate) enum Scope as "scope of a leaderboard" {
        /// Oneself and one's network.
        Network = "network",
        /// Everybody of this deployment.
        Overall = "overall",
    }
}

/// People of one network who are looked at. No distributor has as many customers.
const MOST_MEMBERS: usize = 10_000;

/// Where a leaderboard goes on. It stays the one of the moment at which its first page was asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Onward {
    pub(crate) place: Place,
    /// Ranks given so far.
    pub(crate) ranked: u64,
    pub(crate) at: Timestamp,
}

/// Somebody on a leaderboard.
#[derive(Debug, Clone)]
pub(crate) struct Ranked {
    pub(crate) account: AccountId,
    pub(crate) username: String,
    /// From 1; none while the rating is provisional.
    pub(crate) rank: Option<u64>,
    pub(crate) rating: Rating,
    pub(crate) tally: Tally,
}

/// Why there is no leaderboard.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BoardError {
    /// People of this deployment play within their networks.
    #[error("play is not open to anybody")]
    NotOpen,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Port(#[from] PortError),
}

impl From<CustomerError> for BoardError {
    fn from(error: CustomerError) -> Self {
        match error {
            CustomerError::Port { source } => Self::Port(source),
        }
    }
}

impl From<IdentityError> for BoardError {
    fn from(error: IdentityError) -> Self {
        match error {
            IdentityError::Port { source } => Self::Port(source),
            other => Self::Port(PortError::unavailable(other)),
        }
    }
}

pub(crate) async fn run(
    app: &App,
    call: &CallContext,
    viewer: AccountId,
    (scope, family): (Scope, Family),
    after: Option<Onward>,
    limit: Limit,
) -> Result<Page<Ranked, Onward>, BoardError> {
    let at = after.map_or_else(|| app.clock.now(), |after| after.at);
    let query = BoardQuery { family, now: at, after: after.map(|after| after.place), rows: limit.rows() + 1 };
    let rows = match scope {
        Scope::Network => of_network(app, call, viewer, query).await?,
        Scope::Overall if app.policy.open_play => app.store.board(query).await?,
        Scope::Overall => return Err(BoardError::NotOpen),
    };
    let before = after.map_or(0, |after| after.ranked);
    let mut ranked = before;
    let place = |(account, standing): (AccountId, Standing)| {
        let place = place(account, &standing, at);
        ranked += u64::from(place.established);
        (Onward { place, ranked, at }, standing)
    };
    let rows: Vec<(Onward, Standing)> = rows.into_iter().map(place).collect();
    let page = Page::from_rows(rows, limit, |(onward, _)| *onward);
    named(app, call, page).await
}

/// Those of the page who can be shown. Whoever is suspended or gone keeps the rank, and nobody sees it.
async fn named(
    app: &App,
    call: &CallContext,
    page: Page<(Onward, Standing), Onward>,
) -> Result<Page<Ranked, Onward>, BoardError> {
    let accounts: Vec<AccountId> = page.items.iter().map(|(onward, _)| onward.place.account).collect();
    let mut items = Vec::with_capacity(accounts.len());
    let known = if accounts.is_empty() { Vec::new() } else { app.identity.accounts(call, accounts).await? };
    for (Onward { place, ranked, at }, standing) in page.items {
        let shown = known.iter().find(|known| known.account == place.account);
        if let Some(shown) = shown.filter(|known| known.status == AccountStatus::Active) {
            items.push(Ranked {
                account: place.account,
                username: shown.username.clone(),
                rank: place.established.then_some(ranked),
                rating: standing.at(at),
                tally: standing.tally,
            });
        }
    }
    Ok(Page { items, next: page.next })
}

fn place(account: AccountId, standing: &Standing, at: Timestamp) -> Place {
    Place { established: !standing.is_provisional(at), points: standing.rating.points, account }
}

/// The better first, in the order of the store's own leaderboards.
fn order(one: &Place, other: &Place) -> Ordering {
    let established = other.established.cmp(&one.established);
    established.then(other.points.total_cmp(&one.points)).then(other.account.cmp(&one.account))
}

/// The same for the viewer's network, whose members customer knows.
async fn of_network(
    app: &App,
    call: &CallContext,
    viewer: AccountId,
    query: BoardQuery,
) -> Result<Vec<(AccountId, Standing)>, BoardError> {
    let (mut members, mut after) = (vec![viewer], None);
    while members.len() < MOST_MEMBERS {
        let asked = NetworkQuery { account: viewer, after, limit: Limit::MAX };
        let page = app.customer.network(call, asked).await?;
        members.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let mut rows: Vec<(Place, Standing)> = Vec::new();
    for part in members.chunks(500) {
        let standings = app.store.standings(query.family, part.to_vec()).await?;
        rows.extend(
            standings.into_iter().map(|(who, standing)| (place(who, &standing, query.now), standing)),
        );
    }
    rows.retain(|(place, _)| query.after.is_none_or(|after| order(&after, place) == Ordering::Less));
    rows.sort_by(|(one, _), (other, _)| order(one, other));
    rows.truncate(usize::try_from(query.rows).unwrap_or(usize::MAX));
    Ok(rows.into_iter().map(|(place, standing)| (place.account, standing)).collect())
}
