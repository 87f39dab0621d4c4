//! GET /`api/v1/games/head-to-head/{account_id}`

use kernel::id::AccountId;
use platform::web::{Answer, Caller, PathId, Problem, State};
use serde::Serialize;
use utoipa::ToSchema;

use super::summary_view::GameSummary;
use crate::app::head_to_head::PairScore;
use crate::app::{App, head_to_head};
use crate::domain::rating::Family;
use crate::live::wire::Person;

/// Finished games of two people, as the caller counts them.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = HeadToHeadScore)]
pub(super) struct ScoreView {
    games: u64,
    wins: u64,
    losses: u64,
    draws: u64,
}

impl From<PairScore> for ScoreView {
    fn from(score: PairScore) -> Self {
        let (wins, losses, draws) = (score.first_wins, score.second_wins, score.drawn);
        Self { games: wins + losses + draws, wins, losses, draws }
    }
}

/// The same for one family of rule sets.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = HeadToHeadFamily)]
pub(super) struct FamilyView {
    /// The name of a preset, or `custom`.
    family: String,
    #[serde(flatten)]
    score: ScoreView,
}

/// How the caller stands against somebody. Rated or not, every finished game counts here; voided ones do not.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = HeadToHead)]
pub(super) struct HeadToHeadView {
    opponent: Person,
    total: ScoreView,
    families: Vec<FamilyView>,
    /// The last ten that are over, newest first, voided ones included.
    last_games: Vec<GameSummary>,
}

pub(super) async fn handle(
    caller: Caller,
    app: State<App>,
    id: PathId<AccountId>,
) -> Result<Answer<HeadToHeadView>, Problem> {
    let me = caller.principal.account;
    let found = head_to_head::run(&app, &caller.call, me, id.0).await?.ok_or_else(Problem::not_found)?;
    let names = app.names.of(&caller.call, [me, id.0]).await;
    let family = |(family, score): (Family, PairScore)| FamilyView {
        family: family.as_str().to_owned(),
        score: score.into(),
    };
    Ok(Answer::ok(HeadToHeadView {
        opponent: Person::named(id.0, &names),
        total: found.total.into(),
        families: found.families.into_iter().map(family).collect(),
        last_games: found.last.iter().map(|game| GameSummary::of(game, &names)).collect(),
    }))
}
