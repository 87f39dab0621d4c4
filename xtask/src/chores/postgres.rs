//! `cargo xtask postgres`: a throwaway PostgreSQL server for development.

use std::thread;
use std::time::Duration;

use anyhow::Result;

use crate::postgres_server::PostgresServer;
use crate::shell::Shell;

pub(crate) fn run(shell: &Shell) -> Result<bool> {
    let server = PostgresServer::start(shell)?;
    println!("{}", server.url());
    eprintln!("Everything in it is gone when this ends: Ctrl-C");
    while shell.check().is_ok() {
        thread::sleep(Duration::from_millis(100));
    }
    Ok(true)
}
