//! Playing a guessed game to the end of its round, quickly, and what that end is worth.

use game_engine::{CardSet, Command, MatchRule, Outcome, Play, Seat, State};

use crate::greedy::{FEW_CARDS, blows, fullest, goes_again, is_followed};

/// After so many moves a game is judged as it stands: under unlimited reshuffles a few go on for thousands.
const LONGEST: u32 = 250;

/// Plays the round on to its end.
pub(crate) fn finish(state: &mut State) {
    for _ in 0..LONGEST {
        let Some(seat) = state.turn() else { return };
        let command = quick(state, seat);
        if state.advance_unrecorded(seat, &command).is_err() {
            // A move that is always possible: under `must_play` only while nothing else is.
            if state.advance_unrecorded(seat, &Command::Draw).is_err() {
                return;
            }
        }
    }
}

/// A greedy move found with few operations: one that goes again and can be followed, else the heaviest plain card, else
/// any card with a shape, else a Whot, else a draw.
pub(crate) fn quick(state: &State, seat: Seat) -> Command {
    let playable = state.playable(seat);
    let shaped = playable.shaped();
    if playable.is_empty() {
        return Command::Draw;
    }
    let hand = state.hand(seat);
    if shaped.is_empty() {
        return Command::Play(Play::whot(fullest(hand)));
    }
    let rules = state.rules();
    let again = goes_again(rules, shaped);
    let followed = again.iter().find(|card| is_followed(*card, hand));
    let blows = blows(shaped);
    let few = state.hand(seat.other()).len() <= FEW_CARDS;
    let card = followed.or_else(|| {
        let mut calm = shaped;
        calm.take_away(again);
        calm.take_away(blows);
        let from = if few && !blows.is_empty() {
            blows
        } else if calm.is_empty() {
            shaped
        } else {
            calm
        };
        from.iter().max_by_key(|card| card.number())
    });
    card.map_or(Command::Draw, |card| Command::Play(Play::card(card)))
}

/// What the end of the round is worth to a seat: 1 a win, 0 a loss. Where points are counted on they weigh in.
pub(crate) fn worth(state: &State, seat: Seat) -> f64 {
    let rules = state.rules();
    if let Some(Outcome::Won { winner, .. }) = state.outcome() {
        return if winner == seat { 1.0 } else { 0.0 };
    }
    if state.turn().is_some() {
        return unfinished(state.hand(seat), state.hand(seat.other()));
    }
    let Some(result) = state.last_round() else { return 0.5 };
    let Some(winner) = result.winner else { return 0.5 };
    let lost = f64::from(*result.points.get(winner.other()));
    let share = match rules.match_ {
        MatchRule::Single | MatchRule::BestOf(_) => 0.5,
        MatchRule::FirstToLose(limit) => (0.1 + lost / f64::from(limit.max(1))).min(0.5),
    };
    if winner == seat { 0.5 + share } else { 0.5 - share }
}

/// Fewer cards are better.
fn unfinished(own: CardSet, other: CardSet) -> f64 {
    let (own, other) = (f64::from(own.len()), f64::from(other.len()));
    (other + 1.0) / (own + other + 2.0)
}
