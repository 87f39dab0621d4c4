//! Tokens that bring a dropped player back to one game's socket: 15 minutes, one use, bound to session, game and seat.

use std::sync::Arc;
use std::time::Duration;

use game_engine::Seat;
use kernel::id::{GameId, SessionId};
use kernel::{Clock, Principal, Timestamp};
use platform::crypto::tokens;
use platform::web::AuthFailure;
use secrecy::SecretString;

use super::{App, Keys};
use crate::store::{ReconnectRow, Store, StoreError};

/// What the token begins with.
const PREFIX: &str = "rct_";
const LIFE: Duration = Duration::from_mins(15);

/// A token, shown once.
pub(crate) struct Minted {
    pub(crate) token: SecretString,
    pub(crate) expires_at: Timestamp,
}

/// A new token for a player of the game.
pub(crate) async fn mint(
    app: &App,
    principal: &Principal,
    game: GameId,
    seat: Seat,
) -> Result<Minted, StoreError> {
    let (token, bytes) = tokens::mint(PREFIX, app.random.as_ref());
    let now = app.clock.now();
    let expires_at = now.plus(LIFE);
    let row = ReconnectRow { game, seat, account: principal.account, session: principal.session, expires_at };
    app.store.put_reconnect(mac(&app.keys, bytes.as_bytes()), row, now).await?;
    Ok(Minted { token, expires_at })
}

fn mac(keys: &Keys, token: &[u8]) -> [u8; 32] {
    keys.reconnect.tag(&[b"reconnect", token])
}

/// What spending tokens needs; the root asks it when a socket offers one.
pub(crate) struct Spending {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Spending {
    /// Spends a token: which game it opens, and whose session it lives by. Whether that session still lives is asked of
    /// identity by the caller.
    pub(crate) async fn spend(&self, token: &str) -> Result<(GameId, SessionId), AuthFailure> {
        let bytes = tokens::parse(PREFIX, token).ok_or(AuthFailure::Invalid)?;
        let spent = self.store.take_reconnect(mac(&self.keys, bytes.as_bytes()), self.clock.now()).await;
        let row = spent.map_err(|error| {
            tracing::warn!(%error, "a reconnect token cannot be checked");
            AuthFailure::Unavailable
        })?;
        row.map(|row| (row.game, row.session)).ok_or(AuthFailure::Invalid)
    }
}
