//! Hold On, Suspension and General Market.

use crate::Seat;
use crate::tests::scene::scene;

const HAND: &str = "circle-1 circle-8 star-8 circle-14 triangle-1 square-3 square-2";
const HAND4: &str = "circle-1 circle-8 circle-14 cross-3";

#[test]
fn hold_on_gives_the_same_player_another_turn_and_it_must_still_match() {
    scene(&[])
        .first(HAND4)
        .says("first: circle-1", &["first lays circle-1, debt 0, next first"])
        .refuses("first: cross-3", "no_match")
        .refuses("second: circle-11", "not_your_turn")
        // Unable or unwilling: one card, and the turn ends.
        .says("first: draw", &["first draws 1 for choice, next second"]);
}

#[test]
fn with_hold_on_off_a_one_is_a_plain_card() {
    scene(&[("hold_on", "false")])
        .first(HAND4)
        .says("first: circle-1", &["first lays circle-1, debt 0, next second"]);
}

#[test]
fn suspension_is_the_same_as_hold_on_for_two_players_the_star_too() {
    for star8 in ["skip1", "skip2"] {
        scene(&[("star8", star8)])
            .first("circle-8 star-8 square-3 star-4 star-7")
            .says("first: circle-8", &["first lays circle-8, debt 0, next first"])
            .says("first: star-8", &["first lays star-8, debt 0, next first"])
            .says("first: star-4", &["first lays star-4, debt 0, next second", "first says semi_last"]);
    }
}

#[test]
fn general_market_draws_one_for_the_opponent_and_its_player_goes_again() {
    scene(&[])
        .first(HAND4)
        .says(
            "first: circle-14",
            &["first lays circle-14, debt 0, next first", "second draws 1 for general_market, next first"],
        )
        .holds(Seat::Second, "circle-11 circle-12 triangle-3 square-13 circle-2");
}

#[test]
fn general_market_may_pass_the_turn() {
    scene(&[("general_market", "pass")]).first(HAND4).says(
        "first: circle-14",
        &["first lays circle-14, debt 0, next second", "second draws 1 for general_market, next second"],
    );
}

#[test]
fn general_market_under_defend_is_a_pick_one_answered_only_by_a_14_whatever_counters() {
    for counter in ["same", "cross", "none"] {
        scene(&[("general_market", "defend"), ("counter", counter)])
            .first(HAND4)
            .second("triangle-14 circle-2 circle-11 circle-5")
            .says("first: circle-14", &["first lays circle-14, debt 1, next second"])
            .refuses("second: circle-2", "debt_owed")
            .refuses("second: circle-11", "debt_owed")
            .says("second: triangle-14", &["second lays triangle-14, debt 2, next first"])
            .says("first: draw", &["first draws 2 for debt, next second"]);
    }
}

#[test]
fn the_effect_of_one_turn_does_not_leak_into_the_next() {
    scene(&[])
        .first(HAND)
        .says("first: circle-8", &["first lays circle-8, debt 0, next first"])
        .says("first: draw", &["first draws 1 for choice, next second"])
        .says("second: circle-11", &["second lays circle-11, debt 0, next first"])
        .refuses("second: circle-12", "not_your_turn");
}
