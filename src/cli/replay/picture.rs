//! A table drawn in text: both hands, and what lies between them.

use std::fmt::Write;

use game_engine::{BySeat, Card, Seat};
use game_record::{Step, Story};

use super::super::cards::{Ink, row, sign};
use super::words::{names, of_step};

/// Cards beside each other before a hand goes on below.
const BESIDE: usize = 12;

fn hand(text: &mut String, cards: &[Card], ink: Ink) {
    for part in cards.chunks(BESIDE) {
        for line in row(part, ink) {
            let _ = writeln!(text, "   {line}");
        }
    }
    if cards.is_empty() {
        text.push_str("   no card\n");
    }
}

/// The table after a step, counted from 1.
pub(super) fn picture(story: &Story, number: usize, ink: Ink) -> String {
    let Some(step) = number.checked_sub(1).and_then(|place| story.steps().get(place)) else {
        return String::new();
    };
    let names = names(story);
    let mut text = String::new();
    let title = format!("── round {}, step {number} of {} ", step.after.round(), story.steps().len());
    let at = step.at.map_or_else(String::new, |at| at.to_string());
    let _ =
        writeln!(text, "{}{}", ink.paint(&format!("{title:─<60}"), "2"), ink.paint(&format!(" {at}"), "2"));
    let _ = writeln!(text, " {}", ink.paint(&of_step(step, &names), "1"));
    if let Some(note) = &step.note {
        let _ = writeln!(text, " {{{}}}", note.as_str());
    }
    player(&mut text, step, &names, Seat::First, ink);
    between(&mut text, step, ink);
    player(&mut text, step, &names, Seat::Second, ink);
    text
}

fn player(text: &mut String, step: &Step, names: &BySeat<String>, seat: Seat, ink: Ink) {
    let table = &step.after;
    let cards: Vec<Card> = table.hand(seat).iter().collect();
    let turn = if table.turn() == Some(seat) { "▸" } else { " " };
    let (points, wins) = (table.scores(), table.wins());
    let _ = writeln!(
        text,
        "\n {turn} {}  {} cards, {} points, {} rounds won",
        ink.paint(names.get(seat), "1"),
        cards.len(),
        points.get(seat),
        wins.get(seat),
    );
    hand(text, &cards, ink);
}

fn between(text: &mut String, step: &Step, ink: Ink) {
    let table = &step.after;
    let opener: Vec<Card> = table.in_force().into_iter().collect();
    let mut facts = Vec::new();
    if let Some(shape) = table.called() {
        let (sign, code) = sign(shape);
        facts.push(format!("{} {shape} is called", ink.paint(&sign.to_string(), code)));
    }
    if table.debt() > 0 {
        facts.push(format!("{} owed", table.debt()));
    }
    facts.push(format!("market {}", table.market_len()));
    facts.push(format!("pile {}", table.pile_len()));
    let facts = facts.join("   ");
    let [top, middle, bottom] = if opener.is_empty() { row(&[], ink) } else { row(&opener, ink) };
    let _ = writeln!(text, "\n        {top}\n        {middle}   {facts}\n        {bottom}");
}
