//! Cross-origin calls: closed, unless the operator lists the origin. Credentials of a browser are never invited.

use actix_web::HttpResponse;
use actix_web::dev::RequestHead;
use actix_web::http::Method;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, HeaderMap,
    HeaderValue, ORIGIN, VARY,
};

use super::app::Web;

const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";
const REQUEST_HEADERS: &str =
    "authorization, content-type, idempotency-key, if-match, x-device-id, x-request-id";
const RESPONSE_HEADERS: &str =
    "etag, location, ratelimit, ratelimit-policy, retry-after, www-authenticate, x-request-id";

/// The request's origin, if it is one of those listed.
pub(crate) fn listed_origin(web: &Web, head: &RequestHead) -> Option<HeaderValue> {
    let origin = head.headers().get(ORIGIN)?;
    let text = origin.to_str().ok()?;
    web.settings.cors_origins.iter().any(|listed| listed == text).then(|| origin.clone())
}

/// The answer to a preflight of a listed origin. From anybody else a preflight is an ordinary OPTIONS.
pub(crate) fn preflight(head: &RequestHead) -> Option<HttpResponse> {
    let asks = head.method == Method::OPTIONS && head.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    asks.then(|| {
        HttpResponse::NoContent()
            .insert_header((ACCESS_CONTROL_ALLOW_METHODS, METHODS))
            .insert_header((ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS))
            .insert_header((ACCESS_CONTROL_MAX_AGE, "600"))
            .finish()
    })
}

/// Lets the listed origin read the answer.
pub(crate) fn allow(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(RESPONSE_HEADERS));
    headers.append(VARY, HeaderValue::from_static("Origin"));
}
