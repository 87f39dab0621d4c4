//! What a seat may do now. `decide` accepts every command listed here and no other, resigning and time-outs
//! aside.

use crate::card::{Card, Shape};
use crate::card_set::{CardSet, Pattern};
use crate::cards::Cards;
use crate::command::{Command, Play};
use crate::matching::follows;
use crate::rules::DoubleDeck;
use crate::seat::Seat;
use crate::state::{Phase, State};

/// The legal commands: plays (a Whot once per shape), then draw, pass and announce. No command comes twice.
#[must_use]
pub fn legal(state: &State, seat: Seat) -> Vec<Command> {
    let mut commands = Vec::new();
    legal_into(state, seat, &mut commands);
    commands
}

/// Like [`legal`], into a list that is used again and again.
pub fn legal_into(state: &State, seat: Seat, commands: &mut Vec<Command>) {
    commands.clear();
    if state.phase != Phase::Playing {
        return;
    }
    if state.turn == seat {
        match state.waiting {
            Some(card) => {
                single(card, commands);
                commands.push(Command::Pass);
            }
            None => turn(state, seat, commands),
        }
    }
    if state.due(seat).is_some() {
        commands.push(Command::Announce);
    }
}

fn turn(state: &State, seat: Seat, commands: &mut Vec<Command>) {
    let playable = state.playable_alone(seat);
    for card in playable.distinct() {
        single(card, commands);
    }
    match state.rules.double_deck {
        DoubleDeck::Off => {}
        DoubleDeck::PairPlain => pairs(state, seat, commands),
        DoubleDeck::Group => groups(state, seat, commands),
    }
    if !state.rules.must_play || state.debt > 0 || playable.is_empty() {
        commands.push(Command::Draw);
    }
}

/// One card alone.
fn single(card: Card, commands: &mut Vec<Command>) {
    if card.is_whot() {
        commands.extend(Shape::ALL.iter().map(|shape| Command::Play(Play::whot(*shape))));
    } else {
        commands.push(Command::Play(Play::card(card)));
    }
}

/// Two plain cards, the first fitting the table and the second the first.
fn pairs(state: &State, seat: Seat, commands: &mut Vec<Command>) {
    if state.debt > 0 {
        return;
    }
    let hand = state.hand(seat).within(Pattern::SHAPED);
    for first in hand.within(state.fitting()) {
        for second in hand.iter().filter(|second| *second != first && follows(&state.rules, first, *second)) {
            commands.extend(Cards::of([first, second]).map(laid));
        }
    }
}

/// Two or more of one number, in every order whose first card is accepted.
fn groups(state: &State, seat: Seat, commands: &mut Vec<Command>) {
    let hand = state.hand(seat);
    let first = hand.within(state.accepted());
    for card in first.within(Pattern::SHAPED) {
        let mut others = hand.within(Pattern::number(card.number()));
        others.remove(card);
        orders(state, seat, Cards::one(card), others, commands);
    }
    if first.contains(Card::WHOT) {
        for count in 2..=hand.whots() {
            let whots = Cards::of((0..count).map(|_| Card::WHOT)).filter(|c| !state.finishes_badly(seat, *c));
            let play = |cards| Shape::ALL.iter().map(move |call| Play { cards, call: Some(*call) });
            commands.extend(whots.into_iter().flat_map(play).map(Command::Play));
        }
    }
}

/// Every way to go on from these cards with one or more of the others.
fn orders(state: &State, seat: Seat, begun: Cards, others: CardSet, commands: &mut Vec<Command>) {
    for card in others {
        let Some(cards) = Cards::of(begun.iter().chain([card])) else { return };
        if !state.finishes_badly(seat, cards) {
            commands.push(laid(cards));
        }
        let mut rest = others;
        rest.remove(card);
        orders(state, seat, cards, rest, commands);
    }
}

const fn laid(cards: Cards) -> Command {
    Command::Play(Play { cards, call: None })
}
