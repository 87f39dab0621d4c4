//! `whot verify`: whether a published record holds, offline. It needs no server, no configuration and no network.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use game_record::text::Bytes32;
use game_record::{Commitment, Entropy, Found, NOT_PROVEN, Remembered, Report, verify};
use serde_json::json;

use super::plain::plain;
use super::{Global, say};

/// A longer file is no record: 100,000 moves fit, more than a day of moving every second.
const LONGEST: u64 = 32 * 1024 * 1024;
/// The code for a file that cannot be read, or is none of ours.
const UNREADABLE: u8 = 2;
/// Where words for a terminal break.
const WIDTH: usize = 100;

#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Checks the record of a game: commitment, deals, moves, clocks and outcome. Exits with 0 if it holds, 1 if it does not, 2 if the file is no record
    Game(OfGame),
}

#[derive(Args)]
struct OfGame {
    /// The record as GET /api/v1/games/{id}/proof gave it; - reads standard input
    file: PathBuf,
    /// The commitment that came with the invite: the record must have this one
    #[arg(long, value_name = "BASE64URL")]
    commitment: Option<Bytes32>,
    /// The entropy you gave: one of the players must have given this
    #[arg(long, value_name = "BASE64URL")]
    entropy: Option<Bytes32>,
}

pub(super) fn run(global: &Global, arguments: &Arguments) -> ExitCode {
    let What::Game(of) = &arguments.what;
    let remembered = Remembered {
        commitment: of.commitment.map(|bytes| Commitment::from_bytes(bytes.0)),
        entropy: of.entropy.map(|bytes| Entropy::new(bytes.0)),
    };
    let report =
        read_file(&of.file).and_then(|text| verify(&text, &remembered).map_err(|error| error.to_string()));
    match report {
        Ok(report) => {
            if global.json {
                tell_json(&report);
            } else {
                tell(&report);
            }
            if report.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(why) => unreadable(global, &of.file, &why),
    }
}

/// The text of a file, or of standard input for `-`.
pub(super) fn read_file(file: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    let read = if file == Path::new("-") {
        std::io::stdin().take(LONGEST + 1).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(file).and_then(|open| open.take(LONGEST + 1).read_to_end(&mut bytes))
    };
    read.map_err(|error| error.to_string())?;
    if bytes.len() as u64 > LONGEST {
        return Err("it is longer than any record".to_owned());
    }
    let text = String::from_utf8(bytes).map_err(|_| "it is not text in UTF-8".to_owned())?;
    // Some editors begin a file with a mark of its byte order.
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

#[expect(clippy::print_stderr, reason = "this is where a command's failure reaches its person")]
pub(super) fn unreadable(global: &Global, file: &Path, why: &str) -> ExitCode {
    if global.json {
        say(json!({"readable": false, "why": why}));
    }
    eprintln!("whot: {} cannot be read: {}", plain(&file.display().to_string()), plain(why));
    ExitCode::from(UNREADABLE)
}

fn tell_json(report: &Report) {
    let found = |found| match found {
        Found::Ok => "ok",
        Found::Failed => "failed",
        Found::Skipped => "skipped",
    };
    let checks = report.checks.iter();
    let checks: Vec<_> = checks
        .map(|check| json!({"name": check.name, "found": found(check.found), "words": check.words}))
        .collect();
    say(json!({
        "readable": true,
        "holds": report.holds(),
        "game_id": report.game,
        "checks": checks,
        "not_proven": NOT_PROVEN,
    }));
}

fn tell(report: &Report) {
    for check in &report.checks {
        say(format_args!("{:<7} {:<11} {}", check.found, check.name, plain(&check.words)));
    }
    let verdict = if report.holds() {
        "This record holds."
    } else {
        "This record does NOT hold: see what FAILED above."
    };
    say(format_args!("\n{verdict}\n\nWhat no record proves:"));
    for words in NOT_PROVEN {
        let mut begin = "- ";
        for line in wrapped(words, WIDTH) {
            say(format_args!("{begin}{line}"));
            begin = "  ";
        }
    }
}

/// The words on lines of at most so many characters.
fn wrapped(words: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in words.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + word.chars().count() < width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
