//! What a socket costs that only waits: signed in, following a game and its inbox.

use std::time::Duration;

use kernel::Clock;
use platform::clock::SystemClock;
use serde_json::json;

use super::super::own_server::OwnServer;
use super::super::{CliError, Global};
use super::{PASSWORD, begin_game, open_house, own_server, print, process, process_of};
use crate::client::{ClientError, Person, Socket};

/// Time for what opening a socket needed to be given back.
const SETTLING: Duration = Duration::from_secs(3);

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How many sockets wait. Each is a file in two processes: see `ulimit -n`
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..=17_000))]
    sockets: u32,
}

pub(crate) async fn run(global: &Global, arguments: Arguments) -> Result<(), CliError> {
    let server = own_server(global, &[("live.max_sockets_per_account", "20000")]).await?;
    let result = measure(&server, &arguments, global.json).await;
    server.stop(false).await?;
    result
}

async fn measure(server: &OwnServer, arguments: &Arguments, as_json: bool) -> Result<(), CliError> {
    let house = open_house(server).await?;
    let one = house.new_customer("one", PASSWORD).await?;
    let two = house.new_customer("two", PASSWORD).await?;
    let game = begin_game(&one, &two, "single").await?;
    let pid = process_of(server)?;
    let memory = || process::anonymous_memory_of(pid).ok_or_else(|| CliError::Failed("no /proc".to_owned()));

    // The first sockets make rooms that all share.
    let mut open = sockets(&one, &game, 0..64).await?;
    let clock = SystemClock::new();
    clock.sleep(SETTLING).await;
    let before = memory()?;
    open.extend(sockets(&one, &game, 64..64 + arguments.sockets).await?);
    clock.sleep(SETTLING).await;
    let after = memory()?;
    print(
        &json!({
            "sockets": arguments.sockets,
            "server_anonymous_bytes_per_socket": after.saturating_sub(before) / u64::from(arguments.sockets),
            "server_anonymous_memory_bytes": after,
        }),
        as_json,
    );
    Ok(())
}

async fn sockets(
    person: &Person,
    game: &str,
    numbers: std::ops::Range<u32>,
) -> Result<Vec<Socket>, ClientError> {
    let mut open = Vec::new();
    for number in numbers {
        let topics = json!([{"game": game}, {"inbox": true}]);
        let mut socket = person.live_on(&format!("device-{number}"), topics).await?;
        socket.frame_of("snap").await?;
        open.push(socket);
    }
    Ok(open)
}
