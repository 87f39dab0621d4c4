//! `whot serve`: takes the data directory, builds everything, answers until told to stop, and leaves nothing half done.

use std::net::TcpListener;
use std::time::Duration;

use clap::Args;
use kernel::Clock;
use platform::db::DataDir;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use super::{CliError, Global, say};
use crate::compose::Composition;
use crate::settings::Settings;
use crate::{control, http};

#[derive(Args, Default)]
pub(super) struct Arguments {}

/// Our own crates: theirs are the debug and trace lines worth reading, and known to hold no secret.
const OWN: &[&str] = &["whot", "kernel", "platform", "identity", "customer", "game", "game_engine"];

/// How often histograms are folded where nobody scrapes.
const UPKEEP: Duration = Duration::from_secs(10);

pub(super) async fn run(global: &Global, _: Arguments) -> Result<(), CliError> {
    let settings = global.settings()?;
    platform::telemetry::init(&settings.log, OWN).map_err(|error| CliError::Failed(error.to_string()))?;
    let metrics = metrics_server(&settings)?;
    let data_dir =
        DataDir::acquire(&settings.data_dir).map_err(|error| CliError::Failed(error.to_string()))?;
    let (listen, workers) = (settings.server.listen.clone(), settings.server.workers);
    let patience = Duration::from_secs(settings.server.drain_seconds);
    let data_path = settings.data_dir.clone();

    // Termination is asked for from here on, so that a signal during the start is not lost.
    let mut term =
        signal(SignalKind::terminate()).map_err(|error| CliError::Io("cannot listen for signals", error))?;
    let composition = Composition::build(settings, data_dir).await?;
    composition.start();
    let tasks = composition.tasks.clone();
    // Bound before anybody is told that the server is ready: commands find it from then on.
    let socket = control::bind(&data_path)?;
    let control = tokio::spawn({
        let operator = composition.operator();
        async move { control::serve(socket, operator, tasks.stopping()).await }
    });
    let (server, address) =
        http::listen(&listen, workers, composition.web.clone(), composition.table.clone())
            .map_err(|error| CliError::Io("cannot listen", error))?;
    let handle = server.handle();
    let serving = tokio::spawn(server);
    announce(global, &address.to_string());

    tokio::select! {
        _ = term.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    tracing::info!("stopping");
    let drained = tokio::time::timeout(patience, async {
        composition.checks.drain();
        composition.hub.drain().await;
        handle.stop(true).await;
        composition.close().await;
    });
    if drained.await.is_err() {
        tracing::warn!("not everything was finished in time; what was acknowledged is safe");
    }
    if let Some(metrics) = metrics {
        metrics.stop(false).await;
    }
    serving.abort();
    if let Err(error) = control.await {
        tracing::warn!(%error, "control.sock");
    }
    Ok(())
}

fn announce(global: &Global, address: &str) {
    let base = format!("http://{address}");
    tracing::info!(%base, "ready");
    if global.json {
        say(json!({"ready": true, "address": base, "at": platform::clock::SystemClock::new().now()}));
    } else {
        say(format_args!("whot is ready at {base}; the API reference is at {base}/docs"));
    }
}

fn metrics_server(settings: &Settings) -> Result<Option<actix_web::dev::ServerHandle>, CliError> {
    if settings.server.metrics_listen.is_empty() {
        return Ok(None);
    }
    let metrics =
        platform::telemetry::Metrics::install().map_err(|error| CliError::Failed(error.to_string()))?;
    let upkeep = metrics.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(UPKEEP).await;
            upkeep.upkeep();
        }
    });
    let listener = TcpListener::bind(&settings.server.metrics_listen)
        .map_err(|error| CliError::Io("cannot listen for metrics", error))?;
    let server = platform::telemetry::serve_metrics(listener, metrics)
        .map_err(|error| CliError::Io("cannot serve metrics", error))?;
    let handle = server.handle();
    tokio::spawn(server);
    Ok(Some(handle))
}
