//! What the command line may ask of the process that owns the data.

use async_trait::async_trait;
use identity::FirstAdmin;
use platform::inbox;
use platform::jobs::{self, JobStatus};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::Modules;
use crate::control::Operator;

#[async_trait]
impl Operator for Modules {
    async fn operate(&self, command: &str, arguments: Value) -> Result<Value, String> {
        let text = |name: &str| {
            let found = arguments.get(name).and_then(Value::as_str).map(str::to_owned);
            found.ok_or_else(|| format!("{command} needs {name}"))
        };
        match command {
            "admin.bootstrap" => {
                let made = self.identity.bootstrap_admin(&text("username")?).await;
                made.map(|admin| enrolment(&admin)).map_err(|error| error.to_string())
            }
            "admin.reissue" => {
                let made = self.identity.reissue_admin_token().await;
                made.map(|admin| enrolment(&admin)).map_err(|error| error.to_string())
            }
            "doctor" => self.diagnose().await,
            "keys.rotate" => {
                let kid = self.identity.rotate_keys().await.map_err(|error| error.to_string())?;
                Ok(json!({"kid": kid}))
            }
            "jobs.list" => self.list_jobs().await,
            "jobs.run" => self.run_job(&text("name")?).await,
            "jobs.parked" => self.list_parked().await,
            "jobs.unpark" => {
                let aggregate = arguments.get("aggregate").and_then(Value::as_str);
                self.unpark(&text("consumer")?, aggregate).await
            }
            _ => Err(format!("{command} is no command of this server")),
        }
    }
}

impl Modules {
    async fn list_jobs(&self) -> Result<Value, String> {
        let mut all = Vec::new();
        for db in &self.databases {
            let listed = jobs::list(db).await.map_err(|error| error.to_string())?;
            all.extend(listed.into_iter().map(|job| shown(&job)));
        }
        Ok(Value::Array(all))
    }

    async fn run_job(&self, name: &str) -> Result<Value, String> {
        for db in &self.databases {
            if jobs::run_now(db, name, self.clock.now()).await.map_err(|error| error.to_string())? {
                return Ok(Value::Null);
            }
        }
        Err(format!("there is no job named {name}"))
    }
}

impl Modules {
    async fn list_parked(&self) -> Result<Value, String> {
        let mut all = Vec::new();
        for db in &self.databases {
            let parked = inbox::parked(db).await.map_err(|error| error.to_string())?;
            all.extend(parked.into_iter().map(|one| {
                json!({
                    "consumer": one.consumer,
                    "aggregate": one.aggregate,
                    "events": one.events,
                    "number": one.number,
                    "attempts": one.attempts,
                    "reason": one.reason,
                    "parked_at": one.parked_at,
                    "retry_at": one.retry_at,
                })
            }));
        }
        Ok(Value::Array(all))
    }

    async fn unpark(&self, consumer: &str, aggregate: Option<&str>) -> Result<Value, String> {
        let mut events = 0;
        for db in &self.databases {
            let due = inbox::retry(db, consumer, aggregate, self.clock.now()).await;
            events += due.map_err(|error| error.to_string())?;
        }
        match events {
            0 => Err(format!("{consumer} has nothing of that parked")),
            _ => Ok(json!({"events": events})),
        }
    }

    /// What the contexts find out about themselves, for `whot doctor`.
    async fn diagnose(&self) -> Result<Value, String> {
        let mut findings = Vec::new();
        for (what, found) in self.identity.diagnose().await {
            findings.push(json!({"what": what, "fault": found.as_ref().err(), "note": found.as_ref().ok()}));
        }
        for db in &self.databases {
            let parked = inbox::parked(db).await.map_err(|error| error.to_string())?;
            let events: i64 = parked.iter().map(|one| one.events).sum();
            let fault = (!parked.is_empty()).then(|| {
                format!("{events} events about {} things are parked: see `whot jobs parked`", parked.len())
            });
            let what = format!("{}.inbox", db.context());
            findings.push(json!({"what": what, "fault": fault, "note": "nothing is parked"}));
        }
        Ok(Value::Array(findings))
    }
}

fn enrolment(admin: &FirstAdmin) -> Value {
    json!({
        "account_id": admin.account,
        "enrolment_token": admin.token.expose_secret(),
        "expires_at": admin.expires_at,
    })
}

fn shown(job: &JobStatus) -> Value {
    json!({
        "name": job.name,
        "due_at": job.due_at,
        "every_seconds": job.every.as_secs(),
        "last_run_at": job.finished_at,
        "runs": job.runs,
        "failures": job.failures,
        "last_error": job.last_error,
    })
}
