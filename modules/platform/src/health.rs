//! Whether the process lives and whether it should get traffic: each dependency by name, each with its own deadline.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::HttpResponse;
use futures_util::future::{BoxFuture, FutureExt, join_all};
use kernel::{Clock, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::web::{Access, Rate, Route, Routes, State};

/// A report is good for this long: anybody may ask, and asking must not become work.
const REPORT_LASTS: Duration = Duration::from_secs(1);

type Probe = Box<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

struct Check {
    name: &'static str,
    deadline: Duration,
    probe: Probe,
}

/// The dependencies of the process, asked by `/readyz`.
pub struct Checks {
    clock: Arc<dyn Clock>,
    all: Vec<Check>,
    draining: AtomicBool,
    last: Mutex<Option<(Timestamp, Report)>>,
}

/// Whether traffic should come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Readiness {
    /// Every dependency answers.
    Ready,
    /// Some dependency does not.
    NotReady,
    /// The process is about to end: send nothing new.
    Draining,
}

/// How one dependency is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It answers.
    Ok,
    /// It answers with an error; the log says which.
    Failed,
    /// It did not answer by its deadline.
    TimedOut,
}

/// One dependency in a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Finding {
    /// For example `identity.database`.
    pub name: &'static str,
    /// How it is.
    pub standing: Standing,
}

/// What `/readyz` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Report {
    /// Whether traffic should come.
    pub status: Readiness,
    /// Each dependency.
    pub checks: Vec<Finding>,
}

/// What `/healthz` answers.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct Alive {
    /// Always `alive`.
    pub status: &'static str,
}

impl Checks {
    /// No dependency yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, all: Vec::new(), draining: AtomicBool::new(false), last: Mutex::new(None) }
    }

    /// Adds a dependency. Its error is logged and never shown.
    #[must_use]
    pub fn with<F>(
        mut self,
        name: &'static str,
        deadline: Duration,
        probe: impl Fn() -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        self.all.push(Check { name, deadline, probe: Box::new(move || probe().boxed()) });
        self
    }

    /// From now on the process asks for no traffic.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// How everything is, at most a second old.
    pub async fn report(&self) -> Report {
        if self.draining.load(Ordering::Relaxed) {
            return Report { status: Readiness::Draining, checks: Vec::new() };
        }
        let now = self.clock.now();
        if let Some(report) = self.remembered(now) {
            return report;
        }
        let checks = join_all(self.all.iter().map(ask)).await;
        let ready = checks.iter().all(|finding| finding.standing == Standing::Ok);
        let report = Report { status: if ready { Readiness::Ready } else { Readiness::NotReady }, checks };
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, report.clone()));
        report
    }

    fn remembered(&self, now: Timestamp) -> Option<Report> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref().filter(|(at, _)| now.since(*at) < REPORT_LASTS).map(|(_, report)| report.clone())
    }
}

async fn ask(check: &Check) -> Finding {
    let name = check.name;
    let standing = match tokio::time::timeout(check.deadline, (check.probe)()).await {
        Ok(Ok(())) => Standing::Ok,
        Ok(Err(reason)) => {
            tracing::warn!(check = name, reason, "a dependency fails");
            Standing::Failed
        }
        Err(_) => {
            tracing::warn!(check = name, "a dependency does not answer in time");
            Standing::TimedOut
        }
    };
    let value = if standing == Standing::Ok { 1.0 } else { 0.0 };
    metrics::gauge!("dependency_up", "check" => name).set(value);
    Finding { name, standing }
}

/// `/healthz` and `/readyz` over these dependencies.
pub fn routes(checks: Arc<Checks>) -> Routes {
    table().state(checks)
}

/// The same routes without state: enough to document them.
pub fn table() -> Routes {
    Routes::of("process")
        .add(
            Route::get("/healthz", Access::Process, alive)
                .summary("Is the process alive")
                .answers::<Alive>(200)
                .rate(Rate::Unlimited),
        )
        .add(
            Route::get("/readyz", Access::Process, ready)
                .summary("Should the process get traffic")
                .answers::<Report>(200)
                .answers::<Report>(503)
                .rate(Rate::Unlimited),
        )
}

async fn alive() -> HttpResponse {
    HttpResponse::Ok().json(Alive { status: "alive" })
}

async fn ready(checks: State<Checks>) -> HttpResponse {
    let report = checks.report().await;
    match report.status {
        Readiness::Ready => HttpResponse::Ok().json(report),
        Readiness::NotReady | Readiness::Draining => HttpResponse::ServiceUnavailable().json(report),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use kernel::ManualClock;

    use super::*;

    const LONG: Duration = Duration::from_mins(1);

    #[tokio::test]
    async fn each_dependency_is_reported_by_name_and_one_failure_is_enough() {
        let checks = Checks::new(Arc::new(ManualClock::default()))
            .with("identity.database", LONG, || async { Ok(()) })
            .with("customer.database", LONG, || async { Err("password=hunter2".to_owned()) })
            .with("game.database", Duration::ZERO, std::future::pending);
        let report = checks.report().await;
        assert_eq!(report.status, Readiness::NotReady);
        let standings: Vec<_> =
            report.checks.iter().map(|finding| (finding.name, finding.standing)).collect();
        assert_eq!(
            standings,
            [
                ("identity.database", Standing::Ok),
                ("customer.database", Standing::Failed),
                ("game.database", Standing::TimedOut)
            ]
        );
        assert!(!serde_json::to_string(&report).unwrap().contains("hunter2"));
    }

    #[tokio::test]
    async fn a_report_is_kept_for_a_second_and_draining_shows_at_once() {
        let (clock, asked) = (ManualClock::default(), Arc::new(AtomicU32::new(0)));
        let count = asked.clone();
        let checks = Checks::new(Arc::new(clock.clone())).with("x", LONG, move || {
            count.fetch_add(1, Ordering::SeqCst);
            async { Ok(()) }
        });
        for _ in 0..5 {
            assert_eq!(checks.report().await.status, Readiness::Ready);
        }
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        clock.advance(REPORT_LASTS);
        checks.report().await;
        assert_eq!(asked.load(Ordering::SeqCst), 2);
        checks.drain();
        assert_eq!(checks.report().await.status, Readiness::Draining);
    }
}
