//! Pairs of socket clients play random games on a server of their own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use kernel::{Clock, Timestamp};
use platform::clock::SystemClock;
use serde_json::json;

use super::super::own_server::OwnServer;
use super::super::{CliError, Global};
use super::seat::Seat;
use super::{begin_game, couples, floor, open_house, own_server, print, process, process_of};
use crate::client::{ClientError, Person};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How many games are played at once; each has one move in flight
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=2000))]
    pairs: u32,
    /// How long to measure
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Moves a second in all, evenly paced (open loop); without it each pair moves as fast as it is answered (closed loop)
    #[arg(long)]
    rate: Option<u32>,
    /// Play single rounds, so that inviting, accepting, sitting down and finishing are in the figures; without it each
    /// pair plays one long match that begins before the measuring
    #[arg(long)]
    single: bool,
}

/// What one pair measured.
#[derive(Default)]
pub(super) struct Measured {
    /// From a move's due time to its `ok`, in microseconds.
    pub(super) acknowledged: Vec<u64>,
    /// From a move's due time to the opponent's event, in microseconds.
    seen: Vec<u64>,
}

/// When to stop, and how fast to go.
#[derive(Clone, Copy)]
pub(super) struct Pace {
    pub(super) begin: Timestamp,
    pub(super) end: Timestamp,
    pub(super) interval: Option<Duration>,
    pub(super) match_rule: &'static str,
}

/// Longer than anybody measures.
pub(super) const ENDLESS: &str = "first_to_lose(10000)";

/// What this machine can do at best, measured in the same run.
struct Floor {
    sync: Duration,
    /// The rows of so many moves a second, through the same writer, without sockets, engine and clients.
    rows: u64,
}

/// What the server used while it was measured.
pub(super) struct Used {
    pub(super) cpu: Duration,
    pub(super) by_thread: BTreeMap<String, Duration>,
}

impl Used {
    pub(super) fn so_far(pid: u32) -> Self {
        Self { cpu: process::cpu_of(pid).unwrap_or_default(), by_thread: process::cpu_by_thread(pid) }
    }

    pub(super) fn since(mut self, before: &Self) -> Self {
        for (name, cpu) in &mut self.by_thread {
            *cpu = cpu.saturating_sub(before.by_thread.get(name).copied().unwrap_or_default());
        }
        self.cpu = self.cpu.saturating_sub(before.cpu);
        self
    }
}

pub(crate) async fn run(global: &Global, arguments: Arguments) -> Result<(), CliError> {
    let relaxed = [
        ("customer.open_invites", "100000"),
        ("customer.daily_invites", "100000"),
        // A closed loop is faster than any hand.
        ("live.frames_per_second", "100000"),
        ("live.frames_burst", "100000"),
    ];
    let server = own_server(global, &relaxed).await?;
    let result = measure(&server, &arguments, global.json).await;
    server.stop(false).await?;
    result
}

async fn measure(server: &OwnServer, arguments: &Arguments, as_json: bool) -> Result<(), CliError> {
    let house = open_house(server).await?;
    let pairs = couples(&house, arguments.pairs).await?;
    let pid = process_of(server)?;
    let sync_before = floor::fdatasync(200)?;

    let clock = Arc::new(SystemClock::new());
    let begin = clock.now().plus(Duration::from_secs(2));
    let pace = Pace {
        begin,
        end: begin.plus(Duration::from_secs(arguments.seconds)),
        interval: arguments.rate.map(|rate| Duration::from_secs(1) * arguments.pairs / rate.max(1)),
        match_rule: if arguments.single { "single" } else { ENDLESS },
    };
    // Paced pairs take turns: all of them at once would measure a burst, not a rate.
    let apart = pace.interval.unwrap_or_default() / arguments.pairs;
    let tasks: Vec<_> = (0..)
        .zip(pairs)
        .map(|(number, (one, two))| {
            let pace = Pace { begin: pace.begin.plus(apart * number), ..pace };
            tokio::spawn(play(one, two, clock.clone(), pace))
        })
        .collect();
    clock.sleep(begin.since(clock.now())).await;
    let before = Used::so_far(pid);
    clock.sleep(pace.end.since(clock.now())).await;
    let used = Used::so_far(pid).since(&before);
    let mut all = Measured::default();
    for task in tasks {
        let measured = task.await.map_err(|error| CliError::Failed(error.to_string()))??;
        all.acknowledged.extend(measured.acknowledged);
        all.seen.extend(measured.seen);
    }
    let floor =
        Floor { sync: sync_before.min(floor::fdatasync(200)?), rows: floor::rows(arguments.pairs).await? };
    report(arguments, all, &used, &floor, process::anonymous_memory_of(pid), as_json);
    Ok(())
}

