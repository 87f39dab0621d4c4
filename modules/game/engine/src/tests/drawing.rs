//! Drawing, keeping and playing what was drawn, and turns that run out.

use crate::tests::scene::scene;
use crate::{Seat, State};

#[test]
fn drawing_is_always_allowed_takes_one_and_ends_the_turn() {
    scene(&[])
        .says("first: draw", &["first draws 1 for choice, next second"])
        .holds(Seat::First, "circle-3 circle-4 triangle-7 cross-13 circle-1")
        .refuses("first: circle-1", "not_your_turn")
        .refuses("first: pass", "not_your_turn");
}

#[test]
fn must_play_refuses_a_draw_while_a_play_is_legal() {
    scene(&[("must_play", "true")]).refuses("first: draw", "must_play");
    scene(&[("must_play", "true")])
        .first("star-3 star-4 triangle-7 cross-13")
        .says("first: draw", &["first draws 1 for choice, next second"]);
    // A card that may not be the last is no legal play.
    scene(&[("must_play", "true"), ("special_finish", "reject")])
        .first("circle-2")
        .says("first: draw", &["first draws 1 for choice, next second"]);
}

#[test]
fn a_drawn_card_that_fits_may_be_played_alone_or_kept() {
    let waiting = || {
        scene(&[("play_drawn", "true")])
            .market("circle-13 star-1 star-2")
            .says("first: draw", &["first draws 1 for choice holding circle-13, next first"])
    };
    waiting()
        .refuses("first: circle-3", "drawn_card_waiting")
        .refuses("first: draw", "drawn_card_waiting")
        .refuses("second: pass", "not_your_turn")
        .says("first: circle-13", &["first lays circle-13, debt 0, next second"])
        .then(State::waiting, None);
    waiting()
        .says("first: pass", &["first passes kept by player, next second"])
        .then(State::waiting, None)
        .refuses("second: pass", "nothing_to_pass");
}

#[test]
fn a_drawn_whot_may_be_played_under_any_call() {
    scene(&[("play_drawn", "true")])
        .market("whot-20 star-1")
        .first("star-3 star-4 star-7 whot-20")
        .says("first: draw", &["first draws 1 for choice holding whot-20, next first"])
        .says("first: whot-20 star", &["first lays whot-20 calling star, debt 0, next second"]);
}

#[test]
fn a_drawn_card_that_does_not_fit_ends_the_turn() {
    scene(&[("play_drawn", "true")])
        .market("star-1 star-2")
        .says("first: draw", &["first draws 1 for choice, next second"]);
}

#[test]
fn a_card_drawn_for_a_debt_is_never_played_at_once() {
    scene(&[("play_drawn", "true")])
        .on("circle-2")
        .owing(2)
        .market("circle-13 circle-7 star-1")
        .says("first: draw", &["first draws 2 for debt, next second"]);
}

#[test]
fn until_playable_draws_until_the_card_drawn_fits() {
    let drawn = scene(&[("draw", "until_playable")])
        .market("star-1 star-2 circle-13 star-3")
        .says("first: draw", &["first draws 3 for choice, next second"]);
    drawn.holds(Seat::First, "circle-3 circle-4 triangle-7 cross-13 star-1 star-2 circle-13");
    scene(&[("draw", "until_playable"), ("play_drawn", "true")])
        .market("star-1 star-2 circle-13 star-3")
        .says("first: draw", &["first draws 3 for choice holding circle-13, next first"])
        .refuses("first: circle-3", "drawn_card_waiting")
        .says("first: circle-13", &["first lays circle-13, debt 0, next second"]);
}

#[test]
fn until_playable_draws_a_debt_as_a_debt() {
    scene(&[("draw", "until_playable")])
        .on("circle-2")
        .owing(2)
        .market("star-1 star-3 star-4 circle-13")
        .says("first: draw", &["first draws 2 for debt, next second"]);
}

#[test]
fn a_turn_that_runs_out_draws_as_the_player_would_and_ends() {
    scene(&[]).says("first: clock", &["first draws 1 for choice by clock, next second"]);
    scene(&[])
        .on("circle-5")
        .owing(3)
        .says("first: clock", &["first draws 3 for debt by clock, next second"]);
    scene(&[("draw", "until_playable"), ("play_drawn", "true")])
        .market("star-1 circle-13 star-3")
        .says("first: clock", &["first draws 2 for choice by clock, next second"])
        .then(State::waiting, None);
    // The clock never forces a play, so must_play does not stand against it.
    scene(&[("must_play", "true")]).says("first: clock", &["first draws 1 for choice by clock, next second"]);
}

#[test]
fn a_turn_that_runs_out_with_a_drawn_card_waiting_keeps_it_and_draws_no_second() {
    scene(&[("play_drawn", "true")])
        .market("circle-13 star-1 star-2")
        .says("first: draw", &["first draws 1 for choice holding circle-13, next first"])
        .says("first: clock", &["first passes kept by clock, next second"])
        .holds(Seat::First, "circle-3 circle-4 triangle-7 cross-13 circle-13");
}

#[test]
fn the_third_run_out_turn_in_a_row_forfeits_instead() {
    scene(&[])
        .says("first: clock", &["first draws 1 for choice by clock, next second"])
        .says("second: circle-11", &["second lays circle-11, debt 0, next first"])
        .says("first: clock", &["first draws 1 for choice by clock, next second"])
        .says("second: circle-12", &["second lays circle-12, debt 0, next first", "second says semi_last"])
        .says("first: clock", &["match won by second: forfeit_clock"])
        .refuses("second: draw", "game_over");
}

#[test]
fn only_the_players_own_move_ends_its_row_of_run_out_turns() {
    scene(&[])
        .says("first: clock", &["first draws 1 for choice by clock, next second"])
        .says("second: clock", &["second draws 1 for choice by clock, next first"])
        .says("first: clock", &["first draws 1 for choice by clock, next second"])
        .then(|state| (state.run_outs(Seat::First), state.run_outs(Seat::Second)), (2, 1))
        .says("second: draw", &["second draws 1 for choice, next first"])
        .then(|state| (state.run_outs(Seat::First), state.run_outs(Seat::Second)), (2, 0))
        .says("first: circle-3", &["first lays circle-3, debt 0, next second"])
        .then(|state| state.run_outs(Seat::First), 0);
}

#[test]
fn passing_a_drawn_card_ends_the_row_of_run_out_turns_too() {
    scene(&[("play_drawn", "true")])
        .with(|state| state.run_outs.first = 2)
        .market("circle-13 star-1 star-2")
        .says("first: draw", &["first draws 1 for choice holding circle-13, next first"])
        .says("first: pass", &["first passes kept by player, next second"])
        .then(|state| state.run_outs(Seat::First), 0);
}

#[test]
fn how_many_run_outs_forfeit_is_the_rule_sets() {
    scene(&[("clock.run_outs", "1")]).says("first: clock", &["match won by second: forfeit_clock"]);
}
