//! Records that are true verify, whatever was played and however it ended.

use game_engine::{By, Command, Event, Outcome, RuleSet, Seat, WonBy};
use proptest::prelude::*;

use super::random::{Picks, Table, any_rules, heading, played, rules};
use crate::{Commitment, Entropy, Found, Record, Remembered, Unreadable, verify, verify_record};

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

#[track_caller]
fn assert_verifies(record: &Record) {
    let report = verify_record(record, &Remembered::default());
    let faults: Vec<_> = report.checks.iter().filter(|check| check.found != Found::Ok).collect();
    assert!(faults.is_empty(), "{faults:?} under {}", record.rules);
}

proptest! {
    #![proptest_config(config(250))]

    #[test]
    fn every_record_of_a_random_game_under_random_rules_verifies_and_reads_back(seed: u64) {
        let mut picks = Picks::new(seed);
        let rules = any_rules(&mut picks);
        let table = played(rules, &mut picks);
        let story = table.story.clone();
        let record = table.record();
        assert_verifies(&record);
        let json = record.to_json().unwrap();
        prop_assert!(Record::read(&json).as_ref() == Ok(&record));
        let pretty = serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(&json).unwrap());
        prop_assert!(Record::read(&pretty.unwrap()).as_ref() == Ok(&record), "layout means nothing");
        prop_assert!(record.story() == Ok(story), "the record tells the whole story");
    }

    #[test]
    fn nothing_that_is_no_record_makes_the_verifier_panic(text in ".{0,400}", bytes: Vec<u8>) {
        prop_assert!(verify(&text, &Remembered::default()).is_err());
        prop_assert!(verify(&String::from_utf8_lossy(&bytes), &Remembered::default()).is_err());
    }
}

#[test]
fn the_random_games_have_everything_that_can_happen_in_one() {
    let mut picks = Picks::new(3);
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..600 {
        let rules = any_rules(&mut picks);
        let record = played(rules, &mut picks).record();
        for line in &record.lines {
            let kind = match line.entry {
                crate::Entry::Rules(Event::Drew { cause, by, reshuffled, .. }) => {
                    if reshuffled {
                        seen.insert("reshuffled".to_owned());
                    }
                    format!("drew {cause} {by}")
                }
                crate::Entry::Rules(Event::Passed { kind, .. }) => format!("passed {kind}"),
                crate::Entry::Rules(event) => event.kind().to_owned(),
                crate::Entry::Away { .. } => "away".to_owned(),
                crate::Entry::Back { .. } => "back".to_owned(),
                crate::Entry::ClockExtended(_) => "clock_extended".to_owned(),
                crate::Entry::Started(_) | crate::Entry::Revealed(_) => continue,
            };
            seen.insert(kind);
        }
        seen.insert(match record.ending.outcome {
            Outcome::Won { by, .. } => by.to_string(),
            Outcome::Drawn => "drawn".to_owned(),
            Outcome::Voided => "void".to_owned(),
        });
        if record.ending.rounds > 1 {
            seen.insert("rounds more than one".to_owned());
        }
    }
    for needed in [
        "dealt",
        "played",
        "announced",
        "announcement_due",
        "round_ended",
        "match_ended",
        "voided",
        "away",
        "back",
        "clock_extended",
        "drew choice player",
        "drew choice clock",
        "drew debt player",
        "drew general_market player",
        "drew penalty player",
        "drew finish player",
        "drew final_effect player",
        "passed kept",
        "reshuffled",
        "rounds",
        "resignation",
        "forfeit_away",
        "forfeit_clock",
        "drawn",
        "void",
        "rounds more than one",
    ] {
        assert!(seen.contains(needed), "{needed} never happened: {seen:?}");
    }
}

fn some_record() -> Record {
    let mut picks = Picks::new(77);
    played(RuleSet::naija_classic(), &mut picks).record()
}

#[test]
fn what_somebody_remembers_is_compared() {
    let record = some_record();
    let commitment = Some(record.shuffle.commitment);
    let given = record.shuffle.entropy.first.or(record.shuffle.entropy.second);
    assert!(given.is_some(), "somebody gave entropy in this game");
    assert!(verify_record(&record, &Remembered { commitment, entropy: given }).holds());
    let failed = |remembered: &Remembered| {
        let report = verify_record(&record, remembered);
        let failed = report.checks.into_iter().filter(|check| check.found == Found::Failed);
        failed.map(|check| check.name).collect::<Vec<_>>()
    };
    let other = Some(Commitment::from_bytes([1; 32]));
    assert_eq!(failed(&Remembered { commitment: other, entropy: None }), ["commitment"]);
    let other = Some(Entropy::new([1; 32]));
    assert_eq!(failed(&Remembered { commitment: None, entropy: other }), ["entropy"]);
}

