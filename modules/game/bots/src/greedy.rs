//! The greedy player: the best-looking move by fixed weights, without looking ahead. It is the opponent `medium`, the
//! better part of `easy`, and how guessed games are played to their end.

use game_engine::{Card, CardSet, Command, GeneralMarket, RuleSet, Seat, Shape, State};

use crate::moves::{Move, list};
use crate::stream::Stream;

/// The market is so low that hands may soon be counted.
const LOW_MARKET: u8 = 8;
/// The opponent has so few cards that it may soon win.
pub(crate) const FEW_CARDS: u8 = 3;

/// What a player knows that decides by looks.
#[derive(Clone, Copy)]
struct Looks<'a> {
    rules: &'a RuleSet,
    hand: CardSet,
    opponent: u8,
    market: u8,
}

/// The move that looks best. Equal looks are decided by lot.
pub(crate) fn best(state: &State, seat: Seat, moves: &mut Vec<Move>, stream: &mut Stream) -> Move {
    list(state, seat, moves);
    let looks = Looks {
        rules: state.rules(),
        hand: state.hand(seat),
        opponent: state.hand(seat.other()).len(),
        market: state.market_len(),
    };
    let worth = |one: &Move| looks.worth(&one.command()) * 16 + i32::try_from(stream.below(16)).unwrap_or(0);
    moves.iter().copied().max_by_key(worth).unwrap_or(Move::DRAW)
}

impl Looks<'_> {
    fn worth(&self, command: &Command) -> i32 {
        let Command::Play(play) = command else {
            return if matches!(command, Command::Draw | Command::Pass) { 0 } else { 1_000 };
        };
        let (mut laid, mut rest) = (CardSet::EMPTY, self.hand);
        for card in play.cards.iter() {
            laid.insert(card);
            rest.remove(card);
        }
        let points = i32::from(self.rules.points(laid));
        let counting = self.market < LOW_MARKET;
        let rid_of_it = match play.call {
            Some(call) => 12 * count(rest.of_shape(call)) - 120 + if counting { 2 * points } else { 0 },
            None => {
                self.shaped(play.cards.last().unwrap_or(Card::WHOT), rest)
                    + if counting { 2 * points } else { points }
            }
        };
        200 * i32::from(play.cards.len()) + rid_of_it
    }

    /// What a card with a shape is worth beyond its points, when these are left: another turn if there is something to
    /// lay in it, and a blow at the right time.
    fn shaped(&self, card: Card, rest: CardSet) -> i32 {
        let alone = only(card);
        if !goes_again(self.rules, alone).is_empty() {
            if is_followed(card, rest) { 32 } else { -32 }
        } else if blows(alone).is_empty() {
            0
        } else if self.opponent <= FEW_CARDS {
            40
        } else {
            -24
        }
    }
}

/// The cards of these that give their player another turn.
pub(crate) fn goes_again(rules: &RuleSet, cards: CardSet) -> CardSet {
    let mut again = cards.of_number(8);
    if rules.hold_on {
        again.extend(cards.of_number(1));
    }
    if rules.general_market == GeneralMarket::Keep {
        again.extend(cards.of_number(14));
    }
    again
}

/// The cards of these that make the opponent draw two or three.
pub(crate) fn blows(cards: CardSet) -> CardSet {
    let mut blows = cards.of_number(2);
    blows.extend(cards.of_number(5));
    blows
}

/// Whether something in the hand fits that card, itself aside.
pub(crate) fn is_followed(card: Card, mut hand: CardSet) -> bool {
    hand.remove(card);
    let beside = card.shape().is_some_and(|shape| !hand.of_shape(shape).is_empty());
    beside || !hand.of_number(card.number()).is_empty()
}

fn only(card: Card) -> CardSet {
    let mut alone = CardSet::EMPTY;
    alone.insert(card);
    alone
}

fn count(cards: CardSet) -> i32 {
    i32::from(cards.len())
}

/// The shape of which most is held; the first of equals.
pub(crate) fn fullest(hand: CardSet) -> Shape {
    let most = Shape::ALL.iter().copied().rev().max_by_key(|shape| hand.of_shape(*shape).len());
    most.unwrap_or(Shape::Circle)
}
