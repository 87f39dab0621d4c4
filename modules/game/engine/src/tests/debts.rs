//! Pick Two and Pick Three: owing, answering, drawing, and what a Whot may do against it.

use crate::tests::scene::scene;
use crate::{Seat, Shape, State};

#[test]
fn a_two_makes_the_next_player_draw_two_and_lose_the_turn() {
    scene(&[])
        .first("circle-2 circle-3 circle-4 cross-7")
        .says("first: circle-2", &["first lays circle-2, debt 2, next second"])
        .says("second: draw", &["second draws 2 for debt, next first"])
        .holds(Seat::Second, "circle-11 circle-12 triangle-3 square-13 circle-1 circle-5");
}

#[test]
fn a_five_makes_the_next_player_draw_three() {
    scene(&[])
        .first("circle-5 circle-3 circle-4 cross-7")
        .says("first: circle-5", &["first lays circle-5, debt 3, next second"])
        .says("second: draw", &["second draws 3 for debt, next first"]);
}

#[test]
fn the_same_number_answers_and_the_debt_adds_up_along_the_chain() {
    scene(&[])
        .first("circle-2 square-2 circle-4 cross-7")
        .second("star-2 cross-2 circle-3 circle-11")
        .says("first: circle-2", &["first lays circle-2, debt 2, next second"])
        .says("second: star-2", &["second lays star-2, debt 4, next first"])
        .says("first: square-2", &["first lays square-2, debt 6, next second", "first says semi_last"])
        .says("second: cross-2", &["second lays cross-2, debt 8, next first", "second says semi_last"])
        .says("first: draw", &["first draws 8 for debt, next second"])
        .then(State::debt, 0);
}

#[test]
fn while_a_debt_is_owed_nothing_but_an_answer_or_the_draw_is_legal() {
    scene(&[])
        .on("circle-2")
        .owing(2)
        .first("circle-3 circle-5 triangle-5 whot-20 circle-8")
        .refuses("first: circle-3", "debt_owed")
        .refuses("first: circle-5", "debt_owed")
        .refuses("first: circle-8", "debt_owed")
        .refuses("first: whot-20 star", "debt_owed")
        .refuses("first: pass", "nothing_to_pass")
        .says("first: draw", &["first draws 2 for debt, next second"]);
}

#[test]
fn a_drawn_debt_is_spent_and_the_card_is_an_ordinary_one_to_match() {
    scene(&[])
        .on("circle-5")
        .owing(3)
        .says("first: draw", &["first draws 3 for debt, next second"])
        .says("second: circle-11", &["second lays circle-11, debt 0, next first"]);
    scene(&[])
        .on("circle-5")
        .owing(3)
        .second("star-5 circle-3 circle-4 cross-7")
        .says("first: draw", &["first draws 3 for debt, next second"])
        .says("second: star-5", &["second lays star-5, debt 3, next first"]);
}

#[test]
fn under_cross_counter_twos_and_fives_answer_one_another_in_any_shape() {
    scene(&[("counter", "cross")])
        .first("circle-2 star-2 circle-4 cross-7")
        .second("triangle-5 circle-11 circle-12 circle-3")
        .says("first: circle-2", &["first lays circle-2, debt 2, next second"])
        .refuses("second: circle-11", "debt_owed")
        .says("second: triangle-5", &["second lays triangle-5, debt 5, next first"])
        .says("first: star-2", &["first lays star-2, debt 7, next second", "first says semi_last"])
        .says("second: draw", &["second draws 7 for debt, next first"]);
}

#[test]
fn a_five_does_not_answer_a_two_by_default() {
    scene(&[])
        .on("circle-2")
        .owing(2)
        .first("circle-5 star-5 circle-3 cross-7")
        .refuses("first: circle-5", "debt_owed")
        .refuses("first: star-5", "debt_owed");
}

#[test]
fn without_counters_a_debt_is_drawn() {
    scene(&[("counter", "none")])
        .on("circle-2")
        .owing(2)
        .first("star-2 square-2 circle-3 cross-7")
        .refuses("first: star-2", "debt_owed")
        .says("first: draw", &["first draws 2 for debt, next second"]);
}

#[test]
fn a_defending_whot_cancels_the_debt_calls_a_shape_and_passes_the_turn() {
    for (in_force, debt) in [("circle-2", 4), ("circle-5", 3)] {
        scene(&[("whot_defends", "true"), ("counter", "none")])
            .on(in_force)
            .owing(debt)
            .first("whot-20 circle-3 circle-4 cross-7")
            .refuses("first: circle-3", "debt_owed")
            .refuses("first: whot-20", "shape_missing")
            .says("first: whot-20 star", &["first lays whot-20 calling star, debt 0, next second"])
            .then(State::called, Some(Shape::Star))
            .says("second: draw", &["second draws 1 for choice, next first"]);
    }
}

#[test]
fn a_defending_whot_holds_against_the_debt_of_a_14_too() {
    scene(&[("whot_defends", "true"), ("general_market", "defend")])
        .on("circle-14")
        .owing(2)
        .first("whot-20 circle-3 circle-4 cross-7")
        .says("first: whot-20 circle", &["first lays whot-20 calling circle, debt 0, next second"]);
}

#[test]
fn must_play_never_refuses_the_draw_of_a_debt() {
    scene(&[("must_play", "true")])
        .on("circle-2")
        .owing(2)
        .first("star-2 circle-3 circle-4 cross-7")
        .says("first: draw", &["first draws 2 for debt, next second"]);
}
