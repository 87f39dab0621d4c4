//! A player's command, over REST or a socket: both come through here.

use kernel::CallContext;
use kernel::id::{AccountId, GameId};
use tokio::sync::oneshot;

use super::hot::{Answer, Ask, Message, Trouble};
use super::{App, look};
use crate::domain::command::Asked;

/// Carries the command out and answers after its commit. If the caller goes away it is still carried out.
pub(crate) async fn run(
    app: &App,
    call: CallContext,
    account: AccountId,
    game: GameId,
    asked: Asked,
) -> Result<Answer, Trouble> {
    let ask = Box::new(Ask { account, asked, received: app.clock.now(), call });
    let (reply, answer) = oneshot::channel();
    app.tables.send(game, Message::Play(ask, reply)).await.map_err(|_| Trouble::Busy)?;
    match answer.await.unwrap_or(Err(Trouble::Busy))? {
        Answer::Refused { why, seq, view: Some(view) } => {
            let view = Some(Box::new(look::with_voiding(app, *view).await?));
            Ok(Answer::Refused { why, seq, view })
        }
        answer => Ok(answer),
    }
}
