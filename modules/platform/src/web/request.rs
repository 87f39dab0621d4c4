//! What is known of one request while it is answered: its id, its client, its route and, once verified, its caller.

use std::cell::{Cell, OnceCell};
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;
use std::sync::Arc;

use actix_web::dev::RequestHead;
use actix_web::http::header::{HeaderMap, HeaderName, USER_AGENT};
use actix_web::{HttpMessage, HttpRequest};
use kernel::{Actor, CallContext, Principal, RequestId, Timestamp};

use super::app::Web;
use super::limit::Shown;
use super::problem::Problem;
use super::route::Spec;

pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_DEVICE_ID: HeaderName = HeaderName::from_static("x-device-id");
const LONGEST_USER_AGENT: usize = 256;
/// A chain of proxies longer than this is somebody playing.
const LONGEST_CHAIN: usize = 16;

/// Who is at the other end, as far as the connection tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// The address, seen through trusted proxies only.
    pub address: IpAddr,
    /// `User-Agent`, at most 256 characters of visible ASCII.
    pub user_agent: Option<String>,
    /// `X-Device-Id`: 1 to 64 of `A-Z a-z 0-9 . _ -`. A claim, not a proof.
    pub device: Option<String>,
}

/// Set by the edge, filled by the guard, read by extractors.
pub(crate) struct Facts {
    pub(crate) id: RequestId,
    pub(crate) client: Client,
    pub(crate) received: Timestamp,
    pub(crate) spec: OnceCell<Arc<Spec>>,
    pub(crate) principal: OnceCell<Principal>,
    pub(crate) key: OnceCell<String>,
    pub(crate) limit: Cell<Option<Shown>>,
}

impl Facts {
    pub(crate) fn read(web: &Web, head: &RequestHead) -> Self {
        let headers = head.headers();
        let id = text(headers, &X_REQUEST_ID).and_then(|id| id.parse().ok());
        Self {
            id: id.unwrap_or_else(|| RequestId::fresh(web.random())),
            client: client(web, head),
            received: web.clock().now(),
            spec: OnceCell::new(),
            principal: OnceCell::new(),
            key: OnceCell::new(),
            limit: Cell::new(None),
        }
    }

    /// The facts that the edge left with the request.
    pub(crate) fn of(request: &HttpRequest) -> Result<Rc<Self>, Problem> {
        request.extensions().get::<Rc<Self>>().cloned().ok_or_else(|| {
            tracing::error!("a route is mounted without the edge around it");
            Problem::internal()
        })
    }

    /// The route's declaration.
    pub(crate) fn spec(&self) -> Result<&Arc<Spec>, Problem> {
        self.spec.get().ok_or_else(|| {
            tracing::error!("a handler was reached without its route's guard");
            Problem::internal()
        })
    }

    pub(crate) fn call(&self) -> Result<CallContext, Problem> {
        let actor = self.principal.get().map_or(Actor::Anonymous, Actor::from);
        let patience = self.spec()?.patience;
        let mut call = CallContext::new(actor, self.id.clone(), self.received, patience);
        call.idempotency_key = self.key.get().cloned();
        Ok(call)
    }
}

/// A header's text, if it is there exactly once and is visible ASCII.
pub(crate) fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name);
    let first = values.next()?.to_str().ok()?;
    if values.next().is_some() { None } else { Some(first) }
}

fn client(web: &Web, head: &RequestHead) -> Client {
    let headers = head.headers();
    let user_agent = text(headers, &USER_AGENT).map(|agent| agent.chars().take(LONGEST_USER_AGENT).collect());
    let device =
        text(headers, &X_DEVICE_ID).filter(|device| device.parse::<RequestId>().is_ok()).map(str::to_owned);
    let peer = head.peer_addr.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip().to_canonical());
    Client { address: through_proxies(web, headers, peer), user_agent, device }
}

/// The nearest address that is not one of our own proxies. What stands left of it anybody could have written.
fn through_proxies(web: &Web, headers: &HeaderMap, peer: IpAddr) -> IpAddr {
    let trusted =
        |address: &IpAddr| web.settings.trusted_proxies.iter().any(|network| network.contains(address));
    let chain: Vec<&str> = headers
        .get_all(&X_FORWARDED_FOR)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    let mut nearest = peer;
    for hop in chain.iter().rev().take(LONGEST_CHAIN) {
        if !trusted(&nearest) {
            break;
        }
        let Some(address) = address_of(hop.trim()) else { break };
        nearest = address;
    }
    nearest
}

fn address_of(hop: &str) -> Option<IpAddr> {
    let bare = hop.trim_start_matches('[').split(']').next()?;
    let address =
        bare.parse::<IpAddr>().ok().or_else(|| hop.parse::<std::net::SocketAddr>().ok().map(|at| at.ip()));
    address.map(|address| address.to_canonical())
}

/// The trace id of a W3C `traceparent`, if it is well formed.
pub(crate) fn trace_id(headers: &HeaderMap) -> Option<&str> {
    let hex = |part: &str| part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let nonzero = |part: &str| part.bytes().any(|byte| byte != b'0');
    let mut parts = text(headers, &HeaderName::from_static("traceparent"))?.splitn(4, '-');
    let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let well_formed = version.len() == 2
        && version != "ff"
        && trace.len() == 32
        && parent.len() == 16
        && flags.len() >= 2
        && hex(version)
        && hex(trace)
        && hex(parent)
        && nonzero(trace)
        && nonzero(parent);
    well_formed.then_some(trace)
}
