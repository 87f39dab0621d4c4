//! Two strengths play paired deals against one another, on as many threads as asked for: the quickest way to see
//! what a change of a bot is worth. `cargo run --release -p game-bots --example duel -- expert medium 1000`
//!
//! Arguments: player, opponent, pairs, threads, seed, then any toggles of the rules as name=value. A player may be given
//! its iterations: `expert:2000`.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a tool for the terminal")]

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use game_bots::Strength;
use game_bots::arena::{Duel, Player, Tally};
use game_engine::{RuleName, RuleSet};

fn player(text: &str) -> Player {
    let (name, iterations) = text.split_once(':').unwrap_or((text, ""));
    let strength: Strength = name.parse().unwrap();
    Player { strength, iterations: iterations.parse().unwrap_or(strength.iterations()) }
}

fn rules(toggles: impl Iterator<Item = String>) -> RuleSet {
    let mut rules = RuleSet::naija_classic();
    for toggle in toggles {
        let (name, value) = toggle.split_once('=').unwrap();
        rules.set(name, value).unwrap();
        rules.name = RuleName::CUSTOM;
    }
    rules.validate().unwrap();
    rules
}

/// CPU time of this thread, as Linux counts it.
fn worked() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut next = |default: &str| arguments.next().unwrap_or_else(|| default.to_owned());
    let (one, other) = (player(&next("expert")), player(&next("medium")));
    let [pairs, threads] = ["500", "2"].map(|default| next(default).parse::<u32>().unwrap());
    let seed = next("1").parse().unwrap();
    let duel = Duel { rules: rules(arguments), player: one, against: other, seed, limit: None };
    let (begun, tally) = (AtomicU32::new(0), Mutex::new(Tally::default()));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let number = begun.fetch_add(1, Ordering::Relaxed);
                    if number >= pairs {
                        return;
                    }
                    let pair = duel.pair(number, &worked).unwrap();
                    tally.lock().unwrap().add(&pair);
                }
            });
        }
    });
    let tally = tally.into_inner().unwrap();
    println!(
        "{}:{} v {}:{}  {:.4} +-{:.4} over {} pairs; {:?} a decision, worst {:?}",
        one.strength,
        one.iterations,
        other.strength,
        other.iterations,
        tally.share(),
        tally.margin(),
        tally.pairs,
        tally.pace.mean(),
        tally.pace.worst,
    );
}
