//! Dealing a round: from a key to two hands, an opener and a market. See `shuffle` for the published text.

use crate::card::Card;
use crate::card_set::{CardSet, Pattern};
use crate::market::Market;
use crate::rules::{Opening, RuleSet};
use crate::seat::{BySeat, Seat};
use crate::shuffle::{RoundKey, Stream};

/// Whether the starter is drawn from the stream, or known without it.
#[derive(Clone, Copy)]
pub(crate) enum Lot {
    /// The first word decides.
    Drawn,
    /// It is this seat.
    Known(Seat),
}

/// A dealt round.
pub(crate) struct Deal {
    pub(crate) starter: Seat,
    pub(crate) hands: BySeat<CardSet>,
    pub(crate) opener: Option<Card>,
    pub(crate) market: Market,
    pub(crate) stream: Stream,
}

impl Deal {
    /// Deals a round.
    pub(crate) fn new(rules: &RuleSet, key: RoundKey, lot: Lot) -> Self {
        let mut words = Stream::new(key).open();
        let starter = match lot {
            Lot::Known(seat) => seat,
            Lot::Drawn => {
                [Seat::First, Seat::Second].get(words.below(2) as usize).copied().unwrap_or(Seat::First)
            }
        };
        let mut market = Market::of_deck(rules.deck);
        market.shuffle(&mut words);
        let mut hands = BySeat::default();
        for _ in 0..rules.deal {
            deal_one(&mut market, hands.get_mut(starter));
            deal_one(&mut market, hands.get_mut(starter.other()));
        }
        let allowed = openers(rules);
        let opener = (allowed != Pattern::NONE).then(|| {
            while market.as_slice().first().is_some_and(|top| !allowed.allows(*top)) {
                market.shuffle(&mut words);
            }
            market.pop()
        });
        Self { starter, hands, opener: opener.flatten(), market, stream: words.close() }
    }
}

fn deal_one(market: &mut Market, hand: &mut CardSet) {
    if let Some(card) = market.pop() {
        hand.insert(card);
    }
}

/// Which cards may lie open at the start. Under every rule some are always left in the market: at most 12
/// cards are dealt, and there are more plain ones than that.
const fn openers(rules: &RuleSet) -> Pattern {
    match rules.opening {
        Opening::Plain => Pattern::SHAPED.without(Pattern::special(rules)),
        Opening::NoWhot | Opening::LiveEffect => Pattern::SHAPED,
        Opening::None => Pattern::NONE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::vectors::{self, rows};

    #[test]
    fn plain_cards_are_enough_for_every_opening() {
        let rules = RuleSet::naija_classic();
        let plain = CardSet::deck(rules.deck).within(openers(&rules));
        assert_eq!(plain.len(), 27);
    }

    #[test]
    fn known_keys_give_the_deals_an_independent_program_gives() {
        for [key, lot, toggles, starter, first, second, opener, market, used] in
            rows(include_str!("../vectors/deals.txt"))
        {
            let mut rules = RuleSet::naija_classic();
            for (toggle, value) in toggles.split(' ').filter_map(|toggle| toggle.split_once('=')) {
                rules.set(toggle, value).expect("a toggle");
            }
            let lot = lot.parse().map_or(Lot::Drawn, Lot::Known);
            let deal = Deal::new(&rules, vectors::key(key), lot);
            assert_eq!(deal.starter.name(), starter);
            assert_eq!(vectors::names(deal.hands.first), first);
            assert_eq!(vectors::names(deal.hands.second), second);
            assert_eq!(deal.opener.map_or("-".to_owned(), |card| card.to_string()), opener);
            assert_eq!(vectors::names(deal.market.as_slice().iter().copied()), market);
            assert_eq!(deal.stream.used().to_string(), used);
        }
    }
}
