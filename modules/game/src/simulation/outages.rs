//! Outages of storage alone: processes and sockets live on, and nobody pays for it.

use std::collections::BTreeSet;

use super::must_hold;

/// What happens when a plan runs in a game of two who do not think for a minute and a half.
fn seen(seed: u64, steps: &str) -> BTreeSet<String> {
    let plan = format!(
        "seed {seed} nodes=1\n\
         game first_devices=1 second_devices=1 think_ms=300 rules=quick;clock.reserve_s=600;clock.away_s=20\n\
         at 3000 sleep client=0 for_ms=90000\n\
         at 3000 sleep client=1 for_ms=90000\n\
         {steps}\
         at 90000 again client=0\n"
    );
    must_hold(&plan.parse().unwrap())
}

#[test]
fn whoever_stays_connected_while_storage_fails_is_not_away() {
    for seed in 1..=4 {
        let seen = seen(seed, "at 8000 storm refuse_percent=100 lose_percent=0 slow_ms=0 for_ms=45000\n");
        assert!(!seen.contains("away") && !seen.contains("forfeit_away"), "{seed}: {seen:?}");
    }
}

#[test]
fn whoever_comes_back_while_storage_fails_now_and_then_is_back() {
    for seed in 1..=30 {
        let seen = seen(
            seed,
            "at 6000 leave client=0 for_ms=8000\n\
             at 6000 leave client=1 for_ms=8000\n\
             at 13000 storm refuse_percent=60 lose_percent=0 slow_ms=0 for_ms=6000\n",
        );
        assert!(seen.contains("away") && !seen.contains("forfeit_away"), "{seed}: {seen:?}");
    }
}

#[test]
fn whoever_leaves_while_storage_fails_is_away_all_the_same() {
    for seed in 1..=10 {
        let seen = seen(
            seed,
            "at 7950 storm refuse_percent=100 lose_percent=0 slow_ms=0 for_ms=2000\n\
             at 8000 leave client=0 for_ms=80000\n\
             at 8000 leave client=1 for_ms=80000\n",
        );
        assert!(seen.contains("forfeit_away"), "{seed}: {seen:?}");
    }
}

/// What happens in a game of two who would move within a second, while storage fails twice as long as a turn lasts.
fn seen_by_quick_players(seed: u64, nodes: u64) -> BTreeSet<String> {
    let plan = format!(
        "seed {seed} nodes={nodes}\n\
         game first_devices=1 second_devices=1 think_ms=300 rules=quick;clock.turn_s=20;clock.reserve_s=0;clock.away_s=15\n\
         at 3000 storm refuse_percent=100 lose_percent=0 slow_ms=0 for_ms=40000\n\
         at 50000 again client=0\n"
    );
    must_hold(&plan.parse().unwrap())
}

#[test]
fn an_outage_of_storage_costs_nobody_a_turn() {
    for (seed, nodes) in (1..=12).flat_map(|seed| [(seed, 1), (seed, 2)]) {
        let seen = seen_by_quick_players(seed, nodes);
        assert!(seen.contains("clock_extended"), "{seed} {nodes}: {seen:?}");
        let paid = ["a turn ran out", "forfeit_away", "away"].iter().find(|what| seen.contains(**what));
        assert_eq!(paid, None, "{seed} {nodes}: {seen:?}");
    }
}
