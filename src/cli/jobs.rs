//! `whot jobs`: what runs in the background, how late it is, and a way to run it now.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{CliError, Global, operate, say};

#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Lists every job: when it last ran, when it is due, what failed
    List,
    /// Makes a job due at once; a failed one is tried again
    #[command(alias = "retry")]
    Run {
        /// The job's name, as `list` shows it
        name: String,
    },
}

pub(super) async fn run(global: &Global, arguments: Arguments) -> Result<(), CliError> {
    match arguments.action {
        Action::List => list(global).await,
        Action::Run { name } => {
            operate::run(global, "jobs.run", json!({"name": name})).await?;
            say(if global.json { json!({"due": name}).to_string() } else { format!("{name} is due now.") });
            Ok(())
        }
    }
}

async fn list(global: &Global) -> Result<(), CliError> {
    let answer = operate::run(global, "jobs.list", json!({})).await?;
    if global.json {
        say(&answer);
        return Ok(());
    }
    let cell = |job: &Value, name: &str| match job.get(name) {
        Some(Value::String(text)) => text.clone(),
        None | Some(Value::Null) => "-".to_owned(),
        Some(other) => other.to_string(),
    };
    say(format_args!("{:<36} {:<28} {:<28} {:>8}  last error", "job", "due", "last run", "failures"));
    for job in answer.as_array().into_iter().flatten() {
        say(format_args!(
            "{:<36} {:<28} {:<28} {:>8}  {}",
            cell(job, "name"),
            cell(job, "due_at"),
            cell(job, "last_run_at"),
            cell(job, "failures"),
            cell(job, "last_error"),
        ));
    }
    Ok(())
}
