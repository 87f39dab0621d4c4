//! Tickets with which a browser opens a socket: half a minute, one use, bound to session and Origin.

use std::time::Duration;

use kernel::id::SessionId;
use kernel::{CallContext, Principal, Timestamp};
use platform::db::StoreError;
use secrecy::SecretString;

use super::App;
use super::access_token::Fault;
use super::verify_token::{Refused, principal};
use crate::store::{Bearer, NewTicket};

/// How long a ticket is good.
const LIFETIME: Duration = Duration::from_secs(30);

/// A ticket to hand out.
pub(crate) struct Ticket {
    pub(crate) text: SecretString,
    pub(crate) expires_at: Timestamp,
}

/// Makes a ticket for the caller's session, to be offered from `origin`.
pub(crate) async fn issue(
    app: &App,
    call: &CallContext,
    caller: &Principal,
    origin: Option<String>,
) -> Result<Ticket, StoreError> {
    let stamp = app.stamp(call);
    let expires_at = stamp.at.plus(LIFETIME);
    let minted = app.secrets.mint_ticket(&*app.random);
    let (account, session) = (caller.account, caller.session);
    app.store.keep_ticket(stamp, NewTicket { mac: minted.mac, account, session, origin, expires_at }).await?;
    Ok(Ticket { text: minted.text, expires_at })
}

/// Spends a ticket. Its holder has until an access token made now would expire to renew.
pub(crate) async fn spend(app: &App, text: &str, origin: Option<String>) -> Result<Principal, Refused> {
    let mac = app.secrets.ticket_mac(text).ok_or(Refused::Token(Fault::Form))?;
    let now = app.clock.now();
    let spent = app.store.spend_ticket(mac, origin, now).await?;
    let (session, bearer) = spent.ok_or(Refused::Token(Fault::Expired))?;
    holder(app, session, &bearer, now)
}

/// The principal of a session that is still open, for credentials that other contexts bind to it.
pub(crate) async fn principal_of(app: &App, session: SessionId) -> Result<Principal, Refused> {
    let now = app.clock.now();
    let bearer = app.store.bearer(session, now).await?.ok_or(Refused::Revoked)?;
    holder(app, session, &bearer, now)
}

fn holder(app: &App, session: SessionId, bearer: &Bearer, now: Timestamp) -> Result<Principal, Refused> {
    if !bearer.account.standing().is_active() {
        return Err(Refused::Suspended);
    }
    let (ended, _) = app.revocations.look(bearer.account.id, session);
    if bearer.over || ended {
        return Err(Refused::Revoked);
    }
    Ok(principal(bearer, session, now.plus(app.config.access_lifetime())))
}
