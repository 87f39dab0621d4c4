//! Looking at a game: a player's own view of it, from what storage holds now.

use game_engine::Seat;
use kernel::id::{AccountId, GameId};
use tokio::sync::oneshot;

use super::App;
use super::hot::{self, Message, Trouble};
use crate::domain::view::GameView;
use crate::store::{Lines, StoreError};

/// The whole game as this player may see it.
pub(crate) async fn snapshot(app: &App, account: AccountId, game: GameId) -> Result<GameView, Trouble> {
    if let Some(mailbox) = app.tables.find(game) {
        let (reply, view) = oneshot::channel();
        if mailbox.send(Message::Look(account, reply)).await.is_ok()
            && let Ok(view) = view.await
        {
            return view;
        }
    }
    // A look makes no game hot: most games that are looked at are over.
    let table = hot::load(app.store.as_ref(), &app.keys, game).await?;
    let seat = table.seat_of(account).ok_or(Trouble::NotFound)?;
    Ok(GameView::of(&table, seat))
}

/// The seat of this account, if it plays in the game.
pub(crate) async fn seat(app: &App, account: AccountId, game: GameId) -> Result<Option<Seat>, StoreError> {
    app.store.seat(game, account).await
}

/// The last line of each game that exists.
pub(crate) async fn heads(app: &App, games: Vec<GameId>) -> Result<Vec<(GameId, u64)>, StoreError> {
    app.store.heads(games).await
}

/// The lines after `after`, for a player of the game.
pub(crate) async fn lines(app: &App, game: GameId, after: u64, limit: u32) -> Result<Lines, Trouble> {
    app.store.lines(game, after, limit).await?.ok_or(Trouble::NotFound)
}
