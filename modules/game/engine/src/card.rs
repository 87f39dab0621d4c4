//! One card: its shape, its number and its wire name. Which cards are where is not known here.

use std::fmt;
use std::str::FromStr;

use crate::words::UnknownWord;

words! {
    /// One of the five shapes. A Whot has none; the shape called with it is kept by the table.
    pub enum Shape as "shape" {
        /// 12 cards: 1 2 3 4 5 7 8 10 11 12 13 14.
        Circle = "circle",
        /// 12 cards: 1 2 3 4 5 7 8 10 11 12 13 14.
        Triangle = "triangle",
        /// 9 cards: 1 2 3 5 7 10 11 13 14.
        Cross = "cross",
        /// 9 cards: 1 2 3 5 7 10 11 13 14.
        Square = "square",
        /// 7 cards: 1 2 3 4 5 7 8.
        Star = "star",
    }
}

/// The number printed on a card; 20 is the Whot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rank(u8);

impl Rank {
    /// The rank of a Whot.
    pub const WHOT: Self = Self(20);

    /// The number as printed.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Rank {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How many different cards have a shape; the Whot follows them in canonical order.
pub(crate) const FACES: u8 = 49;

const LONG: [u8; 12] = [1, 2, 3, 4, 5, 7, 8, 10, 11, 12, 13, 14];
const SHORT: [u8; 9] = [1, 2, 3, 5, 7, 10, 11, 13, 14];
const STAR: [u8; 7] = [1, 2, 3, 4, 5, 7, 8];

impl Shape {
    /// The numbers this shape exists in, ascending.
    #[must_use]
    pub const fn numbers(self) -> &'static [u8] {
        match self {
            Self::Circle | Self::Triangle => &LONG,
            Self::Cross | Self::Square => &SHORT,
            Self::Star => &STAR,
        }
    }

    /// Where the cards of this shape begin in canonical order.
    pub(crate) const fn base(self) -> u8 {
        match self {
            Self::Circle => 0,
            Self::Triangle => 12,
            Self::Cross => 24,
            Self::Square => 33,
            Self::Star => 42,
        }
    }
}

/// A card. The order is canonical: circles ascending, triangles, crosses, squares, stars, then the Whot.
///
/// The five Whots are one value: nothing tells them apart, so nothing may depend on which one it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Card(u8);

impl Card {
    /// The Whot, number 20.
    pub const WHOT: Self = Self(FACES);

    /// The card of that shape and number, if the deck has one.
    #[must_use]
    pub fn new(shape: Shape, number: u8) -> Option<Self> {
        let offset = shape.numbers().iter().position(|n| *n == number)?;
        u8::try_from(offset).ok().map(|offset| Self(shape.base() + offset))
    }

    /// The card at a place in canonical order; every place from 49 on is the Whot.
    #[must_use]
    pub const fn at(index: u8) -> Self {
        Self(if index < FACES { index } else { FACES })
    }

    /// The place in canonical order: 0..=48, or 49 for the Whot.
    #[must_use]
    pub const fn index(self) -> u8 {
        self.0
    }

    /// The shape; none for a Whot.
    #[must_use]
    pub const fn shape(self) -> Option<Shape> {
        match self.0 {
            0..12 => Some(Shape::Circle),
            12..24 => Some(Shape::Triangle),
            24..33 => Some(Shape::Cross),
            33..42 => Some(Shape::Square),
            42..49 => Some(Shape::Star),
            _ => None,
        }
    }

    /// The number as printed: 1..=14, or 20 for a Whot.
    #[must_use]
    pub fn number(self) -> u8 {
        NUMBERS.get(usize::from(self.0)).copied().unwrap_or(Rank::WHOT.0)
    }

    /// The rank.
    #[must_use]
    pub fn rank(self) -> Rank {
        Rank(self.number())
    }

    /// Whether this is a Whot.
    #[must_use]
    pub const fn is_whot(self) -> bool {
        self.0 == FACES
    }

    /// Every different card in canonical order: 49 with a shape, then the Whot once.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..=FACES).map(Self)
    }
}

/// The number of every card, by place.
pub(crate) const NUMBERS: [u8; FACES as usize + 1] = [
    1, 2, 3, 4, 5, 7, 8, 10, 11, 12, 13, 14, // circle
    1, 2, 3, 4, 5, 7, 8, 10, 11, 12, 13, 14, // triangle
    1, 2, 3, 5, 7, 10, 11, 13, 14, // cross
    1, 2, 3, 5, 7, 10, 11, 13, 14, // square
    1, 2, 3, 4, 5, 7, 8,  // star
    20, // Whot
];

impl fmt::Display for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.shape() {
            Some(shape) => write!(f, "{shape}-{}", self.number()),
            None => f.write_str("whot-20"),
        }
    }
}

impl fmt::Debug for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Card {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const NOT_A_CARD: UnknownWord = UnknownWord { what: "card" };
        if text == "whot-20" {
            return Ok(Self::WHOT);
        }
        let (shape, number) = text.split_once('-').ok_or(NOT_A_CARD)?;
        // "05" and "+5" parse as numbers but are not names: every card has exactly one.
        if number.starts_with(['0', '+']) {
            return Err(NOT_A_CARD);
        }
        let shape: Shape = shape.parse().map_err(|_| NOT_A_CARD)?;
        let number: u8 = number.parse().map_err(|_| NOT_A_CARD)?;
        Self::new(shape, number).ok_or(NOT_A_CARD)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_card_reads_back_from_its_name() {
        for card in Card::all() {
            assert_eq!(card.to_string().parse(), Ok(card));
        }
        assert_eq!(Card::all().count(), 50);
    }

    #[test]
    fn every_card_is_found_by_its_shape_and_number() {
        for card in Card::all().filter(|card| !card.is_whot()) {
            let shape = card.shape().expect("only the Whot has no shape");
            assert_eq!(Card::new(shape, card.number()), Some(card));
            assert!(shape.numbers().contains(&card.number()));
        }
    }

    #[test]
    fn names_that_are_not_of_this_deck_are_refused() {
        for name in [
            "",
            "-",
            "circle",
            "circle-",
            "circle-6",
            "circle-9",
            "cross-4",
            "square-8",
            "star-10",
            "whot",
            "whot-19",
            "Circle-5",
            "circle-05",
            "circle-+5",
            "circle-5 ",
            "circle--5",
            "circle-260",
            "hexagon-1",
        ] {
            assert!(name.parse::<Card>().is_err(), "{name}");
        }
    }

    #[test]
    fn the_whot_has_no_shape_and_counts_twenty() {
        assert_eq!(Card::WHOT.shape(), None);
        assert_eq!(Card::WHOT.number(), 20);
        assert_eq!(Card::new(Shape::Star, 20), None);
    }
}
