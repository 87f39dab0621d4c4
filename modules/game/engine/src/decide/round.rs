//! The beginning and the end of a round, and what may end it after any move.

use super::Ruling;
use super::draw::{TakeEnd, Want};
use crate::card::Card;
use crate::deal::{Deal, Lot};
use crate::effect::Effect;
use crate::event::{Dealt, DrawCause, Event, Journal};
use crate::outcome::RoundEnd;
use crate::refusal::Refusal;
use crate::rules::{Opening, Starter};
use crate::seat::Seat;
use crate::shuffle::RoundKey;
use crate::state::{Phase, State};

/// Forced passes in a row that end a round.
const STALEMATE: u8 = 2;

impl<J: Journal> Ruling<'_, J> {
    pub(super) fn deal(&mut self, key: RoundKey) -> Result<(), Refusal> {
        match self.table.phase {
            Phase::Over => return Err(Refusal::GameOver),
            Phase::Playing => return Err(Refusal::RoundRunning),
            Phase::Waiting => {}
        }
        let rules = self.table.rules;
        let lot = if self.table.draws_lot() { Lot::Drawn } else { Lot::Known(next_starter(self.table)) };
        let deal = Deal::new(&rules, key, lot);
        // A live opener counts as laid by the player who does not start.
        let layer = deal.starter.other();
        let effect = match (rules.opening, deal.opener) {
            (Opening::LiveEffect, Some(card)) => Effect::of(&rules, Card::number(card), 1),
            _ => Effect::NONE,
        };
        let dealt = Dealt {
            round: self.table.round.saturating_add(1),
            starter: deal.starter,
            key,
            hands: deal.hands,
            opener: deal.opener,
            market: deal.market.len(),
            debt: effect.debt(0),
            turn: effect.next(layer),
        };
        self.table.seat_deal(&deal, &dealt);
        self.events.push(Event::Dealt(dealt));
        if effect.draws > 0 {
            self.take(deal.starter, Want::Cards(effect.draws), DrawCause::GeneralMarket);
        }
        Ok(())
    }

    /// What may end the round after a move, once its own effects are done.
    pub(super) fn after_move(&mut self) {
        if self.table.forced_passes >= STALEMATE {
            self.end_round(RoundEnd::Stalemate);
        } else if self.table.moves >= self.table.rules.move_cap {
            self.end_round(RoundEnd::MoveCap);
        }
    }

    pub(super) fn end_round(&mut self, cause: RoundEnd) {
        self.record(Event::RoundEnded(self.table.result(cause)));
        if let Some(outcome) = self.table.decided() {
            self.record(Event::MatchEnded { outcome });
        }
    }

    /// Takes cards that may bring the market to its end, and ends the round if they do.
    pub(super) fn take_or_end(&mut self, seat: Seat, count: u8, cause: DrawCause) {
        if self.take(seat, Want::Cards(count), cause) == TakeEnd::Exhausted {
            self.end_round(RoundEnd::Market);
        }
    }
}

/// Who starts the next round, where no lot is drawn.
fn next_starter(state: &State) -> Seat {
    let before = state.starter;
    let winner = state.last_round.and_then(|round| round.winner);
    match state.rules.starter {
        Starter::Alternate => before.other(),
        Starter::Winner => winner.unwrap_or(before),
        Starter::Loser => winner.map_or(before, Seat::other),
        Starter::Random => before,
    }
}
