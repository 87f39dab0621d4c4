//! GET /`api/v1/games/{game_id}/events`

use kernel::id::GameId;
use kernel::{Limit, Timestamp};
use platform::web::{Answer, Caller, PathId, Problem, Query, State, schema};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::problem;
use crate::app::{App, look};
use crate::live::wire::EventData;

/// From where on.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct EventsQuery {
    /// The last event one has; 0 to begin.
    #[serde(default)]
    after: u64,
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Option<Limit>,
}

/// A part of a game's journal. There is more while the last item's `seq` is below `head`.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = GameEvents)]
pub(super) struct Events {
    items: Vec<Event>,
    /// The last event that there is.
    head: u64,
}

/// An event with its place.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = PlacedGameEvent)]
pub(super) struct Event {
    seq: u64,
    #[schema(value_type = schema::Time)]
    at: Timestamp,
    data: EventData,
}

pub(super) async fn handle(
    caller: Caller,
    app: State<App>,
    id: PathId<GameId>,
    query: Query<EventsQuery>,
) -> Result<Answer<Events>, Problem> {
    let seat = look::seat(&app, caller.principal.account, id.0).await?.ok_or_else(Problem::not_found)?;
    let limit = query.0.limit.unwrap_or_default().get();
    let part = look::lines(&app, id.0, query.0.after, limit).await.map_err(problem::of_trouble)?;
    let event = |line: &crate::domain::entry::Recorded| Event {
        seq: line.seq,
        at: line.at,
        data: EventData::of(line, seat),
    };
    Ok(Answer::ok(Events { items: part.lines.iter().map(event).collect(), head: part.head }))
}
