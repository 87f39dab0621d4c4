//! What the command line may ask of the process that owns the data.

use async_trait::async_trait;
use platform::jobs::{self, JobStatus};
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
                let made = self
                    .identity
                    .bootstrap_admin(&text("username")?)
                    .await
                    .map_err(|error| error.to_string())?;
                Ok(json!({
                    "account_id": made.account,
                    "enrolment_token": secrecy::ExposeSecret::expose_secret(&made.token),
                    "expires_at": made.expires_at,
                }))
            }
            "keys.rotate" => {
                let kid = self.identity.rotate_keys().await.map_err(|error| error.to_string())?;
                Ok(json!({"kid": kid}))
            }
            "jobs.list" => self.list_jobs().await,
            "jobs.run" => self.run_job(&text("name")?).await,
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
