//! What holds in every game under every rule set.

use proptest::prelude::*;

use crate::tests::random::{
    Picks, any_rules, any_step, assert_legal_is_exact, assert_refusals_change_nothing, assert_whole_deck,
    play_out,
};
use crate::{Command, Event, Events, Phase, RuleSet, Seat, State, apply, decide, decide_into};

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

fn assert_games_hold(rules: RuleSet, seed: u64, games: usize) {
    let mut picks = Picks::new(seed);
    for _ in 0..games {
        let mut journal: Vec<Event> = Vec::new();
        let end = play_out(rules, &mut picks, |state, events| {
            assert!(!events.is_empty());
            journal.extend(events);
            assert_whole_deck(state);
            assert!(state.moves() <= state.rules().move_cap);
        });
        assert_eq!(end.phase(), Phase::Over);
        let replayed = journal.iter().fold(State::new(rules), apply);
        assert!(replayed == end, "a replay differs under {}", rules.canonical());
    }
}

proptest! {
    #![proptest_config(config(600))]

    #[test]
    fn every_game_ends_keeps_every_card_in_one_place_and_replays_to_the_same_state(
        rules in any_rules(), seed: u64,
    ) {
        prop_assert_eq!(rules.validate(), Ok(()));
        assert_games_hold(rules, seed, 5);
    }

    #[test]
    fn canonical_text_reads_back_to_the_same_rules(rules in any_rules()) {
        prop_assert_eq!(rules.canonical().parse(), Ok(rules));
    }
}

proptest! {
    #![proptest_config(config(150))]

    #[test]
    fn exactly_the_listed_commands_are_accepted(rules in any_rules(), seed: u64) {
        let mut step = 0;
        play_out(rules, &mut Picks::new(seed), |state, _| {
            step += 1;
            if step % 3 == 0 {
                assert_legal_is_exact(state);
            }
        });
    }

    #[test]
    fn deciding_changes_nothing_and_deciding_twice_says_the_same(rules in any_rules(), seed: u64) {
        let mut picks = Picks::new(seed);
        let mut state = State::new(rules);
        let mut reused = Events::new();
        while state.outcome().is_none() {
            let (seat, command) = any_step(&state, &mut picks);
            let before = state;
            let events = decide(&state, seat, &command).expect("accepted");
            prop_assert!(state == before);
            decide_into(&state, seat, &command, &mut reused).expect("accepted");
            prop_assert!(events == reused);
            state.advance(seat, &command, &mut reused).expect("accepted");
            prop_assert!(events == reused);
            prop_assert!(events.iter().fold(before, apply) == state);
        }
    }

    #[test]
    fn refused_commands_change_nothing(rules in any_rules(), seed: u64) {
        let mut picks = Picks::new(seed);
        play_out(rules, &mut Picks::new(seed), |state, _| {
            let (seat, command) = any_step(state, &mut picks);
            for other in [command, Command::Pass, Command::Announce, Command::AnnouncementExpired] {
                assert_refusals_change_nothing(state, seat.other(), &other);
            }
        });
    }
}

#[test]
fn thousands_of_games_of_every_preset_hold() {
    for (seed, name) in (1..).zip(RuleSet::PRESETS) {
        let rules = RuleSet::preset(name).expect("a preset");
        assert_games_hold(rules, seed, 2_000);
    }
}

#[test]
fn exactly_the_listed_commands_are_accepted_in_every_state_of_every_preset() {
    for (seed, name) in (1..).zip(RuleSet::PRESETS) {
        let rules = RuleSet::preset(name).expect("a preset");
        let mut picks = Picks::new(seed);
        for _ in 0..30 {
            play_out(rules, &mut picks, |state, _| assert_legal_is_exact(state));
        }
    }
}

#[test]
fn resigning_is_possible_at_any_time_for_either_player() {
    let mut picks = Picks::new(11);
    let rules = RuleSet { match_: crate::MatchRule::BestOf(3), ..RuleSet::naija_classic() };
    play_out(rules, &mut picks, |state, _| {
        for seat in Seat::ALL {
            let resigned = decide(state, *seat, &Command::Resign);
            assert_eq!(resigned.is_ok(), state.outcome().is_none());
        }
    });
}
