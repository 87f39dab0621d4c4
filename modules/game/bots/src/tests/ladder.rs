//! The ladder at a small budget. The whole one, with intervals, is `whot bench bots`.

use std::time::Duration;

use game_engine::RuleSet;

use crate::Strength;
use crate::arena::{Duel, Player, Tally};

fn duel(player: Player, against: Player, pairs: u32) -> Tally {
    let duel = Duel { rules: RuleSet::naija_classic(), player, against, seed: 11, limit: None };
    let mut tally = Tally::default();
    for number in 0..pairs {
        tally.add(&duel.pair(number, &|| Duration::ZERO).expect("only legal commands"));
    }
    tally
}

#[track_caller]
fn assert_stronger(player: Player, against: Player, pairs: u32) {
    let tally = duel(player, against, pairs);
    assert!(tally.share() - tally.margin() > 0.5, "{:.3} ±{:.3}", tally.share(), tally.margin());
}

#[test]
fn greedy_play_beats_greedy_play_with_mistakes_which_beats_random_play() {
    assert_stronger(Player::of(Strength::Medium), Player::of(Strength::Easy), 300);
    assert_stronger(Player::of(Strength::Easy), Player::of(Strength::Random), 300);
}

#[test]
fn looking_ahead_beats_greedy_play_with_mistakes() {
    let [hard, expert] = [(Strength::Hard, 60), (Strength::Expert, 250)]
        .map(|(strength, iterations)| Player { strength, iterations });
    assert_stronger(hard, Player::of(Strength::Easy), 30);
    assert_stronger(expert, Player::of(Strength::Easy), 30);
}

#[test]
fn a_player_against_its_equal_gets_about_half() {
    let medium = Player::of(Strength::Medium);
    let tally = duel(medium, medium, 400);
    assert!(
        (tally.share() - 0.5).abs() <= tally.margin() * 1.5,
        "{:.3} ±{:.3}",
        tally.share(),
        tally.margin()
    );
}

#[test]
fn a_pair_follows_from_its_seed_and_number() {
    let players = [Player::of(Strength::Easy), Player { strength: Strength::Expert, iterations: 20 }];
    let [one, again, other] = [1, 1, 2].map(|seed| {
        let duel =
            Duel { rules: RuleSet::quick(), player: players[0], against: players[1], seed, limit: None };
        let mut tally = Tally::default();
        for number in 0..5 {
            tally.add(&duel.pair(number, &|| Duration::ZERO).expect("only legal commands"));
        }
        (tally.share(), tally.pace.decisions)
    });
    assert_eq!(one, again);
    assert_ne!(one, other);
}

#[test]
fn the_interval_is_that_of_the_mean_over_pairs() {
    let mut tally = Tally::default();
    for _ in 0..100 {
        tally.add(&Tally::of_pair(1.0));
        tally.add(&Tally::of_pair(0.5));
    }
    // Standard deviation 0.2506 over 200 pairs.
    assert!((tally.share() - 0.75).abs() < 1e-9);
    assert!((tally.margin() - 1.96 * 0.250_627 / 200_f64.sqrt()).abs() < 1e-5, "{}", tally.margin());
}
