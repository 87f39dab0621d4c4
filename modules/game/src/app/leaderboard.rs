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

/// A part of a leaderboard, in order, and how many established ratings stand before it.
struct Part {
    ahead: u64,
    rows: Vec<(AccountId, Standing)>,
}

/// A page as of now, from one place on: ratings move meanwhile, so whoever moved past that place since is on no later
/// page, or on a second one, but each page has the ranks of its own moment.
pub(crate) async fn run(
    app: &App,
    call: &CallContext,
    viewer: AccountId,
    (scope, family): (Scope, Family),
    after: Option<Place>,
    limit: Limit,
) -> Result<Page<Ranked, Place>, BoardError> {
    let now = app.clock.now();
    let query = BoardQuery { family, now, after, rows: limit.rows() + 1 };
    let part = match scope {
        Scope::Network => of_network(app, call, viewer, query).await?,
        Scope::Overall if app.policy.open_play => of_all(app, query).await?,
        Scope::Overall => return Err(BoardError::NotOpen),
    };
    let ranked = (part.ahead + 1..).zip(part.rows).map(|(rank, (account, standing))| {
        let place = place(account, &standing, now);
        (place, place.established.then_some(rank), standing)
    });
    let page = Page::from_rows(ranked.collect(), limit, |(place, ..)| *place);
    shown(app, call, viewer, now, page).await
}

/// Those of the page whom the viewer may see. Anybody else keeps the rank, and nobody sees it: whoever is suspended or
/// gone, and whoever the viewer may not play, as their ratings are not shown elsewhere either.
async fn shown(
    app: &App,
    call: &CallContext,
    viewer: AccountId,
    now: Timestamp,
    page: Page<(Place, Option<u64>, Standing), Place>,
) -> Result<Page<Ranked, Place>, BoardError> {
    let accounts: Vec<AccountId> = page.items.iter().map(|(place, ..)| place.account).collect();
    let mut items = Vec::with_capacity(accounts.len());
    let known = if accounts.is_empty() { Vec::new() } else { app.identity.accounts(call, accounts).await? };
    for (Place { account, .. }, rank, standing) in page.items {
        let known = known.iter().find(|known| known.account == account);
        let Some(known) = known.filter(|known| known.status == AccountStatus::Active) else { continue };
        if account == viewer || app.may_play(call, viewer, account).await {
            let (username, rating) = (known.username.clone(), standing.at(now));
            items.push(Ranked { account, username, rank, rating, tally: standing.tally });
        }
    }
    Ok(Page { items, next: page.next })
}

async fn of_all(app: &App, query: BoardQuery) -> Result<Part, BoardError> {
    let rows = app.store.board(query).await?;
    let first = rows.first().map(|(account, standing)| place(*account, standing, query.now));
    let ahead = match first.filter(|first| first.established && query.after.is_some()) {
        Some(first) => app.store.ahead(query.family, query.now, first).await?,
        None => 0,
    };
    Ok(Part { ahead, rows })
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
) -> Result<Part, BoardError> {
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
        let played = standings.into_iter().filter(|(_, standing)| standing.is_played());
        rows.extend(played.map(|(who, standing)| (place(who, &standing, query.now), standing)));
    }
    rows.sort_by(|(one, _), (other, _)| order(one, other));
    let before =
        |(place, _): &(Place, Standing)| query.after.is_some_and(|after| order(&after, place).is_ge());
    let passed = rows.partition_point(before);
    let rest = rows.split_off(passed);
    let ahead = rows.iter().filter(|(place, _)| place.established).count();
    let most = usize::try_from(query.rows).unwrap_or(usize::MAX);
    let rest = rest.into_iter().take(most).map(|(place, standing)| (place.account, standing));
    Ok(Part { ahead: u64::try_from(ahead).unwrap_or(u64::MAX), rows: rest.collect() })
}
