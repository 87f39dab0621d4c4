//! What handlers answer when all is well.

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, HeaderName, HeaderValue, LOCATION};
use actix_web::{HttpRequest, HttpResponse, Responder};
use serde::Serialize;

use super::params::etag;
use super::problem::Problem;

/// A JSON answer.
#[derive(Debug, Clone)]
pub struct Answer<T> {
    status: StatusCode,
    body: T,
    headers: Vec<(HeaderName, String)>,
}

impl<T: Serialize> Answer<T> {
    /// 200.
    pub fn ok(body: T) -> Self {
        Self { status: StatusCode::OK, body, headers: Vec::new() }
    }

    /// 201, with where the new thing is.
    pub fn created(location: impl Into<String>, body: T) -> Self {
        Self { status: StatusCode::CREATED, body, headers: vec![(LOCATION, location.into())] }
    }

    /// 202, with where to watch it.
    pub fn accepted(location: impl Into<String>, body: T) -> Self {
        Self { status: StatusCode::ACCEPTED, body, headers: vec![(LOCATION, location.into())] }
    }

    /// Adds the `ETag` of this version.
    #[must_use]
    pub fn etag(mut self, version: i64) -> Self {
        self.headers.push(etag(version));
        self
    }

    /// Adds a header. A value that cannot be a header is left out.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Lets everybody keep it for this many seconds. Only for what belongs to nobody, such as public keys.
    #[must_use]
    pub fn public_for(self, seconds: u32) -> Self {
        self.header(CACHE_CONTROL, format!("public, max-age={seconds}"))
    }
}

impl<T: Serialize> Responder for Answer<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse<BoxBody> {
        let Ok(body) = serde_json::to_vec(&self.body) else {
            tracing::error!(answer = std::any::type_name::<T>(), "an answer cannot be written as JSON");
            return HttpResponse::from_error(Problem::internal());
        };
        let mut response = HttpResponse::build(self.status).content_type("application/json").body(body);
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

/// 204.
#[derive(Debug, Clone, Copy)]
pub struct NoContent;

impl Responder for NoContent {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse<BoxBody> {
        HttpResponse::NoContent().finish()
    }
}
