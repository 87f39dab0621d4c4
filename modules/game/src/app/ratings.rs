//! Ratings as people see them: their own, those of people whom they may play, and how their own came about.

use kernel::id::AccountId;
use kernel::{CallContext, Limit, Page};

use super::App;
pub(crate) use crate::domain::rating::Entry;
use crate::domain::rating::{Family, Rating, Standing};
use crate::store::{EntriesQuery, StoreError};

/// Somebody's rating in one family as it is now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rated {
    pub(crate) family: Family,
    pub(crate) standing: Standing,
    /// The standing's rating, its deviation grown since the last game.
    pub(crate) now: Rating,
    pub(crate) provisional: bool,
}

/// The rating of this account in this family as it is now; a newcomer's if it has none.
pub(crate) async fn rating_of(app: &App, account: AccountId, family: Family) -> Result<Rating, StoreError> {
    let standings = app.store.standings(family, vec![account]).await?;
    Ok(standings.get(&account).map_or(Rating::NEW, |standing| standing.at(app.clock.now())))
}

/// All ratings of an account, by family.
pub(crate) async fn own(app: &App, account: AccountId) -> Result<Vec<Rated>, StoreError> {
    let now = app.clock.now();
    let standings = app.store.standings_of(account).await?;
    let rated = |(family, standing): (Family, Standing)| Rated {
        family,
        standing,
        now: standing.at(now),
        provisional: standing.is_provisional(now),
    };
    Ok(standings.into_iter().filter(|(_, standing)| standing.is_played()).map(rated).collect())
}

/// All ratings of somebody, for whoever may play them; `None` for anybody else.
pub(crate) async fn of_other(
    app: &App,
    call: &CallContext,
    viewer: AccountId,
    account: AccountId,
) -> Result<Option<Vec<Rated>>, StoreError> {
    if viewer != account && !app.may_play(call, viewer, account).await {
        return Ok(None);
    }
    own(app, account).await.map(Some)
}

/// How an account's own rating came about, newest first.
pub(crate) async fn history(
    app: &App,
    account: AccountId,
    family: Family,
    before: Option<u64>,
    limit: Limit,
) -> Result<Page<Entry, u64>, StoreError> {
    let query = EntriesQuery { account, family, before, rows: limit.rows() + 1 };
    let rows = app.store.rating_entries(query).await?;
    Ok(Page::from_rows(rows, limit, |last| last.number))
}
