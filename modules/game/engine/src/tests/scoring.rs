//! What hands count, and who wins a count.

use crate::score::{points, points_of_card};
use crate::tests::scene::{cards, rules, scene};
use crate::{Card, CardSet, RuleSet};

fn count(rules: &RuleSet, hand: &str) -> u16 {
    points(rules, CardSet::of(cards(hand)).expect("a hand"))
}

#[test]
fn a_hand_counts_its_numbers_with_stars_doubled_and_whots_twenty() {
    let rules = RuleSet::naija_classic();
    assert_eq!(count(&rules, ""), 0);
    assert_eq!(count(&rules, "circle-14 cross-13 square-1"), 28);
    assert_eq!(count(&rules, "star-8 star-1"), 18);
    assert_eq!(count(&rules, "whot-20 whot-20"), 40);
}

#[test]
fn the_whole_deck_counts_what_the_cards_say() {
    // 90 + 90 + 66 + 66 + 2 x 30 + 5 x 20
    let rules = RuleSet::naija_classic();
    let deck = CardSet::deck(crate::Deck::Ng54);
    assert_eq!(points(&rules, deck), 90 + 90 + 66 + 66 + 60 + 100);
}

#[test]
fn stars_and_whots_count_as_the_toggles_say() {
    let flat = rules(&[("star_double", "false"), ("whot_points", "50")]);
    assert_eq!(count(&flat, "star-8 whot-20"), 58);
    assert_eq!(points_of_card(&rules(&[("whot_points", "0")]), Card::WHOT), 0);
}

#[test]
fn a_star_doubles_in_scoring_only() {
    // Star-5 matches as a 5 and owes three.
    scene(&[])
        .on("circle-5")
        .first("star-5 circle-3 circle-4 cross-7")
        .says("first: star-5", &["first lays star-5, debt 3, next second"]);
}

/// The end of a round counted with these hands.
fn counted(toggles: &[(&str, &str)], first: &str, second: &str, end: &str, of_match: &str) {
    scene(toggles)
        .on("square-11")
        .first(first)
        .second(second)
        .market("")
        .says("first: draw", &["first draws 0 for choice, next second", end, of_match]);
}

#[test]
fn the_lower_hand_wins_a_count_and_the_loser_scores_its_own_hand() {
    counted(&[], "circle-3", "circle-4", "round ends market: first wins, 0:4", "match won by first: rounds");
    counted(
        &[],
        "circle-13",
        "circle-4 circle-5",
        "round ends market: second wins, 13:0",
        "match won by second: rounds",
    );
}

#[test]
fn a_level_count_goes_to_fewer_cards_else_the_round_is_drawn() {
    counted(
        &[],
        "circle-7 circle-3",
        "circle-10",
        "round ends market: second wins, 10:0",
        "match won by second: rounds",
    );
    counted(&[], "circle-10", "cross-10", "round ends market: nobody wins, 0:0", "match drawn");
    counted(
        &[("tie", "drawn")],
        "circle-7 circle-3",
        "circle-10",
        "round ends market: nobody wins, 0:0",
        "match drawn",
    );
}

#[test]
fn a_tie_is_not_given_to_either_seat() {
    counted(&[], "star-5", "circle-10", "round ends market: nobody wins, 0:0", "match drawn");
    counted(&[], "circle-10", "star-5", "round ends market: nobody wins, 0:0", "match drawn");
}
