//! GET /`api/v1/games/{game_id}/scoreboard`

use kernel::id::GameId;
use platform::web::{Answer, Caller, PathId, Problem, State};
use serde::Serialize;
use utoipa::ToSchema;

use super::problem;
use super::summary_view::GameSummary;
use crate::app::{App, history};

/// How a match stands, and its two players altogether.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct Scoreboard {
    game: GameSummary,
    pair: PairView,
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
        pair: PairView {
            wins: [pair.first_wins, pair.second_wins],
            drawn: pair.drawn,
            games: pair.first_wins + pair.second_wins + pair.drawn,
        },
    }))
}
