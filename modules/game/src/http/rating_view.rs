//! Ratings on the wire, to a tenth of a point.

use kernel::Timestamp;
use kernel::id::AccountId;
use platform::web::schema;
use serde::Serialize;
use std::collections::HashMap;
use utoipa::ToSchema;

use crate::app::ratings::Rated;
use crate::domain::rating::{EntryKind, GameResult, Tally};
use crate::live::wire::Person;
use crate::text::tenth;

platform::word_schema! {
    GameResultWord: GameResult;
    RatingEntryKindWord: EntryKind;
}

/// Games that count, by how they ended.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = RatedGames)]
pub(super) struct TallyView {
    games: u64,
    wins: u64,
    losses: u64,
    draws: u64,
}

impl From<Tally> for TallyView {
    fn from(tally: Tally) -> Self {
        Self { games: tally.games(), wins: tally.wins, losses: tally.losses, draws: tally.draws }
    }
}

/// Somebody's rating under one family of rule sets.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Rating)]
pub(super) struct RatingView {
    /// The name of a preset, or `custom` for every changed rule set.
    family: String,
    rating: f64,
    /// How sure it is: within twice as much to either side in 95 of 100 cases. It grows by the day.
    deviation: f64,
    /// Not yet sure enough to be compared.
    provisional: bool,
    #[serde(flatten)]
    tally: TallyView,
    /// When the last game that counted ended.
    #[schema(value_type = schema::Time)]
    played_at: Timestamp,
}

/// All ratings of somebody, by family; families without a game are left out.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct Ratings {
    player: Person,
    ratings: Vec<RatingView>,
}

impl Ratings {
    pub(super) fn of(account: AccountId, ratings: &[Rated], names: &HashMap<AccountId, String>) -> Self {
        let view = |rated: &Rated| RatingView {
            family: rated.family.as_str().to_owned(),
            rating: tenth(rated.now.points),
            deviation: tenth(rated.now.deviation),
            provisional: rated.provisional,
            tally: rated.standing.tally.into(),
            played_at: rated.standing.played_at,
        };
        Self { player: Person::named(account, names), ratings: ratings.iter().map(view).collect() }
    }
}
