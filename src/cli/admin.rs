//! `whot admin`: brings the first person in. There is no default account, ever.

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
    /// Creates the first admin and prints a one-time enrolment link; refused once there is one
    Bootstrap {
        /// The admin's public user name
        #[arg(long, default_value = "admin")]
        username: String,
    },
}

pub(super) async fn run(global: &Global, arguments: Arguments) -> Result<(), CliError> {
    let Action::Bootstrap { username } = arguments.action;
    let answer = operate::run(global, "admin.bootstrap", json!({"username": username})).await?;
    if global.json {
        say(&answer);
        return Ok(());
    }
    let text = |name: &str| answer.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    say(format_args!(
        "The first admin is {username} ({}).\nEnrol once, before {}, with this token; it is shown only now:\n\n  {}\n\n\
         POST /api/v1/auth/activate {{\"token\": \"...\", \"password\": \"...\"}}",
        text("account_id"),
        text("expires_at"),
        text("enrolment_token"),
    ));
    Ok(())
}
