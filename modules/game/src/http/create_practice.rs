//! POST /api/v1/games/practice

use game_bots::Strength;
use platform::web::{Answer, Caller, Keyed, Problem, State};
use serde::Deserialize;
use utoipa::ToSchema;

use super::invite_view::InviteView;
use super::problem;
use super::rule_set::{self, ClockForm, RuleSetForm};
use crate::app::App;
use crate::app::practice::offer::{self, Wanted};
use crate::live::wire::StrengthWord;

/// Against whom to practise, and what.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewPracticeGame)]
pub(super) struct NewPractice {
    #[schema(value_type = StrengthWord)]
    strength: String,
    rule_set: RuleSetForm,
    /// `single`, `best_of(n)` or `first_to_lose(points)`, where it differs from the rule set's.
    #[serde(default, rename = "match")]
    match_rule: Option<String>,
    #[serde(default)]
    clock: Option<ClockForm>,
}

pub(super) async fn handle(
    caller: Caller,
    app: State<App>,
    new: Keyed<NewPractice>,
) -> Result<Answer<InviteView>, Problem> {
    let Keyed { body, claim } = new;
    let strength: Strength = body.strength.parse().map_err(|_| {
        let known = Strength::ALL.map(Strength::name).join(", ");
        Problem::invalid("invalid_request").pointer("/strength", "unknown_word", format!("one of {known}"))
    })?;
    let rules = rule_set::read(&body.rule_set, body.match_rule.as_deref(), body.clock.unwrap_or_default());
    let rules = rules.map_err(|error| problem::of_rules(&error))?;
    let wanted = Wanted { strength, rules, rematch_of: None };
    let invite =
        offer::run(&app, &caller.call, &caller.principal, claim, wanted).await.map_err(problem::of_create)?;
    let view = InviteView::shown(&app, &caller.call, caller.principal.account, &invite).await;
    Ok(Answer::created(format!("/api/v1/games/invites/{}", invite.id), view))
}
