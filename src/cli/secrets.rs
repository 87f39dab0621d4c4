//! `whot secrets init`: makes the one secret from which all others are derived.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use kernel::Random;
use platform::crypto::RootSecret;

use super::{CliError, Global, say};

#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Writes a fresh root secret to a file only its owner may read; refuses to overwrite
    Init {
        /// The file; name it in `secrets.root_file`
        #[arg(default_value = "whot-root.secret")]
        file: PathBuf,
    },
}

pub(super) fn run(global: &Global, arguments: Arguments) -> Result<(), CliError> {
    let Action::Init { file } = arguments.action;
    write_fresh(&file, &platform::random::OsRandom)?;
    if global.json {
        say(serde_json::json!({"root_file": file}));
    } else {
        say(format_args!(
            "A fresh root secret is in {}.\nBack it up apart from the databases: without it, tokens, invites and keys at rest are lost.\n\
             Start with WHOT__SECRETS__ROOT_FILE={}",
            file.display(),
            file.display()
        ));
    }
    Ok(())
}

/// Writes a fresh root secret to a file that must not exist yet, mode 0600.
pub(super) fn write_fresh(file: &Path, random: &dyn Random) -> Result<RootSecret, CliError> {
    let secret = RootSecret::generate(random);
    let mut out = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .map_err(|error| CliError::Io("cannot make the secret's file", error))?;
    let text = secret.to_text();
    writeln!(out, "{}", secrecy::ExposeSecret::expose_secret(&text))
        .and_then(|()| out.sync_all())
        .map_err(|error| CliError::Io("cannot write the secret", error))?;
    Ok(secret)
}
