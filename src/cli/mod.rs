//! The command line: what there is, and which profile and configuration it runs with. One file per command.

mod admin;
mod bench;
mod cards;
mod demo;
mod doctor;
mod health;
mod jobs;
mod keys;
mod migrate;
mod openapi;
mod operate;
mod own_server;
mod plain;
mod play;
mod replay;
mod secrets;
mod serve;
mod verify;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::compose::ComposeError;
use crate::control::ControlError;
use crate::settings::{Overrides, Profile, Settings, SettingsError};

/// Live WHOT with an invite-only network around it.
#[derive(Parser)]
#[command(name = "whot", version, about, propagate_version = true, after_help = AFTER_HELP)]
struct CommandLine {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Option<Command>,
}

const AFTER_HELP: &str = "Without a command, `whot` serves. Exit codes: 0 done, 1 failed, 2 wrong usage.\n\
    Every setting can be given as WHOT__SECTION__KEY in the environment or with --set section.key=value.";

/// What every command understands.
#[derive(Args)]
struct Global {
    /// Which configuration to start from: development, test or production
    #[arg(long, global = true, env = "WHOT_PROFILE", default_value = "development", value_parser = profile)]
    profile: Profile,
    /// Directory with default.toml and <profile>.toml that replace the built-in ones
    #[arg(long, global = true, env = "WHOT_CONFIG_DIR", value_name = "DIR")]
    config_dir: Option<PathBuf>,
    /// Sets one value, for example --set server.listen=127.0.0.1:9000
    #[arg(long = "set", global = true, value_name = "KEY=VALUE", value_parser = pair)]
    set: Vec<(String, String)>,
    /// Where databases, development secrets and control.sock live
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Answers in JSON, for scripts
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the server (the default)
    Serve(serve::Arguments),
    /// Brings every database up to date and stops
    Migrate,
    /// Manages the people who run the system
    Admin(admin::Arguments),
    /// Measures what play costs on this machine
    Bench(bench::Arguments),
    /// Starts a server of its own and plays a real game on it, from an empty house to a winner
    Demo(demo::Arguments),
    /// Plays a match at the terminal, over the API of a running server
    Play(play::Arguments),
    /// Prints the `OpenAPI` document
    Openapi,
    /// Checks what was published against its proof, offline
    Verify(verify::Arguments),
    /// Shows a finished game again, step by step, from its record or notation
    Replay(replay::Arguments),
    /// Shows the configuration in force, secrets masked, and tests every dependency
    Doctor,
    /// Lists, runs or retries background jobs
    Jobs(jobs::Arguments),
    /// Manages the keys that sign access tokens
    Keys(keys::Arguments),
    /// Makes secrets
    Secrets(secrets::Arguments),
    /// Asks a running server whether it is ready; for container health checks
    Health(health::Arguments),
}

/// Why a command failed. Its text is all that the person at the terminal sees.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Compose(#[from] ComposeError),
    #[error(transparent)]
    Control(#[from] ControlError),
    #[error(transparent)]
    Client(#[from] crate::client::ClientError),
    #[error("{0}: {1}")]
    Io(&'static str, #[source] std::io::Error),
    #[error("{0}")]
    Failed(String),
}

fn profile(text: &str) -> Result<Profile, String> {
    text.parse().map_err(|_| "one of development, test, production".to_owned())
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("must be KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

impl Global {
    fn overrides(&self) -> Overrides {
        let mut pairs = self.set.clone();
        pairs.extend(self.data_dir.iter().map(|dir| ("data_dir".to_owned(), dir.display().to_string())));
        Overrides { pairs, directory: self.config_dir.clone() }
    }

    fn settings(&self) -> Result<Settings, CliError> {
        Ok(Settings::load(self.profile, &self.overrides())?)
    }
}

/// Runs the command line and says how it went.
pub fn run() -> ExitCode {
    let line = CommandLine::parse();
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        // Another provider was installed first; nothing in this binary does that.
        return ExitCode::FAILURE;
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&CliError::Io("cannot start the runtime", error)),
    };
    let command = line.command.unwrap_or(Command::Serve(serve::Arguments::default()));
    match runtime.block_on(execute(&line.global, command)) {
        Ok(code) => code,
        Err(error) => failed(&error),
    }
}

/// What came of it; some commands say more by their exit code than whether they failed.
async fn execute(global: &Global, command: Command) -> Result<ExitCode, CliError> {
    match command {
        Command::Verify(arguments) => return Ok(verify::run(global, &arguments)),
        Command::Replay(arguments) => return Ok(replay::run(global, &arguments)),
        Command::Serve(arguments) => serve::run(global, arguments).await,
        Command::Migrate => migrate::run(global).await,
        Command::Admin(arguments) => admin::run(global, arguments).await,
        Command::Bench(arguments) => bench::run(global, arguments).await,
        Command::Demo(arguments) => demo::run(global, arguments).await,
        Command::Play(arguments) => play::run(global, arguments).await,
        Command::Openapi => openapi::run(),
        Command::Doctor => doctor::run(global).await,
        Command::Jobs(arguments) => jobs::run(global, arguments).await,
        Command::Keys(arguments) => keys::run(global, arguments).await,
        Command::Secrets(arguments) => secrets::run(global, arguments),
        Command::Health(arguments) => health::run(global, arguments).await,
    }?;
    Ok(ExitCode::SUCCESS)
}

#[expect(clippy::print_stderr, reason = "this is where a command's failure reaches its person")]
fn failed(error: &CliError) -> ExitCode {
    eprintln!("whot: {error}");
    ExitCode::FAILURE
}

/// Prints a command's result.
fn say(text: impl std::fmt::Display) {
    // A reader that has seen enough closes the pipe; that is no failure of the command.
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Writes a fresh root secret where there is none; the error is for the person at the terminal.
pub(crate) fn write_fresh_secret(file: &std::path::Path) -> Result<platform::crypto::RootSecret, String> {
    secrets::write_fresh(file, &platform::random::OsRandom).map_err(|error| error.to_string())
}
