//! The floor under every durable move, on this machine, now: one sync of a few bytes, and a move's rows alone.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use kernel::Clock;
use platform::clock::SystemClock;
use platform::db::{DatabaseSettings, Db};
use platform::random::OsRandom;

use super::super::CliError;

/// The median time of an fdatasync after a write of 512 bytes, over `rounds` of them.
pub(super) fn fdatasync(rounds: usize) -> Result<Duration, CliError> {
    let failed = |error| CliError::Io("cannot measure fdatasync", error);
    let mut file = tempfile::tempfile().map_err(failed)?;
    let clock = SystemClock::new();
    let mut times = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let began = clock.now();
        file.write_all(&[7; 512]).and_then(|()| file.sync_data()).map_err(failed)?;
        times.push(clock.now().since(began));
    }
    times.sort();
    Ok(times.get(rounds / 2).copied().unwrap_or_default())
}

/// How long the rows are measured.
const ROWS_FOR: Duration = Duration::from_secs(3);

/// How many moves a second so many games can append to an embedded database, with nothing around it.
pub(super) async fn rows(games: u32) -> Result<u64, CliError> {
    let failed = |error: platform::db::StoreError| CliError::Failed(format!("cannot measure rows: {error}"));
    let directory =
        tempfile::tempdir().map_err(|error| CliError::Io("cannot make a temporary directory", error))?;
    let settings = DatabaseSettings { data_dir: directory.path().to_owned(), ..DatabaseSettings::default() };
    let db = Db::open(&settings, &game::MIGRATIONS).await.map_err(failed)?;
    let (clock, random) = (Arc::new(SystemClock::new()), Arc::new(OsRandom));
    let appended = game::appended_within(&db, clock, random, games, ROWS_FOR).await.map_err(failed)?;
    db.close().await;
    Ok(appended / ROWS_FOR.as_secs())
}
