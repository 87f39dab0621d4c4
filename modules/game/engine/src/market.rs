//! The market: the cards to draw from, in order, the top first.

use crate::card::{Card, FACES};
use crate::card_set::CardSet;
use crate::rules::Deck;
use crate::shuffle::{Stream, Words};

/// The most cards a deck has.
const DECK: usize = 54;

/// Every card of the largest deck in canonical order.
const IN_ORDER: [Card; DECK] = {
    let mut cards = [Card::WHOT; DECK];
    let mut rest: &mut [Card] = &mut cards;
    let mut place = 0;
    while let [card, more @ ..] = rest {
        *card = Card::at(place);
        rest = more;
        place += 1;
    }
    cards
};

/// The market that a reshuffle gives, and where the stream stands after it.
#[derive(Clone, Copy)]
pub(crate) struct Renewal {
    pub(crate) market: Market,
    pub(crate) stream: Stream,
}

impl Renewal {
    /// These cards, shuffled with the words that follow those already used.
    pub(crate) fn of(pile: CardSet, stream: Stream) -> Self {
        let mut words = stream.open();
        let mut market = Market::sorted(pile);
        market.shuffle(&mut words);
        Self { market, stream: words.close() }
    }
}

/// The draw pile. Only the cards between `head` and `end` are in it; what lies outside is history and
/// counts for nothing, equality included.
#[derive(Clone, Copy)]
pub(crate) struct Market {
    cards: [Card; DECK],
    head: u8,
    end: u8,
}

impl Market {
    /// No card.
    pub(crate) const EMPTY: Self = Self { cards: [Card::WHOT; DECK], head: 0, end: 0 };

    /// A whole deck in canonical order.
    pub(crate) fn of_deck(deck: Deck) -> Self {
        Self { cards: IN_ORDER, head: 0, end: FACES + deck.whots() }
    }

    /// These cards in canonical order, the first on top.
    pub(crate) fn sorted(cards: CardSet) -> Self {
        let mut market = Self::EMPTY;
        for (slot, card) in market.cards.iter_mut().zip(cards) {
            *slot = card;
            market.end += 1;
        }
        market
    }

    /// These cards in this order, the first on top.
    pub(crate) fn in_order(cards: &[Card]) -> Self {
        let mut market = Self::EMPTY;
        for (slot, card) in market.cards.iter_mut().zip(cards) {
            *slot = *card;
            market.end += 1;
        }
        market
    }

    /// The cards left, the top first.
    pub(crate) fn as_slice(&self) -> &[Card] {
        self.cards.get(usize::from(self.head)..usize::from(self.end)).unwrap_or(&[])
    }

    pub(crate) const fn len(&self) -> u8 {
        self.end - self.head
    }

    /// Takes the top card.
    pub(crate) fn pop(&mut self) -> Option<Card> {
        let top = self.as_slice().first().copied()?;
        self.head += 1;
        Some(top)
    }

    /// Takes up to so many cards from the top, unseen; returns how many were not there.
    pub(crate) fn skip(&mut self, count: u8) -> u8 {
        let taken = count.min(self.len());
        self.head += taken;
        count - taken
    }

    /// Shuffles what is left.
    pub(crate) fn shuffle(&mut self, words: &mut Words) {
        let range = usize::from(self.head)..usize::from(self.end);
        words.shuffle(self.cards.get_mut(range).unwrap_or_default());
    }
}

impl PartialEq for Market {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for Market {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deck_is_its_cards_in_canonical_order() {
        for deck in Deck::ALL {
            assert!(Market::of_deck(*deck) == Market::sorted(CardSet::deck(*deck)));
        }
    }
}
