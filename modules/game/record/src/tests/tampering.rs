//! Every kind of change to a true record is caught. A forger who also counts the digest anew is caught too, but for a few
//! things that are listed by name.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{LazyLock, Mutex};

use game_engine::{Command, Event, RuleSet, Seat};
use serde_json::{Value, json};

use super::random::{Picks, Table, heading, played, rules};
use crate::clock::Gap;
use crate::{Entry, Record, Remembered, verify, verify_record};

/// What a forger who counts the digest anew can change in a single value, and why nothing else shows it. (In many values
/// at once a forger can write any other game that the same deals and the rules allow: players do not sign their moves.)
const FORGEABLE: [&str; 6] = [
    // A choice that the rules allowed as well, and that nothing afterwards depends on.
    "call",
    "cards of a play",
    // No clock begins or ends at these instants, so they only have to lie between their neighbours.
    "at of announced",
    "at of back",
    "at of clock_extended",
    "at of a penalty",
];

fn holds(text: &str) -> bool {
    verify(text, &Remembered::default()).is_ok_and(|report| report.holds())
}

/// Whether it holds once the digest fits it, as a forger would leave it.
fn holds_forged(document: &Value) -> bool {
    let Ok(mut record) = Record::read(&document.to_string()) else { return false };
    record.digest = record.counted_digest().expect("a digest");
    verify_record(&record, &Remembered::default()).holds()
}

