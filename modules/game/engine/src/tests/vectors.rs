//! Reading the published test vectors.

use crate::market::Market;
use crate::shuffle::Stream;
use crate::tests::scene::cards;
use crate::{Card, CardSet, RoundKey, RuleSet, State};

/// The rows of a file of vectors, cut into their fields.
pub(crate) fn rows<const N: usize>(text: &'static str) -> impl Iterator<Item = [&'static str; N]> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| {
        let fields: Vec<&str> = line.split('|').map(str::trim).collect();
        fields.try_into().expect("as many fields as the heading says")
    })
}

/// A key written in hexadecimal.
pub(crate) fn key(hex: &str) -> RoundKey {
    let byte = |place: usize| u8::from_str_radix(&hex[2 * place..2 * place + 2], 16).expect("hexadecimal");
    RoundKey::new(std::array::from_fn(byte))
}

/// The names of cards, in the order given.
pub(crate) fn names(cards: impl IntoIterator<Item = Card>) -> String {
    cards.into_iter().map(|card| card.to_string()).collect::<Vec<_>>().join(" ")
}

#[test]
fn known_piles_reshuffle_as_an_independent_program_does() {
    let mut seen = 0;
    for [hex, before, pile, market, after] in rows(include_str!("../../vectors/reshuffles.txt")) {
        let mut state = State::new(RuleSet::pagat());
        state.stream = Stream::after(key(hex), before.parse().expect("a number"));
        state.market = Market::EMPTY;
        state.pile = CardSet::of(cards(pile)).expect("a pile");
        state.renew(state.renewal());
        assert_eq!(names(state.market.as_slice().iter().copied()), market);
        assert_eq!(state.stream.used().to_string(), after);
        assert!(state.pile.is_empty());
        seen += 1;
    }
    assert_eq!(seen, 5);
}
