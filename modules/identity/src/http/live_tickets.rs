//! POST /api/v1/live/tickets, and what a socket's upgrade does with the ticket.

use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::header::ORIGIN;
use async_trait::async_trait;
use kernel::id::SessionId;
use kernel::{Principal, Timestamp};
use platform::web::{Answer, AuthFailure, Caller, Problem, State, schema};
use secrecy::ExposeSecret;
use serde::Serialize;
use utoipa::ToSchema;

use crate::Tickets;
use crate::app::access_token::Fault;
use crate::app::verify_token::Refused;
use crate::app::{App, live_ticket};

/// A ticket.
#[expect(clippy::struct_field_names, reason = "the wire calls it so")]
#[derive(Serialize, ToSchema)]
pub(super) struct Ticket {
    ticket: String,
    /// What to offer beside `whot.v1`.
    subprotocol: String,
    #[schema(value_type = schema::Time)]
    expires_at: Timestamp,
}

pub(super) async fn handle(
    caller: Caller,
    app: State<App>,
    request: HttpRequest,
) -> Result<Answer<Ticket>, Problem> {
    let origin = request.headers().get(ORIGIN).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let made = live_ticket::issue(&app, &caller.call, &caller.principal, origin).await?;
    let ticket = made.text.expose_secret().to_owned();
    let subprotocol = format!("whot.ticket.{ticket}");
    Ok(Answer::created("/api/v1/live", Ticket { ticket, subprotocol, expires_at: made.expires_at }))
}

/// Spends tickets on behalf of the sockets' door.
pub(crate) struct SocketTickets(pub(crate) Arc<App>);

fn failure(refused: &Refused) -> AuthFailure {
    match refused {
        Refused::Token(Fault::Expired) => AuthFailure::Expired,
        Refused::Token(_) => AuthFailure::Invalid,
        Refused::Revoked => AuthFailure::Revoked,
        Refused::Suspended => AuthFailure::Suspended,
        Refused::Store(_) => AuthFailure::Unavailable,
    }
}

#[async_trait]
impl Tickets for SocketTickets {
    async fn spend(&self, ticket: &str, origin: Option<&str>) -> Result<Principal, AuthFailure> {
        live_ticket::spend(&self.0, ticket, origin.map(str::to_owned))
            .await
            .map_err(|refused| failure(&refused))
    }

    async fn principal_of(&self, session: SessionId) -> Result<Principal, AuthFailure> {
        live_ticket::principal_of(&self.0, session).await.map_err(|refused| failure(&refused))
    }
}
