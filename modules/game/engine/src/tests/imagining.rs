//! Imagined games: they look exactly like the real one to the player who imagined them, they can be played to
//! the end, and guesses that cannot be true are refused.

use proptest::prelude::*;

use crate::tests::random::{Picks, any_rules, any_step, assert_whole_deck, play_out};
use crate::{Card, CardSet, Events, Guess, RoundKey, RuleSet, Seat, State, Unimaginable, View, Viewer, view};

/// Everything this viewer does not see, owned, so that a [`Guess`] can point into it.
struct Hidden {
    hand: CardSet,
    market: Vec<Card>,
    waiting: Option<Card>,
    key: RoundKey,
}

impl Hidden {
    fn guess(&self) -> Guess<'_> {
        Guess { hand: self.hand, market: &self.market, waiting: self.waiting, key: self.key }
    }
}

/// A random guess that fits the view, from the view alone.
fn guessed(view: &View, picks: &mut Picks) -> Hidden {
    let viewer = view.viewer.seat().expect("a player's view");
    let mut cards: Vec<Card> = Vec::new();
    if view.round > 0 {
        let mut unseen = CardSet::deck(view.rules.deck);
        unseen.take_away(view.hand.expect("a player's view"));
        view.in_force.into_iter().for_each(|card| unseen.remove(card));
        cards.extend(unseen);
    }
    for last in (1..cards.len()).rev() {
        cards.swap(last, picks.below(last + 1));
    }
    let others_card_waits = view.holds && view.waiting.is_none();
    if others_card_waits {
        let fitting = view.rules.accepts(view.in_force, view.called, view.debt);
        let place = cards.iter().position(|card| fitting.contains(*card)).expect("what waits fits");
        cards.swap(0, place);
    }
    let hand: Vec<Card> = cards.drain(..usize::from(*view.counts.get(viewer.other()))).collect();
    let market = cards.drain(..usize::from(view.market)).collect();
    let waiting = hand.first().copied().filter(|_| others_card_waits);
    Hidden { hand: CardSet::of(hand).expect("a hand"), market, waiting, key: picks.key() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_imagined_game_has_the_view_it_was_imagined_from(rules in any_rules(), seed: u64) {
        let mut picks = Picks::new(seed);
        play_out(rules, &mut Picks::new(seed), |state, _| {
            for seat in Seat::ALL {
                let seen = view(state, Viewer::Seat(*seat));
                let hidden = guessed(&seen, &mut picks);
                let imagined = State::imagine(&seen, &hidden.guess()).expect("a guess that fits");
                assert_eq!(view(&imagined, Viewer::Seat(*seat)), seen, "under {}", rules.canonical());
                assert_whole_deck(&imagined);
            }
        });
    }

    #[test]
    fn an_imagined_game_is_played_to_its_end_by_the_same_rules(rules in any_rules(), seed: u64, stop in 0_usize..40) {
        let mut picks = Picks::new(seed);
        let mut states = Vec::new();
        play_out(rules, &mut picks, |state, _| states.push(*state));
        let state = states[stop % states.len()];
        let seen = view(&state, Viewer::Seat(Seat::Second));
        let hidden = guessed(&seen, &mut picks);
        let mut imagined = State::imagine(&seen, &hidden.guess()).expect("a guess that fits");
        let mut events = Events::new();
        while imagined.outcome().is_none() {
            let (seat, command) = any_step(&imagined, &mut picks);
            let mut silent = imagined;
            imagined.advance(seat, &command, &mut events).expect("a step that is accepted");
            prop_assert_eq!(silent.advance_unrecorded(seat, &command), Ok(()));
            prop_assert!(silent == imagined, "unrecorded play differs");
            assert_whole_deck(&imagined);
        }
    }
}

#[test]
fn the_true_hidden_cards_give_the_true_game_again() {
    play_out(RuleSet::naija_classic(), &mut Picks::new(8), |state, _| {
        let Some(turn) = state.turn() else { return };
        let guess = Guess {
            hand: state.hand(turn.other()),
            market: state.market.as_slice(),
            waiting: None,
            key: RoundKey::new([0; 32]),
        };
        let again = State::imagine(&view(state, Viewer::Seat(turn)), &guess).expect("the truth");
        assert!(State { stream: state.stream, ..again } == *state);
    });
}

/// A view in the middle of a game, with something in the pile, and a guess that fits it.
fn midgame() -> (View, Hidden) {
    let mut seen = None;
    play_out(RuleSet::naija_classic(), &mut Picks::new(5), |state, _| {
        if state.pile_len() > 5 && state.turn() == Some(Seat::First) && seen.is_none() {
            seen = Some(view(state, Viewer::Seat(Seat::First)));
        }
    });
    let seen = seen.expect("a game with a pile");
    (seen, guessed(&seen, &mut Picks::new(6)))
}

#[test]
fn guesses_that_cannot_be_true_are_refused() {
    let (seen, hidden) = midgame();
    let imagine = |guess: &Guess<'_>| State::imagine(&seen, guess).err();
    let own = seen.hand.expect("a hand").iter().next().expect("a card");
    let guess = hidden.guess();
    assert_eq!(imagine(&guess), None);

    let mut fewer = hidden.hand;
    fewer.remove(fewer.iter().next().expect("a card"));
    assert_eq!(imagine(&Guess { hand: fewer, ..guess }), Some(Unimaginable::HandSize));
    let mut doubled = fewer;
    doubled.insert(own);
    assert_eq!(imagine(&Guess { hand: doubled, ..guess }), Some(Unimaginable::NotTheDeck));
    let mut both = fewer;
    both.insert(hidden.market[0]);
    assert_eq!(imagine(&Guess { hand: both, ..guess }), Some(Unimaginable::NotTheDeck));

    let shorter = &hidden.market[1..];
    assert_eq!(imagine(&Guess { market: shorter, ..guess }), Some(Unimaginable::MarketSize));
    let mut market = hidden.market.clone();
    market[0] = own;
    assert_eq!(imagine(&Guess { market: &market, ..guess }), Some(Unimaginable::NotTheDeck));
    market[0] = market[1];
    assert_eq!(imagine(&Guess { market: &market, ..guess }), Some(Unimaginable::NotTheDeck));

    let waiting = hidden.hand.iter().next();
    assert_eq!(imagine(&Guess { waiting, ..guess }), Some(Unimaginable::Waiting));
}

#[test]
fn a_card_that_the_deck_lacks_is_refused() {
    let rules = RuleSet::uk53();
    let mut state = State::new(rules);
    let deal = crate::Command::Deal(RoundKey::new([3; 32]));
    state.advance(Seat::First, &deal, &mut Events::new()).expect("a deal");
    let seen = view(&state, Viewer::Seat(Seat::First));
    let mut hidden = guessed(&seen, &mut Picks::new(6));
    assert!(State::imagine(&seen, &hidden.guess()).is_ok());
    // Five Whots in a deck of four.
    let fifth = hidden.market.iter().position(|card| !card.is_whot()).expect("a card with a shape");
    hidden.market[fifth] = Card::WHOT;
    assert_eq!(State::imagine(&seen, &hidden.guess()), Err(Unimaginable::NotTheDeck));
}

#[test]
fn views_that_contradict_themselves_and_spectators_imagine_nothing() {
    let (seen, hidden) = midgame();
    let imagine = |view: View| State::imagine(&view, &hidden.guess()).err();
    let spectator = View { viewer: Viewer::Spectator, ..seen };
    assert_eq!(imagine(spectator), Some(Unimaginable::NoHand));
    assert_eq!(imagine(View { hand: None, ..seen }), Some(Unimaginable::NoHand));
    assert_eq!(imagine(View { pile: seen.pile + 1, ..seen }), Some(Unimaginable::NotTheDeck));
    assert_eq!(imagine(View { holds: true, ..seen }), Some(Unimaginable::Waiting));
    let fitting = seen.rules.accepts(seen.in_force, seen.called, seen.debt);
    let unfit = seen.hand.expect("a hand").iter().find(|card| !fitting.contains(*card));
    assert!(unfit.is_some());
    assert_eq!(imagine(View { holds: true, waiting: unfit, ..seen }), Some(Unimaginable::Waiting));
    let mut counts = seen.counts;
    counts.first += 1;
    assert_eq!(imagine(View { counts, ..seen }), Some(Unimaginable::HandSize));
}
