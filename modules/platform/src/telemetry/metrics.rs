//! Metrics in Prometheus' text form, served by a listener of their own that the public never reaches.

use std::net::TcpListener;

use actix_web::dev::Server;
use actix_web::{App, HttpResponse, HttpServer, web};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use super::logs::TelemetryError;
use super::process;

/// From 50 microseconds, a cached read, to 10 seconds, the longest a request may take.
const SECONDS: [f64; 16] = [
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    10.0,
];

/// Everything counted so far. Cheap to clone.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Starts counting for the whole process.
    pub fn install() -> Result<Self, TelemetryError> {
        let recorder = recorder()?;
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder).map_err(|_| TelemetryError::Metrics)?;
        describe();
        Ok(Self(handle))
    }

    /// The text form.
    pub fn render(&self) -> String {
        // Moves what histograms have gathered into their buckets, so that they hold no more than one scrape's samples.
        self.0.run_upkeep();
        let mut text = self.0.render();
        text.push_str(&process::render());
        text
    }

    /// Moves gathered samples into buckets; to be called now and then where nobody scrapes.
    pub fn upkeep(&self) {
        self.0.run_upkeep();
    }
}

fn recorder() -> Result<PrometheusRecorder, TelemetryError> {
    let builder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
        .map_err(|_| TelemetryError::Metrics)?;
    Ok(builder.build_recorder())
}

fn describe() {
    metrics::describe_counter!(
        "http_requests_total",
        "Requests answered, by route pattern and kind of status"
    );
    metrics::describe_histogram!(
        "http_request_duration_seconds",
        "Time to the head of the answer, by route pattern"
    );
    metrics::describe_gauge!("http_requests_in_flight", "Requests not yet answered");
    metrics::describe_counter!("http_requests_abandoned_total", "Requests whose client went away first");
    metrics::describe_counter!("http_rate_limited_total", "Requests refused by a limit, by class");
    metrics::describe_counter!("http_panics_total", "Requests that ended in a panic");
}

/// Serves `/metrics` on a listener of its own until its handle stops it. Run it beside the public server.
pub fn serve_metrics(listener: TcpListener, metrics: Metrics) -> std::io::Result<Server> {
    let server = HttpServer::new(move || {
        let metrics = metrics.clone();
        App::new().route(
            "/metrics",
            web::get().to(move || {
                let metrics = metrics.clone();
                async move { HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(metrics.render()) }
            }),
        )
    });
    Ok(server.workers(1).disable_signals().listen(listener)?.run())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_times_are_rendered_with_their_labels_and_buckets() {
        let recorder = recorder().unwrap();
        let metrics = Metrics(recorder.handle());
        metrics::with_local_recorder(&recorder, || {
            metrics::counter!("http_requests_total", "route" => "/api/v1/users/me").increment(2);
            metrics::histogram!("http_request_duration_seconds", "route" => "/healthz").record(0.003);
        });
        let text = metrics.render();
        assert!(text.contains("http_requests_total{route=\"/api/v1/users/me\"} 2"), "{text}");
        assert!(
            text.contains("http_request_duration_seconds_bucket{route=\"/healthz\",le=\"0.005\"} 1"),
            "{text}"
        );
    }

    #[actix_web::test]
    async fn the_listener_serves_metrics_and_nothing_else() {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = serve_metrics(listener, Metrics(recorder().unwrap().handle())).unwrap();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        for (path, status) in [("/metrics", "200"), ("/healthz", "404")] {
            let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
            let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            assert_eq!(answer.split(' ').nth(1), Some(status), "{answer}");
        }
        handle.stop(true).await;
    }
}
