//! "Semi last" and "last card", by the server or by hand.

use crate::tests::scene::scene;
use crate::{Announcement, Seat, State};

#[test]
fn the_server_announces_at_two_and_at_one_after_a_play() {
    scene(&[])
        .first("circle-3 circle-4 circle-7")
        .says("first: circle-3", &["first lays circle-3, debt 0, next second", "first says semi_last"])
        .says("second: draw", &["second draws 1 for choice, next first"])
        .says("first: circle-4", &["first lays circle-4, debt 0, next second", "first says last_card"])
        .then(|state| state.announced(Seat::First), Some(Announcement::LastCard));
}

#[test]
fn drawing_never_announces_and_an_announcement_lapses_when_the_hand_changes() {
    scene(&[])
        .first("circle-3 circle-4")
        .second("triangle-2 star-2 cross-2 circle-14")
        .says("first: circle-3", &["first lays circle-3, debt 0, next second", "first says last_card"])
        .says(
            "second: circle-14",
            &["second lays circle-14, debt 0, next second", "first draws 1 for general_market, next second"],
        )
        .then(|state| state.announced(Seat::First), None);
}

#[test]
fn by_hand_an_announcement_is_due_and_cleared_at_any_time() {
    scene(&[("announce", "manual")])
        .first("circle-3 circle-4 circle-7")
        .says("first: circle-3", &["first lays circle-3, debt 0, next second", "first must say semi_last"])
        .refuses("second: announce", "nothing_to_announce")
        .says("first: announce", &["first says semi_last"])
        .then(
            |state| (state.due(Seat::First), state.announced(Seat::First)),
            (None, Some(Announcement::SemiLast)),
        )
        .refuses("first: announce", "nothing_to_announce")
        .refuses("first: expired", "nothing_to_announce");
}

#[test]
fn only_the_time_out_draws_the_penalty() {
    let due = || {
        scene(&[("announce", "manual")]).first("circle-3 circle-4 circle-7").says(
            "first: circle-3",
            &["first lays circle-3, debt 0, next second", "first must say semi_last"],
        )
    };
    due()
        .says("second: circle-11", &["second lays circle-11, debt 0, next first"])
        .then(|state| state.due(Seat::First), Some(Announcement::SemiLast));
    due()
        .says("first: expired", &["first draws 2 for penalty, next second"])
        .holds(Seat::First, "circle-4 circle-7 circle-1 circle-2")
        .then(State::turn, Some(Seat::Second))
        .refuses("first: expired", "nothing_to_announce");
    scene(&[("announce", "manual(5,1000)")])
        .first("circle-3 circle-4 circle-7")
        .says("first: circle-3", &["first lays circle-3, debt 0, next second", "first must say semi_last"])
        .says("first: expired", &["first draws 5 for penalty, next second"]);
}

#[test]
fn a_due_announcement_lapses_when_that_hand_changes() {
    scene(&[("announce", "manual")])
        .first("circle-3 circle-4 circle-7")
        .second("circle-14 star-2 cross-2 star-3")
        .says("first: circle-3", &["first lays circle-3, debt 0, next second", "first must say semi_last"])
        .says(
            "second: circle-14",
            &["second lays circle-14, debt 0, next second", "first draws 1 for general_market, next second"],
        )
        .refuses("first: announce", "nothing_to_announce")
        .refuses("first: expired", "nothing_to_announce");
    // The player's own next play replaces it.
    scene(&[("announce", "manual")])
        .first("circle-1 circle-4 circle-7")
        .says("first: circle-1", &["first lays circle-1, debt 0, next first", "first must say semi_last"])
        .says("first: circle-4", &["first lays circle-4, debt 0, next second", "first must say last_card"])
        .says("first: announce", &["first says last_card"]);
}

#[test]
fn a_penalty_is_no_move_and_leaves_the_turn_where_it_is() {
    scene(&[("announce", "manual")])
        .first("circle-3 circle-4 circle-7")
        .says("first: circle-3", &["first lays circle-3, debt 0, next second", "first must say semi_last"])
        .then(State::moves, 1)
        .says("first: expired", &["first draws 2 for penalty, next second"])
        .then(State::moves, 1);
}

#[test]
fn the_last_play_announces_nothing() {
    scene(&[("announce", "manual")]).first("circle-3").says(
        "first: circle-3",
        &[
            "first lays circle-3, debt 0, next second",
            "round ends emptied: first wins, 0:39",
            "match won by first: rounds",
        ],
    );
}

#[test]
fn the_hand_that_counts_is_the_one_after_the_whole_command() {
    scene(&[("special_finish", "draw_one"), ("announce", "manual")]).first("circle-2").says(
        "first: circle-2",
        &[
            "first lays circle-2, debt 2, next second",
            "first draws 1 for finish, next second",
            "first must say last_card",
        ],
    );
    scene(&[("double_deck", "group")]).first("circle-3 star-3 cross-7").says(
        "first: circle-3 star-3",
        &["first lays circle-3 star-3, debt 0, next second", "first says last_card"],
    );
}

#[test]
fn under_automatic_announcements_nothing_is_ever_due() {
    scene(&[])
        .first("circle-3 circle-4 circle-7")
        .says("first: circle-3", &["first lays circle-3, debt 0, next second", "first says semi_last"])
        .refuses("first: announce", "nothing_to_announce")
        .refuses("first: expired", "nothing_to_announce");
}
