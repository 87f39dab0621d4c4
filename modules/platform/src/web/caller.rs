//! Extractors that say who asks: a verified caller, somebody who may be signed in, or nobody in particular.

use std::future::{Ready, ready};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use kernel::{CallContext, Principal, Timestamp};

use super::problem::Problem;
use super::request::{Client, Facts};

/// The caller of a route that needs a permission. It holds one that the route asks for.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who.
    pub principal: Principal,
    /// What accompanies calls made on the caller's behalf.
    pub call: CallContext,
    /// Where from.
    pub client: Client,
}

impl Caller {
    /// Asks for a credential proved at most `max_age` before `now`, for sensitive acts (RFC 9470).
    pub fn fresh(&self, now: Timestamp, max_age: Duration) -> Result<(), Problem> {
        if now.since(self.principal.auth_time) <= max_age { Ok(()) } else { Err(Problem::step_up(max_age)) }
    }
}

/// The caller of a route with `Access::Optional`: signed in, or not.
#[derive(Debug, Clone)]
pub struct MaybeCaller {
    /// Who, if a credential was presented.
    pub principal: Option<Principal>,
    /// What accompanies calls made on the caller's behalf.
    pub call: CallContext,
    /// Where from.
    pub client: Client,
}

/// Somebody who calls a public route. Whether a credential came along is not looked at.
#[derive(Debug, Clone)]
pub struct Anonymous {
    /// What accompanies calls made for this request.
    pub call: CallContext,
    /// Where from.
    pub client: Client,
}

fn maybe(request: &HttpRequest) -> Result<MaybeCaller, Problem> {
    let facts = Facts::of(request)?;
    let call = facts.call()?;
    Ok(MaybeCaller { principal: facts.principal.get().cloned(), call, client: facts.client.clone() })
}

fn certain(request: &HttpRequest) -> Result<Caller, Problem> {
    let MaybeCaller { principal, call, client } = maybe(request)?;
    let principal = principal.ok_or_else(|| {
        tracing::error!("a handler takes a Caller on a route that needs no permission");
        Problem::internal()
    })?;
    Ok(Caller { principal, call, client })
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(certain(request))
    }
}

impl FromRequest for MaybeCaller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(maybe(request))
    }
}

impl FromRequest for Anonymous {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(maybe(request).map(|MaybeCaller { call, client, .. }| Self { call, client }))
    }
}
