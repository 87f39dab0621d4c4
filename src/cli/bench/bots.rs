//! The ladder of the practice opponents: neighbours in strength, and the expert against greedy and random play, over
//! paired deals on every core.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use game_bots::Strength;
use game_bots::arena::{Duel, Player, Tally};
use game_engine::{Refusal, RuleSet};
use serde_json::{Value, json};

use super::super::{CliError, Global, say};
use super::process;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Paired deals for each comparison: every deal is played twice, with the seats swapped
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(2..=1_000_000))]
    deals: u32,
    /// Only comparisons in which all of these strengths stand (one or two, separated by commas)
    #[arg(long, value_delimiter = ',', value_parser = strength)]
    only: Vec<Strength>,
    /// The preset to play by
    #[arg(long, default_value = "naija_classic", value_parser = preset)]
    rules: RuleSet,
    /// What deals and thoughts come from; without a limit of time the same seed gives the same results
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The most CPU time for a decision, in milliseconds, as in live games; 0 sets no limit
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(0..=10_000))]
    limit: u64,
    /// Fails when a comparison does not reach what is expected of it (expected of the default rules)
    #[arg(long)]
    check: bool,
}

fn strength(text: &str) -> Result<Strength, String> {
    text.parse().map_err(|_| format!("one of {}", Strength::ALL.map(Strength::name).join(", ")))
}

fn preset(text: &str) -> Result<RuleSet, String> {
    RuleSet::preset(text).ok_or_else(|| format!("one of {}", RuleSet::PRESETS.join(", ")))
}

/// The comparisons in the order of the ladder, each with the share its first player is expected to reach: above one half
/// for neighbours, the yardstick of the rules for the expert.
const LADDER: [(Strength, Strength, f64); 6] = [
    (Strength::Easy, Strength::Random, 0.5),
    (Strength::Medium, Strength::Easy, 0.5),
    (Strength::Hard, Strength::Medium, 0.5),
    (Strength::Expert, Strength::Hard, 0.5),
    (Strength::Expert, Strength::Medium, 0.65),
    (Strength::Expert, Strength::Random, 0.76),
];

pub(crate) async fn run(global: &Global, arguments: Arguments) -> Result<(), CliError> {
    let json = global.json;
    let played = tokio::task::spawn_blocking(move || climb(&arguments, json));
    played.await.map_err(|error| CliError::Failed(error.to_string()))?
}

fn climb(arguments: &Arguments, as_json: bool) -> Result<(), CliError> {
    if !as_json {
        say(format_args!(
            "{} paired deals under {}, seed {}. A draw is half a win; the unit is the pair; 95 % intervals are 1.96\n\
             standard errors of the mean over pairs. Times are CPU time of the first player's decisions,\n\
             at most {} ms each (0: no limit).\n\n\
             {:<18}{:>9}{:>9}{:>12}{:>12}  at least",
            arguments.deals,
            arguments.rules.label(),
            arguments.seed,
            arguments.limit,
            "",
            "share",
            "95 %",
            "mean",
            "worst",
        ));
    }
    let asked = |one, other| arguments.only.iter().all(|only| *only == one || *only == other);
    let mut rungs = Vec::new();
    let mut all_hold = true;
    for (player, against, at_least) in LADDER.into_iter().filter(|(one, other, _)| asked(*one, *other)) {
        let duel = Duel {
            rules: arguments.rules,
            player: Player::of(player),
            against: Player::of(against),
            seed: arguments.seed,
            limit: (arguments.limit > 0).then(|| Duration::from_millis(arguments.limit)),
        };
        let tally = fight(&duel, arguments.deals)?;
        all_hold &= holds(&tally, at_least);
        if as_json {
            rungs.push(figures(&duel, &tally, at_least));
        } else {
            say(row(&duel, &tally, at_least));
        }
    }
    if as_json {
        say(json!({
            "rules": arguments.rules.label(), "deals": arguments.deals, "seed": arguments.seed,
            "limit_ms": arguments.limit, "ladder": rungs,
        }));
    }
    if arguments.check && !all_hold {
        return Err(CliError::Failed("the ladder is not what it should be".to_owned()));
    }
    Ok(())
}

/// Plays all pairs on every core. Without a limit of time the result does not depend on how many there are.
fn fight(duel: &Duel, deals: u32) -> Result<Tally, CliError> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let next = AtomicU32::new(0);
    let tally = Mutex::new(Tally::default());
    let work = || -> Result<(), Refusal> {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= deals {
                return Ok(());
            }
            let pair = duel.pair(number, &process::cpu_of_this_thread)?;
            let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
            tally.add(&pair);
            progress(duel, &tally, deals);
        }
    };
    let results: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(std::thread::ScopedJoinHandle::join).collect()
    });
    for result in results {
        result
            .map_err(|_| CliError::Failed("a thread panicked".to_owned()))?
            .map_err(|refusal| CliError::Failed(format!("a bot broke the rules: {refusal}")))?;
    }
    Ok(tally.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// Says how far it is, now and then, where only a person sees it.
#[expect(clippy::print_stderr, reason = "progress is for the person at the terminal, results go to stdout")]
fn progress(duel: &Duel, tally: &Tally, deals: u32) {
    if tally.pairs.is_multiple_of((deals / 10).max(1)) {
        eprintln!("  {}: {} of {deals} pairs, {:.3}", names(duel), tally.pairs, tally.share());
    }
}

fn names(duel: &Duel) -> String {
    format!("{} v {}", duel.player.strength, duel.against.strength)
}

/// Whether the lower end of the interval is above one half, and the share itself not below what is expected.
fn holds(tally: &Tally, at_least: f64) -> bool {
    tally.share() >= at_least && tally.share() - tally.margin() > 0.5
}

fn row(duel: &Duel, tally: &Tally, at_least: f64) -> String {
    let millis = |time: Duration| format!("{:.3} ms", time.as_secs_f64() * 1e3);
    format!(
        "{:<18}{:>9.4}{:>9}{:>12}{:>12}  {at_least:.2} {}",
        names(duel),
        tally.share(),
        format!("±{:.4}", tally.margin()),
        millis(tally.pace.mean()),
        millis(tally.pace.worst),
        if holds(tally, at_least) { "reached" } else { "NOT reached" },
    )
}

fn figures(duel: &Duel, tally: &Tally, at_least: f64) -> Value {
    let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    json!({
        "player": duel.player.strength.name(),
        "against": duel.against.strength.name(),
        "pairs": tally.pairs,
        "share": tally.share(),
        "margin_95": tally.margin(),
        "at_least": at_least,
        "reached": holds(tally, at_least),
        "iterations": duel.player.iterations,
        "decision_cpu_mean_us": micros(tally.pace.mean()),
        "decision_cpu_worst_us": micros(tally.pace.worst),
    })
}
