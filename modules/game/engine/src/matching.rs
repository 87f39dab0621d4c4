//! Which cards fit the table: the one place that knows matching, debts and double decking.

use crate::card::{Card, Shape};
use crate::card_set::{CardSet, Pattern};
use crate::rules::{Counter, DoubleDeck, GeneralMarket, RuleSet, SpecialFinish};
use crate::seat::Seat;
use crate::state::State;

impl State {
    /// The cards that fit the card in force, or the called shape. With no card in force every card leads.
    #[inline]
    pub(crate) fn fitting(&self) -> Pattern {
        fitting(self.in_force, self.called)
    }

    /// The cards that may be laid now, first or alone.
    #[inline]
    pub(crate) fn accepted(&self) -> Pattern {
        if self.debt > 0 { answering(&self.rules, self.in_force) } else { self.fitting() }
    }

    /// The cards of a hand that may be laid alone. Whenever a longer play is legal its first card is here:
    /// laid alone it leaves cards, so no finish rule stands against it.
    pub(crate) fn playable_alone(&self, seat: Seat) -> CardSet {
        let hand = self.hand(seat);
        let cards = hand.within(self.accepted());
        if self.rules.special_finish == SpecialFinish::Reject && hand.is_of(1) {
            cards.within(Pattern::ANY.without(Pattern::special(&self.rules)))
        } else {
            cards
        }
    }

    /// Whether this play would leave its player with a special card as the last one laid, where that is
    /// refused.
    #[inline]
    pub(crate) fn finishes_badly(&self, seat: Seat, cards: &[Card]) -> bool {
        self.rules.special_finish == SpecialFinish::Reject
            && usize::from(self.hand(seat).len()) == cards.len()
            && cards.last().is_some_and(|card| self.rules.is_special(card.number()))
    }
}

impl RuleSet {
    /// Every card of the deck that a table accepts, first or alone, whoever holds it. Finish rules aside: they
    /// depend on the hand.
    #[must_use]
    pub fn accepts(&self, in_force: Option<Card>, called: Option<Shape>, debt: u8) -> CardSet {
        let pattern = if debt > 0 { answering(self, in_force) } else { fitting(in_force, called) };
        CardSet::deck(self.deck).within(pattern)
    }
}

#[inline]
fn fitting(in_force: Option<Card>, called: Option<Shape>) -> Pattern {
    // Only a Whot calls, and nothing is beside a Whot: never do both add cards.
    in_force.map_or(Pattern::ANY, |card| Pattern::beside(card).or(Pattern::called(called)).or(Pattern::WHOT))
}

/// The cards that answer the debt. The card in force is always the one that made it.
fn answering(rules: &RuleSet, in_force: Option<Card>) -> Pattern {
    let numbers = match in_force.map_or(0, Card::number) {
        14 if rules.general_market == GeneralMarket::Defend => Pattern::number(14),
        number @ (2 | 5) => match rules.counter {
            Counter::Same => Pattern::number(number),
            Counter::Cross => Pattern::number(2).or(Pattern::number(5)),
            Counter::None => Pattern::NONE,
        },
        _ => Pattern::NONE,
    };
    if rules.whot_defends { numbers.or(Pattern::WHOT) } else { numbers }
}

/// Whether these cards may be laid together, whatever lies on the table.
#[inline]
pub(crate) fn go_together(rules: &RuleSet, cards: &[Card]) -> bool {
    match (rules.double_deck, cards) {
        (_, [_]) => true,
        (DoubleDeck::PairPlain, [first, second]) => follows(rules, *first, *second),
        (DoubleDeck::Group, [first, rest @ ..]) => rest.iter().all(|card| card.number() == first.number()),
        _ => false,
    }
}

/// Whether a plain card may be laid right after another in one play.
pub(crate) fn follows(rules: &RuleSet, first: Card, second: Card) -> bool {
    !rules.is_special(first.number())
        && !rules.is_special(second.number())
        && (first.shape() == second.shape() || first.number() == second.number())
}
