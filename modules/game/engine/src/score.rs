//! Counting: what a hand is worth, who wins a count, when a match is decided.

use std::cmp::Ordering;

use crate::card::{Card, Shape};
use crate::card_set::CardSet;
use crate::outcome::{Outcome, RoundEnd, RoundResult, WonBy};
use crate::rules::{MarketEnd, MatchRule, RuleSet, Tie};
use crate::seat::{BySeat, Seat};
use crate::state::State;

/// What one card counts.
pub(crate) fn points_of_card(rules: &RuleSet, card: Card) -> u16 {
    match card.shape() {
        None => u16::from(rules.whot_points),
        Some(Shape::Star) if rules.star_double => 2 * u16::from(card.number()),
        Some(_) => u16::from(card.number()),
    }
}

/// What a hand counts.
pub(crate) fn points(rules: &RuleSet, hand: CardSet) -> u16 {
    hand.iter().map(|card| points_of_card(rules, card)).sum()
}

impl RuleSet {
    /// What these cards count in a hand that is scored.
    #[must_use]
    pub fn points(&self, cards: CardSet) -> u16 {
        points(self, cards)
    }
}

/// Who wins when hands are counted.
fn counted(rules: &RuleSet, hands: BySeat<CardSet>) -> Option<Seat> {
    let worth = hands.map(|hand| points(rules, hand));
    let order = worth.first.cmp(&worth.second).then_with(|| match rules.tie {
        Tie::FewerCards => hands.first.len().cmp(&hands.second.len()),
        Tie::Drawn => Ordering::Equal,
    });
    match order {
        Ordering::Less => Some(Seat::First),
        Ordering::Greater => Some(Seat::Second),
        Ordering::Equal => None,
    }
}

impl State {
    /// The result of the round, were it to end now for this reason.
    pub(crate) fn result(&self, cause: RoundEnd) -> RoundResult {
        let winner = match cause {
            RoundEnd::Emptied => Seat::ALL.iter().copied().find(|seat| self.hand(*seat).is_empty()),
            RoundEnd::Market if self.rules.market.then == MarketEnd::Drawn => None,
            RoundEnd::Market | RoundEnd::Stalemate | RoundEnd::MoveCap => counted(&self.rules, self.hands),
        };
        let mut scored = BySeat::new(0, 0);
        if let Some(winner) = winner {
            let loser = winner.other();
            *scored.get_mut(loser) = points(&self.rules, self.hand(loser));
        }
        RoundResult { round: self.round, cause, winner, hands: self.hands, points: scored }
    }

    /// How the match stands after its last round: decided, or none when it goes on.
    pub(crate) fn decided(&self) -> Option<Outcome> {
        let won = |winner| Outcome::Won { winner, by: WonBy::Rounds };
        match self.rules.match_ {
            MatchRule::Single => Some(self.last_round.and_then(|r| r.winner).map_or(Outcome::Drawn, won)),
            MatchRule::BestOf(rounds) => {
                let enough = u16::from(rounds) / 2 + 1;
                Seat::ALL.iter().copied().find(|seat| *self.wins.get(*seat) >= enough).map(won)
            }
            MatchRule::FirstToLose(points) => {
                let limit = u32::from(points);
                Seat::ALL.iter().find(|seat| *self.scores.get(**seat) >= limit).map(|seat| won(seat.other()))
            }
        }
    }
}
