//! The cards a player does not see, and whole games made from a guess at where they are.

use game_engine::{Card, CardSet, Guess, RoundKey, State, View};

use crate::memory::Memory;
use crate::stream::Stream;

/// The hidden cards of a view: together the opponent's hand, the market and whatever of the pile is not
/// remembered.
pub(crate) struct Unseen<'a> {
    view: &'a View,
    cards: CardSet,
    opponent: u8,
    /// The market of the guess at hand, kept to be used again.
    market: Vec<Card>,
}

impl<'a> Unseen<'a> {
    /// What this view hides; none for a spectator.
    pub(crate) fn of(view: &'a View, memory: &Memory) -> Option<Self> {
        let viewer = view.viewer.seat()?;
        let mut cards = CardSet::deck(view.rules.deck);
        cards.take_away(view.hand?);
        if let Some(card) = view.in_force {
            cards.remove(card);
        }
        if let Some(covered) = memory.covered(view) {
            cards.take_away(covered);
        }
        let opponent = *view.counts.get(viewer.other());
        Some(Self { view, cards, opponent, market: Vec::with_capacity(usize::from(cards.len())) })
    }

    /// The hidden cards.
    pub(crate) const fn cards(&self) -> CardSet {
        self.cards
    }

    /// How many of them the opponent holds.
    pub(crate) const fn opponent(&self) -> u8 {
        self.opponent
    }

    /// A game in which every hidden card is equally likely to be anywhere.
    pub(crate) fn any_game(&mut self, stream: &mut Stream) -> Option<State> {
        let mut hand = CardSet::EMPTY;
        let mut left = self.cards;
        for _ in 0..self.opponent {
            let place = stream.place(usize::from(left.len()).max(1));
            let card = left.nth(u8::try_from(place).unwrap_or(0))?;
            left.remove(card);
            hand.insert(card);
        }
        self.game(hand, stream)
    }

    /// A game in which the opponent holds these cards and the others are anywhere.
    pub(crate) fn game(&mut self, hand: CardSet, stream: &mut Stream) -> Option<State> {
        let mut others = self.cards;
        others.take_away(hand);
        self.market.clear();
        self.market.extend(others);
        let wanted = usize::from(self.view.market);
        for place in 0..wanted.min(self.market.len()) {
            let other = place + stream.place(self.market.len() - place);
            self.market.swap(place, other);
        }
        let market = self.market.get(..wanted)?;
        let guess = Guess { hand, market, waiting: None, key: RoundKey::new(stream.bytes()) };
        State::imagine(self.view, &guess).ok()
    }
}
