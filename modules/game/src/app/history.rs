//! Games that were, and how they stand between two people.

use game_engine::BySeat;
use kernel::id::{AccountId, GameId};
use kernel::{Limit, Page};

use super::App;
use super::hot::Trouble;
use super::look;
use crate::domain::ending::Status;
pub(crate) use crate::store::Summary;
use crate::store::{GamesQuery, PairScore, StoreError};

/// One's own games, newest first.
pub(crate) async fn list(
    app: &App,
    account: AccountId,
    status: Option<Status>,
    before: Option<GameId>,
    limit: Limit,
) -> Result<Page<Summary, GameId>, StoreError> {
    let query = GamesQuery { account, status, before, rows: limit.rows() + 1 };
    let rows = app.store.games(query).await?;
    Ok(Page::from_rows(rows, limit, |last| last.game))
}

/// How a match stands, and the pair beside it.
#[derive(Debug, Clone)]
pub(crate) struct Scoreboard {
    pub(crate) summary: Summary,
    pub(crate) pair: PairScore,
}

/// The scores of a game, for its players.
pub(crate) async fn scoreboard(app: &App, account: AccountId, game: GameId) -> Result<Scoreboard, Trouble> {
    let mut summary = app.store.summary(game).await?.ok_or(Trouble::NotFound)?;
    let BySeat { first, second } = summary.players;
    if account != first && account != second {
        return Err(Trouble::NotFound);
    }
    if summary.ending.is_none() {
        let view = look::snapshot(app, account, game).await?;
        summary.rounds = view.cards.round;
        summary.points = view.cards.scores;
        summary.wins = view.cards.wins;
    }
    let pair = app.store.pair_score(summary.players).await?;
    Ok(Scoreboard { summary, pair })
}
