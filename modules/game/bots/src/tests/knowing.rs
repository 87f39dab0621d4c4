//! What a bot remembers and believes, against the game it cannot see.

use game_engine::{
    Announcement, By, Card, CardSet, Cards, DrawCause, EventView, RuleSet, Seat, Shape, State, View, Viewer,
    view,
};

use super::every_rule::{any_rules, play_out};
use crate::belief::Belief;
use crate::memory::Memory;
use crate::unseen::Unseen;
use crate::{Stream, Strength};

fn whole_deck_of(game: &State) -> CardSet {
    CardSet::deck(game.rules().deck)
}

#[test]
fn a_memory_knows_the_pile_and_agrees_with_the_view_at_every_turn() {
    let mut stream = Stream::new(31);
    for _ in 0..120 {
        let rules = any_rules(&mut stream);
        play_out(rules, [Strength::Easy, Strength::Medium], 0, &mut stream, |game, seat, seen, memory| {
            let covered = memory.covered(seen).expect("a whole memory");
            assert_eq!(covered.len() + u8::from(seen.in_force.is_some()), game.pile_len());
            let mut hidden = whole_deck_of(game);
            hidden.take_away(covered);
            hidden.take_away(game.hand(seat));
            seen.in_force.iter().for_each(|card| hidden.remove(*card));
            assert_eq!(hidden.in_both(game.hand(seat.other())), game.hand(seat.other()));
            assert_eq!(hidden.len(), game.market_len() + game.hand(seat.other()).len());
        });
    }
}

#[test]
fn every_game_explains_itself_and_every_believed_hand_is_possible() {
    let mut stream = Stream::new(32);
    let mut thoughts = Stream::new(33);
    for _ in 0..40 {
        let rules = any_rules(&mut stream);
        play_out(rules, [Strength::Easy, Strength::Medium], 0, &mut stream, |game, seat, seen, memory| {
            let mut unseen = Unseen::of(seen, memory).expect("a player's view");
            let steps = memory.steps(seen).expect("a whole memory");
            let mut belief = Belief::new(&rules, steps, &unseen, &mut thoughts).expect("an explanation");
            for _ in 0..5 {
                let hand = belief.next_hand(&mut thoughts);
                assert_eq!(hand.len(), game.hand(seat.other()).len());
                let imagined = unseen.game(hand, &mut thoughts).expect("a guess that fits");
                assert_eq!(view(&imagined, Viewer::Seat(seat)), *seen);
            }
        });
    }
}

fn cards(names: &str) -> Vec<Card> {
    names.split(' ').map(|name| name.parse().expect("a card")).collect()
}

/// A round seen by the first seat: circle-10 lies open, the second seat drew three times rather than match it.
fn declined_three_times() -> (View, Memory) {
    let rules = RuleSet::naija_classic();
    let mut memory = Memory::new(Seat::First);
    let hand = CardSet::of(cards("square-3 square-7 cross-3 cross-7 star-3 star-7")).expect("a hand");
    let opener = cards("circle-10")[0];
    let counts = game_engine::BySeat::new(6, 6);
    let starter = Seat::Second;
    let (round, market, debt) = (1, 41, 0);
    let (hand_seen, opener_seen) = (Some(hand), Some(opener));
    memory.see(&EventView::Dealt {
        round,
        starter,
        hand: hand_seen,
        counts,
        opener: opener_seen,
        market,
        debt,
        turn: starter,
    });
    let drew = |seat: Seat| EventView::Drew {
        seat,
        count: 1,
        cards: None,
        cause: DrawCause::Choice,
        by: By::Player,
        reshuffled: false,
        holds: false,
        waiting: None,
        next: seat.other(),
    };
    for _ in 0..3 {
        memory.see(&drew(Seat::Second));
    }
    let mut seen = view(&State::new(rules), Viewer::Seat(Seat::First));
    seen.round = 1;
    seen.phase = game_engine::Phase::Playing;
    seen.turn = Some(Seat::First);
    seen.starter = Some(starter);
    seen.hand = hand_seen;
    seen.counts = game_engine::BySeat::new(6, 9);
    seen.in_force = opener_seen;
    seen.market = 38;
    seen.pile = 1;
    seen.announced = game_engine::BySeat::new(None, None::<Announcement>);
    (seen, memory)
}

/// How many cards of a kind are expected in the hand by chance, and by the belief.
fn expected(seen: &View, memory: &Memory, kind: impl Fn(Card) -> bool) -> (f64, f64) {
    let mut stream = Stream::new(8);
    let unseen = Unseen::of(seen, memory).expect("a player's view");
    let hidden = unseen.cards();
    let held = |cards: CardSet| {
        f64::from(u32::try_from(cards.iter().filter(|card| kind(*card)).count()).expect("few"))
    };
    let by_chance = held(hidden) * f64::from(unseen.opponent()) / f64::from(hidden.len());
    let steps = memory.steps(seen).expect("a whole memory");
    let mut belief = Belief::new(&seen.rules, steps, &unseen, &mut stream).expect("an explanation");
    let sum: f64 = (0..3_000).map(|_| held(belief.next_hand(&mut stream))).sum();
    (by_chance, sum / 3_000.0)
}

#[test]
fn who_draws_instead_of_matching_is_believed_to_lack_what_matches() {
    let (seen, memory) = declined_three_times();
    let (by_chance, believed) = expected(&seen, &memory, |card| card.shape() == Some(Shape::Circle));
    // One of the nine cards came after the last refusal and may be anything.
    assert!(believed < by_chance * 0.35, "{believed} of {by_chance}");
    let (by_chance, believed) = expected(&seen, &memory, |card| card.shape() == Some(Shape::Triangle));
    assert!(believed > by_chance * 1.1, "{believed} of {by_chance}");
}

#[test]
fn who_calls_a_shape_is_believed_to_hold_it() {
    let (mut seen, mut memory) = declined_three_times();
    let called = Shape::Triangle;
    let played = EventView::Played {
        seat: Seat::Second,
        cards: Cards::one(Card::WHOT),
        call: Some(called),
        debt: 0,
        next: Seat::First,
    };
    memory.see(&played);
    let before = expected_triangles(&declined_three_times());
    seen.counts.second = 8;
    seen.in_force = Some(Card::WHOT);
    seen.called = Some(called);
    seen.pile = 2;
    let after = expected_triangles(&(seen, memory));
    assert!(after > before, "{after} after {before}");
}

fn expected_triangles((seen, memory): &(View, Memory)) -> f64 {
    expected(seen, memory, |card| card.shape() == Some(Shape::Triangle)).1
}

#[test]
fn a_memory_that_missed_something_is_not_trusted() {
    let (seen, memory) = declined_three_times();
    assert!(memory.covered(&seen).is_some() && memory.steps(&seen).is_some());
    let later = View { pile: seen.pile + 1, market: seen.market - 1, ..seen };
    assert!(memory.covered(&later).is_none() && memory.steps(&later).is_none());
    assert!(Memory::new(Seat::Second).steps(&seen).is_none());
}
