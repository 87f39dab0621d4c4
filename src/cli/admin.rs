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
    /// Creates the first admin and prints a one-time enrolment token; refused once there is one
    Bootstrap {
        /// The admin's public user name
        #[arg(long, default_value = "admin")]
        username: String,
    },
    /// Prints another enrolment token for a first admin who has not used theirs; the one before is void
    Reissue,
}

pub(super) async fn run(global: &Global, arguments: Arguments) -> Result<(), CliError> {
    let (answer, who) = match arguments.action {
        Action::Bootstrap { username } => {
            let answer = operate::run(global, "admin.bootstrap", json!({"username": username})).await?;
            (answer, format!("The first admin is {username}"))
        }
        Action::Reissue => {
            let answer = operate::run(global, "admin.reissue", json!({})).await?;
            (answer, "The first admin has a new token".to_owned())
        }
    };
    if global.json {
        say(&answer);
        return Ok(());
    }
    let text = |name: &str| answer.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    say(format_args!(
        "{who} ({}).\nEnrol once, before {}, with this token; it is shown only now:\n\n  {}\n\n\
         POST /api/v1/auth/activate {{\"token\": \"...\", \"password\": \"...\"}}",
        text("account_id"),
        text("expires_at"),
        text("enrolment_token"),
    ));
    Ok(())
}
