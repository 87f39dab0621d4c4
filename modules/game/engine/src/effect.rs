//! What a special card does, as plain data. Carrying it out is `decide`'s.

use crate::card::Card;
use crate::rules::{GeneralMarket, RuleSet};
use crate::seat::Seat;

/// The effect of one play.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Effect {
    /// The turn passes.
    Nothing,
    /// Its player goes again: with two players, skipping the opponent is the same as holding on, however
    /// many cards skip and whatever a star-8 skips.
    Again,
    /// The opponent owes so many cards more.
    Owe(u8),
    /// The opponent draws so many at once.
    Market(u8),
}

impl Effect {
    /// The effect of so many cards of one number.
    pub(crate) const fn of(rules: &RuleSet, number: u8, count: u8) -> Self {
        match number {
            1 if rules.hold_on => Self::Again,
            8 => Self::Again,
            2 => Self::Owe(2 * count),
            5 => Self::Owe(3 * count),
            14 => match rules.general_market {
                GeneralMarket::Defend => Self::Owe(count),
                GeneralMarket::Keep | GeneralMarket::Pass => Self::Market(count),
            },
            _ => Self::Nothing,
        }
    }

    /// The effect of laying these cards; of plain cards that differ, none.
    pub(crate) fn of_play(rules: &RuleSet, cards: &[Card]) -> Self {
        let count = u8::try_from(cards.len()).unwrap_or(u8::MAX);
        cards.last().map_or(Self::Nothing, |card| Self::of(rules, card.number(), count))
    }

    /// Who has the turn after `player` laid it.
    pub(crate) fn next(self, rules: &RuleSet, player: Seat) -> Seat {
        match self {
            Self::Again => player,
            Self::Market(_) if rules.general_market == GeneralMarket::Keep => player,
            Self::Nothing | Self::Owe(_) | Self::Market(_) => player.other(),
        }
    }

    /// What the opponent owes after it, on top of what was owed before. Whatever adds nothing is either laid
    /// when nothing is owed, or the Whot that cancels.
    pub(crate) const fn debt(self, before: u8) -> u8 {
        match self {
            Self::Owe(cards) => before.saturating_add(cards),
            Self::Nothing | Self::Again | Self::Market(_) => 0,
        }
    }
}
