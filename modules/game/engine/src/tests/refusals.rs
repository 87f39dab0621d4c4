//! The order of refusals: of two reasons the earlier one is told.

use crate::tests::scene::{Scene, scene};
use crate::{Refusal, State};

fn over(scene: Scene) -> Scene {
    scene.says("second: resign", &["match won by first: resignation"])
}

#[test]
fn codes_are_stable_distinct_and_in_checking_order() {
    let codes: Vec<&str> = Refusal::ALL.iter().map(|refusal| refusal.code()).collect();
    assert_eq!(
        codes,
        [
            "malformed",
            "game_over",
            "round_not_dealt",
            "round_running",
            "not_your_turn",
            "not_in_hand",
            "drawn_card_waiting",
            "bad_group",
            "shape_missing",
            "shape_not_allowed",
            "debt_owed",
            "no_match",
            "special_finish",
            "must_play",
            "nothing_to_pass",
            "nothing_to_announce",
        ]
    );
    assert!(Refusal::ALL.is_sorted());
}

#[test]
fn malformed_is_told_before_over_and_over_before_turn() {
    over(scene(&[])).refuses("second: nothing", "malformed").refuses("second: circle-3", "game_over");
    scene(&[]).refuses("second: nothing", "malformed");
}

#[test]
fn turn_is_told_before_hand_and_hand_before_drawn_card() {
    scene(&[]).refuses("second: star-8", "not_your_turn");
    scene(&[("play_drawn", "true")])
        .market("circle-13 star-1")
        .says("first: draw", &["first draws 1 for choice holding circle-13, next first"])
        .refuses("first: star-8", "not_in_hand")
        .refuses("first: circle-3 cross-13", "drawn_card_waiting")
        .refuses("first: circle-3 star", "drawn_card_waiting");
}

#[test]
fn group_is_told_before_shape_and_shape_before_debt() {
    scene(&[])
        .on("circle-2")
        .owing(2)
        .first("whot-20 circle-3 circle-4 cross-7")
        .refuses("first: whot-20 circle-3", "bad_group")
        .refuses("first: whot-20", "shape_missing")
        .refuses("first: circle-3 star", "shape_not_allowed")
        .refuses("first: whot-20 star", "debt_owed");
}

#[test]
fn debt_is_told_before_match_and_match_before_finish() {
    scene(&[("special_finish", "reject")])
        .on("circle-2")
        .owing(2)
        .first("star-8")
        .refuses("first: star-8", "debt_owed");
    scene(&[("special_finish", "reject")])
        .first("star-8")
        .refuses("first: star-8", "no_match")
        .on("star-3")
        .refuses("first: star-8", "special_finish");
}

#[test]
fn a_drawn_card_is_told_before_must_play() {
    scene(&[("must_play", "true"), ("play_drawn", "true")])
        .first("star-3 star-4 star-7")
        .market("circle-13 star-1")
        .says("first: draw", &["first draws 1 for choice holding circle-13, next first"])
        .refuses("first: draw", "drawn_card_waiting");
}

#[test]
fn a_refused_command_leaves_everything_as_it_was() {
    let table = scene(&[("announce", "manual")]);
    let before: State = table.state;
    let after = table
        .refuses("first: star-8", "not_in_hand")
        .refuses("second: draw", "not_your_turn")
        .refuses("first: announce", "nothing_to_announce")
        .refuses("first: pass", "nothing_to_pass");
    assert!(before == after.state);
}
