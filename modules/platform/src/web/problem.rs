//! Errors as they leave the process: RFC 9457 problem details with a stable code. Nothing secret ever stands in one.

use std::borrow::Cow;
use std::time::Duration;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use actix_web::{HttpResponse, ResponseError};
use kernel::{PortError, RequestId};
use serde::Serialize;
use serde_json::{Map, Value};

/// The media type of every error answer.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// How long a client waits before it asks a provider again that was unavailable.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// One error answer. Handlers return it as their error; the edge adds the request's id.
pub struct Problem(Box<Parts>);

#[derive(Clone)]
struct Parts {
    status: StatusCode,
    code: Cow<'static, str>,
    detail: Option<Cow<'static, str>>,
    errors: Vec<FieldError>,
    headers: Vec<(HeaderName, HeaderValue)>,
    members: Map<String, Value>,
    request_id: Option<RequestId>,
}

/// What is wrong with one part of a request.
#[derive(Debug, Clone, Serialize)]
struct FieldError {
    pointer: String,
    #[serde(rename = "in", skip_serializing_if = "Option::is_none")]
    place: Option<&'static str>,
    code: Cow<'static, str>,
    detail: Cow<'static, str>,
}

#[derive(Serialize)]
struct Wire<'a> {
    r#type: String,
    title: String,
    status: u16,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    #[serde(flatten)]
    members: &'a Map<String, Value>,
}

impl Problem {
    /// A problem with the given status and stable code (`snake_case`).
    pub fn new(status: StatusCode, code: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Parts {
            status,
            code: code.into(),
            detail: None,
            errors: Vec::new(),
            headers: Vec::new(),
            members: Map::new(),
            request_id: None,
        }))
    }

    /// 400: the request cannot be understood.
    pub fn bad_request(code: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code)
    }

    /// 401: nobody is signed in. Carries `WWW-Authenticate`.
    pub fn unauthenticated() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated")
            .header(WWW_AUTHENTICATE, "Bearer realm=\"whot\"")
            .detail("Sign in and send the access token as `Authorization: Bearer`.")
    }

    /// 401 for a credential that was presented and refused. `code` tells the client what to do next.
    pub fn refused_credential(code: &'static str, why: &'static str) -> Self {
        let challenge =
            format!("Bearer realm=\"whot\", error=\"invalid_token\", error_description=\"{why}\"");
        Self::new(StatusCode::UNAUTHORIZED, code).header(WWW_AUTHENTICATE, &challenge).detail(why)
    }

    /// 401: signed in, but the last proof of a credential is older than `max_age` (RFC 9470).
    pub fn step_up(max_age: Duration) -> Self {
        let challenge = format!(
            "Bearer realm=\"whot\", error=\"insufficient_user_authentication\", \
             error_description=\"a fresh sign-in is required\", max_age={}",
            max_age.as_secs()
        );
        Self::new(StatusCode::UNAUTHORIZED, "fresh_sign_in_required")
            .header(WWW_AUTHENTICATE, &challenge)
            .detail("Prove a credential again, then repeat the request.")
    }

    /// 403: you may know of it, but not do it.
    pub fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden")
    }

    /// 404: there is no such thing, or it is not yours to know of.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found")
    }

    /// 409: the state of the thing does not allow it.
    pub fn conflict(code: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::CONFLICT, code)
    }

    /// 410: it was there and will not come back.
    pub fn gone(code: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::GONE, code)
    }

    /// 412: the `If-Match` version is not the current one.
    pub fn stale() -> Self {
        Self::new(StatusCode::PRECONDITION_FAILED, "stale")
            .detail("The resource has changed since the version you know. Read it again.")
    }

    /// 422: understood, and not acceptable.
    pub fn invalid(code: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code)
    }

    /// 500: our fault. Says nothing more; the log does.
    pub fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal")
    }

    /// 503: not now. The client may try again after `retry`.
    pub fn unavailable(retry: Duration) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable").retry_after(retry)
    }

    /// The problem that a bare status stands for; for answers that frameworks make on their own.
    pub fn of_status(status: StatusCode) -> Self {
        let code = match status.as_u16() {
            401 => return Self::unauthenticated(),
            403 => "forbidden",
            404 => "not_found",
            405 => "method_not_allowed",
            406 => "not_acceptable",
            408 => "request_timeout",
            412 => "stale",
            413 => "payload_too_large",
            414 => "uri_too_long",
            415 => "unsupported_media_type",
            429 => "rate_limited",
            431 => "headers_too_large",
            400..=499 => "invalid_request",
            503 => "unavailable",
            _ => "internal",
        };
        Self::new(status, code)
    }

    /// Adds a sentence for the developer or person who reads it.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Adds what is wrong at a JSON Pointer (RFC 6901) into the body.
    #[must_use]
    pub fn pointer(
        self,
        pointer: impl Into<String>,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        self.at(None, pointer, code, detail)
    }

    /// Adds what is wrong with a part that is not the body: `place` is `query`, `header` or `path`.
    #[must_use]
    pub fn at(
        mut self,
        place: Option<&'static str>,
        pointer: impl Into<String>,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        let error = FieldError { pointer: pointer.into(), place, code: code.into(), detail: detail.into() };
        self.0.errors.push(error);
        self
    }

    /// Adds a response header. A value that cannot be a header is left out.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.0.headers.push((name, value));
        }
        self
    }

    pub(crate) fn header_value(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    pub(crate) fn duplicate(&self) -> Self {
        Self(self.0.clone())
    }

    /// Adds `Retry-After`, rounded up to whole seconds and at least one.
    #[must_use]
    pub fn retry_after(self, wait: Duration) -> Self {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        self.header(RETRY_AFTER, &seconds.max(1).to_string())
    }

    /// Adds a member of the problem's own, for example a snapshot.
    #[must_use]
    pub fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.0.members.insert(member.to_owned(), value.into());
        self
    }

    /// The stable code.
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    pub(crate) fn of_request(mut self, id: RequestId) -> Self {
        self.0.request_id = Some(id);
        self
    }

    pub(crate) fn headers_into(&self, headers: &mut HeaderMap) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        for (name, value) in &self.0.headers {
            headers.insert(name.clone(), value.clone());
        }
    }

    /// The body, with the id of the request it answers.
    pub(crate) fn body(&self, request_id: Option<&RequestId>) -> Vec<u8> {
        let parts = &*self.0;
        let wire = Wire {
            r#type: format!("/docs#{}", parts.code),
            title: title(&parts.code),
            status: parts.status.as_u16(),
            code: &parts.code,
            detail: parts.detail.as_deref(),
            errors: &parts.errors,
            request_id: request_id.or(parts.request_id.as_ref()).map(RequestId::as_str),
            members: &parts.members,
        };
        // Only strings, numbers and values that serde_json itself made: this cannot fail.
        serde_json::to_vec(&wire).unwrap_or_default()
    }
}

