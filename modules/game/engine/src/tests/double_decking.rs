//! Several cards in one play.

use crate::tests::scene::scene;
use crate::{Seat, Shape, State};

const PAIR: [(&str, &str); 1] = [("double_deck", "pair_plain")];
const GROUP: [(&str, &str); 1] = [("double_deck", "group")];

#[test]
fn off_means_one_card_a_play() {
    scene(&[]).first("circle-3 star-3 circle-4 cross-7").refuses("first: circle-3 star-3", "bad_group");
}

#[test]
fn a_pair_is_exactly_two_plain_cards_each_fitting_the_one_before() {
    let hand = "circle-3 star-3 star-7 circle-1 star-4 square-11";
    scene(&PAIR)
        .first(hand)
        .says("first: circle-3 star-3", &["first lays circle-3 star-3, debt 0, next second"])
        .then(State::in_force, "star-3".parse().ok())
        .then(State::pile_len, 3);
    scene(&PAIR)
        .first(hand)
        .refuses("first: star-3 star-7", "no_match")
        .refuses("first: circle-3 star-7", "bad_group")
        .refuses("first: circle-3 circle-1", "bad_group")
        .refuses("first: circle-1 circle-3", "bad_group")
        .refuses("first: circle-3 star-3 star-7", "bad_group")
        .refuses("first: circle-3 circle-3", "not_in_hand")
        .says("first: circle-3", &["first lays circle-3, debt 0, next second"]);
}

#[test]
fn a_pair_never_goes_against_a_debt_and_has_no_effect() {
    scene(&PAIR)
        .on("circle-2")
        .owing(2)
        .first("circle-3 star-3 circle-4 cross-7")
        .refuses("first: circle-3 star-3", "debt_owed");
    scene(&[("double_deck", "pair_plain"), ("hold_on", "false")])
        .first("circle-1 star-1 circle-4 cross-7 cross-11")
        .says("first: circle-1 star-1", &["first lays circle-1 star-1, debt 0, next second"]);
}

#[test]
fn a_pair_may_be_the_last_cards_under_every_finish_rule() {
    for finish in ["allow", "reject", "draw_one"] {
        scene(&[("double_deck", "pair_plain"), ("special_finish", finish)]).first("circle-3 star-3").says(
            "first: circle-3 star-3",
            &[
                "first lays circle-3 star-3, debt 0, next second",
                "round ends emptied: first wins, 0:39",
                "match won by first: rounds",
            ],
        );
    }
}

#[test]
fn a_group_is_two_or_more_of_one_number_of_which_the_first_fits() {
    let hand = "circle-3 star-3 cross-3 circle-4 star-7 star-4";
    scene(&GROUP)
        .first(hand)
        .refuses("first: star-3 circle-3", "no_match")
        .refuses("first: circle-3 circle-4", "bad_group")
        .refuses("first: circle-3 star-7", "bad_group")
        .says("first: circle-3 cross-3 star-3", &["first lays circle-3 cross-3 star-3, debt 0, next second"])
        .then(State::in_force, "star-3".parse().ok());
}

#[test]
fn the_effects_of_a_group_add_up() {
    let rest = "circle-3 circle-4 cross-7";
    for (cards, debt, next) in [
        ("circle-2 star-2", 4, "second"),
        ("circle-2 star-2 cross-2", 6, "second"),
        ("circle-5 star-5", 6, "second"),
        ("circle-1 star-1", 0, "first"),
        ("circle-8 star-8 triangle-8", 0, "first"),
    ] {
        scene(&GROUP)
            .first(&format!("{cards} {rest}"))
            .says(&format!("first: {cards}"), &[&format!("first lays {cards}, debt {debt}, next {next}")]);
    }
    scene(&GROUP).first(&format!("circle-14 cross-14 {rest}")).says(
        "first: circle-14 cross-14",
        &[
            "first lays circle-14 cross-14, debt 0, next first",
            "second draws 2 for general_market, next first",
        ],
    );
    scene(&[("double_deck", "group"), ("general_market", "defend")])
        .first(&format!("circle-14 cross-14 {rest}"))
        .says("first: circle-14 cross-14", &["first lays circle-14 cross-14, debt 2, next second"]);
}

