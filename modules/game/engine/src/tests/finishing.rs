//! The last card, when it is special.

use crate::tests::scene::scene;
use crate::{Seat, State};

#[test]
fn a_special_last_card_ends_the_round_at_once_and_its_effect_is_not_applied() {
    for card in ["circle-1", "circle-2", "circle-5", "circle-8", "circle-14"] {
        scene(&[])
            .first(card)
            .second("circle-3 star-4")
            .says(
                &format!("first: {card}"),
                &[
                    &format!("first lays {card}, debt 0, next second"),
                    "round ends emptied: first wins, 0:11",
                    "match won by first: rounds",
                ],
            )
            .holds(Seat::Second, "circle-3 star-4");
    }
}

#[test]
fn a_special_last_card_may_be_refused_the_whot_included() {
    let strict = [("special_finish", "reject")];
    for card in ["circle-1", "circle-2", "circle-5", "circle-8", "circle-14", "whot-20 star"] {
        let hand = card.trim_end_matches(" star");
        scene(&strict).first(hand).refuses(&format!("first: {card}"), "special_finish");
    }
    scene(&strict).first("circle-3").says(
        "first: circle-3",
        &[
            "first lays circle-3, debt 0, next second",
            "round ends emptied: first wins, 0:39",
            "match won by first: rounds",
        ],
    );
    scene(&[("special_finish", "reject"), ("hold_on", "false")]).first("circle-1").says(
        "first: circle-1",
        &[
            "first lays circle-1, debt 0, next second",
            "round ends emptied: first wins, 0:39",
            "match won by first: rounds",
        ],
    );
}

#[test]
fn an_answer_to_a_debt_is_a_special_last_card_too() {
    scene(&[("special_finish", "reject")])
        .on("circle-2")
        .owing(2)
        .first("star-2")
        .refuses("first: star-2", "special_finish")
        .says("first: draw", &["first draws 2 for debt, next second"]);
}

#[test]
fn under_draw_one_the_player_draws_first_then_the_effect_applies() {
    let draws = [("special_finish", "draw_one")];
    let told = |card: &str, debt: u8, next: &str| format!("first lays {card}, debt {debt}, next {next}");
    for (card, debt, next) in [
        ("circle-1", 0, "first"),
        ("circle-2", 2, "second"),
        ("circle-5", 3, "second"),
        ("circle-8", 0, "first"),
    ] {
        scene(&draws).first(card).market("star-1 star-2").says(
            &format!("first: {card}"),
            &[
                &told(card, debt, next),
                &format!("first draws 1 for finish, next {next}"),
                "first says last_card",
            ],
        );
    }
    scene(&draws)
        .first("circle-14")
        .market("star-1 star-2")
        .says(
            "first: circle-14",
            &[
                &told("circle-14", 0, "first"),
                "first draws 1 for finish, next first",
                "second draws 1 for general_market, next first",
                "first says last_card",
            ],
        )
        .holds(Seat::First, "star-1")
        .holds(Seat::Second, "circle-11 circle-12 triangle-3 square-13 star-2");
    scene(&draws)
        .first("whot-20")
        .says(
            "first: whot-20 star",
            &[
                "first lays whot-20 calling star, debt 0, next second",
                "first draws 1 for finish, next second",
                "first says last_card",
            ],
        )
        .then(|state| state.called().map(crate::Shape::name), Some("star"));
}

#[test]
fn under_draw_one_a_plain_last_card_still_wins() {
    scene(&[("special_finish", "draw_one")]).first("circle-3").says(
        "first: circle-3",
        &[
            "first lays circle-3, debt 0, next second",
            "round ends emptied: first wins, 0:39",
            "match won by first: rounds",
        ],
    );
}

#[test]
fn under_draw_one_hands_are_counted_as_they_are_at_an_exhausted_market() {
    scene(&[("special_finish", "draw_one")]).first("circle-2").market("").says(
        "first: circle-2",
        &[
            "first lays circle-2, debt 2, next second",
            "round ends market: first wins, 0:39",
            "match won by first: rounds",
        ],
    );
}

#[test]
fn under_draw_one_a_reshuffle_gives_the_card_while_one_is_left() {
    scene(&[("special_finish", "draw_one"), ("market.reshuffles", "1")]).first("circle-8").market("").says(
        "first: circle-8",
        &[
            "first lays circle-8, debt 0, next first",
            "first draws 1 for finish reshuffled, next first",
            "first says last_card",
        ],
    );
}

#[test]
fn a_final_effect_is_drawn_by_the_loser_unanswered_and_the_win_stands() {
    let apply = [("final_effect", "apply")];
    for (card, count, points) in
        [("circle-2", 2, 6 + 1 + 2), ("circle-5", 3, 6 + 1 + 2 + 3), ("circle-14", 1, 6 + 1)]
    {
        // The loser holds an answer, and may not use it.
        scene(&apply).first(card).second("star-2 cross-2").market("square-1 square-2 square-3").says(
            &format!("first: {card}"),
            &[
                &format!("first lays {card}, debt 0, next second"),
                &format!("second draws {count} for final_effect, next second"),
                &format!("round ends emptied: first wins, 0:{points}"),
                "match won by first: rounds",
            ],
        );
    }
    for card in ["circle-1", "circle-8", "circle-3"] {
        scene(&apply).first(card).second("star-2 cross-2").says(
            &format!("first: {card}"),
            &[
                &format!("first lays {card}, debt 0, next second"),
                "round ends emptied: first wins, 0:6",
                "match won by first: rounds",
            ],
        );
    }
}

#[test]
fn a_final_effect_takes_the_whole_chain_and_what_the_market_still_has() {
    scene(&[("final_effect", "apply")])
        .on("circle-2")
        .owing(4)
        .first("star-2")
        .second("cross-3")
        .market("square-1 square-2 square-3 square-5 square-7 square-10 square-11")
        .says(
            "first: star-2",
            &[
                "first lays star-2, debt 0, next second",
                "second draws 6 for final_effect, next second",
                "round ends emptied: first wins, 0:31",
                "match won by first: rounds",
            ],
        );
    scene(&[("final_effect", "apply")]).first("circle-5").second("cross-3").market("square-1").says(
        "first: circle-5",
        &[
            "first lays circle-5, debt 0, next second",
            "second draws 1 for final_effect, next second",
            "round ends emptied: first wins, 0:4",
            "match won by first: rounds",
        ],
    );
}

#[test]
fn a_final_effect_of_a_defended_14_is_one_more_card() {
    scene(&[("final_effect", "apply"), ("general_market", "defend")])
        .on("triangle-14")
        .owing(1)
        .first("circle-14")
        .second("cross-3")
        .market("square-1 square-2 square-3")
        .says(
            "first: circle-14",
            &[
                "first lays circle-14, debt 0, next second",
                "second draws 2 for final_effect, next second",
                "round ends emptied: first wins, 0:6",
                "match won by first: rounds",
            ],
        );
}

#[test]
fn hold_on_is_no_way_to_be_stuck_with_an_empty_hand() {
    scene(&[])
        .first("circle-1")
        .says(
            "first: circle-1",
            &[
                "first lays circle-1, debt 0, next second",
                "round ends emptied: first wins, 0:39",
                "match won by first: rounds",
            ],
        )
        .then(State::turn, None);
}
