//! Looking at a game: a player's own view of it, from what storage holds now.

use game_engine::{Outcome, Seat};
use kernel::Timestamp;
use kernel::id::{AccountId, GameId};
use tokio::sync::oneshot;

use super::App;
use super::hot::{self, Message, Trouble};
use crate::domain::view::GameView;
use crate::store::{Lines, StoreError};

/// The whole game as this player may see it.
pub(crate) async fn snapshot(app: &App, account: AccountId, game: GameId) -> Result<GameView, Trouble> {
    let view = at_hand(app, account, game).await?;
    Ok(with_voiding(app, view).await?)
}

/// The view with what stands beside a journal that ended: that its game was voided since.
pub(super) async fn with_voiding(app: &App, mut view: GameView) -> Result<GameView, StoreError> {
    if view.cards.outcome.is_some() && voided_at(app, view.game).await?.is_some() {
        view.cards.outcome = Some(Outcome::Voided);
    }
    Ok(view)
}

/// When a game was voided that had ended before.
pub(super) async fn voided_at(app: &App, game: GameId) -> Result<Option<Timestamp>, StoreError> {
    Ok(app.store.summary(game).await?.and_then(|summary| summary.voided_at))
}

async fn at_hand(app: &App, account: AccountId, game: GameId) -> Result<GameView, Trouble> {
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
