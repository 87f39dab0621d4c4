//! Counting finished rated games: each once, in the order in which they ended, beside the moves and never in their way.
//!
//! A game's last transaction leaves a row that says it is to be counted. Whoever reads it computes both new ratings and
//! writes them in one transaction that also takes the row away, so a crash at any point leaves either all or nothing,
//! and of two nodes at once one finds the row gone.

use game_engine::{BySeat, Seat};
use kernel::id::GameId;

use super::App;
use crate::domain::ending::Status;
use crate::domain::rating::{self, Decided, Family};
use crate::store::{StoreError, Summary};

/// Games looked up in one step.
const AT_ONCE: i64 = 100;
/// How often another game of the same people may be counted in between.
const ATTEMPTS: usize = 8;

/// Counts everything that waits. A game that cannot be counted now is left for the next time.
pub(crate) async fn sweep(app: &App) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let waiting = app.store.uncounted(after, AT_ONCE).await?;
        let Some(last) = waiting.last() else { return Ok(()) };
        after = Some(*last);
        for (_, game) in waiting {
            match one(app, game).await {
                Ok(true) => metrics::counter!("game_rated_games_total").increment(1),
                Ok(false) => {}
                Err(error) if error.is_transient() => return Err(error),
                // Its players' later games are not held up by a row that cannot be read.
                Err(error) => tracing::error!(%game, %error, "a finished game cannot be counted"),
            }
        }
    }
}

/// Whether it was counted now; it was counted or voided before otherwise.
pub(crate) async fn one(app: &App, game: GameId) -> Result<bool, StoreError> {
    for _ in 0..ATTEMPTS {
        let summary =
            app.store.summary(game).await?.ok_or(StoreError::inconsistent("a game to be counted"))?;
        let Some(decided) = decided(&summary) else { return Ok(false) };
        let BySeat { first, second } = decided.players;
        let standings = app.store.standings(decided.family, vec![first, second]).await?;
        let before = decided.players.map(|account| standings.get(&account).copied());
        let BySeat { first, second } = rating::count(&decided, &before);
        match app.store.count_game(game, vec![first, second], app.clock.now()).await {
            Ok(Some(told)) => {
                app.broadcast.notices(&told);
                return Ok(true);
            }
            Ok(None) => return Ok(false),
            Err(StoreError::LostRace | StoreError::Conflict(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Err(StoreError::LostRace)
}

/// What ratings ask of a game that still counts.
fn decided(summary: &Summary) -> Option<Decided> {
    let ending = summary.ending.as_ref().filter(|ending| ending.status == Status::Finished)?;
    let winner: Option<Seat> = ending.winner;
    Some(Decided {
        game: summary.game,
        family: Family::of(&summary.rules),
        players: summary.players,
        winner,
        at: summary.ended_at?,
    })
}
