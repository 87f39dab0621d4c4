//! Hidden stays hidden: what a viewer gets does not depend on anything it may not know.

use proptest::prelude::*;

use crate::market::Market;
use crate::shuffle::Stream;
use crate::tests::random::{Picks, any_rules, play_out};
use crate::{
    Card, CardSet, Dealt, Event, EventView, Phase, RoundKey, RuleSet, Seat, State, Viewer, event_view, view,
};

const VIEWERS: [Viewer; 3] = [Viewer::Seat(Seat::First), Viewer::Seat(Seat::Second), Viewer::Spectator];

/// The same game as far as this viewer may know, with everything else dealt anew: the hands it does not see,
/// the market, the covered pile, and the stream.
fn another_world(state: &State, viewer: Viewer, picks: &mut Picks) -> State {
    let mut other = *state;
    let unseen: Vec<Seat> = Seat::ALL.iter().copied().filter(|seat| viewer != Viewer::Seat(*seat)).collect();
    let mut cards: Vec<Card> = state.market.as_slice().iter().copied().chain(state.pile).collect();
    cards.extend(unseen.iter().flat_map(|seat| state.hand(*seat).iter()));
    for last in (1..cards.len()).rev() {
        cards.swap(last, picks.below(last + 1));
    }
    for seat in unseen {
        let hand: Vec<Card> = cards.drain(..usize::from(state.hand(seat).len())).collect();
        if state.waiting.is_some() && state.turn() == Some(seat) {
            other.waiting = hand.first().copied();
        }
        *other.hands.get_mut(seat) = CardSet::of(hand).expect("a hand");
    }
    let pile = cards.drain(..usize::from(state.pile.len()));
    other.pile = CardSet::of(pile).expect("a pile");
    other.market = Market::in_order(&cards);
    other.stream = Stream::new(picks.key());
    other
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_view_tells_nothing_of_other_hands_the_market_order_the_pile_or_the_key(rules in any_rules(), seed: u64) {
        let mut picks = Picks::new(seed);
        play_out(rules, &mut Picks::new(seed), |state, _| {
            for viewer in VIEWERS {
                let other = another_world(state, viewer, &mut picks);
                assert_eq!(view(state, viewer), view(&other, viewer), "under {}", rules.canonical());
            }
        });
    }

    #[test]
    fn an_event_tells_no_viewer_what_another_drew(rules in any_rules(), seed: u64) {
        play_out(rules, &mut Picks::new(seed), |_, events| {
            for event in events {
                for viewer in VIEWERS {
                    let blank = without_secrets(event, viewer);
                    assert_eq!(event_view(event, viewer), event_view(&blank, viewer));
                }
            }
        });
    }
}

/// The event with everything replaced that this viewer may not know.
fn without_secrets(event: &Event, viewer: Viewer) -> Event {
    let unseen = |seat: Seat| viewer != Viewer::Seat(seat);
    // Another hand of the same size: the cards from the other end of the deck.
    let other = |cards: CardSet| {
        let deck: Vec<Card> = CardSet::deck(crate::Deck::Ng54).iter().collect();
        CardSet::of(deck.into_iter().rev().take(usize::from(cards.len()))).expect("a hand")
    };
    match *event {
        Event::Dealt(dealt) => {
            let mut hands = dealt.hands;
            for seat in Seat::ALL.iter().copied().filter(|seat| unseen(*seat)) {
                *hands.get_mut(seat) = other(*hands.get(seat));
            }
            Event::Dealt(Dealt { key: RoundKey::new([0xee; 32]), hands, ..dealt })
        }
        Event::Drew { seat, cards, cause, by, reshuffled, waiting, next } if unseen(seat) => {
            let waiting = waiting.map(|_| Card::WHOT);
            Event::Drew { seat, cards: other(cards), cause, by, reshuffled, waiting, next }
        }
        seen => seen,
    }
}

#[test]
fn a_player_sees_its_own_hand_and_only_the_count_of_the_other() {
    let mut picks = Picks::new(3);
    play_out(RuleSet::naija_classic(), &mut picks, |state, _| {
        for seat in Seat::ALL {
            let seen = view(state, Viewer::Seat(*seat));
            assert_eq!(seen.hand, Some(state.hand(*seat)));
            assert_eq!(*seen.counts.get(seat.other()), state.hand(seat.other()).len());
        }
        assert_eq!(view(state, Viewer::Spectator).hand, None);
    });
}

#[test]
fn both_hands_are_shown_to_players_alone_when_a_round_ends_and_not_when_a_player_resigns() {
    let mut state = State::new(RuleSet::naija_classic());
    let mut events = crate::Events::new();
    let deal = crate::Command::Deal(RoundKey::new([1; 32]));
    state.advance(Seat::First, &deal, &mut events).expect("a deal");
    let mut resigned = state;
    resigned.advance(Seat::First, &crate::Command::Resign, &mut events).expect("resigning");
    assert!(VIEWERS.iter().all(|viewer| view(&resigned, *viewer).last_round.is_none()));
    let mut picks = Picks::new(3);
    let end = play_out(RuleSet::naija_classic(), &mut picks, |state, _| {
        assert_eq!(view(state, Viewer::Spectator).last_round.is_some(), state.phase() == Phase::Over);
    });
    let ended = end.last_round.expect("a finished round");
    for viewer in VIEWERS {
        let hands = viewer.seat().map(|_| end.hands);
        let shown = view(&end, viewer).last_round.expect("a finished round");
        assert_eq!((shown.hands, shown.points), (hands, ended.points));
        let EventView::RoundEnded(told) = event_view(&Event::RoundEnded(ended), viewer) else { panic!() };
        assert_eq!(told, shown);
    }
}

#[test]
fn what_is_printed_for_a_log_tells_no_hand_and_no_key() {
    let mut picks = Picks::new(5);
    play_out(RuleSet::pagat(), &mut picks, |state, events| {
        let spectator = format!("{:?}", view(state, Viewer::Spectator));
        assert_eq!(format!("{state:?}"), spectator);
        for event in events {
            assert_eq!(format!("{event:?}"), format!("{:?}", event_view(event, Viewer::Spectator)));
        }
    });
}

#[test]
fn the_deal_shows_each_player_its_own_hand_and_a_spectator_none() {
    let mut state = State::new(RuleSet::naija_classic());
    let mut events = crate::Events::new();
    let deal = crate::Command::Deal(RoundKey::new([1; 32]));
    state.advance(Seat::First, &deal, &mut events).expect("a deal");
    for viewer in VIEWERS {
        let EventView::Dealt { hand, counts, opener, market, .. } = event_view(&events[0], viewer) else {
            panic!("the first event is the deal");
        };
        assert_eq!(hand, viewer.seat().map(|seat| state.hand(seat)));
        assert_eq!((counts.first, counts.second, market), (6, 6, 41));
        assert_eq!(opener, state.in_force());
    }
}
