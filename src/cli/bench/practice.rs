//! What practice costs live play: people move at an even pace, first alone on the server, then beside many practice
//! games, in one run.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kernel::Clock;
use kernel::random::RandomExt;
use platform::clock::SystemClock;
use platform::random::OsRandom;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::super::own_server::OwnServer;
use super::super::{CliError, Global};
use super::play::{ENDLESS, Measured, Pace, Used, micros, percentile, play};
use super::seat::Seat;
use super::{PASSWORD, couples, open_house, own_server, print, process_of};
use crate::client::{ClientError, Person};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How many practice games run. Each is a file in two processes: see `ulimit -n`
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    games: u32,
    /// How many games people play against one another
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=500))]
    pairs: u32,
    /// Moves a second of all people together, evenly paced (open loop)
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=2_000))]
    rate: u32,
    /// How long to measure without practice games, and again with them
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
}

/// People who practise; each plays so many games at once that all are played.
const LEARNERS: u32 = 20;
/// The shortest time in which somebody who practises moves, and what chance adds at most.
const PAUSE: Duration = Duration::from_secs(2);
const BEYOND_MS: u64 = 3_000;
/// Time for the practice games to come into their stride.
const SETTLING: Duration = Duration::from_secs(8);
const STRENGTHS: [&str; 5] = ["random", "easy", "medium", "hard", "expert"];

pub(crate) async fn run(global: &Global, arguments: Arguments) -> Result<(), CliError> {
    let relaxed = [
        ("customer.open_invites", "100000"),
        ("customer.daily_invites", "100000"),
        ("live.max_sockets_per_account", "20000"),
        // As for people, not as for tests.
        ("game.practice.least_pause_ms", "600"),
        ("game.practice.most_pause_ms", "2000"),
        ("game.practice.running_games", "10000"),
    ];
    let server = own_server(global, &relaxed).await?;
    let result = measure(&server, &arguments, global.json).await;
    server.stop(false).await?;
    result
}

async fn measure(server: &OwnServer, arguments: &Arguments, as_json: bool) -> Result<(), CliError> {
    let house = open_house(server).await?;
    let pid = process_of(server)?;
    let pairs = couples(&house, arguments.pairs).await?;
    let mut learners = Vec::new();
    for number in 0..LEARNERS.min(arguments.games) {
        learners.push(house.new_customer(&format!("learner{number}"), PASSWORD).await?);
    }
    let clock = Arc::new(SystemClock::new());
    let without = people_play(&pairs, arguments, &clock, pid).await?;
    let moves = Arc::new(AtomicU64::new(0));
    let mut practising = JoinSet::new();
    for (number, learner) in (0..arguments.games).zip(learners.iter().cycle()) {
        let seat = sit_down(learner, number).await?;
        practising.spawn(practise(seat, clock.clone(), moves.clone()));
    }
    clock.sleep(SETTLING).await;
    let before = moves.load(Ordering::Relaxed);
    let with = people_play(&pairs, arguments, &clock, pid).await?;
    let practised = moves.load(Ordering::Relaxed) - before;
    // They play for ever: one that ended was let down.
    if let Some(ended) = practising.try_join_next() {
        ended.map_err(|error| CliError::Failed(error.to_string()))??;
    }
    practising.shutdown().await;
    report(arguments, &without, &with, practised, as_json);
    Ok(())
}

/// What people measured, and what the server used meanwhile.
struct Phase {
    acknowledged: Vec<u64>,
    used: Used,
    seconds: u64,
}

impl Phase {
    fn at(&self, percent: usize) -> u64 {
        percentile(&self.acknowledged, percent)
    }

    /// CPU of the server's threads of this kind, in percent of one core.
    fn share(&self, thread: &str) -> u64 {
        let cpu = self.used.by_thread.get(thread).copied().unwrap_or_default();
        micros(cpu) / 10_000 / self.seconds.max(1)
    }

    fn figures(&self) -> Value {
        json!({
            "moves": self.acknowledged.len(),
            "ok_p50_us": self.at(50),
            "ok_p99_us": self.at(99),
            "server_cpu_percent": micros(self.used.cpu) / 10_000 / self.seconds.max(1),
            "thinking_cpu_percent": self.share("practice"),
        })
    }
}

async fn people_play(
    pairs: &[(Person, Person)],
    arguments: &Arguments,
    clock: &Arc<SystemClock>,
    pid: u32,
) -> Result<Phase, CliError> {
    let begin = clock.now().plus(Duration::from_secs(3));
    let interval = Duration::from_secs(1) * arguments.pairs / arguments.rate;
    let pace = Pace {
        begin,
        end: begin.plus(Duration::from_secs(arguments.seconds)),
        interval: Some(interval),
        match_rule: ENDLESS,
    };
    let mut playing = JoinSet::new();
    for (number, (one, two)) in (0..).zip(pairs) {
        let pace = Pace { begin: pace.begin.plus(interval / arguments.pairs * number), ..pace };
        playing.spawn(play(one.clone(), two.clone(), clock.clone(), pace));
    }
    clock.sleep(begin.since(clock.now())).await;
    let before = Used::so_far(pid);
    clock.sleep(pace.end.since(clock.now())).await;
    let used = Used::so_far(pid).since(&before);
    let mut acknowledged = Vec::new();
    while let Some(measured) = playing.join_next().await {
        let measured: Measured = measured.map_err(|error| CliError::Failed(error.to_string()))??;
        acknowledged.extend(measured.acknowledged);
    }
    acknowledged.sort_unstable();
    Ok(Phase { acknowledged, used, seconds: arguments.seconds })
}

/// Begins a practice game without an end and follows it, on a socket of its own.
async fn sit_down(learner: &Person, number: u32) -> Result<Seat, ClientError> {
    let strength = STRENGTHS.into_iter().cycle().nth(number as usize).unwrap_or("medium");
    let body = json!({"strength": strength, "rule_set": "naija_classic", "match": ENDLESS});
    let invite = learner.api.post("/api/v1/games/practice", body).await?.text_at("/id")?;
    let game = learner.accept_game(&invite).await?;
    Seat::sit_on(learner, &format!("device-{number}"), &game).await
}

/// Moves as somebody who thinks for some seconds, for ever.
async fn practise(mut seat: Seat, clock: Arc<SystemClock>, moves: Arc<AtomicU64>) -> Result<(), ClientError> {
    loop {
        if !seat.may_move() {
            seat.advance().await?;
            continue;
        }
        let beyond = u64::from(u16::from_le_bytes(OsRandom.bytes())) * BEYOND_MS / u64::from(u16::MAX);
        clock.sleep(PAUSE + Duration::from_millis(beyond)).await;
        seat.make_move().await?;
        moves.fetch_add(1, Ordering::Relaxed);
    }
}

#[expect(clippy::cast_precision_loss, reason = "microseconds of a move are far below 2^52")]
fn ratio(with: u64, without: u64) -> f64 {
    (with as f64 / without.max(1) as f64 * 100.0).round() / 100.0
}

fn report(arguments: &Arguments, without: &Phase, with: &Phase, practised: u64, as_json: bool) {
    let figures = json!({
        "practice_games": arguments.games,
        "practice_moves_per_second": practised / arguments.seconds.max(1),
        "pairs": arguments.pairs,
        "rate": arguments.rate,
        "without": without.figures(),
        "with": with.figures(),
        "ok_p50_ratio": ratio(with.at(50), without.at(50)),
        "ok_p99_ratio": ratio(with.at(99), without.at(99)),
    });
    print(&figures, as_json);
}
