//! How cards look in a terminal: signs, colours, faces. What a table looks like is for who draws one.

use std::fmt::Write;

use game_engine::{Card, Shape};

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

    pub(super) fn paint(self, text: &str, code: &str) -> String {
        if self.0 { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    pub(super) fn bold(self, text: &str) -> String {
        self.paint(text, "1")
    }

    pub(super) fn dim(self, text: &str) -> String {
        self.paint(text, "2")
    }

    /// A card in its colour.
    pub(super) fn card(self, card: Card) -> String {
        self.paint(&face(card), code(card))
    }

    /// A shape with its name in its colour.
    pub(super) fn shape(self, shape: Shape) -> String {
        let (sign, code) = sign(shape);
        self.paint(&format!("{sign} {shape}"), code)
    }

    /// What clears the screen, where that is wanted.
    pub(super) fn clear(self) -> &'static str {
        if self.0 { "\u{1b}[2J\u{1b}[H" } else { "" }
    }
}

/// A shape's sign, and the code of its colour.
pub(super) fn sign(shape: Shape) -> (char, &'static str) {
    match shape {
        Shape::Circle => ('●', "31"),
        Shape::Triangle => ('▲', "32"),
        Shape::Cross => ('✚', "34"),
        Shape::Square => ('■', "35"),
        Shape::Star => ('★', "33"),
    }
}

/// A card in three characters: `● 5`, `▲12`, `W20`.
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
pub(super) fn row(cards: &[Card], ink: Ink) -> [String; 3] {
    let mut lines = [String::new(), String::new(), String::new()];
    let [top, middle, bottom] = &mut lines;
    for card in cards {
        top.push_str("┌───┐");
        let _ = write!(middle, "│{}│", ink.card(*card));
        bottom.push_str("└───┘");
    }
    lines
}
