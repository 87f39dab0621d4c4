//! A game in lists.

use std::collections::HashMap;

use kernel::Timestamp;
use kernel::id::{AccountId, GameId};
use platform::web::schema;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::history::Summary;
use crate::domain::ending::Status;
use crate::live::wire::{GameStatusWord, OutcomeView, Person, RulesView};

/// A game and how it ended. Scores of running games stand in the game itself.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct GameSummary {
    #[schema(value_type = schema::GameId)]
    game_id: GameId,
    #[schema(value_type = GameStatusWord)]
    status: Status,
    #[schema(value_type = Vec<Person>, min_items = 2, max_items = 2)]
    players: [Person; 2],
    rule_set: RulesView,
    /// Whether it counts for the ratings of the two once it is finished.
    rated: bool,
    outcome: Option<OutcomeView>,
    rounds: u32,
    #[schema(value_type = Vec<u32>, min_items = 2, max_items = 2)]
    scores: [u32; 2],
    #[schema(value_type = Vec<u16>, min_items = 2, max_items = 2)]
    wins: [u16; 2],
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::GameId>)]
    rematch_of: Option<GameId>,
    #[schema(value_type = schema::Time)]
    started_at: Timestamp,
    #[schema(value_type = Option<schema::Time>)]
    ended_at: Option<Timestamp>,
}

impl GameSummary {
    pub(super) fn of(summary: &Summary, names: &HashMap<AccountId, String>) -> Self {
        let players = [summary.players.first, summary.players.second];
        Self {
            game_id: summary.game,
            status: summary.ending.as_ref().map_or(Status::Active, |ending| ending.status),
            players: players.map(|account| Person::named(account, names)),
            rule_set: RulesView::of(&summary.rules),
            rated: summary.rated,
            outcome: summary.ending.as_ref().map(OutcomeView::of_ending),
            rounds: summary.rounds,
            scores: [summary.points.first, summary.points.second],
            wins: [summary.wins.first, summary.wins.second],
            rematch_of: summary.rematch_of,
            started_at: summary.started_at,
            ended_at: summary.ended_at,
        }
    }
}
