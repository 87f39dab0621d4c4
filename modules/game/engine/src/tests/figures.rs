//! Figures that these rules are known to give: how long games last, how often the market runs out, and what
//! moving first is worth. Published means are 46 moves (counting), 65 (reshuffling) between sensible players
//! and 57 between random ones; they depend on the players, so bands are tested, not points.

use std::ops::Range;

use crate::tests::random::Picks;
use crate::tests::scene::rules;
use crate::{Command, Events, Play, RuleSet, Seat, Shape, State, legal};

/// A player who plays any legal card, and draws only when there is none.
fn random(_: &State, _: Seat, commands: &[Command], picks: &mut Picks) -> Command {
    best_of(commands, picks, |command| u8::from(matches!(command, Command::Play(_))))
}

/// A sensible player: lays from its fullest shape, calls that shape too, and keeps Whots for when nothing
/// else fits.
fn sensible(state: &State, seat: Seat, commands: &[Command], picks: &mut Picks) -> Command {
    let hand = state.hand(seat);
    let held = |shape: Option<Shape>| {
        u8::try_from(hand.iter().filter(|card| card.shape() == shape).count()).expect("a small hand")
    };
    best_of(commands, picks, |command| match command {
        Command::Play(Play { call: Some(called), .. }) => 1 + held(Some(*called)),
        Command::Play(Play { cards, call: None }) => 60 + held(cards.first().and_then(crate::Card::shape)),
        _ => 0,
    })
}

/// One of the commands that are worth most.
fn best_of(commands: &[Command], picks: &mut Picks, worth: impl Fn(&Command) -> u8) -> Command {
    let most = commands.iter().map(&worth).max();
    let best: Vec<&Command> = commands.iter().filter(|command| Some(worth(command)) == most).collect();
    *best[picks.below(best.len())]
}

#[derive(Debug)]
struct Figures {
    moves: f64,
    market_emptied: f64,
    first_mover: f64,
}

type Player = fn(&State, Seat, &[Command], &mut Picks) -> Command;

fn measure(rules: RuleSet, player: Player) -> Figures {
    const GAMES: u32 = 10_000;
    let mut picks = Picks::new(2_026);
    let mut events = Events::new();
    let (mut moves, mut emptied, mut won) = (0_u32, 0_u32, 0_u32);
    for _ in 0..GAMES {
        let mut state = State::new(rules);
        state.advance(Seat::First, &Command::Deal(picks.key()), &mut events).expect("a deal");
        let mut ran_out = false;
        while let Some(seat) = state.turn() {
            let command = player(&state, seat, &legal(&state, seat), &mut picks);
            state.advance(seat, &command, &mut events).expect("legal");
            ran_out |= state.market_len() == 0 || state.reshuffles > 0;
        }
        let winner = state.last_round().and_then(|round| round.winner);
        moves += u32::from(state.moves());
        emptied += u32::from(ran_out);
        won += u32::from(winner.is_some() && winner == state.starter());
    }
    let share = |count: u32| f64::from(count) / f64::from(GAMES);
    Figures { moves: share(moves), market_emptied: share(emptied), first_mover: share(won) }
}

#[track_caller]
fn assert_within(figures: &Figures, moves: Range<f64>, market_emptied: Range<f64>) {
    assert!(moves.contains(&figures.moves), "{figures:?}");
    assert!(market_emptied.contains(&figures.market_emptied), "{figures:?}");
    assert!((0.49..0.53).contains(&figures.first_mover), "{figures:?}");
}

#[test]
fn sensible_games_last_about_46_moves_and_a_third_of_them_empty_the_market() {
    assert_within(&measure(RuleSet::naija_classic(), sensible), 42.0..50.0, 0.27..0.38);
}

#[test]
fn sensible_games_with_reshuffles_last_about_65_moves() {
    let rules = rules(&[("market.reshuffles", "unlimited")]);
    assert_within(&measure(rules, sensible), 55.0..72.0, 0.27..0.38);
}

#[test]
fn random_games_last_about_57_moves_and_two_thirds_of_them_empty_the_market() {
    assert_within(&measure(RuleSet::naija_classic(), random), 53.0..61.0, 0.60..0.68);
}

#[test]
fn games_of_four_cards_are_shorter_and_games_without_special_finish_longer() {
    let usual = measure(RuleSet::naija_classic(), sensible);
    let quick = measure(RuleSet::quick(), sensible);
    let strict = measure(RuleSet::street_strict(), sensible);
    assert!(quick.moves < usual.moves && quick.market_emptied < usual.market_emptied, "{quick:?} {usual:?}");
    assert!(
        strict.moves > usual.moves && strict.market_emptied > usual.market_emptied,
        "{strict:?} {usual:?}"
    );
}
