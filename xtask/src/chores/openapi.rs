//! `cargo xtask openapi`: the committed API document is what the code says, never edited by hand.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use crate::shell::Shell;
use crate::workspace;

const DOCUMENT: &str = "ios-api-spec/openapi.json";

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Change nothing; fail when the file differs from what the code says
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(shell: &Shell, options: &Options) -> Result<bool> {
    shell.must(workspace::cargo().args(["build", "--quiet", "--locked", "--workspace", "--bin", "whot"]))?;
    let program = workspace::target_folder()?.join("debug/whot");
    let wanted = shell.output(Command::new(program).arg("openapi").current_dir(workspace::root()))?;
    let path = workspace::root().join(DOCUMENT);
    let same = fs::read_to_string(&path).is_ok_and(|present| present == wanted);
    match (same, options.check) {
        (true, _) => println!("{DOCUMENT} is what the code says"),
        (false, true) => println!("{DOCUMENT} is not what the code says: run `cargo xtask openapi`"),
        (false, false) => {
            fs::write(&path, wanted).with_context(|| format!("cannot write {DOCUMENT}"))?;
            println!("wrote {DOCUMENT}");
        }
    }
    Ok(same || !options.check)
}
