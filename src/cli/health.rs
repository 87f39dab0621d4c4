//! `whot health`: asks a running server whether it is ready, for container health checks.

use super::{CliError, Global, say};
use crate::client::Api;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The server's address; the configured listener unless given
    #[arg(long)]
    url: Option<String>,
}

pub(super) async fn run(global: &Global, arguments: Arguments) -> Result<(), CliError> {
    let url = match arguments.url {
        Some(url) => url,
        None => format!("http://{}", global.settings()?.server.listen.replace("0.0.0.0", "127.0.0.1")),
    };
    let answer = Api::new(url)?.get("/readyz").await?;
    say(answer.text);
    Ok(())
}