pub(super) async fn play(
    one: Person,
    two: Person,
    clock: Arc<SystemClock>,
    pace: Pace,
) -> Result<Measured, ClientError> {
    let mut measured = Measured::default();
    let mut due = pace.begin;
    while clock.now() < pace.end {
        let game = begin_game(&one, &two, pace.match_rule).await?;
        let [mut first, mut second] = [Seat::sit(&one, &game).await?, Seat::sit(&two, &game).await?];
        clock.sleep(pace.begin.since(clock.now())).await;
        while !first.over && clock.now() < pace.end {
            let (mover, other) =
                if first.may_move() { (&mut first, &mut second) } else { (&mut second, &mut first) };
            due = match pace.interval {
                Some(interval) => {
                    clock.sleep(due.plus(interval).since(clock.now())).await;
                    due.plus(interval)
                }
                None => clock.now(),
            };
            one_move(mover, other, clock.as_ref(), due, &mut measured).await?;
        }
        if !first.over {
            // The bench is over; the game need not wait for its clock.
            first.resign().await?;
        }
    }
    Ok(measured)
}

async fn one_move(
    mover: &mut Seat,
    other: &mut Seat,
    clock: &SystemClock,
    due: Timestamp,
    measured: &mut Measured,
) -> Result<(), ClientError> {
    let seq = mover.make_move().await?;
    measured.acknowledged.push(micros(clock.now().since(due)));
    while other.seq < seq {
        other.advance().await?;
    }
    measured.seen.push(micros(clock.now().since(due)));
    Ok(())
}

pub(super) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// The value below which this share (in percent) of the sorted values lies.
pub(super) fn percentile(sorted: &[u64], percent: usize) -> u64 {
    let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(at).copied().unwrap_or(0)
}

fn report(
    arguments: &Arguments,
    mut all: Measured,
    used: &Used,
    floor: &Floor,
    memory: Option<u64>,
    as_json: bool,
) {
    all.acknowledged.sort_unstable();
    all.seen.sort_unstable();
    let moves = u64::try_from(all.acknowledged.len()).unwrap_or(u64::MAX).max(1);
    let per_move = |cpu: Duration| micros(cpu) / moves;
    let threads: BTreeMap<_, _> = used.by_thread.iter().map(|(name, cpu)| (name, per_move(*cpu))).collect();
    let figures = json!({
        "pairs": arguments.pairs,
        "games": if arguments.single { "single rounds, set up within the figures" } else { "one long match a pair" },
        "loop": if arguments.rate.is_some() { "open" } else { "closed" },
        "moves": moves,
        "moves_per_second": moves / arguments.seconds.max(1),
        "server_cpu_us_per_move": per_move(used.cpu),
        "server_cpu_us_per_move_by_thread": threads,
        "ok_p50_us": percentile(&all.acknowledged, 50),
        "ok_p99_us": percentile(&all.acknowledged, 99),
        "seen_p50_us": percentile(&all.seen, 50),
        "seen_p99_us": percentile(&all.seen, 99),
        "fdatasync_median_us": micros(floor.sync),
        "rows_alone_per_second": floor.rows,
        "server_anonymous_memory_bytes": memory,
    });
    print(&figures, as_json);
}
