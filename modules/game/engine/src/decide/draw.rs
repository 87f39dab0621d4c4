//! Drawing, passing and running out of time: everything that takes cards from the market.

use super::Ruling;
use crate::card::Card;
use crate::card_set::{CardSet, Pattern};
use crate::command::ForfeitReason;
use crate::event::{By, DrawCause, Event, Journal, PassKind};
use crate::market::Renewal;
use crate::outcome::{RoundEnd, WonBy};
use crate::refusal::Refusal;
use crate::rules::{CountAt, DrawRule};
use crate::seat::Seat;
use crate::state::State;

/// How much is to be drawn.
#[derive(Clone, Copy)]
pub(super) enum Want {
    /// So many cards.
    Cards(u8),
    /// Until one of these is drawn.
    OneOf(Pattern),
}

/// How taking cards ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum TakeEnd {
    /// Everything wanted was there.
    Served,
    /// Reshuffles are left, but the pile holds only the card in force.
    Short,
    /// The market is at its end: the round is over.
    Exhausted,
}

/// What a draw would take now.
struct Take {
    cards: CardSet,
    count: u8,
    last: Option<Card>,
    end: TakeEnd,
}

impl<J: Journal> Ruling<'_, J> {
    pub(super) fn draw(&mut self, seat: Seat) -> Result<(), Refusal> {
        self.check_turn(seat)?;
        if self.table.waiting.is_some() {
            return Err(Refusal::DrawnCardWaiting);
        }
        if self.table.rules.must_play && self.table.debt == 0 && !self.table.playable_alone(seat).is_empty() {
            return Err(Refusal::MustPlay);
        }
        self.draw_as_move(seat, By::Player);
        Ok(())
    }

    pub(super) fn pass(&mut self, seat: Seat) -> Result<(), Refusal> {
        self.check_turn(seat)?;
        if self.table.waiting.is_none() {
            return Err(Refusal::NothingToPass);
        }
        self.keep(seat, By::Player);
        Ok(())
    }

    /// The clock moves for the player; too many times in a row and it forfeits instead.
    pub(super) fn run_out(&mut self, seat: Seat) -> Result<(), Refusal> {
        self.check_turn(seat)?;
        if self.table.run_outs(seat).saturating_add(1) >= self.table.rules.clock.run_outs {
            self.lose(seat, WonBy::Forfeit(ForfeitReason::Clock));
        } else if self.table.waiting.is_some() {
            self.keep(seat, By::Clock);
        } else {
            self.draw_as_move(seat, By::Clock);
        }
        Ok(())
    }

    fn keep(&mut self, seat: Seat, by: By) {
        self.record(Event::Passed { seat, kind: PassKind::Kept, by, next: seat.other() });
        self.after_move();
    }

    #[inline]
    fn draw_as_move(&mut self, seat: Seat, by: By) {
        let (want, cause) = self.wanted();
        let mut renewal = None;
        let take = self.table.look(want, &mut renewal);
        if take.cards.is_empty() && take.end == TakeEnd::Short {
            self.record(Event::Passed { seat, kind: PassKind::Forced, by, next: seat.other() });
            return self.after_move();
        }
        let waiting =
            if cause == DrawCause::Choice && by == By::Player { self.may_play(&take) } else { None };
        let next = if waiting.is_some() { seat } else { seat.other() };
        let Take { cards, end, .. } = take;
        let reshuffled = renewal.is_some();
        let drew = Event::Drew { seat, cards, cause, by, reshuffled, waiting, next };
        self.record_draw(drew, renewal.as_ref());
        if end == TakeEnd::Exhausted { self.end_round(RoundEnd::Market) } else { self.after_move() }
    }

    /// What a draw takes now: the whole debt, or what the rules say.
    fn wanted(&self) -> (Want, DrawCause) {
        match (self.table.debt, self.table.rules.draw) {
            (0, DrawRule::One) => (Want::Cards(1), DrawCause::Choice),
            (0, DrawRule::UntilPlayable) => (Want::OneOf(self.table.fitting()), DrawCause::Choice),
            (debt, _) => (Want::Cards(debt), DrawCause::Debt),
        }
    }

    /// The drawn card, if the rules let it be played at once and it fits.
    fn may_play(&self, take: &Take) -> Option<Card> {
        let allowed = self.table.rules.play_drawn && take.end == TakeEnd::Served;
        take.last.filter(|card| allowed && self.table.fitting().allows(*card))
    }

    /// Takes cards that are no move. Records nothing when there are none, unless they were a penalty: that is
    /// settled either way.
    pub(super) fn take(&mut self, seat: Seat, want: Want, cause: DrawCause) -> TakeEnd {
        let mut renewal = None;
        let Take { cards, end, .. } = self.table.look(want, &mut renewal);
        if !cards.is_empty() || cause == DrawCause::Penalty {
            let next = self.table.turn;
            let (by, reshuffled) = (By::Player, renewal.is_some());
            let drew = Event::Drew { seat, cards, cause, by, reshuffled, waiting: None, next };
            self.record_draw(drew, renewal.as_ref());
        }
        end
    }
}

impl State {
    /// What a draw would take, without taking it; and the reshuffle, if it needs one.
    #[expect(
        clippy::inline_always,
        reason = "every move comes through here, and its caller takes the result apart at once"
    )]
    #[inline(always)]
    fn look(&self, want: Want, renewal: &mut Option<Renewal>) -> Take {
        let mut take = Take { cards: CardSet::EMPTY, count: 0, last: None, end: TakeEnd::Served };
        let rest = take.fill(self.market.as_slice(), want);
        if rest.is_none_or(<[Card]>::is_empty) {
            self.look_further(&mut take, rest.is_some(), want, renewal);
        }
        take
    }

    /// The same where the market has not more than what is wanted.
    #[cold]
    fn look_further(&self, take: &mut Take, served: bool, want: Want, renewal: &mut Option<Renewal>) {
        let reshuffles = self.rules.market.reshuffles;
        let mut rest: Option<&[Card]> = served.then_some(&[]);
        let mut used = self.reshuffles;
        if !served && reshuffles.allows_after(used) && !self.pile.is_empty() {
            rest = take.fill(renewal.insert(self.renewal()).market.as_slice(), want);
            used = used.saturating_add(1);
        }
        let last_market = !reshuffles.allows_after(used);
        take.end = match rest {
            None if last_market => TakeEnd::Exhausted,
            None => TakeEnd::Short,
            Some([]) if last_market && self.rules.market.count_at == CountAt::LastCard => TakeEnd::Exhausted,
            Some(_) => TakeEnd::Served,
        };
    }
}

impl Take {
    /// Takes from the top until nothing more is wanted; returns what is left then, or none if a card is still
    /// needed.
    fn fill<'a>(&mut self, mut market: &'a [Card], want: Want) -> Option<&'a [Card]> {
        while !self.serves(want) {
            let (card, rest) = market.split_first()?;
            self.cards.insert(*card);
            self.count += 1;
            self.last = Some(*card);
            market = rest;
        }
        Some(market)
    }

    fn serves(&self, want: Want) -> bool {
        match want {
            Want::Cards(count) => self.count >= count,
            Want::OneOf(pattern) => self.last.is_some_and(|card| pattern.allows(card)),
        }
    }
}
