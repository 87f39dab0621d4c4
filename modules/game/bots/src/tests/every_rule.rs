//! Every strength plays every rule set, whatever it combines.

use game_engine::{
    Command, Events, RoundKey, RuleName, RuleSet, Seat, State, View, Viewer, event_view, legal, view,
};

use crate::{Budget, Memory, Stream, Strength, choose};

/// The values to draw from for every toggle that changes what is legal or how a round ends.
const TOGGLES: [(&str, &[&str]); 22] = [
    ("deck", &["ng54", "gb53"]),
    ("deal", &["3", "4", "5", "6"]),
    ("opening", &["plain", "no_whot", "live_effect", "none"]),
    ("starter", &["alternate", "winner", "loser", "random"]),
    ("must_play", &["true", "false"]),
    ("play_drawn", &["true", "false"]),
    ("draw", &["one", "until_playable"]),
    ("hold_on", &["true", "false"]),
    ("general_market", &["keep", "pass", "defend"]),
    ("counter", &["same", "cross", "none"]),
    ("whot_defends", &["true", "false"]),
    ("special_finish", &["allow", "reject", "draw_one"]),
    ("final_effect", &["none", "apply"]),
    ("announce", &["auto", "manual"]),
    ("market.reshuffles", &["0", "1", "2", "unlimited"]),
    ("market.then", &["count", "drawn"]),
    ("market.count_at", &["on_need", "last_card"]),
    ("tie", &["fewer_cards", "drawn"]),
    ("match", &["single", "single", "best_of(3)", "first_to_lose(60)"]),
    ("move_cap", &["10", "60", "400"]),
    ("whot_points", &["0", "20", "100"]),
    ("double_deck", &["off", "pair_plain", "group"]),
];

/// Any rules that can be played.
pub(super) fn any_rules(stream: &mut Stream) -> RuleSet {
    let mut rules = RuleSet { name: RuleName::CUSTOM, ..RuleSet::naija_classic() };
    for (toggle, values) in TOGGLES {
        rules.set(toggle, values[stream.place(values.len())]).expect("a value of this toggle");
    }
    rules.validate().expect("rules that can be played");
    rules
}

/// Plays a match of these two; `see` is shown the game before every decision, with what its maker remembers.
pub(super) fn play_out(
    rules: RuleSet,
    strengths: [Strength; 2],
    iterations: u32,
    stream: &mut Stream,
    mut see: impl FnMut(&State, Seat, &View, &Memory),
) -> State {
    let mut game = State::new(rules);
    let mut events = Events::new();
    let mut memories = [Memory::new(Seat::First), Memory::new(Seat::Second)];
    for _ in 0..5_000 {
        if game.outcome().is_some() || game.round() > 8 {
            return game;
        }
        let due = Seat::ALL.iter().copied().find(|seat| game.due(*seat).is_some());
        let (seat, command) = match due.or(game.turn()) {
            None => (Seat::First, Command::Deal(RoundKey::new(stream.bytes()))),
            Some(seat) => {
                let memory = &memories[seat.index()];
                let seen = view(&game, Viewer::Seat(seat));
                see(&game, seat, &seen, memory);
                let mut never = || false;
                let mut budget = Budget::new(iterations, &mut never);
                let chosen = choose(strengths[seat.index()], &seen, memory, stream, &mut budget);
                let command = chosen.expect("something to do");
                assert!(legal(&game, seat).contains(&command), "{command:?} under {}", rules.canonical());
                (seat, command)
            }
        };
        game.advance(seat, &command, &mut events).expect("a legal command");
        for watcher in Seat::ALL {
            let seen = events.iter().map(|event| event_view(event, Viewer::Seat(*watcher)));
            seen.for_each(|event| memories[watcher.index()].see(&event));
        }
    }
    panic!("a match without end under {}", rules.canonical());
}

#[test]
fn every_strength_plays_only_legal_commands_under_any_rules() {
    let mut stream = Stream::new(2_026);
    for number in 0..100 {
        let rules = any_rules(&mut stream);
        let strengths = [Strength::ALL[number % 5], Strength::ALL[number / 5 % 5]];
        play_out(rules, strengths, 6, &mut stream, |_, _, _, _| {});
    }
}

#[test]
fn every_strength_plays_every_preset_to_its_end() {
    let mut stream = Stream::new(5);
    for name in RuleSet::PRESETS {
        let rules = RuleSet::preset(name).expect("a preset");
        for strength in Strength::ALL {
            let end = play_out(rules, [strength, Strength::Medium], 20, &mut stream, |_, _, _, _| {});
            assert!(end.outcome().is_some(), "{name} {strength}");
        }
    }
}

#[test]
fn a_bot_without_any_time_or_memory_still_answers() {
    let mut stream = Stream::new(9);
    for _ in 0..20 {
        let rules = any_rules(&mut stream);
        let mut other = Stream::new(stream.next());
        play_out(rules, [Strength::Medium, Strength::Easy], 0, &mut stream, |game, seat, seen, _| {
            for strength in Strength::ALL {
                let mut always = || true;
                let mut budget = Budget::new(1_000, &mut always);
                let blank = Memory::new(seat);
                let command = choose(strength, seen, &blank, &mut other, &mut budget).expect("an answer");
                assert!(legal(game, seat).contains(&command), "{strength} {command:?}");
            }
        });
    }
}

#[test]
fn the_same_view_memory_stream_and_budget_give_the_same_command() {
    let mut stream = Stream::new(4);
    play_out(RuleSet::naija_classic(), [Strength::Medium; 2], 0, &mut stream, |_, _, seen, memory| {
        for strength in Strength::ALL {
            let again = || {
                let mut never = || false;
                choose(strength, seen, memory, &mut Stream::new(77), &mut Budget::new(50, &mut never))
            };
            assert_eq!(again(), again());
        }
    });
}

#[test]
fn a_bot_has_nothing_to_do_out_of_turn_or_for_a_spectator() {
    let mut stream = Stream::new(6);
    play_out(RuleSet::naija_classic(), [Strength::Medium; 2], 0, &mut stream, |game, seat, _, memory| {
        for viewer in [Viewer::Seat(seat.other()), Viewer::Spectator] {
            let mut never = || false;
            let mut budget = Budget::new(10, &mut never);
            let seen = view(game, viewer);
            assert_eq!(choose(Strength::Expert, &seen, memory, &mut Stream::new(1), &mut budget), None);
        }
    });
}
