//! POST /api/v1/games/invites

use kernel::id::GameId;
use platform::web::{Answer, Caller, Keyed, Problem, State, schema};
use serde::Deserialize;
use utoipa::ToSchema;

use super::invite_view::InviteView;
use super::problem;
use super::rule_set::{self, ClockForm, RuleSetForm};
use crate::app::App;
use crate::app::create_invite::{self, Invitation};

/// Whom to invite to what.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewGameInvite)]
pub(super) struct NewInvite {
    #[schema(min_length = 1, max_length = 64)]
    username: String,
    rule_set: RuleSetForm,
    /// `single`, `best_of(n)` or `first_to_lose(points)`, where it differs from the rule set's.
    #[serde(default, rename = "match")]
    match_rule: Option<String>,
    #[serde(default)]
    clock: Option<ClockForm>,
    /// A finished game of the two.
    #[serde(default)]
    #[schema(value_type = Option<schema::GameId>)]
    rematch_of: Option<GameId>,
    /// Whether the game counts for the ratings of the two.
    #[serde(default = "counts")]
    rated: bool,
}

/// Unless somebody says otherwise, a game between people counts.
fn counts() -> bool {
    true
}

/// No name is longer.
const LONGEST_NAME: usize = 64;

pub(super) async fn handle(
    caller: Caller,
    app: State<App>,
    new: Keyed<NewInvite>,
) -> Result<Answer<InviteView>, Problem> {
    let Keyed { body, claim } = new;
    if body.username.is_empty() || body.username.len() > LONGEST_NAME {
        return Err(Problem::invalid("invalid_request").pointer(
            "/username",
            "out_of_range",
            "1 to 64 characters",
        ));
    }
    let clock = body.clock.unwrap_or_default();
    let rules = rule_set::read(&body.rule_set, body.match_rule.as_deref(), clock);
    let rules = rules.map_err(|error| problem::of_rules(&error))?;
    let (rematch_of, rated) = (body.rematch_of, body.rated);
    let ask = Invitation { username: body.username, rules, rematch_of, rated };
    let invite = create_invite::run(&app, &caller.call, &caller.principal, claim, ask)
        .await
        .map_err(problem::of_create)?;
    let view = InviteView::shown(&app, &caller.call, caller.principal.account, &invite).await;
    Ok(Answer::created(format!("/api/v1/games/invites/{}", invite.id), view))
}
