//! `cargo xtask mutants`: each patch of tests/mutants plants one bug and names the test that must catch it.
//!
//! A patch begins with two comments, which `git apply` skips:
//! ```text
//! # test: <package>[/<test target>] <filter>
//! # why: <what the bug would do to people>
//! ```
//! The bugs are planted in a git worktree of the last commit under the target folder, never in the tree that is edited.
//! A test only catches a bug when it passes without it, so each is run unpatched first.

mod patch;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use self::patch::{NamedTest, Patch};
use crate::libtest::{self, Tally};
use crate::shell::{Ended, Shell};
use crate::stopwatch::{Readable, Stopwatch};
use crate::workspace;

/// A planted bug may make its test wait for ever: that is a bug caught as well.
const LIMIT: Duration = Duration::from_mins(10);

#[derive(clap::Args, Default)]
pub(crate) struct Options {
    /// Only the patches whose file name contains this
    #[arg(long, value_name = "PART")]
    only: Option<String>,
}

enum Verdict {
    Caught,
    Survived,
    /// The patch does not apply, what it makes does not build, or its test does not pass or exist without it.
    Unusable(&'static str),
}

enum TestRun {
    Passed,
    Failed,
    Hung,
    NothingRan,
    NotBuilt,
}

pub(crate) fn run(shell: &Shell, options: &Options) -> Result<bool> {
    let patches = patch::read_all(&workspace::root().join("tests/mutants"), options.only.as_deref())?;
    anyhow::ensure!(!patches.is_empty(), "there is no such patch in tests/mutants");
    let nursery = Nursery::open(shell)?;

    let mut sound: BTreeMap<&NamedTest, bool> = BTreeMap::new();
    let mut rows = Vec::new();
    for patch in &patches {
        println!("\n=== {}: {}", patch.name, patch.why);
        let clock = Stopwatch::start();
        let passes = match sound.get(&patch.test) {
            Some(&known) => known,
            None => matches!(nursery.test(&patch.test)?, TestRun::Passed),
        };
        sound.insert(&patch.test, passes);
        let verdict = if passes {
            nursery.plant(patch)?
        } else {
            Verdict::Unusable("its test does not pass unpatched")
        };
        rows.push((patch, verdict, clock.elapsed()));
    }

    println!();
    for (patch, verdict, took) in &rows {
        let (word, detail) = match verdict {
            Verdict::Caught => ("caught", ""),
            Verdict::Survived => ("SURVIVED", ""),
            Verdict::Unusable(why) => ("UNUSABLE", *why),
        };
        println!("{:<40}{:>9}  {word:<9} {} {detail}", patch.name, Readable(*took), patch.test);
    }
    let caught = rows.iter().filter(|(_, verdict, _)| matches!(verdict, Verdict::Caught)).count();
    println!("{caught} of {} planted bugs caught", rows.len());
    Ok(caught == rows.len())
}

/// The worktree in which bugs are planted, with a target folder of its own.
struct Nursery<'a> {
    shell: &'a Shell,
    tree: PathBuf,
    target: PathBuf,
}

impl<'a> Nursery<'a> {
    fn open(shell: &'a Shell) -> Result<Self> {
        let target = workspace::target_folder()?;
        let home = target.join("mutants");
        let nursery = Self { shell, tree: home.join("tree"), target: home.join("target") };
        nursery.remove_tree()?;
        if !shell.output(git(&workspace::root()).args(["status", "--porcelain"]))?.is_empty() {
            println!("note: changes that are not committed are no part of this run");
        }
        let mut add = git(&workspace::root());
        add.args(["worktree", "add", "--quiet", "--force", "--detach"]).arg(&nursery.tree).arg("HEAD");
        shell.must(&mut add)?;
        nursery.seed(&target)?;
        Ok(nursery)
    }

    /// Copies what is built already: crates that are not ours need not be built again.
    fn seed(&self, from: &Path) -> Result<()> {
        let to = self.target.join("debug");
        if to.exists() {
            return Ok(());
        }
        fs::create_dir_all(&to)?;
        for folder in ["deps", ".fingerprint", "build"] {
            let source = from.join("debug").join(folder);
            if source.exists() {
                self.shell
                    .must(Command::new("cp").args(["--archive", "--reflink=auto"]).arg(source).arg(&to))?;
            }
        }
        Ok(())
    }

    fn plant(&self, patch: &Patch) -> Result<Verdict> {
        if !self.shell.run(git(&self.tree).args(["apply", "--whitespace=nowarn"]).arg(&patch.file))? {
            return Ok(Verdict::Unusable("the patch does not apply"));
        }
        let run = self.test(&patch.test)?;
        self.shell
            .must(git(&self.tree).args(["apply", "--whitespace=nowarn", "--reverse"]).arg(&patch.file))?;
        Ok(match run {
            TestRun::Failed | TestRun::Hung => Verdict::Caught,
            TestRun::Passed => Verdict::Survived,
            TestRun::NothingRan => Verdict::Unusable("its test is gone with it"),
            TestRun::NotBuilt => Verdict::Unusable("it does not build"),
        })
    }

    fn test(&self, test: &NamedTest) -> Result<TestRun> {
        let cargo = || {
            let mut command = workspace::cargo();
            command.current_dir(&self.tree).env("CARGO_TARGET_DIR", &self.target);
            command.env_remove("WHOT_TEST_POSTGRES").env_remove("WHOT_TEST_REQUIRE_POSTGRES");
            command.args(["test", "--quiet", "--locked", "--package", &test.package]);
            if let Some(target) = &test.target {
                command.args(["--test", target]);
            }
            command
        };
        if !self.shell.run(cargo().arg("--no-run"))? {
            return Ok(TestRun::NotBuilt);
        }
        let mut tally = Tally::default();
        let mut command = cargo();
        command.args(["--no-fail-fast", "--", &test.filter]);
        let ended = self.shell.watch(&mut command, Some(LIMIT), |line| {
            println!("{line}");
            tally += libtest::closing_line(line).unwrap_or_default();
        })?;
        Ok(match ended {
            Ended::OutOfTime => TestRun::Hung,
            Ended::Exited(status) if tally.failed > 0 || (!status.success()) => TestRun::Failed,
            Ended::Exited(_) if tally.passed == 0 => TestRun::NothingRan,
            Ended::Exited(_) => TestRun::Passed,
        })
    }

    fn remove_tree(&self) -> Result<()> {
        if self.tree.exists() {
            fs::remove_dir_all(&self.tree).context("cannot remove the worktree of planted bugs")?;
        }
        self.shell.must(git(&workspace::root()).args(["worktree", "prune"]))
    }
}

impl Drop for Nursery<'_> {
    fn drop(&mut self) {
        // The target folder stays: it makes the next run fast.
        if let Err(error) = fs::remove_dir_all(&self.tree) {
            eprintln!("note: {} stays behind: {error}", self.tree.display());
        }
        let _pruned = git(&workspace::root()).args(["worktree", "prune"]).status();
    }
}

fn git(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder);
    command
}
