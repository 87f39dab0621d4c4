//! Headers that every answer carries, whatever made it.

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};

use super::app::Web;
use super::request::{Facts, X_REQUEST_ID};

const OPENER: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Adds them. What a handler set itself stays, except that an authenticated answer is never stored.
pub(crate) fn finish(headers: &mut HeaderMap, web: &Web, facts: &Facts) {
    let mut absent = |name: HeaderName, value: &'static str| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    absent(X_CONTENT_TYPE_OPTIONS, "nosniff");
    absent(REFERRER_POLICY, "no-referrer");
    absent(X_FRAME_OPTIONS, "DENY");
    absent(CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
    absent(OPENER, "same-origin");
    absent(RESOURCE, "same-origin");
    absent(CACHE_CONTROL, "no-store");
    if web.settings.hsts {
        absent(STRICT_TRANSPORT_SECURITY, "max-age=63072000; includeSubDomains");
    }
    if facts.principal.get().is_some() {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    insert(headers, X_REQUEST_ID, facts.id.as_str());
    for (name, value) in facts.limit.get().iter().flat_map(super::limit::Shown::headers) {
        insert(headers, name, &value);
    }
}

/// Sets a header whose value was made at run time; one that cannot be a header is left out.
pub(crate) fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
