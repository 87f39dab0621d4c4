//! `cargo xtask test`: everything that decides whether the project is in order, on a machine that has only Rust.
//!
//! The groups and their time budgets are in `groups.rs`. The run goes on after a failure, so that one run shows all of
//! them, except after a failed build; it fails when anything failed or when the whole exceeded its budget.

mod coverage;
mod groups;
mod report;

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use self::groups::{Action, Group, Postgres, Tests};
use self::report::{Outcome, Report};
use super::mutants;
use crate::libtest::{self, Tally};
use crate::postgres_server::PostgresServer;
use crate::shell::{Ended, Shell};
use crate::stopwatch::{Readable, Stopwatch};
use crate::workspace;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Also run what takes long: planted bugs, long crash loops, benchmarks once
    #[arg(long)]
    long: bool,
    /// Leave out what needs PostgreSQL
    #[arg(long)]
    without_postgres: bool,
    /// Run these groups only; repeat the option or separate the names by commas
    #[arg(long, value_name = "GROUP", value_delimiter = ',')]
    only: Vec<String>,
}

impl Options {
    fn selects(&self, group: &Group) -> bool {
        if self.only.is_empty() {
            self.long || !group.long
        } else {
            self.only.iter().any(|name| name == group.name)
        }
    }
}

pub(crate) fn run(shell: &Shell, options: &Options) -> Result<bool> {
    let groups = groups::all(&workspace::integration_tests()?);
    for name in &options.only {
        let names = || groups.iter().map(|group| group.name).collect::<Vec<_>>().join(", ");
        anyhow::ensure!(
            groups.iter().any(|g| g.name == name),
            "no group is called {name}; there are: {}",
            names()
        );
    }
    let chosen: Vec<Group> = groups.into_iter().filter(|group| options.selects(group)).collect();

    let long: Duration = chosen.iter().filter(|group| group.long).map(|group| group.budget).sum();
    let mut report = Report::new(groups::WHOLE + long);
    let clock = Stopwatch::start();
    let wants_postgres = chosen.iter().any(|group| group.postgres() != Postgres::Unused);
    let postgres = if wants_postgres && !options.without_postgres {
        Some(PostgresServer::start(shell).context("PostgreSQL")?)
    } else {
        None
    };
    report.add("installs", groups::INSTALLS, clock.elapsed(), Tally::default(), Outcome::Passed);

    let mut broken = false;
    for group in chosen {
        println!("\n=== {}", group.name);
        let clock = Stopwatch::start();
        let mut tally = Tally::default();
        let outcome = if group.postgres() == Postgres::Needed && postgres.is_none() {
            Outcome::LeftOut("without PostgreSQL, as asked")
        } else if broken {
            Outcome::LeftOut("the build failed")
        } else {
            run_group(shell, &group, postgres.as_ref(), &mut tally)?
        };
        broken |= group.name == groups::BUILD && matches!(outcome, Outcome::Failed(_));
        report.add(group.name, group.budget, clock.elapsed(), tally, outcome);
    }
    drop(postgres);
    Ok(report.close())
}

fn run_group(
    shell: &Shell,
    group: &Group,
    postgres: Option<&PostgresServer>,
    tally: &mut Tally,
) -> Result<Outcome> {
    let mut faults = Vec::new();
    for action in &group.actions {
        match action {
            Action::CheckIfInstalled { program, otherwise, .. } if !is_installed(program) => {
                return Ok(Outcome::LeftOut(otherwise));
            }
            Action::Check(arguments) | Action::CheckIfInstalled { arguments, .. } => {
                if !shell.run(workspace::cargo().args(arguments))? {
                    faults.push(format!("cargo {} failed", arguments.join(" ")));
                }
            }
            Action::Tests(tests) => {
                let command = command_of(tests, postgres);
                faults.extend(run_tests(shell, tests, command, group.patience(), tally)?);
            }
            Action::Fuzz(target) => {
                if !coverage::fuzz(shell, target)? {
                    faults.push(format!("fuzzing {target} found something, or could not run"));
                }
            }
            Action::Mutants => {
                if !mutants::run(shell, &mutants::Options::default())? {
                    faults.push("a planted bug was not caught".to_owned());
                }
            }
        }
    }
    Ok(if faults.is_empty() { Outcome::Passed } else { Outcome::Failed(faults.join("; ")) })
}

fn command_of(tests: &Tests, postgres: Option<&PostgresServer>) -> Command {
    let mut command = workspace::cargo();
    command.args(["test", "--locked", "--workspace", "--no-fail-fast"]).args(&tests.targets);
    command.arg("--").args(&tests.filters);
    command.envs(tests.environment.iter().copied());
    for name in ["WHOT_TEST_POSTGRES", "WHOT_TEST_REQUIRE_POSTGRES"] {
        command.env_remove(name);
    }
    if let Some(server) = postgres.filter(|_| tests.postgres != Postgres::Unused) {
        command.env("WHOT_TEST_POSTGRES", server.url()).env("WHOT_TEST_REQUIRE_POSTGRES", "1");
    }
    command
}

/// Runs one `cargo test` and says what is wrong with it. That nothing failed is not enough: each of its filters must
/// have found a test, or a renamed module would pass for ever by running nothing.
fn run_tests(
    shell: &Shell,
    tests: &Tests,
    mut command: Command,
    patience: Duration,
    total: &mut Tally,
) -> Result<Option<String>> {
    let mut tally = Tally::default();
    let mut unmatched = tests.filters.clone();
    let ended = shell.watch(&mut command, Some(patience), |line| {
        println!("{line}");
        if let Some(closed) = libtest::closing_line(line) {
            tally += closed;
        }
        if let Some(name) = libtest::test_name(line) {
            unmatched.retain(|filter| !name.contains(filter));
        }
    })?;
    *total += tally;
    let told = if tally.failed > 0 {
        Some(format!("{} tests failed", tally.failed))
    } else if matches!(ended, Ended::OutOfTime) {
        Some(format!("ended after {}: a test hangs", Readable(patience)))
    } else if !ended.well() {
        Some("the test run ended badly".to_owned())
    } else if tally.ran() == 0 {
        Some(format!("nothing ran: cargo test {}", tests.targets.join(" ")))
    } else if !unmatched.is_empty() {
        Some(format!("no test is called {}", unmatched.join(", ")))
    } else {
        None
    };
    Ok(told)
}

fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).exists())
}
