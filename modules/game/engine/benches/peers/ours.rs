//! Whole games with this engine, by the same two players as in `npm.js` and `pypi.py` beside it: one lays any card that
//! fits, the other the highest; both keep to drawing when none does. CPU time of one core, as `run.sh` prints it.
//!
//! A game is everything from the deal to an emptied hand or the 400th move, the whole market shuffled and every move
//! checked. Each is played twice: with every event recorded, as in live play, and without, as practice opponents look
//! ahead. The rules are as near to each package's as toggles allow.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark for the terminal")]

use std::time::Duration;

use game_engine::{
    Card, CardSet, Command, Events, Play, RoundEnd, RoundKey, RuleName, RuleSet, Seat, Shape, State,
};

/// A small, fast generator: picks moves, and must not cost what it measures.
struct Picks(u64);

impl Picks {
    const fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, bound: u8) -> u8 {
        u8::try_from((self.next() >> 33) % u64::from(bound)).unwrap()
    }

    fn key(&mut self) -> RoundKey {
        let mut bytes = [0; 32];
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes());
        }
        RoundKey::new(bytes)
    }
}

/// Which card to lay, and the shape to call if it is a Whot.
type Player = (fn(CardSet, &mut Picks) -> Card, fn(CardSet, &mut Picks) -> Shape);

fn random_card(fitting: CardSet, picks: &mut Picks) -> Card {
    fitting.nth(picks.below(fitting.len())).unwrap()
}

fn random_shape(_: CardSet, picks: &mut Picks) -> Shape {
    *Shape::ALL.get(usize::from(picks.below(5))).unwrap()
}

fn highest_card(fitting: CardSet, _: &mut Picks) -> Card {
    let plain = fitting.shaped();
    let from = if plain.is_empty() { fitting } else { plain };
    from.iter().max_by_key(|card| card.number()).unwrap()
}

fn longest_shape(hand: CardSet, _: &mut Picks) -> Shape {
    *Shape::ALL.iter().max_by_key(|shape| hand.of_shape(**shape).len()).unwrap()
}

fn rules(toggles: &[(&str, &str)]) -> RuleSet {
    let mut rules = RuleSet { name: RuleName::CUSTOM, ..RuleSet::naija_classic() };
    for (toggle, value) in toggles {
        rules.set(toggle, value).unwrap();
    }
    rules.validate().unwrap();
    rules
}

/// Plays a game; returns its moves and whether a hand was emptied.
fn game(
    rules: RuleSet,
    (choose, call): Player,
    picks: &mut Picks,
    recorded: bool,
    events: &mut Events,
) -> (u16, bool) {
    let mut game = State::new(rules);
    game.advance(Seat::First, &Command::Deal(picks.key()), events).unwrap();
    while let Some(seat) = game.turn() {
        let fitting = game.playable(seat);
        let command = if fitting.is_empty() {
            Command::Draw
        } else {
            let card = choose(fitting, picks);
            Command::Play(if card.is_whot() {
                Play::whot(call(game.hand(seat), picks))
            } else {
                Play::card(card)
            })
        };
        if recorded {
            game.advance(seat, &command, events).unwrap();
        } else {
            game.advance_unrecorded(seat, &command).unwrap();
        }
    }
    (game.moves(), game.last_round().is_some_and(|round| round.cause == RoundEnd::Emptied))
}

/// CPU time of this process, as Linux counts it.
fn worked() -> Duration {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap();
    Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
}

/// How many games; a few when `cargo bench -- --test` only asks whether it runs.
fn games() -> u32 {
    if std::env::args().any(|argument| argument == "--test") { 100 } else { 200_000 }
}

fn main() {
    let games = games();
    let like_npm =
        &[("deal", "4"), ("market.reshuffles", "unlimited"), ("counter", "none"), ("general_market", "pass")];
    let like_pypi = &[("market.reshuffles", "unlimited"), ("opening", "live_effect")];
    let sets: [(&str, RuleSet); 3] = [
        ("rules like npm's", rules(like_npm)),
        ("rules like PyPI's", rules(like_pypi)),
        ("naija_classic", RuleSet::naija_classic()),
    ];
    for (name, rules) in sets {
        let players: [(&str, Player); 2] =
            [("random", (random_card, random_shape)), ("greedy", (highest_card, longest_shape))];
        for ((title, player), recorded) in players.into_iter().flat_map(|one| [(one, true), (one, false)]) {
            let (mut picks, mut events) = (Picks(7), Events::new());
            let (mut moves, mut won) = (0_u64, 0_u32);
            let began = worked();
            for _ in 0..games {
                let (made, emptied) = game(rules, player, &mut picks, recorded, &mut events);
                moves += u64::from(made);
                won += u32::from(emptied);
            }
            let used = worked().saturating_sub(began).as_secs_f64();
            println!(
                "ours, {name}, {title}, {}: {:.0} games/s, {:.1} moves a game, {won} of {games} won",
                if recorded { "recorded" } else { "not recorded" },
                f64::from(games) / used,
                f64::from(u32::try_from(moves).unwrap()) / f64::from(games),
            );
        }
    }
}
