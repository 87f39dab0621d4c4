//! Which card may be laid: shape, number, Whot, and the called shape.

use crate::tests::scene::scene;
use crate::{Shape, State};

#[test]
fn a_card_matches_by_shape_or_by_number_or_is_a_whot() {
    let hand = "circle-3 triangle-10 star-7 whot-20 cross-3";
    for (command, next) in [("first: circle-3", "circle-3"), ("first: triangle-10", "triangle-10")] {
        scene(&[]).first(hand).says(command, &[&format!("first lays {next}, debt 0, next second")]);
    }
    scene(&[])
        .first(hand)
        .refuses("first: star-7", "no_match")
        .refuses("first: cross-3", "no_match")
        .says("first: whot-20 star", &["first lays whot-20 calling star, debt 0, next second"]);
}

#[test]
fn after_a_whot_only_the_called_shape_or_another_whot_is_legal() {
    scene(&[])
        .on("whot-20")
        .called(Shape::Star)
        .first("star-3 circle-3 whot-20 cross-10")
        .refuses("first: circle-3", "no_match")
        .refuses("first: cross-10", "no_match")
        .says("first: whot-20 cross", &["first lays whot-20 calling cross, debt 0, next second"])
        .then(State::called, Some(Shape::Cross));
    scene(&[])
        .on("whot-20")
        .called(Shape::Star)
        .first("star-3 circle-3 circle-4 circle-7")
        .says("first: star-3", &["first lays star-3, debt 0, next second"])
        .then(State::called, None)
        // The call is gone: the star itself is matched now.
        .says("second: triangle-3", &["second lays triangle-3, debt 0, next first"]);
}

#[test]
fn any_of_the_five_shapes_may_be_called_the_present_one_too() {
    for shape in Shape::ALL {
        let told = format!("first lays whot-20 calling {shape}, debt 0, next second");
        scene(&[])
            .first("whot-20 circle-3 circle-4 circle-7")
            .says(&format!("first: whot-20 {shape}"), &[&told])
            .then(State::called, Some(*shape));
    }
}

#[test]
fn a_whot_names_a_shape_and_no_other_card_does() {
    scene(&[])
        .first("whot-20 circle-3 circle-4 circle-7")
        .refuses("first: whot-20", "shape_missing")
        .refuses("first: circle-3 star", "shape_not_allowed");
    // Also as the last card.
    scene(&[]).first("whot-20").refuses("first: whot-20", "shape_missing").second("circle-3").says(
        "first: whot-20 star",
        &[
            "first lays whot-20 calling star, debt 0, next second",
            "round ends emptied: first wins, 0:3",
            "match won by first: rounds",
        ],
    );
}

#[test]
fn nothing_is_drawn_or_called_between_a_whot_and_its_shape() {
    // The call is part of the play, so the opponent's next command already meets it.
    scene(&[])
        .first("whot-20 circle-3 circle-4 circle-7")
        .second("star-3 circle-11 circle-12 circle-13")
        .says("first: whot-20 star", &["first lays whot-20 calling star, debt 0, next second"])
        .refuses("second: circle-11", "no_match")
        .says("second: star-3", &["second lays star-3, debt 0, next first"]);
}
