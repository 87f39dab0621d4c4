//! Voiding the games that an account is playing: they count for nothing.

use kernel::CallContext;
use kernel::id::{AccountId, GameId};
use tokio::sync::oneshot;

use super::App;
use super::hot::{Message, Trouble, Voiding};
use crate::arrows;

/// Games looked up in one step.
const AT_ONCE: i64 = 100;

/// Voids every running game of the account and answers with those it voided. Repeating it voids nothing more.
pub(crate) async fn run(
    app: &App,
    call: &CallContext,
    account: AccountId,
    reason: &str,
) -> Result<Vec<GameId>, Trouble> {
    let (mut voided, mut after) = (Vec::new(), None);
    loop {
        let games = app.store.running(Some(account), after, AT_ONCE).await?;
        let Some(last) = games.last() else { return Ok(voided) };
        after = Some(*last);
        for game in games {
            if one(app, call, game, reason).await? {
                (app.reach)(arrows::VOIDED);
                voided.push(game);
            }
        }
    }
}

async fn one(app: &App, call: &CallContext, game: GameId, reason: &str) -> Result<bool, Trouble> {
    let (done, outcome) = oneshot::channel();
    let voiding = Box::new(Voiding { reason: reason.to_owned(), call: call.clone() });
    app.tables.send(game, Message::Void(voiding, done)).await.map_err(|_| Trouble::Busy)?;
    outcome.await.unwrap_or(Err(Trouble::Busy))
}