#[test]
fn a_group_answers_a_debt_and_adds_to_it() {
    scene(&GROUP)
        .on("circle-2")
        .owing(2)
        .first("star-2 cross-2 circle-3 circle-4 cross-7")
        .says("first: star-2 cross-2", &["first lays star-2 cross-2, debt 6, next second"]);
    scene(&[("double_deck", "group"), ("counter", "cross")])
        .on("circle-2")
        .owing(2)
        .first("star-5 cross-5 circle-3 circle-4 cross-7")
        .says("first: star-5 cross-5", &["first lays star-5 cross-5, debt 8, next second"]);
    scene(&GROUP)
        .on("circle-2")
        .owing(2)
        .first("circle-3 star-3 circle-4 cross-7")
        .refuses("first: circle-3 star-3", "debt_owed");
}

#[test]
fn whots_go_together_under_one_call() {
    scene(&GROUP)
        .first("whot-20 whot-20 whot-20 circle-3 circle-4 cross-7")
        .refuses("first: whot-20 whot-20", "shape_missing")
        .refuses("first: whot-20 circle-3 star", "bad_group")
        .refuses("first: whot-20 whot-20 whot-20 whot-20 star", "not_in_hand")
        .says(
            "first: whot-20 whot-20 star",
            &["first lays whot-20 whot-20 calling star, debt 0, next second"],
        )
        .then(State::called, Some(Shape::Star))
        .holds(Seat::First, "whot-20 circle-3 circle-4 cross-7");
}

#[test]
fn whots_together_defend_where_one_would() {
    scene(&[("double_deck", "group"), ("whot_defends", "true")])
        .on("circle-2")
        .owing(4)
        .first("whot-20 whot-20 circle-3 circle-4 cross-7")
        .says(
            "first: whot-20 whot-20 star",
            &["first lays whot-20 whot-20 calling star, debt 0, next second"],
        );
}

#[test]
fn a_group_of_specials_meets_the_finish_rules() {
    scene(&[("double_deck", "group"), ("special_finish", "reject")])
        .first("circle-2 star-2")
        .refuses("first: circle-2 star-2", "special_finish")
        .says("first: circle-2", &["first lays circle-2, debt 2, next second", "first says last_card"]);
    scene(&[("double_deck", "group"), ("special_finish", "draw_one")]).first("circle-2 star-2").says(
        "first: circle-2 star-2",
        &[
            "first lays circle-2 star-2, debt 4, next second",
            "first draws 1 for finish, next second",
            "first says last_card",
        ],
    );
    scene(&[("double_deck", "group"), ("final_effect", "apply")])
        .first("circle-5 star-5")
        .second("cross-3")
        .market("square-1 square-2 square-3 square-5 square-7 square-10 square-11")
        .says(
            "first: circle-5 star-5",
            &[
                "first lays circle-5 star-5, debt 0, next second",
                "second draws 6 for final_effect, next second",
                "round ends emptied: first wins, 0:31",
                "match won by first: rounds",
            ],
        );
}

#[test]
fn a_drawn_card_is_played_alone_even_where_groups_are_allowed() {
    scene(&[("double_deck", "group"), ("play_drawn", "true")])
        .first("star-3 cross-3 star-7 star-4")
        .market("circle-3 star-1")
        .says("first: draw", &["first draws 1 for choice holding circle-3, next first"])
        .refuses("first: circle-3 star-3", "drawn_card_waiting")
        .says("first: circle-3", &["first lays circle-3, debt 0, next second"]);
}

#[test]
fn a_play_of_several_cards_is_one_move() {
    scene(&GROUP)
        .first("circle-3 star-3 cross-3 circle-4 star-7 star-4")
        .says("first: circle-3 cross-3 star-3", &["first lays circle-3 cross-3 star-3, debt 0, next second"])
        .then(State::moves, 1);
}
