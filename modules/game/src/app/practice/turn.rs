//! One turn of a practice opponent: it looks, thinks, waits until its pause is over and acts, as a person does.

use std::time::Duration;

use game_bots::Stream;
use kernel::Timestamp;
use kernel::id::GameId;
use tokio::sync::oneshot;

use crate::app::follow_identity::system_call;
use crate::app::hot::{Answer, Message, Trouble, Why};
use crate::app::{App, play};
use crate::domain::command::Asked;
use crate::domain::practice::Position;

/// In whose name an opponent's commands are recorded.
const NAME: &str = "game.practice";
/// How often it looks again when the game went on while it thought.
const LOOKS: usize = 4;
/// How long it waits when storage does not answer.
const AGAIN: Duration = Duration::from_secs(1);

/// Lets the opponent in this game act, if it still has something to do. What it causes says when it acts next.
pub(super) async fn take(app: &App, game: GameId, at: Timestamp) {
    for _ in 0..LOOKS {
        match look_and_act(app, game, at).await {
            Ok(true) | Err(Trouble::NotFound) => return,
            Ok(false) => {}
            Err(trouble) if trouble.may_pass() => {
                return app.practice.schedule.set(game, app.clock.now().plus(AGAIN));
            }
            Err(trouble) => return tracing::warn!(%game, error = %trouble, "a practice opponent is stuck"),
        }
    }
}

/// Whether there is nothing left to do for now.
async fn look_and_act(app: &App, game: GameId, at: Timestamp) -> Result<bool, Trouble> {
    let Some(position) = look(app, game).await? else { return Ok(true) };
    let question = position.question(Stream::drawn_from(app.random.as_ref()));
    let thought = app.practice.thinkers.think(question).await;
    let Some(act) = position.act(thought) else { return Ok(true) };
    let left = at.since(app.clock.now());
    if !left.is_zero() {
        app.clock.sleep(left).await;
    }
    let asked = Asked { cid: app.ids.uuid(), base: Some(position.seq), act };
    match play::run(app, system_call(app, NAME), position.account, game, asked).await? {
        Answer::Done { .. } => Ok(true),
        Answer::Refused { why: Why::StaleBase, .. } => Ok(false),
        Answer::Refused { why, .. } => {
            tracing::error!(%game, code = why.code(), "a practice opponent was refused");
            Ok(true)
        }
    }
}

async fn look(app: &App, game: GameId) -> Result<Option<Position>, Trouble> {
    let (reply, position) = oneshot::channel();
    app.tables.send(game, Message::Ponder(reply)).await.map_err(|_| Trouble::Busy)?;
    position.await.unwrap_or(Err(Trouble::Busy))
}
