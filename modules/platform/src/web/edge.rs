//! The outermost layer: gives a request its id and span, catches panics, and makes every answer complete: problem bodies,
//! security headers, rate-limit headers. The raw path is never recorded, since an invite's token may stand in it.

use std::future::{Ready, ready};
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::sync::Arc;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use actix_web::{Error, HttpMessage, HttpResponse};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use tracing::Instrument;
use tracing::field::Empty;

use super::app::Web;
use super::problem::{PROBLEM_JSON, Problem};
use super::request::{Facts, trace_id};
use super::{cors, headers, observe};

/// Wraps the whole application: `App::new().wrap(Edge::new(web))`.
#[derive(Clone)]
pub struct Edge(Arc<Web>);

impl Edge {
    /// The edge over the web floor's state.
    pub fn new(web: Arc<Web>) -> Self {
        Self(web)
    }
}

impl<S, B> Transform<S, ServiceRequest> for Edge
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type InitError = ();
    type Transform = Edged<S>;
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        ready(Ok(Edged { inner: Rc::new(inner), web: self.0.clone() }))
    }
}

/// The application inside its edge.
pub struct Edged<S> {
    inner: Rc<S>,
    web: Arc<Web>,
}

impl<S, B> Service<ServiceRequest> for Edged<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Error>>;

    forward_ready!(inner);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let (inner, web) = (self.inner.clone(), self.web.clone());
        let facts = Rc::new(Facts::read(&web, request.head()));
        let origin = cors::listed_origin(&web, request.head());
        let span = span(&facts, &request);
        request.extensions_mut().insert(facts.clone());
        let answer = async move {
            let watch = observe::Watch::begin(request.method());
            let mut outcome = run(&*inner, request, origin.is_some()).await;
            match &mut outcome {
                Ok(response) => complete(response, &web, &facts, origin),
                Err(error) => *error = completed_error(error, &web, &facts, origin),
            }
            let status = outcome
                .as_ref()
                .map_or_else(|error| error.as_response_error().status_code(), ServiceResponse::status);
            watch.end(facts.spec.get().map(|spec| &**spec), status, web.clock().now().since(facts.received));
            outcome
        };
        Box::pin(answer.instrument(span))
    }
}

fn span(facts: &Facts, request: &ServiceRequest) -> tracing::Span {
    let span = tracing::info_span!(
        "request",
        request_id = facts.id.as_str(),
        trace_id = Empty,
        method = request.method().as_str(),
        module = Empty,
        route = Empty,
        account = Empty,
    );
    if let Some(trace) = trace_id(request.headers()) {
        span.record("trace_id", trace);
    }
    span
}

/// Answers, whatever the handlers do. A panic ends its own request and nothing else.
async fn run<S, B>(inner: &S, request: ServiceRequest, listed_origin: bool) -> Result<ServiceResponse, Error>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody + 'static,
{
    if listed_origin && let Some(answer) = cors::preflight(request.head()) {
        return Ok(request.into_response(answer));
    }
    // Nothing of the request is looked at again after a panic.
    let handled = AssertUnwindSafe(async move { inner.call(request).await }).catch_unwind().await;
    if let Ok(answer) = handled {
        return answer.map(ServiceResponse::map_into_boxed_body);
    }
    tracing::error!("a handler panicked");
    metrics::counter!("http_panics_total").increment(1);
    Err(Problem::internal().into())
}

fn complete(response: &mut ServiceResponse, web: &Web, facts: &Facts, origin: Option<HeaderValue>) {
    if let Some(problem) = problem_of(response.response()) {
        let status = problem.status();
        let body = BoxBody::new(problem.body(Some(&facts.id)));
        problem.headers_into(response.headers_mut());
        let inner = std::mem::replace(response.response_mut(), HttpResponse::new(status));
        *response.response_mut() = inner.set_body(body);
    }
    headers::finish(response.headers_mut(), web, facts);
    if let Some(origin) = origin {
        cors::allow(response.headers_mut(), origin);
    }
}

/// The problem that an answer is, or should have been: frameworks answer their own errors as plain text.
fn problem_of(response: &HttpResponse) -> Option<Problem> {
    if let Some(problem) = response.error().and_then(|error| error.as_error::<Problem>()) {
        return Some(problem.duplicate());
    }
    let status = response.status();
    let failed = status.is_client_error() || status.is_server_error();
    let deliberate = response.headers().get(CONTENT_TYPE).is_some_and(|media| {
        let media = media.as_bytes();
        [PROBLEM_JSON, "application/json", "text/html"].iter().any(|kind| media.starts_with(kind.as_bytes()))
    });
    (failed && !deliberate).then(|| Problem::of_status(status))
}

/// An error that becomes an answer outside: it has to carry its headers itself.
fn completed_error(error: &Error, web: &Web, facts: &Facts, origin: Option<HeaderValue>) -> Error {
    let problem = error
        .as_error::<Problem>()
        .map_or_else(|| Problem::of_status(error.as_response_error().status_code()), Problem::duplicate);
    let mut all = HeaderMap::new();
    headers::finish(&mut all, web, facts);
    if let Some(origin) = origin {
        cors::allow(&mut all, origin);
    }
    let problem = all.iter().fold(problem.of_request(facts.id.clone()), |problem, (name, value)| {
        problem.header_value(name.clone(), value.clone())
    });
    problem.into()
}
