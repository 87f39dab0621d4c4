//! Laying cards: the checks in the order of the rules, then what the cards do.

use super::Ruling;
use super::draw::{TakeEnd, Want};
use crate::card_set::CardSet;
use crate::command::Play;
use crate::effect::Effect;
use crate::event::{DrawCause, Event, Journal};
use crate::matching::go_together;
use crate::outcome::RoundEnd;
use crate::refusal::Refusal;
use crate::rules::{FinalEffect, SpecialFinish};
use crate::seat::Seat;
use crate::state::State;

impl<J: Journal> Ruling<'_, J> {
    pub(super) fn play(&mut self, seat: Seat, play: Play) -> Result<(), Refusal> {
        let Some(first) = play.cards.first() else { return Err(Refusal::Malformed) };
        self.check_turn(seat)?;
        check_hand(self.table, seat, play)?;
        if !go_together(&self.table.rules, play.cards.as_slice()) {
            return Err(Refusal::BadGroup);
        }
        if first.is_whot() != play.call.is_some() {
            return Err(if first.is_whot() { Refusal::ShapeMissing } else { Refusal::ShapeNotAllowed });
        }
        if !self.table.accepted().allows(first) {
            return Err(if self.table.debt > 0 { Refusal::DebtOwed } else { Refusal::NoMatch });
        }
        if self.table.finishes_badly(seat, play.cards.as_slice()) {
            return Err(Refusal::SpecialFinish);
        }
        self.lay(seat, play);
        Ok(())
    }

    #[inline]
    fn lay(&mut self, seat: Seat, play: Play) {
        let rules = &self.table.rules;
        let effect = Effect::of_play(rules, play.cards.as_slice());
        let empties = self.table.hand(seat).is_of(play.cards.len());
        let draws_one = empties
            && rules.special_finish == SpecialFinish::DrawOne
            && play.cards.last().is_some_and(|card| rules.is_special(card.number()));
        if empties && !draws_one {
            return self.finish(seat, play, effect);
        }
        let debt = effect.debt(self.table.debt);
        let next = effect.next(seat);
        self.record(Event::Played { seat, cards: play.cards, call: play.call, debt, next });
        if empties && self.take(seat, Want::Cards(1), DrawCause::Finish) == TakeEnd::Exhausted {
            return self.end_round(RoundEnd::Market);
        }
        if effect.draws > 0
            && self.take(seat.other(), Want::Cards(effect.draws), DrawCause::GeneralMarket)
                == TakeEnd::Exhausted
        {
            return self.end_round(RoundEnd::Market);
        }
        self.after_move();
        self.call_for_announcement(seat);
    }

    /// The last card. The round ends at once; under `final_effect = apply` the loser still draws, unanswered,
    /// what it would owe.
    fn finish(&mut self, seat: Seat, play: Play, effect: Effect) {
        let loser = seat.other();
        let owed = effect.debt(self.table.debt) + effect.draws;
        self.record(Event::Played { seat, cards: play.cards, call: play.call, debt: 0, next: loser });
        if owed > 0 && self.table.rules.final_effect == FinalEffect::Apply {
            self.take(loser, Want::Cards(owed), DrawCause::FinalEffect);
        }
        self.end_round(RoundEnd::Emptied);
    }
}

/// The cards are in the hand, and are the drawn one if that waits.
fn check_hand(table: &State, seat: Seat, play: Play) -> Result<(), Refusal> {
    let held = match *play.cards.as_slice() {
        [card] => table.hand(seat).contains(card),
        _ => CardSet::of(play.cards.iter()).is_some_and(|cards| table.hand(seat).covers(cards)),
    };
    if !held {
        return Err(Refusal::NotInHand);
    }
    match table.waiting {
        Some(card) if play.cards.as_slice() != [card] => Err(Refusal::DrawnCardWaiting),
        _ => Ok(()),
    }
}
