//! A server of one's own for the demo and the benchmarks: the same binary, on a temporary directory, gone with its owner.

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::CliError;
use crate::client::Api;
use crate::control;
use crate::settings::Profile;

/// How long it may take to start.
const START: Duration = Duration::from_mins(1);

/// A running child process and its directory.
pub(super) struct OwnServer {
    child: Child,
    directory: TempDir,
    scratch: Option<platform::db::ScratchDatabase>,
    /// The API, for a caller who is not signed in.
    pub(super) api: Api,
}

impl OwnServer {
    /// Starts one with these settings; `database_url` is `sqlite` or the PostgreSQL server to make a database of its own on.
    pub(super) async fn start(
        profile: Profile,
        database_url: Option<&str>,
        settings: &[(String, String)],
    ) -> Result<Self, CliError> {
        let directory = tempfile::Builder::new()
            .prefix("whot-")
            .tempdir()
            .map_err(|error| CliError::Io("cannot make a temporary directory", error))?;
        let scratch = match database_url {
            Some(url) => {
                Some(platform::db::ScratchDatabase::create(url, &platform::random::OsRandom).await.map_err(
                    |error| CliError::Failed(format!("cannot make a database for the demo: {error}")),
                )?)
            }
            None => None,
        };
        let mut command = server_command(profile, &directory, settings)?;
        if let Some(scratch) = &scratch {
            // In the environment, not in the arguments: a password in the URL must not show in a process list.
            command.env("WHOT__DATABASE__URL", scratch.url());
        } else {
            command.env("WHOT__DATABASE__URL", "sqlite");
        }
        let mut child = command.spawn().map_err(|error| CliError::Io("cannot start the server", error))?;
        let address = ready(&mut child).await?;
        Ok(Self { child, directory, scratch, api: Api::new(address)? })
    }

    /// Bootstraps the first admin and gives the enrolment token.
    pub(super) async fn bootstrap(&self) -> Result<String, CliError> {
        let arguments = json!({"username": "admin"});
        let answer = control::ask(&self.directory.path().join("data"), "admin.bootstrap", arguments).await?;
        let token = answer.as_ref().and_then(|answer| answer.get("enrolment_token")).and_then(Value::as_str);
        token
            .map(str::to_owned)
            .ok_or_else(|| CliError::Failed("the server gave no enrolment token".to_owned()))
    }

    /// The server's process id.
    pub(super) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Stops the server and removes what it kept, unless told to keep it; says where that is then.
    pub(super) async fn stop(mut self, keep: bool) -> Result<Option<String>, CliError> {
        // Nobody is connected any more, so there is nothing to drain.
        self.child.kill().await.map_err(|error| CliError::Io("cannot stop the server", error))?;
        if let Some(scratch) = self.scratch.take() {
            if keep {
                return Ok(Some(format!("database {}", scratch.name())));
            }
            scratch.remove().await.map_err(|error| CliError::Failed(error.to_string()))?;
        }
        if keep {
            return Ok(Some(self.directory.keep().display().to_string()));
        }
        self.directory
            .close()
            .map_err(|error| CliError::Io("cannot remove the temporary directory", error))?;
        Ok(None)
    }
}

fn server_command(
    profile: Profile,
    directory: &TempDir,
    settings: &[(String, String)],
) -> Result<Command, CliError> {
    let binary = std::env::current_exe().map_err(|error| CliError::Io("cannot find this program", error))?;
    let log = std::fs::File::create(directory.path().join("server.log"))
        .map_err(|error| CliError::Io("cannot make the server's log", error))?;
    let mut command = Command::new(binary);
    command.args([
        "--json",
        "--profile",
        profile.as_str(),
        "--set",
        "server.listen=127.0.0.1:0",
        "--data-dir",
    ]);
    command.arg(directory.path().join("data"));
    for (key, value) in settings {
        command.arg("--set").arg(format!("{key}={value}"));
    }
    command.arg("serve").stdout(Stdio::piped()).stderr(log).kill_on_drop(true);
    Ok(command)
}

async fn ready(child: &mut Child) -> Result<String, CliError> {
    let stdout =
        child.stdout.take().ok_or_else(|| CliError::Failed("the server has no output".to_owned()))?;
    let mut lines = BufReader::new(stdout).lines();
    let line = tokio::time::timeout(START, lines.next_line())
        .await
        .map_err(|_| CliError::Failed(format!("the server was not ready within {START:?}")))?
        .map_err(|error| CliError::Io("cannot read from the server", error))?
        .ok_or_else(|| CliError::Failed("the server ended before it was ready".to_owned()))?;
    let ready: Value = serde_json::from_str(&line)
        .map_err(|_| CliError::Failed("the server's first line is unreadable".to_owned()))?;
    let address = ready.get("address").and_then(Value::as_str).map(str::to_owned);
    address.ok_or_else(|| CliError::Failed("the server did not say where it listens".to_owned()))
}
