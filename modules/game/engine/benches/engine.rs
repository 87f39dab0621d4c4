//! Speed of the engine alone: whole games, from the deal to the end, and single steps. Ratios of one run on
//! one machine are what these are for; `cargo bench -p game-engine`.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on has failed")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use game_engine::{
    Command, Events, RoundKey, RuleSet, Seat, State, Viewer, decide_into, event_view, legal_into, view,
};
use std::hint::black_box;

/// A small, fast generator: picks moves, and must not cost what it measures.
struct Picks(u64);

impl Picks {
    const fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn key(&mut self) -> RoundKey {
        let mut bytes = [0; 32];
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes());
        }
        RoundKey::new(bytes)
    }

    fn of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        let place = usize::try_from(self.next() >> 32).unwrap() % choices.len();
        choices.get(place).unwrap()
    }
}

/// What a game needs besides its state, used again for every game.
struct Table {
    picks: Picks,
    events: Events,
    choices: Vec<Command>,
}

impl Table {
    fn new(seed: u64) -> Self {
        Self { picks: Picks(seed), events: Events::new(), choices: Vec::with_capacity(64) }
    }

    /// Decides a command and applies its events, as a server does.
    fn step(&mut self, game: &mut State, seat: Seat, command: &Command) {
        decide_into(game, seat, command, &mut self.events).unwrap();
        for event in &self.events {
            game.apply(event);
        }
    }

    /// A game between players who choose any legal command; returns its moves.
    fn game(&mut self, rules: RuleSet) -> u16 {
        let mut game = State::new(rules);
        while game.needs_deal() {
            let deal = Command::Deal(self.picks.key());
            self.step(&mut game, Seat::First, &deal);
            while let Some(seat) = game.turn() {
                legal_into(&game, seat, &mut self.choices);
                let choice = *self.picks.of(&self.choices);
                self.step(&mut game, seat, &choice);
            }
        }
        game.moves()
    }
}

fn games(c: &mut Criterion) {
    let mut group = c.benchmark_group("random game");
    group.throughput(Throughput::Elements(1));
    for name in RuleSet::PRESETS {
        let rules = RuleSet::preset(name).unwrap();
        let mut table = Table::new(0x9e37_79b9_7f4a_7c15);
        group.bench_function(name, |b| b.iter(|| table.game(black_box(rules))));
    }
    group.finish();
}

fn steps(c: &mut Criterion) {
    let mut table = Table::new(7);
    let fresh = State::new(RuleSet::naija_classic());
    let mut dealt = fresh;
    let deal = Command::Deal(RoundKey::new([3; 32]));
    table.step(&mut dealt, Seat::First, &deal);
    let turn = dealt.turn().unwrap();

    let mut events = Events::new();
    c.bench_function("decide a deal", |b| {
        b.iter(|| decide_into(black_box(&fresh), Seat::First, &deal, &mut events));
    });
    c.bench_function("decide a draw", |b| {
        b.iter(|| decide_into(black_box(&dealt), turn, &Command::Draw, &mut events));
    });
    let drawn = *events.first().unwrap();
    c.bench_function("apply a draw", |b| b.iter(|| black_box(dealt).apply(black_box(&drawn))));
    let mut choices = Vec::with_capacity(64);
    c.bench_function("list legal commands", |b| {
        b.iter(|| legal_into(black_box(&dealt), turn, &mut choices));
    });
    c.bench_function("view a state", |b| b.iter(|| view(black_box(&dealt), Viewer::Seat(turn))));
    c.bench_function("view an event", |b| b.iter(|| event_view(black_box(&drawn), Viewer::Spectator)));
}

criterion_group!(benches, games, steps);
criterion_main!(benches);
