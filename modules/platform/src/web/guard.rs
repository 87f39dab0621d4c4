//! What stands before every handler: limits by address, who calls, whether they may, limits by account, idempotency key,
//! announced body length. The order matters: a stranger costs a look into a table before it costs a signature check.

use std::future::{Ready, ready};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::http::header::{AUTHORIZATION, CONTENT_LENGTH, HeaderMap, HeaderName, WWW_AUTHENTICATE};
use actix_web::{Error, HttpMessage, HttpRequest, body::BoxBody, body::MessageBody};
use futures_util::future::LocalBoxFuture;
use kernel::Principal;

use super::access::{Access, AuthFailure};
use super::app::Web;
use super::limit::{Allowance, Rate, Refusal, Shown};
use super::problem::Problem;
use super::request::Facts;
use super::route::{Idempotent, Spec};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const LONGEST_TOKEN: usize = 4_096;
const LONGEST_KEY: usize = 255;
/// How long past its deadline a handler may still answer by itself.
const GRACE: Duration = Duration::from_secs(2);

/// Wraps one route.
pub(crate) struct Guard {
    pub(crate) spec: Arc<Spec>,
    pub(crate) web: Arc<Web>,
}

impl<S, B> Transform<S, ServiceRequest> for Guard
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type InitError = ();
    type Transform = Guarded<S>;
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, handler: S) -> Self::Future {
        ready(Ok(Guarded { handler: Rc::new(handler), spec: self.spec.clone(), web: self.web.clone() }))
    }
}

/// A route with its guard before it.
pub(crate) struct Guarded<S> {
    handler: Rc<S>,
    spec: Arc<Spec>,
    web: Arc<Web>,
}

impl<S, B> Service<ServiceRequest> for Guarded<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Error>>;

    forward_ready!(handler);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let (handler, spec, web) = (self.handler.clone(), self.spec.clone(), self.web.clone());
        Box::pin(async move {
            match admit(&web, &spec, &request).await {
                Ok(()) => handle(&*handler, &spec, request).await,
                Err(problem) => Ok(request.error_response(problem).map_into_boxed_body()),
            }
        })
    }
}

/// Runs the handler, within bounds. Letting go of it loses nothing: what storage was handed completes there.
async fn handle<S, B>(handler: &S, spec: &Spec, request: ServiceRequest) -> Result<ServiceResponse, Error>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody + 'static,
{
    let kept = request.request().clone();
    // Real time: calls to other contexts carry the deadline on the clock, this is for what ignores it.
    if let Ok(answer) = tokio::time::timeout(spec.patience + GRACE, handler.call(request)).await {
        return answer.map(ServiceResponse::map_into_boxed_body);
    }
    tracing::error!(route = spec.path, "a handler did not end in time");
    Ok(ServiceResponse::from_err(Problem::unavailable(GRACE), kept))
}

async fn admit(web: &Web, spec: &Arc<Spec>, request: &ServiceRequest) -> Result<(), Problem> {
    let facts = request.extensions().get::<Rc<Facts>>().cloned().ok_or_else(Problem::internal)?;
    // The guard runs once for a request: the cells below are empty here.
    let _ = facts.spec.set(spec.clone());
    tracing::Span::current().record("module", spec.module).record("route", spec.path);

    count(&facts, spec.rate, web.limiter.address(spec.rate, facts.client.address))?;
    if let Some(principal) = authenticate(web, spec.access, request.headers()).await? {
        tracing::Span::current().record("account", tracing::field::display(principal.account));
        count(&facts, spec.rate, web.limiter.account(spec.rate, principal.account))?;
        let admitted = spec.access.admits(&principal);
        let _ = facts.principal.set(principal);
        if !admitted {
            return Err(not_permitted(spec.access));
        }
    }
    if let Some(key) = idempotency_key(spec.idempotent, request.headers())? {
        let _ = facts.key.set(key);
    }
    announced_length(spec, request.headers())
}

/// Counts a request that reached no route, by its address alone: whatever credential it carries is not looked at.
pub(crate) fn count_stray(web: &Web, request: &HttpRequest) -> Result<(), Problem> {
    let facts = Facts::of(request)?;
    count(&facts, Rate::Unmatched, web.limiter.address(Rate::Unmatched, facts.client.address))
}

