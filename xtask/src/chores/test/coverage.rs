//! Fuzzing driven by coverage: `cargo fuzz` over the targets of tests/fuzz, installed into the build folder when missing.
//! What it finds on its way stays in the build folder too; the kept corpora are read, never written.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::shell::Shell;
use crate::workspace;

const VERSION: &str = "0.13.2";

/// Runs one target for three minutes; whether nothing was found. Without a sanitizer that needs no nightly compiler.
pub(super) fn fuzz(shell: &Shell, target: &str) -> Result<bool> {
    let program = installed(shell).context("cargo-fuzz is missing and cannot be installed")?;
    let root = workspace::root();
    let found = workspace::target_folder()?.join("fuzz-corpus").join(target);
    fs::create_dir_all(&found)?;
    let mut command = Command::new(program);
    command
        .current_dir(&root)
        .args(["fuzz", "run", "--fuzz-dir", "tests/fuzz", "--sanitizer", "none", target])
        // The first folder takes what is new, the second is only read.
        .arg(&found)
        .arg(root.join("tests/fuzz/corpus").join(target))
        .args(["--", "-max_total_time=180", "-rss_limit_mb=4096", "-print_final_stats=1"]);
    shell.run(&mut command)
}

fn installed(shell: &Shell) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let tools = workspace::target_folder()?.join("tools");
    let places = std::env::split_paths(&path).chain([tools.join("bin")]);
    if let Some(program) = places.map(|place| place.join("cargo-fuzz")).find(|program| program.exists()) {
        return Ok(program);
    }
    install(shell, &tools)?;
    Ok(tools.join("bin/cargo-fuzz"))
}

fn install(shell: &Shell, tools: &Path) -> Result<()> {
    println!("installing cargo-fuzz");
    let mut cargo = workspace::cargo();
    cargo
        .args(["install", "--quiet", "--locked", "--version", VERSION, "--root"])
        .arg(tools)
        .arg("cargo-fuzz");
    shell.must(&mut cargo)
}
