//! Extractors for what stands in the path, the query and single headers.

use std::future::{Ready, ready};
use std::str::FromStr;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{ETAG, HeaderName, IF_MATCH};
use actix_web::{FromRequest, HttpRequest};
use kernel::TypedId;
use secrecy::SecretString;
use serde::de::DeserializeOwned;

use super::json_error;
use super::problem::Problem;
use super::request::{Facts, text};

/// The id in the first `{segment}` of the path. What is no id of that kind names nothing: 404.
#[derive(Debug, Clone, Copy)]
pub struct PathId<T>(pub T);

/// The ids in the first two `{segments}` of the path.
#[derive(Debug, Clone, Copy)]
pub struct PathIds<A, B>(pub A, pub B);

/// The text of the first `{segment}`, which is a secret such as an invite's token.
#[derive(Debug, Clone)]
pub struct PathSecret(pub SecretString);

/// The query. Types are flat; `#[serde(deny_unknown_fields)]` refuses parameters that nobody knows.
#[derive(Debug, Clone)]
pub struct Query<T>(pub T);

/// The `Idempotency-Key` of a route that takes one.
#[derive(Debug, Clone)]
pub struct IdempotencyKey(pub String);

/// The version that the client knows, from `If-Match`: 428 when absent. What is no version of ours matches nothing: 412.
#[derive(Debug, Clone, Copy)]
pub struct IfMatch(pub i64);

fn segment(request: &HttpRequest, place: usize) -> Option<&str> {
    request.match_info().iter().nth(place).map(|(_, text)| text)
}

fn id<T: TypedId + FromStr>(request: &HttpRequest, place: usize) -> Result<T, Problem> {
    segment(request, place).and_then(|text| text.parse().ok()).ok_or_else(Problem::not_found)
}

impl<T: TypedId + FromStr> FromRequest for PathId<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(id(request, 0).map(Self))
    }
}

impl<A: TypedId + FromStr, B: TypedId + FromStr> FromRequest for PathIds<A, B> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(id(request, 0).and_then(|first| Ok(Self(first, id(request, 1)?))))
    }
}

impl FromRequest for PathSecret {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let secret = segment(request, 0).map(|text| Self(SecretString::from(text.to_owned())));
        ready(secret.ok_or_else(Problem::not_found))
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(query(request.query_string()).map(Self))
    }
}

fn query<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
    let pairs = serde_urlencoded::Deserializer::new(form_pairs(text));
    serde_path_to_error::deserialize(pairs).map_err(|error| {
        let finding = json_error::find(&json_error::pointer(error.path()), &error.inner().to_string());
        let code = if finding.code == "unknown_field" { "unknown_field" } else { "invalid_request" };
        Problem::bad_request(code).detail("A query parameter is not acceptable.").at(
            Some("query"),
            finding.pointer,
            finding.code,
            finding.detail,
        )
    })
}

fn form_pairs(text: &str) -> form_urlencoded::Parse<'_> {
    form_urlencoded::parse(text.as_bytes())
}

impl FromRequest for IdempotencyKey {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let key = Facts::of(request).and_then(|facts| {
            facts.key.get().cloned().map(Self).ok_or_else(|| {
                tracing::error!("a handler takes an IdempotencyKey on a route without .idempotent(Required)");
                Problem::internal()
            })
        });
        ready(key)
    }
}

impl FromRequest for IfMatch {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(if_match(request))
    }
}

fn if_match(request: &HttpRequest) -> Result<IfMatch, Problem> {
    if !request.headers().contains_key(IF_MATCH) {
        return Err(Problem::new(StatusCode::PRECONDITION_REQUIRED, "precondition_required")
            .detail("Send the `ETag` you read as `If-Match`."));
    }
    text(request.headers(), &IF_MATCH)
        .and_then(|value| value.trim().strip_prefix('"')?.strip_suffix('"')?.parse().ok())
        .map(IfMatch)
        .ok_or_else(Problem::stale)
}

/// The `ETag` of a version.
pub(crate) fn etag(version: i64) -> (HeaderName, String) {
    (ETAG, format!("\"{version}\""))
}
