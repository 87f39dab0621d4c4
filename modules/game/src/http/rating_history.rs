//! GET /api/v1/games/ratings/history

use std::collections::HashMap;

use kernel::id::{AccountId, GameId};
use kernel::{Limit, Timestamp};
use platform::web::{Answer, Caller, Cursor, List, Problem, Query, State, Web, schema};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::problem;
use super::rating_view::{GameResultWord, RatingEntryKindWord};
use crate::app::App;
use crate::app::ratings::{self, Entry};
use crate::domain::rating::{EntryKind, Family, GameResult};
use crate::live::wire::Person;
use crate::text::tenth;

/// Of which family.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct HistoryQuery {
    /// The name of a preset, or `custom`.
    family: String,
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Option<Limit>,
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
}

/// One change of a rating: a point of its graph.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct RatingEntry {
    /// From 1, without gaps.
    number: u64,
    #[schema(value_type = schema::Time)]
    at: Timestamp,
    #[schema(value_type = schema::GameId)]
    game_id: GameId,
    /// `game`, or `void` where a game that had counted is taken back; games after it stand as they are.
    #[schema(value_type = RatingEntryKindWord)]
    kind: EntryKind,
    #[schema(value_type = GameResultWord)]
    result: GameResult,
    rating_before: f64,
    rating_after: f64,
    /// After it.
    deviation: f64,
    opponent: Person,
    /// The opponent's, before the game.
    opponent_rating: f64,
    opponent_deviation: f64,
}

impl RatingEntry {
    fn of(entry: &Entry, names: &HashMap<AccountId, String>) -> Self {
        Self {
            number: entry.number,
            at: entry.at,
            game_id: entry.game,
            kind: entry.kind,
            result: entry.result,
            rating_before: tenth(entry.before),
            rating_after: tenth(entry.after.points),
            deviation: tenth(entry.after.deviation),
            opponent: Person::named(entry.opponent, names),
            opponent_rating: tenth(entry.opponent_points),
            opponent_deviation: tenth(entry.opponent_deviation),
        }
    }
}

pub(super) async fn handle(
    caller: Caller,
    app: State<App>,
    web: State<Web>,
    query: Query<HistoryQuery>,
) -> Result<Answer<List<RatingEntry>>, Problem> {
    let Query(query) = query;
    let family = Family::known(&query.family).ok_or_else(|| problem::unknown_family("/family"))?;
    let filter = format!("rating entries {}", family.as_str());
    let before: Option<u64> =
        query.cursor.map(|cursor| cursor.open(&web, &caller.principal, &filter)).transpose()?;
    let (account, limit) = (caller.principal.account, query.limit.unwrap_or_default());
    let page = ratings::history(&app, account, family, before, limit).await?;
    let names = app.names.of(&caller.call, page.items.iter().map(|entry| entry.opponent)).await;
    let page = page.map(|entry| RatingEntry::of(&entry, &names));
    Ok(Answer::ok(List::from_page(page, |last| Cursor::seal(&web, &caller.principal, &filter, last))))
}
