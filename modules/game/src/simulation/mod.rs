//! Seeded simulations: many clients against the real game module over virtual time and a network, storage and processes
//! that fail as a plan says. `WHOT_SIM_PLAN=<file>` replays a plan that was printed, `WHOT_SIM_RUNS=10000` tries that many,
//! `WHOT_SIM_FIRST=500` begins with that seed.

mod client;
mod conduct;
mod dice;
pub(crate) mod faulty_store;
mod judge;
mod outages;
mod plan;
mod process;
mod view;
mod world;

use std::collections::BTreeSet;

use self::plan::Plan;
use self::world::{Outcome, World};

/// Runs of the ordinary tests.
const RUNS: u64 = 120;
/// How often a failing plan is tried with fewer steps.
const ATTEMPTS: usize = 120;

/// What the ordinary runs together have to meet.
const WORTH_MEETING: [&str; 23] = [
    "a turn ran out",
    "away",
    "back",
    "clock_extended",
    "announced",
    "voided",
    "snap",
    "ev",
    "evs",
    "gone",
    "pong",
    "unavailable",
    "stale_base",
    "id_conflict",
    "not_your_turn",
    "closed 4001",
    "closed 4008",
    "a commit was asked for again",
    "a command was answered twice alike",
    "a pong told of what was missed",
    "forfeit_clock",
    "notice game_over",
    "notice game_rating_changed",
];

/// What the runs against practice opponents have to meet besides.
const WORTH_MEETING_IN_PRACTICE: [&str; 5] = ["clock_extended", "snap", "evs", "unavailable", "closed 4001"];

fn run(plan: Plan) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(World::run(plan))
}

/// The steps of a failing plan that are needed to make it fail.
fn shortened(plan: &Plan) -> Plan {
    let (mut plan, mut tries) = (plan.clone(), 0);
    let mut size = plan.steps.len().div_ceil(2);
    while size > 0 && tries < ATTEMPTS {
        let mut from = 0;
        while from < plan.steps.len() && tries < ATTEMPTS {
            let shorter = plan.without(from..(from + size).min(plan.steps.len()));
            tries += 1;
            if run(shorter.clone()).failure.is_some() { plan = shorter } else { from += size }
        }
        size = if size == 1 { 0 } else { size.div_ceil(2) };
    }
    plan
}

/// What happened, unless something happened that must not.
fn must_hold(plan: &Plan) -> BTreeSet<String> {
    let outcome = run(plan.clone());
    let Some(found) = outcome.failure else { return outcome.seen };
    let short = shortened(plan);
    let again = run(short.clone());
    let what = again.failure.unwrap_or(found);
    panic!(
        "{what}\n\n{}\nas planned (WHOT_SIM_PLAN=<file> cargo test -p game simulation):\n{plan}\nas short as it still \
         fails (likewise):\n{short}",
        again.shown.join("\n")
    );
}

fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[test]
fn whatever_fails_nobody_is_told_what_is_not_so_and_nothing_acknowledged_is_lost() {
    if let Some(file) = setting("WHOT_SIM_PLAN") {
        let text = std::fs::read_to_string(file).unwrap();
        must_hold(&text.parse().unwrap());
        return;
    }
    let missed = try_out(Plan::of, RUNS, &WORTH_MEETING);
    assert!(missed.is_empty(), "no run met {missed:?}");
}

/// Tries as many plans as are asked for, or as are usual, and tells which of these no run met: runs that meet nothing
/// prove nothing. Fewer runs than usual need not meet everything.
fn try_out(plan: fn(u64) -> Plan, usual: u64, wanted: &[&'static str]) -> Vec<&'static str> {
    let asked = |name, otherwise| setting(name).map_or(otherwise, |number| number.parse().unwrap());
    let (first, runs): (u64, u64) = (asked("WHOT_SIM_FIRST", 1), asked("WHOT_SIM_RUNS", usual));
    let seen: BTreeSet<String> = (first..first + runs).flat_map(|seed| must_hold(&plan(seed))).collect();
    let missed = wanted.iter().filter(|what| runs >= usual && !seen.contains(**what));
    missed.copied().collect()
}

/// Runs against practice opponents.
const PRACTICE_RUNS: u64 = 40;

#[test]
fn whatever_fails_a_practice_opponent_plays_on_to_the_end() {
    let missed = try_out(Plan::of_practice, PRACTICE_RUNS, &WORTH_MEETING_IN_PRACTICE);
    assert!(missed.is_empty(), "no run met {missed:?}");
    let [once, again] = [(); 2].map(|()| run(Plan::of_practice(1)).trace.to_string());
    assert_eq!(once, again, "the same seed is the same run");
}

/// Short plans that once found something, each named after what happens in it.
const KEPT: [&str; 5] = [
    include_str!("plans/a_move_right_after_an_outage.plan"),
    include_str!("plans/a_read_that_fails_while_catching_up.plan"),
    include_str!("plans/a_second_crash_while_taking_over.plan"),
    include_str!("plans/a_storm_while_taking_over.plan"),
    include_str!("plans/a_turn_that_an_outage_ran_over.plan"),
];

#[test]
fn whatever_was_found_once_is_not_found_again() {
    for kept in KEPT {
        must_hold(&kept.parse().unwrap());
    }
}

#[test]
fn the_same_seed_is_the_same_run_and_another_seed_another() {
    let runs: u64 = setting("WHOT_SIM_RUNS").map_or(RUNS, |runs| runs.parse().unwrap());
    let mut traces = BTreeSet::new();
    for seed in 1..=(runs / 20).max(5) {
        let [once, again] = [(); 2].map(|()| run(Plan::of(seed)).trace.to_string());
        assert_eq!(once, again, "seed {seed}");
        assert!(traces.insert(once), "seed {seed} repeats another");
    }
}

#[test]
fn a_printed_plan_reads_back_as_it_was() {
    for seed in 0..200 {
        for plan in [Plan::of(seed), Plan::of_practice(seed)] {
            assert_eq!(plan.to_string().parse(), Ok(plan));
        }
    }
    for wrong in ["at 5 fly client=1", "at x crash node=0", "at 5 crash", "sometime", "game rules=", "seed 7"]
    {
        assert!(wrong.parse::<Plan>().is_err(), "{wrong}");
    }
}
