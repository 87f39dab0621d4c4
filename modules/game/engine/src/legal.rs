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
    legal_each(state, seat, |command| commands.push(command));
}

impl State {
    /// The cards this seat may lay alone now; none without the turn. Of a drawn card that waits, it alone.
    #[must_use]
    pub fn playable(&self, seat: Seat) -> CardSet {
        if self.turn() != Some(seat) {
            return CardSet::EMPTY;
        }
        let cards = self.playable_alone(seat);
        match self.waiting {
            None => cards,
            Some(card) => {
                let mut alone = CardSet::EMPTY;
                alone.insert(card);
                alone
            }
        }
    }
}

/// Like [`legal`], one at a time and without a list.
pub fn legal_each(state: &State, seat: Seat, mut each: impl FnMut(Command)) {
    let each = &mut each;
    if state.phase != Phase::Playing {
        return;
    }
    if state.turn == seat {
        match state.waiting {
            Some(card) => {
                single(card, each);
                each(Command::Pass);
            }
            None => turn(state, seat, each),
        }
    }
    if state.due(seat).is_some() {
        each(Command::Announce);
    }
}

fn turn(state: &State, seat: Seat, each: &mut impl FnMut(Command)) {
    let playable = state.playable_alone(seat);
    for card in playable.distinct() {
        single(card, each);
    }
    match state.rules.double_deck {
        DoubleDeck::Off => {}
        DoubleDeck::PairPlain => pairs(state, seat, each),
        DoubleDeck::Group => groups(state, seat, each),
    }
    if !state.rules.must_play || state.debt > 0 || playable.is_empty() {
        each(Command::Draw);
    }
}

/// One card alone.
fn single(card: Card, each: &mut impl FnMut(Command)) {
    if card.is_whot() {
        Shape::ALL.iter().map(|shape| Command::Play(Play::whot(*shape))).for_each(each);
    } else {
        each(Command::Play(Play::card(card)));
    }
}

/// Two plain cards, the first fitting the table and the second the first.
fn pairs(state: &State, seat: Seat, each: &mut impl FnMut(Command)) {
    if state.debt > 0 {
        return;
    }
    let hand = state.hand(seat).within(Pattern::SHAPED);
    for first in hand.within(state.fitting()) {
        for second in hand.iter().filter(|second| *second != first && follows(&state.rules, first, *second)) {
            Cards::of([first, second]).map(laid).into_iter().for_each(&mut *each);
        }
    }
}

/// Two or more of one number, in every order whose first card is accepted.
fn groups(state: &State, seat: Seat, each: &mut impl FnMut(Command)) {
    let hand = state.hand(seat);
    let first = hand.within(state.accepted());
    for card in first.within(Pattern::SHAPED) {
        let mut others = hand.within(Pattern::number(card.number()));
        others.remove(card);
        orders(state, seat, Cards::one(card), others, each);
    }
    if first.contains(Card::WHOT) {
        for count in 2..=hand.whots() {
            let whots = Cards::of((0..count).map(|_| Card::WHOT))
                .filter(|c| !state.finishes_badly(seat, c.as_slice()));
            let play = |cards| Shape::ALL.iter().map(move |call| Play { cards, call: Some(*call) });
            whots.into_iter().flat_map(play).map(Command::Play).for_each(&mut *each);
        }
    }
}

/// Every way to go on from these cards with one or more of the others.
fn orders(state: &State, seat: Seat, begun: Cards, others: CardSet, each: &mut impl FnMut(Command)) {
    for card in others {
        let Some(cards) = Cards::of(begun.iter().chain([card])) else { return };
        if !state.finishes_badly(seat, cards.as_slice()) {
            each(laid(cards));
        }
        let mut rest = others;
        rest.remove(card);
        orders(state, seat, cards, rest, each);
    }
}

const fn laid(cards: Cards) -> Command {
    Command::Play(Play { cards, call: None })
}
