//! `whot keys`: the keys that sign access tokens.

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
    /// Signs with the next key from now on; nobody is signed out
    Rotate,
}

pub(super) async fn run(global: &Global, arguments: Arguments) -> Result<(), CliError> {
    let Action::Rotate = arguments.action;
    let answer = operate::run(global, "keys.rotate", json!({})).await?;
    if global.json {
        say(&answer);
    } else {
        say(format_args!(
            "Signing with {} from now on.",
            answer.get("kid").and_then(Value::as_str).unwrap_or("a new key")
        ));
    }
    Ok(())
}
