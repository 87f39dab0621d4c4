//! `whot jobs`: what runs in the background, how late it is, what got stuck, and a way to run it now.

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
    /// Lists what contexts could not take in from each other: the events wait, and everything else goes on
    Parked,
    /// Tries parked events again at once
    Unpark {
        /// Whose, as `parked` shows it, for example game.identity
        consumer: String,
        /// About what; all of them without it
        aggregate: Option<String>,
    },
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
        Action::Parked => parked(global).await,
        Action::Unpark { consumer, aggregate } => {
            let arguments = json!({"consumer": consumer, "aggregate": aggregate});
            let answer = operate::run(global, "jobs.unpark", arguments).await?;
            let events = answer.get("events").and_then(Value::as_u64).unwrap_or(0);
            let told = format!("{events} events are tried again now.");
            say(if global.json { answer.to_string() } else { told });
            Ok(())
        }
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
    let parked = operate::run(global, "jobs.parked", json!({})).await?;
    match parked.as_array().map_or(0, Vec::len) {
        0 => {}
        some => say(format_args!("\nEvents about {some} things are parked: see `whot jobs parked`.")),
    }
    Ok(())
}

async fn parked(global: &Global) -> Result<(), CliError> {
    let answer = operate::run(global, "jobs.parked", json!({})).await?;
    if global.json {
        say(&answer);
        return Ok(());
    }
    say(format_args!(
        "{:<20} {:<36} {:>6} {:>8}  {:<28} reason",
        "consumer", "about", "events", "attempts", "next"
    ));
    for one in answer.as_array().into_iter().flatten() {
        say(format_args!(
            "{:<20} {:<36} {:>6} {:>8}  {:<28} {}",
            cell(one, "consumer"),
            cell(one, "aggregate"),
            cell(one, "events"),
            cell(one, "attempts"),
            cell(one, "retry_at"),
            cell(one, "reason"),
        ));
    }
    Ok(())
}

fn cell(row: &Value, name: &str) -> String {
    match row.get(name) {
        Some(Value::String(text)) => text.clone(),
        None | Some(Value::Null) => "-".to_owned(),
        Some(other) => other.to_string(),
    }
}