/// `not_your_turn` reads "Not your turn".
fn title(code: &str) -> String {
    let mut title = code.replace('_', " ");
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    title
}

impl std::fmt::Debug for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Problem({} {})", self.0.status.as_u16(), self.0.code)
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.code)
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.0.status
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut response = HttpResponse::build(self.0.status).body(self.body(None));
        self.headers_into(response.headers_mut());
        response
    }
}

impl From<PortError> for Problem {
    fn from(error: PortError) -> Self {
        match error {
            PortError::Unavailable { reason } => tracing::warn!(%reason, "a provider is unavailable"),
            PortError::DeadlineExceeded => tracing::warn!("a provider did not answer in time"),
        }
        Self::unavailable(TRY_AGAIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_says_its_code_its_title_and_where_it_is_wrong() {
        let problem = Problem::invalid("too_many_cards")
            .detail("Two at most.")
            .pointer("/cards/2", "surplus", "one card too many")
            .with("seq", 41);
        let body: Value = serde_json::from_slice(&problem.body(Some(&"r-1".parse().unwrap()))).unwrap();
        assert_eq!(
            body,
            serde_json::json!({
                "type": "/docs#too_many_cards", "title": "Too many cards", "status": 422, "code": "too_many_cards",
                "detail": "Two at most.", "request_id": "r-1", "seq": 41,
                "errors": [{"pointer": "/cards/2", "code": "surplus", "detail": "one card too many"}],
            })
        );
    }

    #[test]
    fn a_wait_is_rounded_up_to_whole_seconds() {
        for (wait, text) in [(0, "1"), (1, "1"), (1_000, "1"), (1_001, "2")] {
            let response = Problem::unavailable(Duration::from_millis(wait)).error_response();
            assert_eq!(response.headers().get(RETRY_AFTER).unwrap(), text, "{wait} ms");
        }
    }

    #[test]
    fn what_operators_read_never_reaches_the_client() {
        let problem = Problem::from(PortError::unavailable("password=hunter2"));
        assert!(!String::from_utf8(problem.body(None)).unwrap().contains("hunter2"));
        assert!(!format!("{problem:?} {problem}").contains("hunter2"));
    }
}