fn count(facts: &Facts, rate: Rate, outcome: Option<Result<Allowance, Refusal>>) -> Result<(), Problem> {
    let Some(outcome) = outcome else { return Ok(()) };
    facts.limit.set(Some(Shown::new(rate, &outcome)));
    outcome.map(drop).map_err(|refusal| {
        metrics::counter!("http_rate_limited_total", "class" => rate.as_str()).increment(1);
        Problem::from(refusal)
    })
}

async fn authenticate(web: &Web, access: Access, headers: &HeaderMap) -> Result<Option<Principal>, Problem> {
    let token = match access {
        // A socket's upgrade may carry a ticket instead; platform::live verifies either.
        Access::Public | Access::Process | Access::Upgrade(_) => return Ok(None),
        Access::Optional(_) => bearer(headers)?,
        Access::Permission(_) | Access::AnyOf(_) => {
            Some(bearer(headers)?.ok_or_else(Problem::unauthenticated)?)
        }
    };
    let Some(token) = token else { return Ok(None) };
    web.authenticator.authenticate(token).await.map(Some).map_err(Problem::from)
}

/// The bearer token, if there is an `Authorization` header at all.
pub(crate) fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut values = headers.get_all(AUTHORIZATION);
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Problem::bad_request("invalid_request").at(
            Some("header"),
            "/authorization",
            "duplicate",
            "one Authorization header at most",
        ));
    }
    let malformed = || Problem::refused_credential("unauthenticated", "the credential is malformed");
    let (scheme, token) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(malformed)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Problem::unauthenticated().detail("Only the Bearer scheme is accepted."));
    }
    // RFC 6750, b64token; whitespace around it is tolerated, within it not.
    let token = token.trim();
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    let fits = (1..=LONGEST_TOKEN).contains(&token.len()) && token.bytes().all(is_token);
    if fits { Ok(Some(token)) } else { Err(malformed()) }
}

impl From<AuthFailure> for Problem {
    fn from(failure: AuthFailure) -> Self {
        match failure {
            AuthFailure::Invalid => {
                Self::refused_credential("unauthenticated", "the access token is not valid")
            }
            AuthFailure::Expired => Self::refused_credential("token_expired", "the access token has expired"),
            AuthFailure::Revoked => Self::refused_credential("session_revoked", "the session has ended"),
            AuthFailure::Suspended => Self::new(actix_web::http::StatusCode::FORBIDDEN, "account_suspended")
                .detail("The account is suspended."),
            AuthFailure::Unavailable => Self::unavailable(Duration::from_secs(1)),
        }
    }
}

fn not_permitted(access: Access) -> Problem {
    let needed: Vec<&str> = access.permissions().iter().map(|permission| permission.as_str()).collect();
    let challenge =
        format!("Bearer realm=\"whot\", error=\"insufficient_scope\", scope=\"{}\"", needed.join(" "));
    Problem::forbidden().header(WWW_AUTHENTICATE, &challenge).detail("Your role does not allow this.")
}

fn idempotency_key(rule: Idempotent, headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let wrong = |code: &'static str, detail: &'static str| {
        Problem::bad_request(code).at(Some("header"), "/idempotency-key", code, detail)
    };
    if rule == Idempotent::No {
        return Ok(None);
    }
    let mut values = headers.get_all(&IDEMPOTENCY_KEY);
    let Some(value) = values.next() else {
        return if rule == Idempotent::Required {
            Err(wrong("idempotency_key_required", "send an Idempotency-Key and repeat it when you try again"))
        } else {
            Ok(None)
        };
    };
    let bytes = value.as_bytes();
    let fits = values.next().is_none()
        && (1..=LONGEST_KEY).contains(&bytes.len())
        && bytes.iter().all(u8::is_ascii_graphic);
    match std::str::from_utf8(bytes) {
        Ok(key) if fits => Ok(Some(key.to_owned())),
        _ => Err(wrong("invalid_idempotency_key", "1 to 255 visible ASCII characters, once")),
    }
}

/// Refuses what announces itself as too long before a byte of it is read; extractors count what does not.
fn announced_length(spec: &Spec, headers: &HeaderMap) -> Result<(), Problem> {
    let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    let limit = u64::try_from(spec.body_limit).unwrap_or(u64::MAX);
    if announced.is_some_and(|length| length > limit) { Err(too_large(spec.body_limit)) } else { Ok(()) }
}

pub(crate) fn too_large(limit: usize) -> Problem {
    Problem::of_status(actix_web::http::StatusCode::PAYLOAD_TOO_LARGE)
        .detail(format!("At most {limit} bytes are accepted here."))
        .with("max_bytes", limit)
}
