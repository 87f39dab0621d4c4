//! Notation reads back to the same game, says where it is wrong, and never panics.

use std::fs;
use std::path::PathBuf;

use game_engine::{Command, RuleSet, Seat};
use proptest::prelude::*;

use super::random::{Picks, Table, any_rules, heading, played};
use crate::notation::{parse, write};
use crate::{Note, Step, Story};

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// The same commands, without times if wanted, and with remarks here and there.
fn retold(story: &Story, timed: bool, picks: &mut Picks) -> Story {
    let at = |step: &Step| step.at.filter(|_| timed);
    let first = &story.steps()[0];
    let mut again = Story::begin(story.heading.clone(), at(first)).unwrap();
    for step in story.steps().iter().filter(|step| !matches!(step.command, Command::Deal(_))) {
        let texts = ["good!", "a Whot would have been better; who knows?", "名前 [\"\\"];
        let note = (picks.below(6) == 0).then(|| Note::new(texts[picks.below(3)]).unwrap());
        again.carry_out(step.seat, step.command, at(step), note).unwrap();
    }
    again
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn any_game_under_any_rules_reads_back_to_the_identical_events(seed: u64, timed: bool) {
        let mut picks = Picks::new(seed);
        let rules = any_rules(&mut picks);
        let story = played(rules, &mut picks).story;
        let story = retold(&story, timed, &mut picks);
        let text = write(&story);
        let again = parse(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        prop_assert!(again.events().eq(story.events()));
        prop_assert!(again == story, "{}", text);
        prop_assert_eq!(write(&again), text);
    }

    #[test]
    fn nothing_makes_the_parser_panic(bytes: Vec<u8>, text in ".{0,300}") {
        let _ = parse(&String::from_utf8_lossy(&bytes));
        let _ = parse(&text);
    }

    #[test]
    fn a_changed_byte_is_an_error_or_another_whole_game(seed in 0_u64..20, place: prop::sample::Index, byte: u8) {
        let mut picks = Picks::new(seed);
        let text = write(&played(RuleSet::quick(), &mut picks).story);
        let mut bytes = text.clone().into_bytes();
        let place = place.index(bytes.len());
        bytes[place] = byte;
        let changed = String::from_utf8_lossy(&bytes);
        match parse(&changed) {
            Ok(story) => prop_assert!(story.outcome().is_some()),
            Err(error) => {
                let line = changed.lines().count() + 1;
                prop_assert!(usize::try_from(error.line).unwrap() <= line && error.column > 0 && error.line > 0);
            }
        }
    }
}

fn resigned() -> String {
    let mut picks = Picks::new(1);
    let mut table = Table::open(heading(RuleSet::quick(), &mut picks));
    table.command(table.story.state().turn().unwrap(), Command::Draw);
    table.command(Seat::Second, Command::Resign);
    let story = retold(&table.story, false, &mut Picks::new(0));
    write(&story)
}

#[track_caller]
fn refused(text: &str, line: u32, column: u32, what: &str) {
    let error = parse(text).expect_err("an error");
    assert!(error.what.contains(what), "{error}\n{text}");
    assert_eq!((error.line, error.column), (line, column), "{error}\n{text}");
}

#[test]
fn errors_name_their_line_and_column() {
    let text = resigned();
    assert!(parse(&text).is_ok(), "{text}");
    let with = |was: &str, is: &str| {
        assert!(text.contains(was), "{was} is not in\n{text}");
        text.replacen(was, is, 1)
    };
    refused("", 1, 1, "`[` is missing");
    refused(&with("[Whot", "[What"), 1, 2, "`Whot` has to stand here");
    refused(&with("notation@1", "notation@2"), 1, 8, "reads notation@1");
    refused(&with("gam_", "gem_"), 2, 8, "expected an id");
    refused(&with("quick@1", "quick@2"), 5, 9, "not the canonical text");
    refused(&with("quick@1", "pagat@1"), 6, 14, "do not fit this commitment");
    refused(&with("\"]\n[FirstEntropy", "=\"]\n[FirstEntropy"), 6, 14, "32 bytes as base64url");
    refused(&with("[Seed \"", "[Seed \"\n"), 9, 8, "does not end on its line");
    refused(&with("first resignation", "second resignation"), 10, 10, "not the result");
    refused(&with("first resignation", "resigned"), 10, 10, "a result like");
    refused(&with("Round 1", "Round 2"), 12, 7, "this is round 1");
    refused(&with("Round 1\n", ""), 12, 1, "`Round 1` has to stand here");
    refused(&with("1. d", "2. d"), 13, 1, "number 1");
    refused(&with("1. d", "1. dd"), 13, 4, "not a command");
    refused(&with("1. d", "1. p"), 13, 4, "the rules refuse it");
    refused(&with("1. d", "1. d @1.5"), 13, 6, "times need the tag `Began`");
    refused(&with("1. d", "{why} 1. d"), 13, 1, "a comment stands after a command");
    refused(&with("1. d", "1. {why} d"), 13, 4, "after its number the command");
    refused(&with("1. d", "1. 1. d"), 13, 4, "after its number the command");
    refused(&with("d 2#", "d 2. {why} 2#"), 13, 9, "after its number the command");
    refused(&with("1. d", "1. d {one} {two}"), 13, 12, "one comment");
    refused(&with("1. d", "1. d {one"), 13, 6, "does not end");
    refused(&with("d 2#", "d"), 14, 1, "does not end here");
    refused(&with("d 2#", "d 2# d"), 13, 9, "the match is over");
    let began = "[Began \"2026-11-20T17:00:00Z\"]\n[Result";
    refused(&with("[Result", began), 14, 6, "time of this command is missing");
    refused(&with("[Result", &began.replace("Z\"", "+00:00\"")), 10, 9, "an instant like");
}

#[test]
fn white_space_means_nothing_and_numbers_may_be_left_out() {
    let text = resigned();
    let loose = text.replace("1. d 2#", "\r\n\td\r\n2. 2#  {so soon}\n\n");
    let (story, again) = (parse(&text).unwrap(), parse(&loose).unwrap());
    assert!(story.events().eq(again.events()));
    assert_eq!(again.steps().last().unwrap().note, Note::new("so soon"));
}

/// Files that a parser has to live with: `ok-` reads, `bad-` does not, and nothing panics.
#[test]
fn the_corpus_reads_as_its_names_say() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus/notation");
    let mut seen = [0, 0];
    for file in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        let text = String::from_utf8_lossy(&fs::read(&file).unwrap()).into_owned();
        let read = parse(&text);
        match name.split('-').next() {
            Some("ok") => assert!(read.is_ok(), "{name}: {read:?}"),
            Some("bad") => assert!(read.is_err(), "{name}"),
            _ => panic!("{name} says nothing of what it is"),
        }
        seen[usize::from(name.starts_with("bad"))] += 1;
    }
    assert!(seen[0] >= 5 && seen[1] >= 8, "{seen:?}");
}
