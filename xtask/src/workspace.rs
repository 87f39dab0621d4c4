//! Where things are: the root folder, the target folder, and what can be tested.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use cargo_metadata::{Metadata, MetadataCommand, TargetKind};

/// The folder of the workspace's `Cargo.toml`.
pub(crate) fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().map_or(here.clone(), PathBuf::from)
}

/// `cargo` of the running toolchain, in the root folder.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

fn metadata() -> Result<Metadata> {
    let mut command = MetadataCommand::new();
    command.current_dir(root()).no_deps();
    command.exec().context("cannot read the workspace's metadata")
}

pub(crate) fn target_folder() -> Result<PathBuf> {
    Ok(metadata()?.target_directory.into())
}

/// The names of the integration tests of every member, sorted.
pub(crate) fn integration_tests() -> Result<Vec<String>> {
    let metadata = metadata()?;
    let targets = metadata.packages.iter().flat_map(|package| &package.targets);
    let mut names: Vec<String> = targets
        .filter(|target| target.kind.contains(&TargetKind::Test))
        .map(|target| target.name.clone())
        .collect();
    names.sort();
    names.dedup();
    Ok(names)
}
