//! May these two chat, or play? Own rows and identity's word, decided purely; deny is the answer to every doubt.

use customer_api::{Check, Decision, Denial};
use kernel::CallContext;

use super::App;
use crate::domain::entitlement::Question;

pub(crate) async fn run(app: &App, call: &CallContext, check: Check) -> Decision {
    let facts = app.store.pair(check.subject, check.object).await;
    // Identity is asked last: what it says is the younger half of the decision.
    let accounts = match &facts {
        Ok(_) => app.standings(call, vec![check.subject, check.object]).await.ok(),
        Err(_) => None,
    };
    let question = Question {
        subject: check.subject,
        object: check.object,
        capability: check.capability,
        facts: facts.unwrap_or_default(),
        accounts: accounts.as_deref(),
    };
    let denial = question.decide(app.config.policy());
    let decision = Decision { id: app.ids.next(), denial, standing: question.standing() };
    let outcome = denial.map_or("allow", Denial::as_str);
    metrics::counter!("customer_checks_total", "capability" => check.capability.as_str(), "outcome" => outcome)
        .increment(1);
    tracing::debug!(decision = %decision.id, capability = %check.capability, outcome, "entitlement decided");
    decision
}
