//! Counts and times requests by route pattern, and writes one line for each.

use std::time::Duration;

use actix_web::http::{Method, StatusCode};

use super::route::Spec;

/// One request in flight. Dropping it early means that the client went away.
pub(crate) struct Watch {
    method: &'static str,
    ended: bool,
}

impl Watch {
    pub(crate) fn begin(method: &Method) -> Self {
        metrics::gauge!("http_requests_in_flight").increment(1.0);
        Self { method: known(method), ended: false }
    }

    pub(crate) fn end(mut self, spec: Option<&Spec>, status: StatusCode, took: Duration) {
        self.ended = true;
        let (module, route) = spec.map_or(("none", "unmatched"), |spec| (spec.module, spec.path));
        let class = class(status);
        metrics::counter!(
            "http_requests_total", "module" => module, "method" => self.method, "route" => route, "status" => class
        )
        .increment(1);
        metrics::histogram!(
            "http_request_duration_seconds", "module" => module, "method" => self.method, "route" => route
        )
        .record(took.as_secs_f64());
        let (status, micros) = (status.as_u16(), u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        if status >= 500 {
            tracing::error!(status, micros, "answered");
        } else {
            tracing::info!(status, micros, "answered");
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        metrics::gauge!("http_requests_in_flight").decrement(1.0);
        if !self.ended {
            metrics::counter!("http_requests_abandoned_total").increment(1);
        }
    }
}

/// A label's values are a closed set, whatever clients send.
fn known(method: &Method) -> &'static str {
    const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    METHODS.into_iter().find(|known| *known == method.as_str()).unwrap_or("other")
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        ..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        401 => "401",
        403 => "403",
        404 => "404",
        409 => "409",
        429 => "429",
        400..500 => "4xx",
        503 => "503",
        _ => "5xx",
    }
}
