//! POST, GET and DELETE /api/v1/games/queue

use platform::web::{Answer, Caller, Keyed, NoContent, Problem, State};
use serde::Deserialize;
use utoipa::ToSchema;

use super::problem;
use super::queue_view::QueueView;
use super::rule_set::{self, ClockForm, RuleSetForm};
use crate::app::App;
use crate::app::finding::{join_queue, leave_queue, look_at_queue};
use crate::domain::queue::Wish;

/// What to wait for.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = GameQueueRequest)]
pub(super) struct Joining {
    rule_set: RuleSetForm,
    /// `single`, `best_of(n)` or `first_to_lose(points)`, where it differs from the rule set's.
    #[serde(default, rename = "match")]
    match_rule: Option<String>,
    #[serde(default)]
    clock: Option<ClockForm>,
    /// Whether the game shall count for the ratings of the two.
    #[serde(default = "counts")]
    rated: bool,
}

/// Unless somebody says otherwise, a game between people counts.
fn counts() -> bool {
    true
}

pub(super) async fn join(
    caller: Caller,
    app: State<App>,
    joining: Keyed<Joining>,
) -> Result<Answer<QueueView>, Problem> {
    let Keyed { body, claim } = joining;
    let clock = body.clock.unwrap_or_default();
    let rules = rule_set::read(&body.rule_set, body.match_rule.as_deref(), clock);
    let rules = rules.map_err(|error| problem::of_rules(&error))?;
    let wish = Wish { rules, rated: body.rated };
    let (standing, joined) = join_queue::run(&app, &caller.call, &caller.principal, claim, wish)
        .await
        .map_err(problem::of_join)?;
    let view = QueueView::shown(&app, &caller.call, caller.principal.account, standing).await;
    Ok(if joined { Answer::created("/api/v1/games/queue", view) } else { Answer::ok(view) })
}

pub(super) async fn look(caller: Caller, app: State<App>) -> Result<Answer<QueueView>, Problem> {
    let account = caller.principal.account;
    let standing = look_at_queue::run(&app, account).await?;
    Ok(Answer::ok(QueueView::shown(&app, &caller.call, account, standing).await))
}

pub(super) async fn leave(caller: Caller, app: State<App>) -> Result<NoContent, Problem> {
    leave_queue::run(&app, &caller.call, caller.principal.account).await?;
    Ok(NoContent)
}
