//! Matches of several rounds, and the ways to end one early.

use crate::tests::random::{Picks, play_out};
use crate::tests::scene::{rules, scene};
use crate::{Event, MatchRule, Outcome, Phase, RuleName, RuleSet, Seat, State, WonBy};

const BEST: [(&str, &str); 1] = [("match", "best_of(3)")];
const LOSE: [(&str, &str); 1] = [("match", "first_to_lose(50)")];

const FIRST_WINS: [&str; 2] =
    ["first lays circle-3, debt 0, next second", "round ends emptied: first wins, 0:39"];

#[test]
fn a_match_goes_on_until_more_than_half_of_its_rounds_are_won() {
    scene(&BEST)
        .first("circle-3")
        .says("first: circle-3", &FIRST_WINS)
        .then(State::phase, Phase::Waiting)
        .then(|state| (state.wins().first, state.wins().second), (1, 0))
        .refuses("first: draw", "round_not_dealt")
        .refuses("second: clock", "round_not_dealt");
    scene(&BEST)
        .with(|state| state.wins.first = 1)
        .first("circle-3")
        .says("first: circle-3", &[FIRST_WINS[0], FIRST_WINS[1], "match won by first: rounds"]);
    scene(&BEST).with(|state| state.wins.second = 1).first("circle-3").says("first: circle-3", &FIRST_WINS);
    scene(&[("match", "best_of(5)")])
        .with(|state| state.wins.first = 1)
        .first("circle-3")
        .says("first: circle-3", &FIRST_WINS);
}

#[test]
fn drawn_rounds_count_for_nothing_in_a_match_and_end_a_single_round() {
    let drawn = ["first draws 0 for choice, next second", "round ends market: nobody wins, 0:0"];
    scene(&BEST)
        .first("circle-11")
        .second("triangle-11")
        .market("")
        .says("first: draw", &drawn)
        .then(|state| (state.wins().first, state.wins().second, state.phase()), (0, 0, Phase::Waiting));
    scene(&[])
        .first("circle-11")
        .second("triangle-11")
        .market("")
        .says("first: draw", &[drawn[0], drawn[1], "match drawn"])
        .then(State::outcome, Some(Outcome::Drawn));
}

#[test]
fn the_first_to_reach_the_limit_loses() {
    scene(&LOSE)
        .first("circle-3")
        .says("first: circle-3", &FIRST_WINS)
        .then(|state| (state.scores().first, state.scores().second), (0, 39));
    for (before, over) in [(10, false), (11, true), (12, true)] {
        let end: Vec<&str> =
            FIRST_WINS.into_iter().chain(over.then_some("match won by first: rounds")).collect();
        scene(&LOSE)
            .with(|state| state.scores.second = before)
            .first("circle-3")
            .says("first: circle-3", &end);
    }
}

#[test]
fn points_are_numbers_and_nine_is_less_than_ten() {
    scene(&[("match", "first_to_lose(100)")])
        .with(|state| {
            state.scores.first = 9;
            state.scores.second = 60;
        })
        .first("circle-3")
        .says("first: circle-3", &FIRST_WINS)
        .then(|state| (state.scores().first, state.scores().second), (9, 99));
}

#[test]
fn rounds_of_a_match_are_dealt_anew_and_keep_scores_and_run_outs() {
    scene(&BEST)
        .first("circle-3")
        .with(|state| {
            state.starter = Seat::First;
            state.run_outs.second = 2;
            state.reshuffles = 1;
        })
        .says("first: circle-3", &FIRST_WINS)
        .with(|state| state.announced.first = None)
        .then(|state| state.rules().starter.name(), "alternate")
        .says("first: deal", &["round 2 on star-3, debt 0, next second"])
        .then(|s| (s.round(), s.moves(), s.reshuffles, s.hand(Seat::First).len()), (2, 0, 0, 6))
        .then(|s| (s.scores().second, s.wins().first, s.run_outs(Seat::Second)), (39, 1, 2));
}

#[test]
fn resigning_ends_the_match_for_the_other_player_and_the_unfinished_round_scores_nothing() {
    for (command, told) in [
        ("first: resign", "match won by second: resignation"),
        ("second: resign", "match won by first: resignation"),
    ] {
        scene(&LOSE)
            .with(|state| state.scores.first = 7)
            .says(command, &[told])
            .then(|state| (state.scores().first, state.scores().second), (7, 0))
            .refuses("first: resign", "game_over")
            .refuses("second: draw", "game_over");
    }
    // Between rounds too.
    scene(&BEST)
        .first("circle-3")
        .says("first: circle-3", &FIRST_WINS)
        .says("first: resign", &["match won by second: resignation"]);
}

#[test]
fn who_is_away_with_the_turn_forfeits() {
    scene(&[])
        .refuses("second: away", "not_your_turn")
        .says("first: away", &["match won by second: forfeit_away"])
        .refuses("second: away", "game_over");
}

#[test]
fn a_void_match_has_no_winner() {
    scene(&[])
        .says("first: void", &["match void"])
        .then(State::outcome, Some(Outcome::Voided))
        .refuses("first: void", "game_over");
}

#[test]
fn the_winner_of_every_round_scores_nothing_and_the_winner_of_a_match_won_it_by_the_rules() {
    let mut picks = Picks::new(31);
    for match_ in [MatchRule::BestOf(3), MatchRule::BestOf(5), MatchRule::FirstToLose(100)] {
        let rules = RuleSet { name: RuleName::CUSTOM, match_, ..rules(&[("clock.run_outs", "10")]) };
        for _ in 0..200 {
            let end = play_out(rules, &mut picks, |_, events| {
                for event in events {
                    if let Event::RoundEnded(result) = event {
                        let scored = [result.points.first, result.points.second];
                        assert_eq!(
                            scored.iter().filter(|points| **points > 0).count(),
                            usize::from(result.winner.is_some())
                        );
                        assert_eq!(
                            result.winner.map(|winner| *result.points.get(winner)).unwrap_or_default(),
                            0
                        );
                    }
                }
            });
            let Some(Outcome::Won { winner, by: WonBy::Rounds }) = end.outcome() else { panic!("{end:?}") };
            match match_ {
                MatchRule::FirstToLose(limit) => {
                    assert!(*end.scores().get(winner) < u32::from(limit));
                    assert!(*end.scores().get(winner.other()) >= u32::from(limit));
                }
                MatchRule::BestOf(rounds) => assert_eq!(*end.wins().get(winner), u16::from(rounds) / 2 + 1),
                MatchRule::Single => panic!("not played here"),
            }
        }
    }
}
