//! The way in: an HTTP upgrade is checked (origin, credential, permission, room) before a socket exists. Tokens are
//! read from the `Authorization` header or the offered protocols, never from the URL.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{
    AUTHORIZATION, CONNECTION, HeaderName, ORIGIN, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use kernel::Permission;

use super::actix;
use super::attach::{Arrival, NoRoom};
use super::auth::{LiveAuth, Ticketed};
use super::hub::Hub;
use super::topic::{TopicError, TopicKey};
use crate::web::Problem;

/// The protocol that is spoken, as it is offered and echoed.
const PROTOCOL: &str = "whot.v1";
const TICKET: &str = "whot.ticket.";
const LATER: Duration = Duration::from_secs(2);

/// Upgrades requests to live sockets. Cheap to clone.
#[derive(Clone)]
pub struct Door {
    hub: Arc<Hub>,
    auth: Arc<dyn LiveAuth>,
}

/// What a request presents.
enum Credential {
    Bearer(String),
    Ticket(String),
}

impl Door {
    /// A door into the hub.
    #[must_use]
    pub fn new(hub: Arc<Hub>, auth: Arc<dyn LiveAuth>) -> Self {
        Self { hub, auth }
    }

    /// Upgrades a request, and runs the socket on this worker. `fixed` is kind and id of the topic of a single-topic
    /// route: it must be open to the caller before the upgrade, and is followed from the start.
    pub async fn upgrade(
        &self,
        request: &HttpRequest,
        payload: Payload,
        fixed: Option<(&str, &str)>,
    ) -> Result<HttpResponse, Problem> {
        check_upgrade(request)?;
        if self.hub.is_draining() {
            return Err(Problem::unavailable(LATER).detail("This server is going away; connect again."));
        }
        let origin = self.origin(request)?;
        let protocols = offered(request);
        if !protocols.is_empty() && !protocols.contains(&PROTOCOL) {
            return Err(Problem::bad_request("unsupported_protocol").detail("Offer the protocol whot.v1."));
        }
        let credential = credential(request, &protocols)?;
        let since = self.hub.epoch();
        let Ticketed { principal, only_topic } = self.check(&credential, origin.as_deref()).await?;
        if !principal.may(Permission::LiveConnect) {
            return Err(Problem::forbidden());
        }
        let only = only_topic.as_ref().map(|(kind, id)| (kind.as_str(), id.as_str()));
        if only.is_some() && only != fixed {
            return Err(Problem::forbidden().detail("This token opens another socket only."));
        }
        let fixed = match fixed {
            Some((kind, id)) => Some(self.open(&principal, kind, id).await?),
            None => None,
        };
        let arrival = Arrival { principal, auth: Arc::clone(&self.auth), origin, fixed, since };
        self.connect(request, payload, arrival).await
    }

    async fn connect(
        &self,
        request: &HttpRequest,
        payload: Payload,
        arrival: Arrival,
    ) -> Result<HttpResponse, Problem> {
        let accepted = actix::accept(request, payload, &[PROTOCOL]).await;
        let (response, transport) =
            accepted.map_err(|error| Problem::of_status(error.as_response_error().status_code()))?;
        let session = self.hub.attach(transport, arrival).map_err(|no_room| match no_room {
            NoRoom::Draining | NoRoom::Process => Problem::unavailable(LATER),
            NoRoom::Account => {
                Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_sockets").retry_after(LATER)
            }
        })?;
        actix_web::rt::spawn(session);
        Ok(response)
    }

    /// The browser's origin, which must be listed. Apps send none.
    fn origin(&self, request: &HttpRequest) -> Result<Option<String>, Problem> {
        let Some(origin) = request.headers().get(ORIGIN) else { return Ok(None) };
        let listed =
            origin.to_str().ok().filter(|origin| self.hub.settings.origins.iter().any(|one| one == origin));
        let refusal = || Problem::new(StatusCode::FORBIDDEN, "origin_not_allowed");
        listed.map(|origin| Some(origin.to_owned())).ok_or_else(refusal)
    }

    async fn check(&self, credential: &Credential, origin: Option<&str>) -> Result<Ticketed, Problem> {
        let checked = match credential {
            Credential::Bearer(token) => {
                let principal = self.auth.bearer(token).await;
                principal.map(|principal| Ticketed { principal, only_topic: None })
            }
            Credential::Ticket(ticket) => self.auth.ticket(ticket, origin).await,
        };
        checked.map_err(Problem::from)
    }

    async fn open(&self, principal: &kernel::Principal, kind: &str, id: &str) -> Result<TopicKey, Problem> {
        let source = self.hub.source(kind).ok_or_else(Problem::not_found)?;
        match source.open(principal, id).await {
            Ok(_) => Ok(TopicKey::named(source.kind(), id)),
            Err(TopicError::NotFound) => Err(Problem::not_found()),
            Err(TopicError::Refused(code)) => Err(Problem::new(StatusCode::FORBIDDEN, code)),
            Err(TopicError::Unavailable) => Err(Problem::unavailable(LATER)),
        }
    }
}

/// Refuses what is no WebSocket handshake before a ticket is spent on it.
fn check_upgrade(request: &HttpRequest) -> Result<(), Problem> {
    let has = |name: HeaderName, wanted: &str| {
        let values = request.headers().get_all(name).filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|value| value.trim().eq_ignore_ascii_case(wanted))
    };
    let upgrade = has(UPGRADE, "websocket") && has(CONNECTION, "upgrade");
    if upgrade && has(SEC_WEBSOCKET_VERSION, "13") && request.headers().contains_key(SEC_WEBSOCKET_KEY) {
        return Ok(());
    }
    Err(Problem::new(StatusCode::UPGRADE_REQUIRED, "upgrade_required")
        .header(UPGRADE, "websocket")
        .header(SEC_WEBSOCKET_VERSION, "13")
        .detail("This address speaks WebSocket only."))
}

fn offered(request: &HttpRequest) -> Vec<&str> {
    let values = request.headers().get_all(SEC_WEBSOCKET_PROTOCOL).filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|value| !value.is_empty()).collect()
}

fn credential(request: &HttpRequest, protocols: &[&str]) -> Result<Credential, Problem> {
    let ticket = protocols.iter().find_map(|protocol| protocol.strip_prefix(TICKET));
    let bearer = match request.headers().get(AUTHORIZATION).map(|value| value.to_str().unwrap_or_default()) {
        Some(value) => Some(bearer_of(value).ok_or_else(Problem::unauthenticated)?),
        None => None,
    };
    match (bearer, ticket) {
        (Some(_), Some(_)) => {
            Err(Problem::bad_request("two_credentials").detail("Send an access token or a ticket, not both."))
        }
        (Some(token), None) => Ok(Credential::Bearer(token.to_owned())),
        (None, Some(ticket)) => Ok(Credential::Ticket(ticket.to_owned())),
        (None, None) => Err(Problem::unauthenticated()),
    }
}

fn bearer_of(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}
