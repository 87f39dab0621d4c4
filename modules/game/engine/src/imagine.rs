//! Imagining a whole game from what one player sees: the hidden cards are the caller's guess, everything else comes
//! from the view. Nothing here can reach the real game: a guess is checked against the view and against the deck.

use thiserror::Error;

use crate::card::Card;
use crate::card_set::CardSet;
use crate::market::Market;
use crate::seat::{BySeat, Seat};
use crate::shuffle::{RoundKey, Stream};
use crate::state::{Phase, State};
use crate::view::{RoundView, View};

/// A guess at everything a player does not see. What is in no hand, not in force and not in the market lies
/// covered in the pile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guess<'a> {
    /// The opponent's hand.
    pub hand: CardSet,
    /// The market, the top first.
    pub market: &'a [Card],
    /// The drawn card that the opponent may play, if the view says that one waits.
    pub waiting: Option<Card>,
    /// What reshuffles are made from.
    pub key: RoundKey,
}

/// Why a guess cannot be the hidden part of a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Unimaginable {
    /// The view is a spectator's: there is no hand to begin with.
    #[error("a spectator's view has no hand")]
    NoHand,
    /// The opponent has another number of cards.
    #[error("the guessed hand has another size than the view says")]
    HandSize,
    /// The market has another number of cards.
    #[error("the guessed market has another size than the view says")]
    MarketSize,
    /// A card in two places, one that the deck does not have, or a pile of another size than the view says.
    #[error("the cards do not make up the deck")]
    NotTheDeck,
    /// A waiting card where none waits, none where one does, or one that is not in the hand or does not fit.
    #[error("the guessed drawn card does not fit the view")]
    Waiting,
}

impl State {
    /// The game that has this view and these hidden cards: seen by the same viewer again it gives the same
    /// view. Between rounds whose turn it was is not in a view and is the first seat's here.
    pub fn imagine(view: &View, guess: &Guess<'_>) -> Result<Self, Unimaginable> {
        let (Some(viewer), Some(hand)) = (view.viewer.seat(), view.hand) else {
            return Err(Unimaginable::NoHand);
        };
        if guess.hand.len() != *view.counts.get(viewer.other()) || hand.len() != *view.counts.get(viewer) {
            return Err(Unimaginable::HandSize);
        }
        if guess.market.len() != usize::from(view.market) {
            return Err(Unimaginable::MarketSize);
        }
        let pile = covered(view, hand, guess)?;
        let waiting = waiting(view, viewer, hand, guess)?;
        let mut hands = BySeat::new(hand, hand);
        *hands.get_mut(viewer.other()) = guess.hand;
        Ok(Self {
            rules: view.rules,
            phase: view.phase,
            round: view.round,
            starter: view.starter.unwrap_or(Seat::First),
            turn: view.turn.unwrap_or(Seat::First),
            hands,
            market: Market::in_order(guess.market),
            pile,
            in_force: view.in_force,
            called: view.called,
            debt: view.debt,
            waiting,
            moves: view.moves,
            forced_passes: view.forced_passes,
            reshuffles: view.reshuffles,
            run_outs: view.run_outs,
            announced: view.announced,
            due: view.due,
            scores: view.scores,
            wins: view.wins,
            last_round: view.last_round.and_then(RoundView::whole),
            outcome: view.outcome,
            stream: Stream::new(guess.key),
        })
    }
}

/// What is left of the deck for the pile, if every card is somewhere once and the pile has the right size.
fn covered(view: &View, hand: CardSet, guess: &Guess<'_>) -> Result<CardSet, Unimaginable> {
    // Before the first deal no card is anywhere.
    let mut rest = if view.round == 0 { CardSet::EMPTY } else { CardSet::deck(view.rules.deck) };
    let mut placed = hand;
    placed.extend(guess.hand);
    let mut count = hand.len() + guess.hand.len();
    for card in guess.market.iter().copied().chain(view.in_force) {
        placed.insert(card);
        count += 1;
    }
    if placed.len() != count || !rest.covers(placed) {
        return Err(Unimaginable::NotTheDeck);
    }
    rest.take_away(placed);
    if rest.len() + u8::from(view.in_force.is_some()) == view.pile {
        Ok(rest)
    } else {
        Err(Unimaginable::NotTheDeck)
    }
}

fn waiting(
    view: &View,
    viewer: Seat,
    hand: CardSet,
    guess: &Guess<'_>,
) -> Result<Option<Card>, Unimaginable> {
    let (card, holder, other) = if view.phase == Phase::Playing && view.turn == Some(viewer.other()) {
        (guess.waiting, guess.hand, view.waiting)
    } else {
        (view.waiting, hand, guess.waiting)
    };
    // Only a card that fits ever waits.
    let accepted = view.rules.accepts(view.in_force, view.called, view.debt);
    let possible = card.is_none_or(|card| holder.contains(card) && accepted.contains(card));
    let fits = possible && card.is_some() == view.holds;
    if fits && other.is_none() { Ok(card) } else { Err(Unimaginable::Waiting) }
}
