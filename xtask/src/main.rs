//! The project's own chores: `cargo xtask <chore>`. Each does one thing, says what it did, and uses no crate of ours:
//! it must still build when nothing else does.
#![allow(clippy::print_stdout, reason = "a chore says what it does")]

mod chores;
mod libtest;
mod postgres_server;
mod shell;
mod stopwatch;
mod workspace;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::chores::{mutants, openapi, postgres, test};
use crate::shell::{Interrupted, Shell};

/// The project's own chores.
#[derive(Parser)]
#[command(name = "cargo xtask", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    chore: Option<Chore>,
}

#[derive(Subcommand)]
enum Chore {
    /// Run every check and test of the project, with the time each group took
    Test(test::Options),
    /// Plant the bugs of tests/mutants one by one and see each caught by the test it names
    Mutants(mutants::Options),
    /// Write ios-api-spec/openapi.json from the code
    Openapi(openapi::Options),
    /// Run a throwaway PostgreSQL server until interrupted
    Postgres,
}

fn main() -> ExitCode {
    let Some(chore) = Arguments::parse().chore else {
        print!("{}", Arguments::command().render_long_help());
        return ExitCode::SUCCESS;
    };
    match run(chore) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) if error.is::<Interrupted>() => {
            eprintln!("interrupted");
            ExitCode::from(130)
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether the chore found everything in order; an error is a chore that could not be done.
fn run(chore: Chore) -> anyhow::Result<bool> {
    let shell = Shell::new()?;
    match chore {
        Chore::Test(options) => test::run(&shell, &options),
        Chore::Mutants(options) => mutants::run(&shell, &options),
        Chore::Openapi(options) => openapi::run(&shell, &options),
        Chore::Postgres => postgres::run(&shell),
    }
}
