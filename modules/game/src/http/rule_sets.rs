//! GET /api/v1/rule-sets

use game_engine::RuleSet;
use platform::web::{Answer, Caller};
use serde::Serialize;
use utoipa::ToSchema;

use crate::live::wire::RulesView;

/// The presets.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct RuleSets {
    items: Vec<RulesView>,
}

pub(super) async fn handle(_: Caller) -> Answer<RuleSets> {
    let presets = RuleSet::PRESETS.iter().filter_map(|name| RuleSet::preset(name));
    Answer::ok(RuleSets { items: presets.map(|rules| RulesView::of(&rules)).collect() })
}
