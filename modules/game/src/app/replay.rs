//! A game that is over, step by step, for its two players.

use game_engine::Outcome;
use game_record::{Step, Story};
use kernel::id::{AccountId, GameId};
use kernel::{CallContext, Limit, Page};

use super::hot::Trouble;
use super::proof::{self, ProofError};
use super::{App, look};

/// Which steps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    /// Of this round only.
    pub(crate) round: Option<u32>,
    /// Beyond this one.
    pub(crate) after: u64,
    pub(crate) limit: Limit,
}

/// A step with its number, from 1 through the whole match.
#[derive(Debug, Clone)]
pub(crate) struct Numbered {
    pub(crate) number: u64,
    pub(crate) step: Step,
    /// How the match ended, after its last step; voided also where that came later and no step tells of it.
    pub(crate) outcome: Option<Outcome>,
}

/// The whole match.
pub(crate) async fn story(
    app: &App,
    call: &CallContext,
    account: AccountId,
    game: GameId,
) -> Result<Story, ProofError> {
    let record = proof::run(app, call, account, game).await?;
    record.story().map_err(|fault| {
        tracing::error!(%game, fault, "a game that is over does not replay");
        Trouble::Broken.into()
    })
}

/// Some of its steps, in order.
pub(crate) async fn steps(
    app: &App,
    call: &CallContext,
    account: AccountId,
    game: GameId,
    wanted: Wanted,
) -> Result<Page<Numbered, u64>, ProofError> {
    let story = story(app, call, account, game).await?;
    let voided = look::voided_at(app, game).await?.map(|_| Outcome::Voided);
    let of_round = |step: &Step| wanted.round.is_none_or(|round| step.after.round() == round);
    let numbered = (1..).zip(story.steps()).filter(|(number, step)| *number > wanted.after && of_round(step));
    let rows = usize::try_from(wanted.limit.get()).unwrap_or(usize::MAX).saturating_add(1);
    let numbered = numbered.take(rows).map(|(number, step)| {
        let outcome = step.after.outcome().map(|outcome| voided.unwrap_or(outcome));
        Numbered { number, step: step.clone(), outcome }
    });
    let rows = numbered.collect();
    Ok(Page::from_rows(rows, wanted.limit, |last| last.number))
}
