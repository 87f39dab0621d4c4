//! The fuzz targets on a stable compiler: every input of the corpora, then mutations of them from a seed. No nightly, no
//! instrumentation. cargo-fuzz drives the same targets by coverage: `cargo fuzz run --fuzz-dir tests/fuzz frame`.
//!
//! `WHOT_FUZZ_RUNS` says how many mutations each target gets, `WHOT_FUZZ_SEED` where they begin.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod mutate;
mod targets;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use mutate::Mutator;

/// One parser, its function and where its inputs are.
struct Target {
    name: &'static str,
    run: fn(&[u8]),
    /// Games of the first version, which are good inputs too: those with this ending.
    golden: Option<&'static str>,
    /// What its inputs are made of.
    words: &'static [&'static str],
    /// Mutations in an ordinary run: a record takes longer to verify than a frame to read.
    runs: u64,
}

const FRAME: Target = Target {
    name: "frame",
    run: targets::frame,
    golden: None,
    words: &[
        "\"t\":\"hello\"",
        "\"t\":\"cmd\"",
        "\"t\":\"follow\"",
        "\"t\":\"auth\"",
        "\"t\":\"ping\"",
        "\"topic\":",
        "\"topics\":[",
        "{\"game\":\"gam_1\"}",
        "{\"inbox\":true}",
        "\"after\":",
        "\"base\":",
        "\"do\":{}",
        "\"cid\":",
        "\"token\":\"",
        "\"v\":[1]",
        "null",
        "18446744073709551616",
        "-1",
        "1e400",
        "\\u0000",
        "\\ud800",
        "01932a3e-5f6a-7c3b-8d2e-1f2a3b4c5d6e",
        "[[[[[[[[",
    ],
    runs: 20_000,
};

const NOTATION: Target = Target {
    name: "notation",
    run: targets::notation,
    golden: Some("whot"),
    words: &[
        "[Whot \"notation@1\"]",
        "[Result \"drawn\"]",
        "[Result \"first rounds\"]",
        "[Began \"",
        "Round 2",
        "1.",
        "@0.5",
        "@1e9",
        "{",
        "}",
        "{note}",
        "d",
        "p",
        "1#",
        "c5",
        "w=s",
        "late",
        "1?",
        "-",
        "\\\"",
        "naija_classic@1",
        "match=best_of(3)",
    ],
    runs: 5_000,
};

const VERIFY: Target = Target {
    name: "verify",
    run: targets::verify,
    golden: Some("json"),
    words: &[
        "\"format\":\"whot-record@1\"",
        "\"seq\":1",
        "\"at\":",
        "\"event\":",
        "\"clock\":",
        "\"seed\":",
        "\"entropy\":[null,null]",
        "null",
        "\"winner\":\"first\"",
        "\"reason\":\"voided\"",
        "\"rounds\":0",
        "circle-5",
        "whot-20",
        "\"legal\":",
        "4294967296",
        "-1",
        "[]",
        "{}",
    ],
    runs: 2_000,
};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(name)
}

fn files(folder: &Path, ending: Option<&str>) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| ending.is_none_or(|ending| path.extension().is_some_and(|own| own == ending)))
        .map(|path| (path.display().to_string(), fs::read(&path).unwrap()))
        .collect();
    files.sort();
    files
}

impl Target {
    fn inputs(&self) -> Vec<(String, Vec<u8>)> {
        let mut inputs = files(&folder(self.name), None);
        assert!(inputs.len() >= 5, "the corpus of {} was not found", self.name);
        if let Some(ending) = self.golden {
            let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("modules/game/record/golden");
            inputs.extend(files(&golden, Some(ending)));
        }
        inputs
    }

    /// Every kept input, then mutations of them.
    fn fuzz(&self) {
        let inputs = self.inputs();
        for (name, input) in &inputs {
            self.try_out(input, name);
        }
        let number =
            |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a whole number"));
        let (runs, seed) =
            (number("WHOT_FUZZ_RUNS").unwrap_or(self.runs), number("WHOT_FUZZ_SEED").unwrap_or(1));
        let inputs: Vec<Vec<u8>> = inputs.into_iter().map(|(_, input)| input).collect();
        for run in 0..runs {
            let mut mutator = Mutator::new(seed.wrapping_mul(1_000_003).wrapping_add(run), self.words);
            let input = mutator.mutated(&inputs);
            self.try_out(&input, &format!("seed {seed}, run {run}"));
        }
    }

    fn try_out(&self, input: &[u8], which: &str) {
        if catch_unwind(AssertUnwindSafe(|| (self.run)(input))).is_err() {
            let text = String::from_utf8_lossy(input);
            panic!("{}: {which}. Keep it in tests/fuzz/corpus/{}:\n{text}", self.name, self.name);
        }
    }
}

#[test]
fn no_frame_of_a_client_is_read_that_is_not_exactly_one() {
    FRAME.fuzz();
}

#[test]
fn no_notation_is_read_that_is_not_a_whole_game() {
    NOTATION.fuzz();
}

#[test]
fn no_record_holds_that_is_not_bound_to_its_promise() {
    VERIFY.fuzz();
}

/// Whether a parser says yes.
type Accepts = fn(&str) -> bool;

/// A corpus of refusals alone would exercise the first line of each parser.
#[test]
fn each_corpus_has_inputs_that_are_accepted_and_inputs_that_are_not() {
    let read: [(Target, Accepts); 3] = [
        (FRAME, |text| platform::live::frames::parse(text).is_ok()),
        (NOTATION, |text| game_record::notation::parse(text).is_ok()),
        (VERIFY, |text| {
            game_record::verify(text, &game_record::Remembered::default()).is_ok_and(|report| report.holds())
        }),
    ];
    for (target, accepted) in read {
        let inputs = target.inputs();
        let texts = inputs.iter().map(|(_, input)| std::str::from_utf8(input).unwrap_or_default());
        let good = texts.filter(|text| accepted(text)).count();
        assert!(good >= 3 && inputs.len() - good >= 3, "{}: {good} of {}", target.name, inputs.len());
    }
}

/// What cargo-fuzz builds is no member of the workspace: this keeps its list of targets from going stale.
#[test]
fn cargo_fuzz_knows_each_target() {
    let manifest = include_str!("Cargo.toml");
    for target in [FRAME, NOTATION, VERIFY] {
        let name = target.name;
        assert!(
            manifest.contains(&format!("name = \"{name}\"\npath = \"fuzz_targets/{name}.rs\"")),
            "{name}"
        );
        let driver = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fuzz/fuzz_targets/{name}.rs"));
        assert!(fs::read_to_string(driver).unwrap().contains(&format!("targets::{name}(data)")), "{name}");
    }
}
