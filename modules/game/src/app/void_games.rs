//! Voiding games: they count for nothing, whether they are played or over.

use kernel::CallContext;
use kernel::id::{AccountId, GameId};
use tokio::sync::oneshot;

use super::App;
use super::hot::{Message, Trouble, Voiding};
use crate::arrows;
use crate::domain::ending::Status;
use crate::domain::rating::{Change, Family, take_back};
use crate::store::{Revocation, Stamp, StoreError, Summary};

/// Games looked up in one step.
const AT_ONCE: i64 = 100;
/// How often other games of the same people may be counted while one is voided.
const ATTEMPTS: usize = 8;

/// Voids every running game of the account and answers with those it voided. Repeating it voids nothing more.
///
/// A game that cannot be voided keeps no other from it; that there was one is the answer then.
pub(crate) async fn run(
    app: &App,
    call: &CallContext,
    account: AccountId,
    reason: &str,
) -> Result<Vec<GameId>, Trouble> {
    let (mut voided, mut after, mut left) = (Vec::new(), None, None);
    loop {
        let games = app.store.running(Some(account), after, AT_ONCE).await?;
        let Some(last) = games.last() else { return left.map_or(Ok(voided), Err) };
        after = Some(*last);
        for game in games {
            match running(app, call, game, reason).await {
                Ok(false) => {}
                Ok(true) => {
                    (app.reach)(arrows::VOIDED);
                    voided.push(game);
                }
                // Storage itself does not answer: it would not for the next one either.
                Err(Trouble::Store(error)) if error.is_transient() => return Err(error.into()),
                Err(trouble) => {
                    tracing::error!(%game, %trouble, "a running game cannot be voided");
                    // What may pass decides: then trying again helps at least one game.
                    left = left.filter(Trouble::may_pass).or(Some(trouble));
                }
            }
        }
    }
}

/// Voids one game, whether it is played or over. `false`: it was void before.
///
/// A journal ends with its match, so one that is over stays as it is and still proves how the cards fell; that it counts
/// for nothing stands beside it.
pub(crate) async fn one(app: &App, call: &CallContext, game: GameId, reason: &str) -> Result<bool, Trouble> {
    if running(app, call, game, reason).await? {
        (app.reach)(arrows::VOIDED);
        return Ok(true);
    }
    for _ in 0..ATTEMPTS {
        let summary = app.store.summary(game).await?.ok_or(Trouble::NotFound)?;
        if summary.ending.as_ref().is_none_or(|ending| ending.status != Status::Finished) {
            return Ok(false);
        }
        let stamp = app.stamp(call);
        let changes = compensation(app, &summary, &stamp).await?;
        let revocation = Revocation { game: summary, reason: reason.to_owned(), changes };
        match app.store.void_finished(revocation, stamp).await {
            Ok(Some(told)) => {
                (app.reach)(arrows::VOIDED);
                app.broadcast.notices(&told);
                return Ok(true);
            }
            Ok(None) | Err(StoreError::LostRace | StoreError::Conflict(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Trouble::Busy)
}

/// What takes back the entries that a game has made so far.
async fn compensation(app: &App, game: &Summary, stamp: &Stamp) -> Result<Vec<Change>, StoreError> {
    let entries = app.store.entries_of_game(game.game).await?;
    let family = Family::of(&game.rules);
    let accounts = entries.iter().map(|(account, _)| *account).collect();
    let standings = app.store.standings(family, accounts).await?;
    let change = |(account, entry)| {
        let last = standings.get(&account).ok_or(StoreError::inconsistent("an entry without a rating"))?;
        Ok(take_back(account, family, last, &entry, stamp.at))
    };
    entries.into_iter().map(change).collect()
}

async fn running(app: &App, call: &CallContext, game: GameId, reason: &str) -> Result<bool, Trouble> {
    let (done, outcome) = oneshot::channel();
    let voiding = Box::new(Voiding { reason: reason.to_owned(), call: call.clone() });
    app.tables.send(game, Message::Void(voiding, done)).await.map_err(|_| Trouble::Busy)?;
    outcome.await.unwrap_or(Err(Trouble::Busy))
}
