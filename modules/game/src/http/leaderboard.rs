//! GET /`api/v1/games/leaderboards/{family}`

use actix_web::web::Path;
use kernel::Limit;
use kernel::id::AccountId;
use platform::web::{Answer, Caller, Cursor, List, Problem, Query, State, Web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::problem;
use super::rating_view::TallyView;
use crate::app::App;
use crate::app::leaderboard::{self, Place, Ranked, Scope};
use crate::domain::rating::Family;
use crate::live::wire::Person;
use crate::text::tenth;

platform::word_schema! { LeaderboardScopeWord: Scope }

/// Among whom.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct BoardQuery {
    /// `network` unless told.
    #[param(value_type = Option<LeaderboardScopeWord>)]
    scope: Option<Scope>,
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Option<Limit>,
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
}

/// Somebody's place among others.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct LeaderboardPlace {
    /// From 1; null while the rating is provisional. Such places follow all others.
    rank: Option<u64>,
    player: Person,
    rating: f64,
    deviation: f64,
    provisional: bool,
    #[serde(flatten)]
    tally: TallyView,
}

impl From<Ranked> for LeaderboardPlace {
    fn from(ranked: Ranked) -> Self {
        let names = [(ranked.account, ranked.username)].into_iter().collect();
        Self {
            rank: ranked.rank,
            player: Person::named(ranked.account, &names),
            rating: tenth(ranked.rating.points),
            deviation: tenth(ranked.rating.deviation),
            provisional: ranked.rank.is_none(),
            tally: ranked.tally.into(),
        }
    }
}

/// What a cursor carries. The points travel as bits, so that they come back as they were.
type Key = (bool, u64, AccountId);

fn key(place: &Place) -> Key {
    (place.established, place.points.to_bits(), place.account)
}

fn place((established, bits, account): Key) -> Place {
    Place { established, points: f64::from_bits(bits), account }
}

pub(super) async fn handle(
    caller: Caller,
    app: State<App>,
    web: State<Web>,
    family: Path<String>,
    query: Query<BoardQuery>,
) -> Result<Answer<List<LeaderboardPlace>>, Problem> {
    let Query(query) = query;
    let family = Family::known(&family).ok_or_else(Problem::not_found)?;
    let scope = query.scope.unwrap_or(Scope::Network);
    let filter = format!("leaderboard {} {scope}", family.as_str());
    let after: Option<Key> =
        query.cursor.map(|cursor| cursor.open(&web, &caller.principal, &filter)).transpose()?;
    let (viewer, limit) = (caller.principal.account, query.limit.unwrap_or_default());
    let page = leaderboard::run(&app, &caller.call, viewer, (scope, family), after.map(place), limit)
        .await
        .map_err(problem::of_board)?;
    let page = page.map(LeaderboardPlace::from);
    let seal = |last: &Place| Cursor::seal(&web, &caller.principal, &filter, &key(last));
    Ok(Answer::ok(List::from_page(page, seal)))
}
