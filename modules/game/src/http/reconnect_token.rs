//! GET /api/v1/games/{game_id}/reconnect-token

use kernel::Timestamp;
use kernel::id::GameId;
use platform::web::{Answer, Caller, PathId, Problem, State, schema};
use secrecy::ExposeSecret;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::{App, look, reconnect};

/// A one-use token for this game's socket. It does not print.
#[derive(Serialize, ToSchema)]
pub(super) struct ReconnectToken {
    token: String,
    #[schema(value_type = schema::Time)]
    expires_at: Timestamp,
}

pub(super) async fn handle(
    caller: Caller,
    app: State<App>,
    id: PathId<GameId>,
) -> Result<Answer<ReconnectToken>, Problem> {
    let seat = look::seat(&app, caller.principal.account, id.0).await?.ok_or_else(Problem::not_found)?;
    let minted = reconnect::mint(&app, &caller.principal, id.0, seat).await?;
    let token = minted.token.expose_secret().to_owned();
    Ok(Answer::ok(ReconnectToken { token, expires_at: minted.expires_at }))
}
