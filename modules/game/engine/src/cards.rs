//! The cards of one play, in the order they are laid. Whether they may be laid is decided elsewhere.

use std::fmt;

use crate::card::Card;

/// The most cards one command can lay: all of one number, or all Whots.
const MOST: usize = 5;

/// The cards of one play in order, the last in force. At most five.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cards {
    // Places from `len` on always hold the same filler, so equal plays are equal values.
    cards: [Card; MOST],
    len: u8,
}

impl Cards {
    /// One card.
    #[must_use]
    pub const fn one(card: Card) -> Self {
        Self { cards: [card, Card::WHOT, Card::WHOT, Card::WHOT, Card::WHOT], len: 1 }
    }

    /// These cards in this order; none if there are more than any play can have. No card at all is accepted
    /// here and refused as malformed when it is played.
    pub fn of(cards: impl IntoIterator<Item = Card>) -> Option<Self> {
        let mut all = Self { cards: [Card::WHOT; MOST], len: 0 };
        for card in cards {
            *all.cards.get_mut(usize::from(all.len))? = card;
            all.len += 1;
        }
        Some(all)
    }

    /// How many cards.
    #[must_use]
    pub const fn len(&self) -> u8 {
        self.len
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The cards in order.
    #[must_use]
    pub fn as_slice(&self) -> &[Card] {
        self.cards.get(..usize::from(self.len)).unwrap_or(&[])
    }

    /// The cards in order.
    pub fn iter(&self) -> impl Iterator<Item = Card> + '_ {
        self.as_slice().iter().copied()
    }

    /// The card that has to fit.
    #[must_use]
    pub fn first(&self) -> Option<Card> {
        self.as_slice().first().copied()
    }

    /// The card that will be in force.
    #[must_use]
    pub fn last(&self) -> Option<Card> {
        self.as_slice().last().copied()
    }
}

impl fmt::Debug for Cards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
