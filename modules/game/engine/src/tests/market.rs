//! The empty market: counting, reshuffling, forced passes, and rounds that would not end.

use crate::tests::scene::scene;
use crate::{CardSet, Seat, State};

const END: [&str; 2] = ["round ends market: second wins, 20:0", "match won by second: rounds"];

fn ended<'a>(first: &'a [&'a str]) -> Vec<&'a str> {
    first.iter().copied().chain(END).collect()
}

#[test]
fn a_draw_at_an_empty_market_ends_the_round_by_counting_even_for_a_player_who_could_play() {
    scene(&[])
        .market("")
        .first("circle-7 star-4 cross-5")
        .second("circle-1 square-2")
        .says("first: draw", &ended(&["first draws 0 for choice, next second"]));
}

#[test]
fn a_draw_that_the_market_just_covers_does_not_end_the_round() {
    scene(&[]).market("star-1").says("first: draw", &["first draws 1 for choice, next second"]);
    scene(&[])
        .on("circle-2")
        .owing(2)
        .market("star-1 star-2")
        .says("first: draw", &["first draws 2 for debt, next second"])
        .then(State::market_len, 0)
        .says("second: circle-11", &["second lays circle-11, debt 0, next first"]);
}

#[test]
fn a_debt_larger_than_the_market_takes_what_is_there_and_hands_are_counted() {
    scene(&[])
        .on("circle-5")
        .owing(3)
        .market("star-1 star-2")
        .first("circle-7 cross-7")
        .second("circle-1 square-2")
        .says("first: draw", &ended(&["first draws 2 for debt, next second"]));
}

#[test]
fn general_market_the_clock_and_a_penalty_end_the_round_at_an_empty_market_too() {
    scene(&[])
        .market("")
        .first("circle-14 circle-7 star-4 cross-5")
        .second("circle-1 square-2")
        .says("first: circle-14", &ended(&["first lays circle-14, debt 0, next first"]));
    scene(&[])
        .market("")
        .first("circle-7 star-4 cross-5")
        .second("circle-1 square-2")
        .says("first: clock", &ended(&["first draws 0 for choice by clock, next second"]));
    scene(&[("announce", "manual")])
        .market("star-1")
        .first("circle-7 cross-11")
        .second("circle-1 square-2")
        .with(|state| state.due.first = Some(crate::Announcement::SemiLast))
        .says("first: expired", &ended(&["first draws 1 for penalty, next first"]));
}

#[test]
fn an_end_of_the_market_may_mean_a_drawn_round() {
    scene(&[("market.then", "drawn")]).market("").says(
        "first: draw",
        &["first draws 0 for choice, next second", "round ends market: nobody wins, 0:0", "match drawn"],
    );
}

#[test]
fn stalemate_and_move_cap_count_even_where_the_market_draws() {
    scene(&[("market.then", "drawn"), ("move_cap", "10")])
        .with(|state| state.moves = 9)
        .second("circle-1 square-2")
        .says(
            "first: circle-3",
            &[
                "first lays circle-3, debt 0, next second",
                "round ends move_cap: second wins, 24:0",
                "match won by second: rounds",
            ],
        );
    scene(&[("market.then", "drawn"), ("market.reshuffles", "unlimited")])
        .market("")
        .pile("")
        .second("circle-1 square-2")
        .says("first: draw", &["first passes forced by player, next second"])
        .says(
            "second: draw",
            &[
                "second passes forced by player, next first",
                "round ends stalemate: second wins, 27:0",
                "match won by second: rounds",
            ],
        );
}

#[test]
fn counting_at_the_last_card_ends_the_round_as_it_is_drawn() {
    scene(&[("market.count_at", "last_card")])
        .market("star-1")
        .first("circle-7 cross-11")
        .second("circle-1 square-2")
        .says("first: draw", &ended(&["first draws 1 for choice, next second"]));
    // Mid-debt, by General Market, and before a drawn card could be played.
    scene(&[("market.count_at", "last_card")])
        .on("circle-2")
        .owing(2)
        .market("star-1 star-2")
        .first("circle-7 cross-7")
        .second("circle-1 square-2")
        .says("first: draw", &ended(&["first draws 2 for debt, next second"]));
    scene(&[("market.count_at", "last_card"), ("general_market", "pass")])
        .market("star-1")
        .first("circle-14 circle-7 star-4 cross-5")
        .second("circle-1")
        .says(
            "first: circle-14",
            &ended(&[
                "first lays circle-14, debt 0, next second",
                "second draws 1 for general_market, next second",
            ]),
        );
    scene(&[("market.count_at", "last_card"), ("play_drawn", "true")])
        .market("circle-1")
        .first("circle-7 cross-10 square-2")
        .second("circle-3")
        .says("first: draw", &ended(&["first draws 1 for choice, next second"]));
}

#[test]
fn counting_at_the_last_card_waits_for_the_last_reshuffle() {
    scene(&[("market.count_at", "last_card"), ("market.reshuffles", "1")])
        .market("star-1")
        .says("first: draw", &["first draws 1 for choice, next second"])
        .says("second: draw", &["second draws 1 for choice reshuffled, next first"]);
}

#[test]
fn a_reshuffle_happens_only_when_a_card_is_needed_and_takes_all_but_the_card_in_force() {
    let before = scene(&[("market.reshuffles", "1")]).market("star-1");
    let pile = before.state.pile_len();
    let covered = before.says("first: draw", &["first draws 1 for choice, next second"]);
    assert_eq!(covered.state.pile_len(), pile, "not needed yet");
    covered
        .says("second: draw", &["second draws 1 for choice reshuffled, next first"])
        .then(State::pile_len, 1)
        .then(State::market_len, pile - 2)
        .then(State::in_force, "circle-10".parse().ok());
}

#[test]
fn a_draw_may_take_from_both_sides_of_a_reshuffle_and_no_card_is_lost_or_doubled() {
    let after = scene(&[("market.reshuffles", "1")])
        .on("circle-5")
        .owing(3)
        .market("star-1 star-2")
        .says("first: draw", &["first draws 3 for debt reshuffled, next second"]);
    let deck: Vec<crate::Card> = CardSet::deck(crate::Deck::Ng54).iter().collect();
    assert_eq!(after.state.everywhere(), deck);
}

#[test]
fn the_number_of_reshuffles_is_a_limit() {
    for (reshuffles, allowed) in [("0", 0_u16), ("1", 1), ("2", 2)] {
        let after = |used: u16| {
            scene(&[("market.reshuffles", reshuffles)])
                .first("circle-7 star-4 cross-5")
                .second("circle-1 square-2")
                .market("")
                .with(|state| state.reshuffles = used)
        };
        after(allowed).says("first: draw", &ended(&["first draws 0 for choice, next second"]));
        for used in 0..allowed {
            after(used).says("first: draw", &["first draws 1 for choice reshuffled, next second"]);
        }
    }
}

#[test]
fn a_draw_that_outlasts_the_last_reshuffle_ends_the_round() {
    scene(&[("market.reshuffles", "1")])
        .on("circle-5")
        .owing(9)
        .market("star-1")
        .pile("star-2 star-3")
        .first("circle-4 triangle-4")
        .second("circle-1 square-2")
        .says("first: draw", &ended(&["first draws 3 for debt reshuffled, next second"]));
}

#[test]
fn a_reshuffle_is_drawn_from_the_games_own_stream() {
    let draw = |key: u8| {
        let scene = scene(&[("market.reshuffles", "unlimited")])
            .market("")
            .with(|state| state.stream = crate::shuffle::Stream::new(crate::RoundKey::new([key; 32])))
            .says("first: draw", &["first draws 1 for choice reshuffled, next second"]);
        scene.state.market.as_slice().to_vec()
    };
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
}

#[test]
fn a_draw_that_yields_nothing_is_a_forced_pass_and_cancels_a_debt() {
    scene(&[("market.reshuffles", "unlimited")])
        .on("circle-5")
        .owing(3)
        .market("")
        .pile("")
        .says("first: draw", &["first passes forced by player, next second"])
        .then(State::debt, 0)
        .says("second: circle-11", &["second lays circle-11, debt 0, next first"]);
    scene(&[("market.reshuffles", "unlimited")])
        .market("")
        .pile("")
        .says("first: clock", &["first passes forced by clock, next second"])
        .then(|state| state.run_outs(Seat::First), 1);
}

#[test]
fn a_partly_served_debt_is_cancelled_and_is_no_forced_pass() {
    scene(&[("market.reshuffles", "unlimited")])
        .on("circle-5")
        .owing(9)
        .market("star-1")
        .pile("star-2 star-3")
        .with(|state| state.forced_passes = 1)
        .says("first: draw", &["first draws 3 for debt reshuffled, next second"])
        .then(|state| (state.debt(), state.forced_passes), (0, 0));
}

#[test]
fn general_market_and_penalty_take_what_there_is_while_reshuffles_are_left() {
    scene(&[("market.reshuffles", "unlimited")])
        .on_nothing()
        .market("")
        .pile("")
        .first("circle-14 circle-7 star-4 cross-5")
        .market("")
        .pile("")
        // Nothing lies under the 14, so nothing can be drawn; the turn is kept all the same.
        .says("first: circle-14", &["first lays circle-14, debt 0, next first"]);
    scene(&[("market.reshuffles", "unlimited"), ("announce", "manual")])
        .market("star-1")
        .pile("")
        .with(|state| state.due.first = Some(crate::Announcement::LastCard))
        .says("first: expired", &["first draws 1 for penalty, next first"])
        .then(|state| state.due(Seat::First), None);
    scene(&[("market.reshuffles", "unlimited"), ("announce", "manual")])
        .market("")
        .pile("")
        .with(|state| state.due.first = Some(crate::Announcement::LastCard))
        .says("first: expired", &["first draws 0 for penalty, next first"])
        .then(|state| state.due(Seat::First), None);
}

#[test]
fn two_forced_passes_in_a_row_end_the_round_and_a_play_between_them_does_not() {
    let stuck = || scene(&[("market.reshuffles", "unlimited")]).market("").pile("");
    stuck()
        .second("circle-1 square-2")
        .market("")
        .pile("")
        .says("first: draw", &["first passes forced by player, next second"])
        .says(
            "second: draw",
            &[
                "second passes forced by player, next first",
                "round ends stalemate: second wins, 27:0",
                "match won by second: rounds",
            ],
        );
    // With no card in force the play leaves nothing to draw, and still it comes between them.
    stuck()
        .on_nothing()
        .says("first: draw", &["first passes forced by player, next second"])
        .says("second: circle-11", &["second lays circle-11, debt 0, next first"])
        .says("first: draw", &["first passes forced by player, next second"])
        .then(State::phase, crate::Phase::Playing);
    stuck()
        .says("first: draw", &["first passes forced by player, next second"])
        .says("second: circle-11", &["second lays circle-11, debt 0, next first"])
        .says("first: draw", &["first draws 1 for choice reshuffled, next second"]);
}

#[test]
fn until_playable_ends_the_round_when_nothing_fits_down_to_the_last_card() {
    scene(&[("draw", "until_playable")])
        .market("star-1 star-2")
        .first("circle-7 cross-7")
        .second("circle-1 square-2")
        .says("first: draw", &ended(&["first draws 2 for choice, next second"]));
    scene(&[("draw", "until_playable"), ("market.reshuffles", "unlimited"), ("play_drawn", "true")])
        .market("star-1 star-2")
        .pile("star-3")
        .says("first: draw", &["first draws 3 for choice reshuffled, next second"])
        .then(|state| (state.waiting(), state.forced_passes), (None, 0));
}

#[test]
fn the_move_cap_counts_plays_draws_passes_and_run_out_turns_after_their_own_effects() {
    let near = |toggles: &[(&str, &str)]| {
        let toggles: Vec<(&str, &str)> = toggles.iter().copied().chain([("move_cap", "10")]).collect();
        scene(&toggles).second("circle-11 square-2").with(|state| state.moves = 9)
    };
    let tail = ["round ends move_cap: second wins, 28:0", "match won by second: rounds"];
    let with = |first: &'static [&'static str]| first.iter().copied().chain(tail).collect::<Vec<_>>();
    near(&[]).says("first: draw", &with(&["first draws 1 for choice, next second"]));
    near(&[]).says("first: clock", &with(&["first draws 1 for choice by clock, next second"]));
    near(&[("play_drawn", "true")])
        .with(|state| state.moves = 8)
        .first("circle-3 circle-4 triangle-7")
        .market("circle-14 star-1")
        .says("first: draw", &["first draws 1 for choice holding circle-14, next first"])
        .says("first: pass", &with(&["first passes kept by player, next second"]));
    // The last card of the cap's own move wins the round.
    near(&[]).first("circle-3").says(
        "first: circle-3",
        &[
            "first lays circle-3, debt 0, next second",
            "round ends emptied: first wins, 0:13",
            "match won by first: rounds",
        ],
    );
    // The effect comes first: the card of General Market is counted.
    near(&[]).first("circle-14 circle-3").market("star-7 star-1").says(
        "first: circle-14",
        &[
            "first lays circle-14, debt 0, next first",
            "second draws 1 for general_market, next first",
            "round ends move_cap: first wins, 0:27",
            "match won by first: rounds",
        ],
    );
}
