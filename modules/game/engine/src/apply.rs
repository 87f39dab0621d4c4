//! Folding events into a state. Nothing is decided here: an event carries its results, and a reshuffle is
//! recomputed from the stream.

use crate::card::Shape;
use crate::card_set::CardSet;
use crate::cards::Cards;
use crate::deal::{Deal, Lot};
use crate::event::{By, Dealt, DrawCause, Event, PassKind};
use crate::market::Renewal;
use crate::outcome::{Outcome, RoundResult};
use crate::rules::Starter;
use crate::seat::{BySeat, Seat};
use crate::state::{Phase, State};

/// The state after the event.
#[must_use]
pub fn apply(mut state: State, event: &Event) -> State {
    state.apply(event);
    state
}

impl State {
    /// Folds the event in. The events of a game, in order, give its state again.
    #[inline]
    pub fn apply(&mut self, event: &Event) {
        self.apply_with(event, None);
    }

    /// Like [`State::apply`], with the reshuffle of a draw if it is at hand.
    #[expect(
        clippy::inline_always,
        reason = "where a command is decided the kind of event is known: nothing is left to match"
    )]
    #[inline(always)]
    pub(crate) fn apply_with(&mut self, event: &Event, renewal: Option<&Renewal>) {
        match *event {
            Event::Dealt(ref dealt) => self.deal_again(dealt),
            Event::Played { seat, cards, call, debt, next } => self.lay(seat, cards, call, debt, next),
            Event::Drew { seat, cards, cause, by, reshuffled, waiting, next } => {
                self.take(seat, cards, reshuffled, renewal);
                match cause {
                    DrawCause::Choice | DrawCause::Debt => {
                        self.count_move(seat, by);
                        self.forced_passes = 0;
                        self.debt = 0;
                        self.waiting = waiting;
                    }
                    DrawCause::Penalty => *self.due.get_mut(seat) = None,
                    DrawCause::GeneralMarket | DrawCause::Finish | DrawCause::FinalEffect => {}
                }
                self.turn = next;
            }
            Event::Passed { seat, kind, by, next } => self.pass(seat, kind, by, next),
            Event::Announced { seat, announcement } => {
                *self.due.get_mut(seat) = None;
                *self.announced.get_mut(seat) = Some(announcement);
            }
            Event::AnnouncementDue { seat, announcement } => *self.due.get_mut(seat) = Some(announcement),
            Event::RoundEnded(ref result) => self.end_round(result),
            Event::MatchEnded { outcome } => self.end_match(outcome),
            Event::Voided => self.end_match(Outcome::Voided),
        }
    }

    fn deal_again(&mut self, dealt: &Dealt) {
        // The starter is known from the event; the lot still has to take its word from the stream.
        let lot = if self.draws_lot() { Lot::Drawn } else { Lot::Known(dealt.starter) };
        let deal = Deal::new(&self.rules, dealt.key, lot);
        self.seat_deal(&deal, dealt);
    }

    /// Whether the starter of the next round is drawn from its stream: the first under every rule.
    pub(crate) fn draws_lot(&self) -> bool {
        self.round == 0 || self.rules.starter == Starter::Random
    }

    /// Puts a dealt round on the table.
    pub(crate) fn seat_deal(&mut self, deal: &Deal, dealt: &Dealt) {
        *self = Self {
            phase: Phase::Playing,
            round: dealt.round,
            starter: dealt.starter,
            turn: dealt.turn,
            hands: deal.hands,
            market: deal.market,
            in_force: deal.opener,
            debt: dealt.debt,
            stream: deal.stream,
            run_outs: self.run_outs,
            scores: self.scores,
            wins: self.wins,
            last_round: self.last_round,
            ..Self::new(self.rules)
        };
    }

    #[expect(
        clippy::inline_always,
        reason = "every move comes through here, and its caller takes the result apart at once"
    )]
    #[inline(always)]
    fn lay(&mut self, seat: Seat, cards: Cards, call: Option<Shape>, debt: u8, next: Seat) {
        let hand = self.hands.get_mut(seat);
        for card in cards.iter() {
            hand.remove(card);
            if let Some(covered) = self.in_force.replace(card) {
                self.pile.insert(covered);
            }
        }
        self.called = call;
        self.debt = debt;
        self.waiting = None;
        self.forced_passes = 0;
        self.hand_changed(seat);
        self.count_move(seat, By::Player);
        self.turn = next;
    }

    fn pass(&mut self, seat: Seat, kind: PassKind, by: By, next: Seat) {
        match kind {
            PassKind::Kept => self.waiting = None,
            PassKind::Forced => {
                self.forced_passes = self.forced_passes.saturating_add(1);
                self.debt = 0;
            }
        }
        self.count_move(seat, by);
        self.turn = next;
    }

    /// One move more. Only a player's own move ends its row of run-out turns.
    fn count_move(&mut self, seat: Seat, by: By) {
        self.moves = self.moves.saturating_add(1);
        let run_outs = self.run_outs.get_mut(seat);
        *run_outs = match by {
            By::Player => 0,
            By::Clock => run_outs.saturating_add(1),
        };
    }

    /// What was said, or had to be said, about a hand lapses when the hand changes.
    const fn hand_changed(&mut self, seat: Seat) {
        *self.due.get_mut(seat) = None;
        *self.announced.get_mut(seat) = None;
    }

    #[inline]
    fn take(&mut self, seat: Seat, cards: CardSet, reshuffled: bool, renewal: Option<&Renewal>) {
        let missing = self.market.skip(cards.len());
        if reshuffled {
            self.renew(renewal.copied().unwrap_or_else(|| self.renewal()));
            self.market.skip(missing);
        }
        if !cards.is_empty() {
            self.hands.get_mut(seat).extend(cards);
            self.hand_changed(seat);
        }
    }

    /// What the market becomes when every card but the one in force goes back, none lost and none doubled.
    pub(crate) fn renewal(&self) -> Renewal {
        Renewal::of(self.pile, self.stream)
    }

    pub(crate) fn renew(&mut self, renewal: Renewal) {
        self.market = renewal.market;
        self.stream = renewal.stream;
        self.pile = CardSet::EMPTY;
        self.reshuffles = self.reshuffles.saturating_add(1);
    }

    fn end_round(&mut self, result: &RoundResult) {
        self.phase = Phase::Waiting;
        self.debt = 0;
        self.waiting = None;
        self.due = BySeat::new(None, None);
        for seat in Seat::ALL {
            *self.scores.get_mut(*seat) += u32::from(*result.points.get(*seat));
        }
        if let Some(winner) = result.winner {
            let wins = self.wins.get_mut(winner);
            *wins = wins.saturating_add(1);
        }
        self.last_round = Some(*result);
    }

    fn end_match(&mut self, outcome: Outcome) {
        self.phase = Phase::Over;
        self.waiting = None;
        self.due = BySeat::new(None, None);
        self.outcome = Some(outcome);
    }

    /// Every card of the table, wherever it is, in canonical order.
    #[cfg(test)]
    pub(crate) fn everywhere(&self) -> Vec<crate::card::Card> {
        let hands = Seat::ALL.iter().flat_map(|seat| self.hand(*seat).iter());
        let market = self.market.as_slice().iter().copied();
        let mut cards: Vec<crate::card::Card> =
            hands.chain(market).chain(self.pile).chain(self.in_force).collect();
        cards.sort_unstable();
        cards
    }
}
