//! GET /`api/v1/games/{game_id}/scoreboard`

use kernel::id::GameId;
use platform::web::{Answer, Caller, PathId, Problem, State};
use serde::Serialize;
use utoipa::ToSchema;

use super::problem;
use super::summary_view::GameSummary;
use crate::app::ratings::Entry;
use crate::app::{App, history};
use crate::text::tenth;

/// How a match stands, and its two players altogether.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct Scoreboard {
    game: GameSummary,
    pair: PairView,
    /// What the game changed for the ratings of its players, in their order; null until it is counted, soon after it
    /// ends, and for a game that does not count. What a voided game had changed is taken back by an entry of its own.
    #[schema(value_type = Option<Vec<RatingChange>>, min_items = 2, max_items = 2)]
    ratings: Option<[RatingChange; 2]>,
}

/// Somebody's rating before and after a game.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(super) struct RatingChange {
    before: f64,
    after: f64,
}

impl From<Entry> for RatingChange {
    fn from(entry: Entry) -> Self {
        Self { before: tenth(entry.before), after: tenth(entry.after.points) }
    }
}

/// All finished games of the two; voided ones count for nothing.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = PairScore)]
pub(super) struct PairView {
    /// In the order of the game's players.
    #[schema(value_type = Vec<u64>, min_items = 2, max_items = 2)]
    wins: [u64; 2],
    drawn: u64,
    games: u64,
}

pub(super) async fn handle(
    caller: Caller,
    app: State<App>,
    id: PathId<GameId>,
) -> Result<Answer<Scoreboard>, Problem> {
    let board =
        history::scoreboard(&app, caller.principal.account, id.0).await.map_err(problem::of_trouble)?;
    let players = board.summary.players;
    let names = app.names.of(&caller.call, [players.first, players.second]).await;
    let pair = board.pair;
    Ok(Answer::ok(Scoreboard {
        game: GameSummary::of(&board.summary, &names),
        ratings: board.rated.map(|rated| [rated.first.into(), rated.second.into()]),
        pair: PairView {
            wins: [pair.first_wins, pair.second_wins],
            drawn: pair.drawn,
            games: pair.first_wins + pair.second_wins + pair.drawn,
        },
    }))
}