#[test]
fn a_move_after_its_deadline_and_a_time_out_before_it_are_faults_of_the_clocks() {
    let mut picks = Picks::new(5);
    let mut fault = |act: &dyn Fn(&mut Table)| {
        let mut table = Table::open(heading(RuleSet::naija_classic(), &mut picks));
        act(&mut table);
        table.command(Seat::First, Command::Resign);
        let report = verify_record(&table.record(), &Remembered::default());
        let failed = report.checks.into_iter().filter(|check| check.found == Found::Failed);
        failed.map(|check| (check.name, check.words)).collect::<Vec<_>>()
    };
    let turn = |table: &Table| table.story.state().turn().unwrap();
    let late = fault(&|table| {
        let due = table.next_deadline().at;
        table.now = due.plus(std::time::Duration::from_micros(1));
        table.command(turn(table), Command::Draw);
    });
    assert!(matches!(&late[..], [("clocks", words)] if words.contains("came after a deadline")), "{late:?}");
    let in_time = fault(&|table| {
        table.now = table.next_deadline().at;
        table.command(turn(table), Command::Draw);
    });
    assert_eq!(in_time, []);
    let early = fault(&|table| {
        table.now = table.next_deadline().at;
        table.command(turn(table), Command::RunOut);
    });
    assert!(matches!(&early[..], [("clocks", words)] if words.contains("was not over")), "{early:?}");
    let twice = fault(&|table| {
        table.come_or_go(Seat::First);
        table.clock.away.first = None;
        table.come_or_go(Seat::First);
    });
    assert!(matches!(&twice[..], [("clocks", words)] if words.contains("away already")), "{twice:?}");
}

#[test]
fn a_command_that_waited_behind_another_line_is_not_called_late() {
    let mut picks = Picks::new(6);
    let mut table = Table::open(heading(RuleSet::naija_classic(), &mut picks));
    let turn = table.story.state().turn().unwrap();
    // The move came in time; the line before it was written a moment after the deadline, and no line lies before that.
    table.now = table.next_deadline().at.plus(std::time::Duration::from_millis(3));
    table.come_or_go(turn.other());
    table.command(turn, Command::Draw);
    table.command(Seat::First, Command::Resign);
    assert_verifies(&table.record());
}

#[test]
fn two_lines_of_clock_moves_forfeit_as_the_rules_say() {
    let mut picks = Picks::new(8);
    let mut table = Table::open(heading(rules(&[("clock.run_outs", "2")]), &mut picks));
    while !table.is_over() {
        table.lapse();
    }
    let record = table.record();
    assert_verifies(&record);
    assert!(matches!(record.ending.outcome, Outcome::Won { by: WonBy::Forfeit(_), .. }));
    let by_clock =
        |line: &&crate::Line| matches!(line.entry, crate::Entry::Rules(Event::Drew { by: By::Clock, .. }));
    assert!(record.lines.iter().filter(by_clock).count() >= 2);
}

#[test]
fn other_files_are_told_apart_from_broken_records() {
    let none = Remembered::default();
    assert!(matches!(verify("", &none), Err(Unreadable::NotJson(_))));
    assert!(matches!(verify("{\"format\":\"whot-record@1\"", &none), Err(Unreadable::NotJson(_))));
    for text in ["[]", "{}", "7", "{\"format\":7}", "{\"format\":\"pgn\"}"] {
        assert_eq!(verify(text, &none), Err(Unreadable::NotARecord), "{text}");
    }
    let newer = some_record().to_json().unwrap().replacen("whot-record@1", "whot-record@2", 1);
    assert_eq!(verify(&newer, &none), Err(Unreadable::OtherVersion("whot-record@2".to_owned())));
    let broken = verify("{\"format\":\"whot-record@1\"}", &none).unwrap();
    assert_eq!((broken.checks[0].name, broken.checks[0].found), ("form", Found::Failed));
    assert!(!broken.holds() && broken.checks.len() == 13);
    assert!(broken.checks[1..].iter().all(|check| check.found == Found::Skipped));
    assert_eq!(verify_record(&some_record(), &none).checks.len(), 13, "the same checks in every case");
}

#[test]
fn a_rule_set_that_this_program_does_not_know_is_named_and_nothing_is_guessed() {
    let mut picks = Picks::new(9);
    let mut newer = RuleSet::naija_classic();
    newer.version = 2;
    let mut table = Table::open(heading(newer, &mut picks));
    table.command(Seat::First, Command::Resign);
    let report = verify_record(&table.record(), &Remembered::default());
    let of = |name| report.checks.iter().find(|check| check.name == name).unwrap();
    assert_eq!(of("rules").found, Found::Failed);
    assert!(of("rules").words.contains("no version 2"), "{}", of("rules").words);
    assert_eq!((of("commitment").found, of("moves").found), (Found::Ok, Found::Skipped));
}
