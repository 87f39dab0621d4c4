//! `whot replay`: a finished game again, from its record or its notation, step by step in the terminal.

mod picture;
mod words;

use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use game_record::{Record, Story, notation};
use serde_json::json;

use super::cards::Ink;
use super::verify::{read_file, unreadable};
use super::{Global, say};
use picture::picture;
use words::names;

/// The code for a round or step that the game does not have.
const WRONG_USAGE: u8 = 2;

#[derive(Args)]
pub(super) struct Arguments {
    /// A record (.json) or notation (.whot); - reads standard input
    file: PathBuf,
    /// Prints every step at once, also on a terminal
    #[arg(long)]
    all: bool,
    /// Shows this round only
    #[arg(long, value_name = "N")]
    round: Option<u32>,
    /// Begins with this step
    #[arg(long, value_name = "N", default_value_t = 1)]
    from: usize,
}

pub(super) fn run(global: &Global, arguments: &Arguments) -> ExitCode {
    let story = match read_file(&arguments.file).and_then(|text| read(&text)) {
        Ok(story) => story,
        Err(why) => return unreadable(global, &arguments.file, &why),
    };
    let wanted: Vec<usize> = (1..)
        .zip(story.steps())
        .filter(|(number, step)| {
            *number >= arguments.from && arguments.round.is_none_or(|round| step.after.round() == round)
        })
        .map(|(number, _)| number)
        .collect();
    if wanted.is_empty() {
        return out_of_range(&story);
    }
    let on_terminal = std::io::stdout().is_terminal();
    if global.json {
        tell_json(&story, &wanted);
    } else if arguments.all || !on_terminal || !std::io::stdin().is_terminal() {
        let ink = Ink::of_environment(on_terminal);
        say(words::heading(&story));
        for number in &wanted {
            say(picture(&story, *number, ink));
        }
    } else {
        leaf(&story, &wanted, Ink::of_environment(on_terminal));
    }
    ExitCode::SUCCESS
}

/// The game is readable, but has no such round or step.
#[expect(clippy::print_stderr, reason = "this is where a command's failure reaches its person")]
fn out_of_range(story: &Story) -> ExitCode {
    let rounds = story.state().round();
    eprintln!(
        "whot: the game has {} steps in {rounds} rounds, and none is as asked for",
        story.steps().len()
    );
    ExitCode::from(WRONG_USAGE)
}

/// A record begins with a brace, notation with a bracket. A record must tell a match; whether it is the true one is for
/// `whot verify` to say.
fn read(text: &str) -> Result<Story, String> {
    if text.trim_start().starts_with('{') {
        return Record::read(text).map_err(|error| error.to_string())?.story();
    }
    notation::parse(text).map_err(|error| error.to_string())
}

fn tell_json(story: &Story, wanted: &[usize]) {
    for number in wanted {
        let Some(step) = number.checked_sub(1).and_then(|place| story.steps().get(place)) else { continue };
        let table = &step.after;
        let hand = |seat| table.hand(seat).iter().map(|card| card.to_string()).collect::<Vec<_>>();
        let [first, second] = [game_engine::Seat::First, game_engine::Seat::Second];
        say(json!({
            "number": number,
            "round": table.round(),
            "at": step.at,
            "words": words::of_step(step, &names(story)),
            "note": step.note.as_ref().map(game_record::Note::as_str),
            "hands": [hand(first), hand(second)],
            "in_force": table.in_force().map(|card| card.to_string()),
            "called": table.called().map(game_engine::Shape::name),
            "debt": table.debt(),
            "market": table.market_len(),
            "pile": table.pile_len(),
            "turn": table.turn().map(game_engine::Seat::name),
            "scores": [table.scores().first, table.scores().second],
            "wins": [table.wins().first, table.wins().second],
        }));
    }
}

const KEYS: &str = "Enter: next   b: back   r: next round   g N: go to step N   q: quit";

/// Leafs through the steps by lines typed at the terminal.
fn leaf(story: &Story, wanted: &[usize], ink: Ink) {
    let mut place = 0;
    let mut lines = std::io::stdin().lock().lines();
    loop {
        let Some(number) = wanted.get(place) else { return };
        say(format_args!("{}{}\n{}", ink.clear(), words::heading(story), picture(story, *number, ink)));
        print_prompt();
        let Some(Ok(line)) = lines.next() else { return };
        match turned(story, wanted, place, line.trim()) {
            Some(next) => place = next,
            None => return,
        }
    }
}

fn print_prompt() {
    let mut out = std::io::stdout();
    // A terminal that is gone ends the next read.
    let _ = write!(out, "{KEYS} > ").and_then(|()| out.flush());
}

/// Where to go from here; nowhere to quit.
fn turned(story: &Story, wanted: &[usize], place: usize, typed: &str) -> Option<usize> {
    let last = wanted.len().saturating_sub(1);
    let round = |place: usize| {
        let step = wanted.get(place).and_then(|number| story.steps().get(number.checked_sub(1)?));
        step.map(|step| step.after.round())
    };
    match typed {
        "q" | "quit" => None,
        "b" => Some(place.saturating_sub(1)),
        "r" => Some((place..=last).find(|next| round(*next) > round(place)).unwrap_or(last)),
        "" if place == last => None,
        "" | "n" => Some((place + 1).min(last)),
        other => {
            let number: Option<usize> = other.trim_start_matches('g').trim().parse().ok();
            let found = number.and_then(|number| wanted.iter().position(|one| *one >= number));
            Some(found.unwrap_or(place))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn story() -> Story {
        read(include_str!("../../modules/game/record/golden/best_of_3.whot")).unwrap()
    }

    #[test]
    fn a_record_and_its_notation_are_the_same_story() {
        let record = read(include_str!("../../modules/game/record/golden/best_of_3.json")).unwrap();
        assert!(record == story());
        assert!(read("").is_err() && read("{}").is_err() && read("[]").is_err());
    }

    #[test]
    fn keys_turn_the_pages_and_stay_inside_the_game() {
        let story = story();
        let wanted: Vec<usize> = (1..=story.steps().len()).collect();
        let last = wanted.len() - 1;
        let to = |place, typed| turned(&story, &wanted, place, typed);
        assert_eq!([to(0, ""), to(0, "n"), to(0, "b"), to(5, "b")], [Some(1), Some(1), Some(0), Some(4)]);
        assert_eq!([to(3, "q"), to(last, ""), to(last, "n")], [None, None, Some(last)]);
        assert_eq!(
            [to(0, "g 7"), to(0, "7"), to(4, "g x"), to(4, "g 99999")],
            [Some(6), Some(6), Some(4), Some(4)]
        );
        let second = to(0, "r").unwrap();
        assert_eq!(story.steps()[second].after.round(), 2);
        assert_eq!(story.steps()[second - 1].after.round(), 1);
        assert_eq!(to(to(second, "r").unwrap(), "r"), Some(last), "after the last round there is the end");
    }

    #[test]
    fn every_step_is_drawn_with_every_card_of_both_hands_and_no_colour_where_there_is_none() {
        let story = story();
        let plain = Ink::PLAIN;
        for (number, step) in (1..).zip(story.steps()) {
            let drawn = picture(&story, number, plain);
            assert!(!drawn.contains('\u{1b}'), "{drawn}");
            for seat in game_engine::Seat::ALL {
                for card in step.after.hand(*seat) {
                    assert!(drawn.contains(&super::super::cards::face(card)), "{card} in\n{drawn}");
                }
            }
        }
        assert!(picture(&story, 1, Ink::COLOUR).contains('\u{1b}'));
    }
}
