//! The floor under every durable move: how long this machine takes to make a few bytes durable, now.

use std::io::Write;
use std::time::Duration;

use kernel::Clock;
use platform::clock::SystemClock;

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
