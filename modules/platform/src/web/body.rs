//! JSON bodies: bounded in length, depth and time before they are parsed, and precise about what is wrong with them.

use std::rc::Rc;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use actix_web::web::BytesMut;
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;

use super::canonical;
use super::guard::too_large;
use super::json_error;
use super::problem::Problem;
use super::request::{Facts, text};
use super::route::Spec;

/// A JSON body. Whether unknown fields are refused is its type's business: `#[serde(deny_unknown_fields)]`.
#[derive(Debug, Clone)]
pub struct Body<T>(pub T);

/// A JSON body that came with an `Idempotency-Key`, for routes that require one.
#[derive(Debug, Clone)]
pub struct Keyed<T> {
    /// The body.
    pub body: T,
    /// What storage needs to recognise a repeat.
    pub claim: ClaimParts,
}

/// What makes two requests the same one, beside who sent them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimParts {
    /// The `Idempotency-Key`.
    pub key: String,
    /// Method and path pattern.
    pub route: String,
    /// SHA-256 over the body's canonical form: member order and white space do not matter.
    pub digest: [u8; 32],
}

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (facts, payload) = (begin(request), payload.take());
        Box::pin(async move {
            let bytes = read(&*facts?, payload).await?;
            json_error::parse(&bytes).map(Self)
        })
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Keyed<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (facts, payload) = (begin(request), payload.take());
        Box::pin(async move {
            let facts = facts?;
            let bytes = read(&facts, payload).await?;
            let body = json_error::parse(&bytes)?;
            let digest = canonical::digest(&serde_json::from_slice(&bytes).map_err(|_| Problem::internal())?);
            let spec = facts.spec()?;
            let key = facts.key.get().cloned().ok_or_else(|| {
                tracing::error!(
                    route = spec.path,
                    "a handler takes Keyed on a route without .idempotent(Required)"
                );
                Problem::internal()
            })?;
            Ok(Self {
                body,
                claim: ClaimParts { key, route: format!("{} {}", spec.method, spec.path), digest },
            })
        })
    }
}

fn begin(request: &HttpRequest) -> Result<Rc<Facts>, Problem> {
    let facts = Facts::of(request)?;
    accept_json(request.headers())?;
    Ok(facts)
}

fn accept_json(headers: &HeaderMap) -> Result<(), Problem> {
    let essence = text(headers, &CONTENT_TYPE).and_then(|value| value.split(';').next()).map(str::trim);
    let json = essence.is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"));
    let plain = headers.get(CONTENT_ENCODING).is_none_or(|coding| coding.as_bytes() == b"identity");
    if json && plain {
        return Ok(());
    }
    Err(Problem::of_status(StatusCode::UNSUPPORTED_MEDIA_TYPE)
        .detail("Send `Content-Type: application/json`, not compressed.")
        .header(actix_web::http::header::ACCEPT, "application/json"))
}

async fn read(facts: &Facts, mut payload: Payload) -> Result<BytesMut, Problem> {
    let spec = facts.spec()?;
    let whole = async {
        let mut bytes = BytesMut::new();
        while let Some(chunk) = payload.next().await {
            let chunk =
                chunk.map_err(|_| Problem::bad_request("malformed_json").detail("The body broke off."))?;
            if bytes.len() + chunk.len() > spec.body_limit {
                return Err(too_large(spec.body_limit));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    };
    // A transport limit, so real time: a test's clock must not end it.
    let bytes = tokio::time::timeout(spec.patience, whole).await.map_err(|_| {
        Problem::of_status(StatusCode::REQUEST_TIMEOUT).detail("The body did not arrive in time.")
    })??;
    depth_within(spec, &bytes)?;
    Ok(bytes)
}

/// Counts brackets outside strings, so that a parser never recurses further than the route wants.
fn depth_within(spec: &Spec, bytes: &[u8]) -> Result<(), Problem> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > spec.body_depth {
            return Err(Problem::bad_request("malformed_json")
                .detail(format!("The body nests deeper than {} levels.", spec.body_depth)));
        }
    }
    Ok(())
}
