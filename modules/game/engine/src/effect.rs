//! What a special card does, as plain data. Carrying it out is `decide`'s.

use crate::card::Card;
use crate::rules::{GeneralMarket, RuleSet};
use crate::seat::Seat;

/// The effect of one play. Worked out without a branch: which card comes next cannot be foreseen, and a processor that
/// guesses wrong loses more time than all of this takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Effect {
    /// Its player goes again: with two players, skipping the opponent is the same as holding on, however
    /// many cards skip and whatever a star-8 skips.
    again: bool,
    /// The opponent owes so many cards more.
    owes: u8,
    /// The opponent draws so many at once.
    pub(crate) draws: u8,
}

/// What the opponent owes after one card of each number, a defended 14 aside.
const OWED: [u8; 21] = {
    let mut owed = [0; 21];
    owed[2] = 2;
    owed[5] = 3;
    owed
};

impl Effect {
    pub(crate) const NONE: Self = Self { again: false, owes: 0, draws: 0 };

    /// The effect of so many cards of one number.
    #[expect(clippy::needless_bitwise_bool, reason = "lazy operators are branches")]
    pub(crate) fn of(rules: &RuleSet, number: u8, count: u8) -> Self {
        let owed = OWED.get(usize::from(number)).copied().unwrap_or(0) * count;
        let market = if number == 14 { count } else { 0 };
        let kept = rules.general_market == GeneralMarket::Keep;
        let defended = rules.general_market == GeneralMarket::Defend;
        Self {
            again: (number == 8) | (number == 1) & rules.hold_on | (number == 14) & kept,
            owes: owed + if defended { market } else { 0 },
            draws: if defended { 0 } else { market },
        }
    }

    /// The effect of laying these cards; of plain cards that differ, none.
    pub(crate) fn of_play(rules: &RuleSet, cards: &[Card]) -> Self {
        let count = u8::try_from(cards.len()).unwrap_or(u8::MAX);
        cards.last().map_or(Self::NONE, |card| Self::of(rules, card.number(), count))
    }

    /// Who has the turn after `player` laid it.
    pub(crate) const fn next(self, player: Seat) -> Seat {
        if self.again { player } else { player.other() }
    }

    /// What the opponent owes after it, on top of what was owed before. Whatever adds nothing is either laid
    /// when nothing is owed, or the Whot that cancels.
    pub(crate) const fn debt(self, before: u8) -> u8 {
        if self.owes > 0 { before.saturating_add(self.owes) } else { 0 }
    }
}
