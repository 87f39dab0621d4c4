//! A whole game as compact text: header tags, then numbered commands round by round (`docs/notation.md`).
//!
//! Deals follow from the seed and the entropy in the header, so only commands are written; whoever reads them plays them
//! through the rules again and gets the identical events.

mod parse;
mod words;

use std::fmt::Write;

use game_engine::{BySeat, Command, Outcome, RuleSet, Seat};
use kernel::Timestamp;

use crate::record::Player;
use crate::shuffle::Entropy;
use crate::story::{Step, Story};
use crate::text::Bytes32;
use words::{command_word, seconds};

pub use parse::{NotationError, parse};

/// What every notation says of itself.
pub const FORMAT: &str = "notation@1";

/// Commands on a line.
const WIDE: usize = 10;
/// Commands on a line when each has a time or some have notes.
const NARROW: usize = 5;

/// The game as notation; an unfinished one has the result `*`, which does not read back. Times are written if every step
/// has one.
pub fn write(story: &Story) -> String {
    let steps = story.steps();
    let timed = steps.iter().all(|step| step.at.is_some());
    let began = steps.first().and_then(|step| step.at).filter(|_| timed);
    let mut text = header(story, began);
    let mut last_at = began;
    for round in steps.chunk_by(|_, next| !matches!(next.command, Command::Deal(_))) {
        let Some((deal, commands)) = round.split_first() else { continue };
        let _ = writeln!(text, "\nRound {}", deal.after.round());
        lines(&mut text, commands, &mut last_at);
    }
    text
}

fn header(story: &Story, began: Option<Timestamp>) -> String {
    let (heading, mut text) = (&story.heading, String::new());
    let shuffle = &heading.shuffle;
    let mut tag = |name: &str, value: &str| {
        let value = value.replace('\\', "\\\\").replace('"', "\\\"");
        // Writing to a String cannot fail.
        let _ = writeln!(text, "[{name} \"{value}\"]");
    };
    tag("Whot", FORMAT);
    tag("Game", &heading.game.to_string());
    tag("First", &player(&heading.players.first));
    tag("Second", &player(&heading.players.second));
    tag("Rules", &rules(&heading.rules));
    tag("Commitment", &Bytes32(shuffle.commitment.bytes()).to_string());
    let BySeat { first, second } = shuffle.entropy.map(entropy);
    tag("FirstEntropy", &first);
    tag("SecondEntropy", &second);
    tag("Seed", &Bytes32(shuffle.seed.reveal()).to_string());
    if let Some(began) = began {
        tag("Began", &began.to_string());
    }
    tag("Result", &result(story.outcome()));
    text
}

fn player(player: &Player) -> String {
    let plain = |name: &&String| !name.is_empty() && !name.chars().any(char::is_control);
    match player.username.as_ref().filter(plain) {
        Some(name) => format!("{} {name}", player.account),
        None => player.account.to_string(),
    }
}

/// A preset by its label, any other set in full.
fn rules(rules: &RuleSet) -> String {
    let preset = RuleSet::preset(rules.name.as_str());
    if preset == Some(*rules) { rules.label() } else { rules.canonical() }
}

fn entropy(entropy: Option<Entropy>) -> String {
    entropy.map_or_else(|| "-".to_owned(), |entropy| Bytes32(entropy.bytes()).to_string())
}

/// `first rounds`, `second resignation`, `drawn`, `voided`.
fn result(outcome: Option<Outcome>) -> String {
    match outcome {
        Some(Outcome::Won { winner, by }) => format!("{winner} {by}"),
        Some(Outcome::Drawn) => "drawn".to_owned(),
        Some(Outcome::Voided) => "voided".to_owned(),
        None => "*".to_owned(),
    }
}

fn lines(text: &mut String, commands: &[Step], last_at: &mut Option<Timestamp>) {
    let dense = last_at.is_none() && commands.iter().all(|step| step.note.is_none());
    let mut number = 1;
    for line in commands.chunks(if dense { WIDE } else { NARROW }) {
        let _ = write!(text, "{number}.");
        for step in line {
            let _ = write!(text, " {}", command_word(step.seat, &step.command));
            if let (Some(last), Some(at)) = (*last_at, step.at) {
                let _ = write!(text, " @{}", seconds(at.since(last)));
                *last_at = Some(at);
            }
            if let Some(note) = &step.note {
                let _ = write!(text, " {{{}}}", note.as_str());
            }
            number += 1;
        }
        text.push('\n');
    }
}

/// The seat that a command without a seat is of: whoever has the turn, and the first for what belongs to nobody.
fn seat_on_turn(story: &Story) -> Seat {
    story.state().turn().unwrap_or(Seat::First)
}