/// True records of every kind, short enough to try every change on.
fn subjects() -> BTreeMap<&'static str, Value> {
    let mut subjects = BTreeMap::new();
    let mut add = |name, rules: RuleSet, wanted: &dyn Fn(&Record) -> bool| {
        let json = shortest(rules, wanted).to_json().unwrap();
        assert!(holds(&json), "{name}");
        subjects.insert(name, serde_json::from_str(&json).unwrap());
    };
    for name in RuleSet::PRESETS {
        add(name, RuleSet::preset(name).unwrap(), &|_| true);
    }
    add("whole", rules(&[("deal", "3")]), &|record| tells(record, r#""by":"rounds""#));
    let rounds = rules(&[("match", "best_of(3)"), ("deal", "3"), ("starter", "loser")]);
    add("rounds", rounds, &|record| record.ending.rounds > 2);
    let group = rules(&[("double_deck", "group"), ("deal", "4")]);
    add("double decking", group, &|record| {
        let several = |line: &crate::Line| matches!(line.entry, Entry::Rules(Event::Played { cards, .. }) if cards.len() > 1);
        record.lines.iter().any(several)
    });
    let again = rules(&[("market.reshuffles", "2"), ("draw", "until_playable"), ("deal", "3")]);
    add("reshuffles", again, &|record| tells(record, r#""reshuffled":true"#));
    let manual = rules(&[("announce", "manual(2,500)"), ("deal", "3")]);
    add("penalty", manual, &|record| {
        tells(record, r#""cause":"penalty""#) && tells(record, r#""announced""#)
    });
    add("voided", RuleSet::quick(), &|record| tells(record, r#""kind":"voided""#));
    add("resigned", RuleSet::quick(), &|record| tells(record, r#""by":"resignation""#));
    add("by clock", RuleSet::quick(), &|record| tells(record, r#""by":"forfeit_clock""#));
    let away = rules(&[("deal", "3"), ("clock.away_s", "10")]);
    add("away", away, &|record| tells(record, r#""by":"forfeit_away""#));
    add("extended", rules(&[("deal", "3")]), &|record| {
        tells(record, "clock_extended") && tells(record, r#""kind":"back""#)
    });
    add("by count", rules(&[("move_cap", "10")]), &|record| tells(record, "move_cap\",\"winner"));
    subjects
}

fn tells(record: &Record, part: &str) -> bool {
    record.to_json().unwrap().contains(part)
}

/// The shortest of the first games that are as wanted.
fn shortest(rules: RuleSet, wanted: &dyn Fn(&Record) -> bool) -> Record {
    let mut picks = Picks::new(11);
    let games = std::iter::repeat_with(|| played(rules, &mut picks).record());
    let found = games.take(3_000).filter(|record| record.lines.len() > 8 && wanted(record)).take(20);
    found
        .min_by_key(|record| record.lines.len())
        .unwrap_or_else(|| panic!("no such game under {}", rules.canonical()))
}

static SUBJECTS: LazyLock<BTreeMap<&'static str, Value>> = LazyLock::new(subjects);

/// Does something to every subject, on as many threads as there are cores.
fn on_every_subject(act: impl Fn(&str, &Value) + Sync) {
    let waiting = Mutex::new(SUBJECTS.iter());
    let work = || {
        while let Some((name, document)) = { waiting.lock().unwrap().next() } {
            act(name, document);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
}

/// Places of every class inside a document, by JSON Pointer: of those that differ only in their numbers, and in lines of
/// the same kind, the first and the last.
fn places(document: &Value) -> Vec<String> {
    let mut all = Vec::new();
    walk(document, "", &mut all);
    let mut classes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for place in all {
        classes.entry(class(document, &place)).or_default().push(place);
    }
    let sample = |class: Vec<String>| {
        let kept: BTreeSet<usize> = [0, class.len() - 1].into();
        kept.into_iter().map(move |number| class[number].clone())
    };
    classes.into_values().flat_map(sample).collect()
}

fn walk(value: &Value, place: &str, found: &mut Vec<String>) {
    found.push(place.to_owned());
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(key, value)| walk(value, &format!("{place}/{key}"), found));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, value)| walk(value, &format!("{place}/{n}"), found));
        }
        _ => {}
    }
}

fn class(document: &Value, place: &str) -> String {
    let parts: Vec<&str> = place.split('/').collect();
    let shape: Vec<&str> =
        parts.iter().map(|part| if part.parse::<u32>().is_ok() { "#" } else { part }).collect();
    let kind = match parts[..] {
        ["", "lines", number, ..] => &document["lines"][number.parse::<usize>().unwrap()]["event"]["kind"],
        _ => &Value::Null,
    };
    format!("{kind} {}", shape.join("/"))
}

const CARDS: [&str; 5] = ["circle-1", "circle-3", "square-13", "star-8", "whot-20"];
/// Words that stand in the same places.
const FAMILIES: [&[&str]; 9] = [
    &["first", "second"],
    &["circle", "triangle", "cross", "square", "star"],
    &["choice", "debt", "general_market", "penalty", "finish", "final_effect"],
    &["player", "clock"],
    &["kept", "forced"],
    &["semi_last", "last_card"],
    &["emptied", "market", "stalemate", "move_cap"],
    &["rounds", "resignation", "forfeit_away", "forfeit_clock", "drawn", "voided"],
    &["dealt", "played", "drew", "passed", "announced", "announcement_due", "away", "back", "revealed"],
];

/// Other values that a leaf could plausibly have.
fn others(leaf: &Value) -> Vec<Value> {
    let mut others: Vec<Value> = match leaf {
        Value::Null => {
            let any = [json!(0), json!(true), json!("A".repeat(43)), json!([]), json!("first"), json!("ada")];
            any.into_iter().chain(CARDS.map(Value::from)).collect()
        }
        Value::Bool(flag) => vec![json!(!flag), Value::Null, json!(0)],
        Value::Number(number) => {
            let number = number.as_i64().expect("a whole number");
            let near = [number + 1, number - 1, number * 2 + 1, 0, number + 1_000_000, -number];
            near.map(Value::from).into_iter().chain([Value::Null, json!(number.to_string())]).collect()
        }
        Value::String(text) => strings(text),
        Value::Array(_) | Value::Object(_) => Vec::new(),
    };
    others.retain(|other| other != leaf);
    others
}

fn strings(text: &str) -> Vec<Value> {
    if text.parse::<game_engine::Card>().is_ok() {
        return CARDS.into_iter().chain(["circle-6"]).map(Value::from).collect();
    }
    if let Some(family) = FAMILIES.iter().find(|family| family.contains(&text)) {
        return family.iter().chain(&["ada"]).map(|word| json!(word)).collect();
    }
    let mut all = vec![Value::Null, json!(format!("{text}x")), json!(""), json!(text.to_uppercase())];
    if let Ok(at) = text.parse::<kernel::Timestamp>() {
        for micros in [1, -1, 1_000_000, -1_000_000, 3_600_000_000, -3_600_000_000] {
            all.push(json!(kernel::Timestamp::from_micros(at.micros() + micros).to_string()));
        }
    } else {
        // One letter at a time: the first, one in the middle, the last.
        let letters: Vec<char> = text.chars().collect();
        for place in [0, letters.len() / 2, letters.len().saturating_sub(1)] {
            for other in ['a', 'B', '7', 'w'] {
                let mut changed = letters.clone();
                changed[place] = other;
                all.push(json!(changed.iter().collect::<String>()));
            }
        }
        for (was, is) in
            [("deal=6", "deal=5"), ("ng54", "gb53"), ("counter=same", "counter=cross"), ("@1", "@2")]
        {
            all.push(json!(text.replace(was, is)));
        }
    }
    all
}

/// Under which name a change of this place may go unnoticed by all but the digest.
fn name(document: &Value, place: &str) -> String {
    let parts: Vec<&str> = place.split('/').skip(1).collect();
    let event = |number: &str| &document["lines"][number.parse::<usize>().unwrap()]["event"];
    match parts[..] {
        ["lines", number, "at"] if event(number)["cause"] == "penalty" => "at of a penalty".to_owned(),
        ["lines", number, "at"] => format!("at of {}", event(number)["kind"].as_str().unwrap()),
        ["lines", number, "event", "call"] if event(number)["kind"] == "played" => "call".to_owned(),
        ["lines", number, "event", "cards", ..] if event(number)["kind"] == "played" => {
            "cards of a play".to_owned()
        }
        _ => place.to_owned(),
    }
}

#[test]
fn no_value_of_a_record_can_be_changed_unnoticed_but_a_display_name() {
    on_every_subject(|subject, document| {
        for place in places(document) {
            for other in others(document.pointer(&place).unwrap()).into_iter().take(3) {
                let mut changed = document.clone();
                *changed.pointer_mut(&place).unwrap() = other.clone();
                let caught = !holds(&changed.to_string());
                let of_a_name = place.ends_with("/username") && (other.is_string() || other.is_null());
                assert!(changed == *document || caught != of_a_name, "{subject}: {place} may be {other}");
            }
        }
    });
}

#[test]
fn whoever_counts_the_digest_anew_still_cannot_change_a_value_but_those_that_are_named() {
    let survived = Mutex::new(BTreeSet::new());
    on_every_subject(|subject, document| {
        let mut found = places(document);
        assert!(found.len() > 60, "{subject}");
        found.retain(|place| !place.ends_with("/username") && place != "/digest");
        for place in found {
            for other in others(document.pointer(&place).unwrap()) {
                let mut changed = document.clone();
                *changed.pointer_mut(&place).unwrap() = other.clone();
                if holds_forged(&changed) {
                    let name = name(document, &place);
                    assert!(FORGEABLE.contains(&name.as_str()), "{subject}: {place} may be {other}");
                    survived.lock().unwrap().insert(name);
                }
            }
        }
    });
    // Cards are only ever exchanged, which changes two values: the next test.
    let named = FORGEABLE.iter().filter(|name| **name != "cards of a play").map(|name| (*name).to_owned());
    assert_eq!(survived.into_inner().unwrap(), named.collect(), "the list names what really is");
}

#[test]
fn nothing_can_be_added_left_out_doubled_or_exchanged() {
    on_every_subject(|subject, document| {
        for place in places(document) {
            for changed in rearranged(document, &place).into_iter().filter(|changed| changed != document) {
                assert!(!holds(&changed.to_string()), "{subject}: {place}");
                let known = FORGEABLE.contains(&name(document, &place).as_str());
                assert!(known || !holds_forged(&changed), "{subject}: {place}");
            }
        }
    });
}

/// The document with something in this list or object added, left out, doubled or exchanged.
fn rearranged(document: &Value, place: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut add = |change: &dyn Fn(&mut Value)| {
        let mut changed = document.clone();
        change(changed.pointer_mut(place).unwrap());
        all.push(changed);
    };
    match document.pointer(place).unwrap() {
        Value::Object(members) => {
            add(&|changed| changed["note"] = json!(1));
            for key in members.keys() {
                add(&|changed| drop(changed.as_object_mut().unwrap().remove(key)));
            }
        }
        Value::Array(items) => {
            let sample: BTreeSet<usize> = [0, 1, items.len() / 2, items.len().saturating_sub(1)].into();
            for number in sample.into_iter().filter(|number| *number < items.len()) {
                add(&|changed| drop(changed.as_array_mut().unwrap().remove(number)));
                add(&|changed| {
                    let items = changed.as_array_mut().unwrap();
                    items.insert(number, items[number].clone());
                });
                add(&|changed| {
                    let items = changed.as_array_mut().unwrap();
                    let next = (number + 1) % items.len();
                    items.swap(number, next);
                });
            }
        }
        _ => {}
    }
    all
}

#[test]
fn a_lost_or_doubled_line_is_missed_even_when_all_are_renumbered() {
    on_every_subject(|subject, document| {
        let count = document["lines"].as_array().unwrap().len();
        for (number, doubled) in (0..count).flat_map(|number| [(number, false), (number, true)]) {
            let mut changed = document.clone();
            let lines = changed["lines"].as_array_mut().unwrap();
            let line = lines.remove(number);
            if doubled {
                lines.splice(number..number, [line.clone(), line]);
            }
            for (seq, line) in (1..).zip(lines) {
                line["seq"] = json!(seq);
            }
            assert!(!holds(&changed.to_string()), "{subject}: line {number}, doubled: {doubled}");
        }
    });
}

#[test]
fn no_byte_of_a_record_can_be_flipped_unnoticed_but_in_a_display_name() {
    let mut picks = Picks::new(4);
    let mut table = Table::open(heading(rules(&[("deal", "3")]), &mut picks));
    for _ in 0..3 {
        let turn = table.story.state().turn().unwrap();
        table.now = table.now.plus(std::time::Duration::from_millis(1_234));
        table.command(turn, Command::Draw);
    }
    table.command(Seat::Second, Command::Resign);
    let json = table.record().to_json().unwrap();
    let flips = [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80];
    let original: Value = serde_json::from_str(&json).unwrap();
    for place in 0..json.len() {
        for flip in flips.iter().cycle().skip(place % 8).step_by(3).take(2) {
            let mut bytes = json.clone().into_bytes();
            bytes[place] ^= flip;
            let Ok(text) = String::from_utf8(bytes) else { continue };
            if !holds(&text) {
                continue;
            }
            // It still holds: then it says the same, or only a name changed.
            let mut changed: Value = serde_json::from_str(&text).unwrap();
            for seat in [0, 1] {
                changed["players"][seat]["username"] = original["players"][seat]["username"].clone();
            }
            assert!(changed == original, "byte {place}: {text}");
        }
    }
}

#[test]
fn time_that_no_server_can_have_missed_is_not_given_to_anybody() {
    let second = std::time::Duration::from_secs(1);
    let begun = |seconds: u32| {
        let mut table = Table::open(heading(rules(&[("deal", "3")]), &mut Picks::new(8)));
        let opened = table.now;
        table.now = opened.plus(second * seconds);
        let turn = table.story.state().turn().unwrap();
        table.command(turn, Command::Draw);
        (table, opened, opened.plus(second * seconds))
    };
    let holds_with = |gaps: &[Gap], table: &mut Table| {
        for gap in gaps {
            table.make_good(*gap);
        }
        table.command(Seat::First, Command::Resign);
        holds(&table.record().to_json().unwrap())
    };
    let gap = |from: kernel::Timestamp, to: kernel::Timestamp| Gap { from, to };
    let (mut table, opened, now) = begun(10);
    let later = |seconds: u32| now.plus(second * seconds);
    let true_ones = [gap(opened, later(5)), gap(later(5), later(9)), gap(later(12), later(13))];
    assert!(holds_with(&true_ones, &mut table), "a server died, its successor died, and later one more");
    let wrong = [
        ("over before the line before", vec![gap(opened, now)]),
        ("years before the game", vec![gap(kernel::Timestamp::from_seconds(946_684_800), opened)]),
        ("twice", vec![gap(now, later(5)), gap(now, later(5))]),
        ("twice in part", vec![gap(now, later(5)), gap(later(4), later(9))]),
        ("backwards", vec![gap(later(5), now)]),
        ("no time at all", vec![gap(later(5), later(5))]),
    ];
    for (name, gaps) in wrong {
        assert!(!holds_with(&gaps, &mut begun(10).0), "{name}");
    }
    // And none that is still to come: the line is of before its end.
    let (mut table, _, _) = begun(10);
    table.clock.extend(gap(now, later(60)));
    table.line(Entry::ClockExtended(gap(now, later(60))), Some(table.clock));
    table.command(Seat::First, Command::Resign);
    assert!(!holds(&table.record().to_json().unwrap()));
}

#[test]
fn another_games_parts_do_not_fit() {
    let mut picks = Picks::new(21);
    let mut document = || -> Value {
        serde_json::from_str(&played(RuleSet::quick(), &mut picks).record().to_json().unwrap()).unwrap()
    };
    let (one, other) = (document(), document());
    for key in ["game_id", "players", "commitment", "entropy", "seed", "outcome", "lines"] {
        let mut mixed = one.clone();
        mixed[key] = other[key].clone();
        assert!(mixed == one || !holds_forged(&mixed), "{key}");
    }
}

#[test]
fn moving_a_whole_game_in_time_is_what_only_the_digest_shows() {
    let mut picks = Picks::new(2);
    let mut table = Table::open(heading(RuleSet::quick(), &mut picks));
    table.command(Seat::First, Command::Resign);
    let json = table.record().to_json().unwrap();
    let document: Value = serde_json::from_str(&json).unwrap();
    let at = document["lines"][0]["at"].as_str().unwrap().parse::<kernel::Timestamp>().unwrap();
    let later = kernel::Timestamp::from_micros(at.micros() + 1_000_000);
    let moved = json
        .replace(&at.to_string(), &later.to_string())
        .replace(&at.micros().to_string(), &later.micros().to_string())
        .replace(&(at.micros() + 80_000_000).to_string(), &(later.micros() + 80_000_000).to_string());
    assert!(moved != json && !holds(&moved));
    assert!(holds_forged(&serde_json::from_str(&moved).unwrap()), "the documents say so, and this is why");
}
