//! Games that were, and how they stand between two people.

use game_engine::BySeat;
use kernel::id::{AccountId, GameId};
use kernel::{Limit, Page};

use super::App;
use super::hot::Trouble;
use super::look;
use crate::domain::ending::Status;
use crate::domain::rating::{Entry, EntryKind};
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
    /// What it changed for each player, in the order of its players; none before it is counted.
    pub(crate) rated: Option<BySeat<Entry>>,
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
    let entries = app.store.entries_of_game(game).await?;
    let counted = |account| {
        let own = entries.iter().find(|(whose, entry)| *whose == account && entry.kind == EntryKind::Game);
        own.map(|(_, entry)| *entry)
    };
    let rated = counted(first).zip(counted(second)).map(|(first, second)| BySeat::new(first, second));
    Ok(Scoreboard { summary, pair, rated })
}
