//! `hard`: every command is played out in the same guessed games, and the best on average is taken.

use game_engine::{State, View};

use crate::budget::Budget;
use crate::moves::Move;
use crate::playout;
use crate::stream::Stream;
use crate::unseen::Unseen;

/// The move that does best on average, or none if no guess could be made.
pub(crate) fn best(
    view: &View,
    moves: &[Move],
    unseen: &mut Unseen<'_>,
    stream: &mut Stream,
    budget: &mut Budget<'_>,
) -> Option<Move> {
    let seat = view.viewer.seat()?;
    let mut sums = vec![0.0; moves.len()];
    while let Some(game) = budget.take().then(|| unseen.any_game(stream)).flatten() {
        for (one, sum) in moves.iter().zip(&mut sums) {
            let mut game: State = game;
            if game.advance_unrecorded(seat, &one.command()).is_ok() {
                playout::finish(&mut game);
                *sum += playout::worth(&game, seat);
            }
        }
    }
    let best = moves.iter().zip(&sums).max_by(|one, other| one.1.total_cmp(other.1));
    best.map(|(one, _)| *one)
}
