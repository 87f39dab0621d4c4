//! A table drawn in text: card faces, both hands, what lies between them.

use std::fmt::Write;

use game_engine::{BySeat, Card, Seat, Shape};
use game_record::{Step, Story};

use super::words::{names, of_step};

/// Cards beside each other before a hand goes on below.
const BESIDE: usize = 12;

/// Whether there is colour.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ink(bool);

impl Ink {
    #[cfg(test)]
    pub(super) const PLAIN: Self = Self(false);
    #[cfg(test)]
    pub(super) const COLOUR: Self = Self(true);

    /// Colour on a terminal, unless `NO_COLOR` is set to anything.
    pub(super) fn of_environment(on_terminal: bool) -> Self {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self(on_terminal && !unwanted)
    }

    fn paint(self, text: &str, code: &str) -> String {
        if self.0 { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// What clears the screen, where that is wanted.
    pub(super) fn clear(self) -> &'static str {
        if self.0 { "\u{1b}[2J\u{1b}[H" } else { "" }
    }
}

fn sign(shape: Shape) -> (char, &'static str) {
    match shape {
        Shape::Circle => ('●', "31"),
        Shape::Triangle => ('▲', "32"),
        Shape::Cross => ('✚', "34"),
        Shape::Square => ('■', "35"),
        Shape::Star => ('★', "33"),
    }
}

/// A card in three or four characters: `● 5`, `▲12`, `W20`.
pub(super) fn face(card: Card) -> String {
    match card.shape() {
        Some(shape) => format!("{}{:>2}", sign(shape).0, card.number()),
        None => "W20".to_owned(),
    }
}

fn code(card: Card) -> &'static str {
    card.shape().map_or("36", |shape| sign(shape).1)
}

/// A row of cards with borders around them: three lines.
fn row(cards: &[Card], ink: Ink) -> [String; 3] {
    let mut lines = [String::new(), String::new(), String::new()];
    let [top, middle, bottom] = &mut lines;
    for card in cards {
        top.push_str("┌───┐");
        let _ = write!(middle, "│{}│", ink.paint(&face(*card), code(*card)));
        bottom.push_str("└───┘");
    }
    lines
}

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
