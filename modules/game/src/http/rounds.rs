//! GET /`api/v1/games/{game_id}/rounds`

use game_engine::{Seat, Viewer, round_view};
use kernel::id::GameId;
use kernel::{Limit, Timestamp};
use platform::web::{Answer, Caller, Cursor, List, PathId, Problem, Query, State, Web, schema};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::problem;
use crate::app::rounds::Finished;
use crate::app::{App, rounds};
use crate::live::wire::{RoundView, SeatWord};
use crate::text::Text;

/// Which part of the sheet.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct RoundsQuery {
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Option<Limit>,
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
}

/// A finished round on the score sheet of its match.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = FinishedRound)]
pub(super) struct RoundRow {
    #[serde(flatten)]
    result: RoundView,
    /// Who was dealt the first card.
    #[schema(value_type = SeatWord)]
    starter: Text<Seat>,
    #[schema(value_type = schema::Time)]
    started_at: Timestamp,
    #[schema(value_type = schema::Time)]
    ended_at: Timestamp,
}

impl RoundRow {
    fn of(round: Finished) -> Self {
        Self {
            result: RoundView::of(round_view(round.result, Viewer::Seat(Seat::First))),
            starter: Text(round.starter),
            started_at: round.started_at,
            ended_at: round.ended_at,
        }
    }
}

pub(super) async fn handle(
    caller: Caller,
    app: State<App>,
    web: State<Web>,
    id: PathId<GameId>,
    query: Query<RoundsQuery>,
) -> Result<Answer<List<RoundRow>>, Problem> {
    let (game, Query(query)) = (id.0, query);
    let filter = format!("rounds {game}");
    let after = query.cursor.map(|cursor| cursor.open(&web, &caller.principal, &filter)).transpose()?;
    let limit = query.limit.unwrap_or_default();
    let account = caller.principal.account;
    let page = rounds::run(&app, account, game, after.unwrap_or(0), limit).await;
    let page = page.map_err(problem::of_trouble)?.map(RoundRow::of);
    Ok(Answer::ok(List::from_page(page, |last| Cursor::seal(&web, &caller.principal, &filter, last))))
}
