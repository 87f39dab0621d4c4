//! A set of cards packed into one word: hands, the pile, what was drawn. It keeps no order.

use std::fmt;

use crate::card::{Card, FACES, NUMBERS, Shape};
use crate::rules::{Deck, RuleSet};

/// Cards without order. At most one of each card with a shape and at most five Whots.
///
/// Bits 0..=48 are the cards with a shape in canonical order; bits 49..=53 count the Whots in unary, so two
/// equal sets are always equal words.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct CardSet(u64);

const SHAPED: u64 = (1 << FACES) - 1;
/// The most Whots a deck has.
pub(crate) const WHOTS: u8 = 5;
const WHOT_BITS: u64 = ((1 << WHOTS) - 1) << FACES;

impl CardSet {
    /// No card.
    pub const EMPTY: Self = Self(0);

    /// Every card of a deck.
    #[must_use]
    pub const fn deck(deck: Deck) -> Self {
        Self(SHAPED | ((1 << deck.whots()) - 1) << FACES)
    }

    /// The set of these cards; none if a card comes twice or a Whot a sixth time.
    pub fn of(cards: impl IntoIterator<Item = Card>) -> Option<Self> {
        let mut set = Self::EMPTY;
        for card in cards {
            let before = set;
            set.insert(card);
            if before == set {
                return None;
            }
        }
        Some(set)
    }

    /// The set as one word: a bit for each card at its [`Card::index`], and for so many Whots as many bits from
    /// 49 on.
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// The set of the cards whose bits are set in [`CardSet::bits`]; of the Whots' bits only the number counts.
    #[must_use]
    pub fn from_bits(bits: u64) -> Self {
        Self(bits & SHAPED | unary(Self(bits & WHOT_BITS).len()))
    }

    /// How many cards.
    #[must_use]
    pub fn len(self) -> u8 {
        u8::try_from(self.0.count_ones()).unwrap_or(u8::MAX)
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether it has exactly so many cards. Quicker than counting when it is few.
    pub(crate) fn is_of(self, count: u8) -> bool {
        let mut bits = self.0;
        for _ in 0..count {
            if bits == 0 {
                return false;
            }
            bits &= bits - 1;
        }
        bits == 0
    }

    /// Whether the card is in it.
    #[must_use]
    pub const fn contains(self, card: Card) -> bool {
        // The lowest Whot bit is set whenever there is any Whot.
        self.0 >> card.index() & 1 == 1
    }

    /// How many Whots are in it.
    #[must_use]
    pub fn whots(self) -> u8 {
        Self(self.0 & WHOT_BITS).len()
    }

    /// The cards in canonical order, Whots last.
    #[must_use]
    pub const fn iter(self) -> Iter {
        Iter(self.0)
    }

    /// The different cards: like [`CardSet::iter`], but the Whot at most once.
    pub const fn distinct(self) -> Iter {
        Iter(self.0 & (SHAPED | 1 << FACES))
    }

    /// Adds a card; one that is already there, or a sixth Whot, changes nothing.
    pub const fn insert(&mut self, card: Card) {
        // Both ways at once: no processor can foresee whether a card is a Whot.
        let another_whot = (self.0 << 1 | 1 << FACES) & WHOT_BITS;
        self.0 |= if card.is_whot() { another_whot } else { 1 << card.index() };
    }

    /// Takes a card away; one that is not there changes nothing.
    pub const fn remove(&mut self, card: Card) {
        let last_whot = self.0 & !(self.0 >> 1) & WHOT_BITS;
        self.0 &= !(if card.is_whot() { last_whot } else { 1 << card.index() });
    }

    /// Adds every card of another set; Whots add up.
    pub fn extend(&mut self, other: Self) {
        // So many Whots are 2^n - 1 in unary, so powers of two are multiplied; at most five bits of that are kept.
        let whots = (1 + (self.0 >> FACES)) * (1 + (other.0 >> FACES)) - 1;
        self.0 = (self.0 | other.0) & SHAPED | whots << FACES & WHOT_BITS;
    }

    /// Takes away every card of another set; Whots by count.
    pub fn take_away(&mut self, other: Self) {
        self.0 = self.0 & SHAPED & !other.0 | unary(self.whots().saturating_sub(other.whots()));
    }

    /// The cards in both sets; of the Whots the smaller count.
    #[must_use]
    pub const fn in_both(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The cards of that shape.
    #[must_use]
    pub fn of_shape(self, shape: Shape) -> Self {
        self.within(Pattern::shape(shape))
    }

    /// The cards of that number; 20 are the Whots.
    #[must_use]
    pub const fn of_number(self, number: u8) -> Self {
        self.within(if number == 20 { Pattern::WHOT } else { Pattern::number(number) })
    }

    /// The cards with a shape.
    #[must_use]
    pub const fn shaped(self) -> Self {
        self.within(Pattern::SHAPED)
    }

    /// The card at a place in canonical order, from 0.
    #[must_use]
    pub fn nth(self, place: u8) -> Option<Card> {
        let mut bits = self.0;
        for _ in 0..place {
            bits &= bits.wrapping_sub(1);
        }
        Self(bits).iter().next()
    }

    /// Whether every card of another set is in this one, Whots by count.
    pub(crate) fn covers(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// The cards of this set that a pattern allows.
    pub(crate) const fn within(self, pattern: Pattern) -> Self {
        Self(self.0 & pattern.0)
    }
}

/// So many Whots, at most five.
const fn unary(count: u8) -> u64 {
    let count = if count > WHOTS { WHOTS } else { count };
    ((1 << count) - 1) << FACES
}

/// Which cards a rule allows, whoever holds them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pattern(u64);

impl Pattern {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const ANY: Self = Self(SHAPED | WHOT_BITS);
    pub(crate) const SHAPED: Self = Self(SHAPED);
    pub(crate) const WHOT: Self = Self(WHOT_BITS);

    /// Every card of that shape.
    pub(crate) fn shape(shape: Shape) -> Self {
        Self::called(Some(shape))
    }

    /// Every card of the called shape; without a call, none. Looked up, because it is asked at every move.
    pub(crate) fn called(shape: Option<Shape>) -> Self {
        CALLED.get(shape.map_or(5, |shape| shape as usize)).copied().unwrap_or(Self::NONE)
    }

    const fn all_of(shape: Shape) -> Self {
        Self(((1 << shape.numbers().len()) - 1) << shape.base())
    }

    /// Every card with a shape and that number.
    pub(crate) const fn number(number: u8) -> Self {
        // A bit per shape that has the number, placed by hand: the table is the deck of RULES.md.
        Self(match number {
            1 => LOWEST,
            2 => LOWEST << 1,
            3 => LOWEST << 2,
            4 => 1 << 3 | 1 << 15 | 1 << 45,
            5 => 1 << 4 | 1 << 16 | 1 << 27 | 1 << 36 | 1 << 46,
            7 => 1 << 5 | 1 << 17 | 1 << 28 | 1 << 37 | 1 << 47,
            8 => 1 << 6 | 1 << 18 | 1 << 48,
            10 => 1 << 7 | 1 << 19 | 1 << 29 | 1 << 38,
            11 => 1 << 8 | 1 << 20 | 1 << 30 | 1 << 39,
            12 => 1 << 9 | 1 << 21,
            13 => 1 << 10 | 1 << 22 | 1 << 31 | 1 << 40,
            14 => 1 << 11 | 1 << 23 | 1 << 32 | 1 << 41,
            _ => 0,
        })
    }

    /// Every card with the shape or the number of this one; of a Whot, none.
    pub(crate) fn beside(card: Card) -> Self {
        BESIDE.get(usize::from(card.index())).copied().unwrap_or(Self::NONE)
    }

    /// Every special card under these rules.
    pub(crate) const fn special(rules: &RuleSet) -> Self {
        let always =
            Self::number(2).or(Self::number(5)).or(Self::number(8)).or(Self::number(14)).or(Self::WHOT);
        if rules.hold_on { always.or(Self::number(1)) } else { always }
    }

    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn allows(self, card: Card) -> bool {
        self.0 >> card.index() & 1 == 1
    }
}

/// The cards beside every card, by its place: looked up at every move.
const BESIDE: [Pattern; FACES as usize + 1] = {
    let mut beside = [Pattern::NONE; FACES as usize + 1];
    let mut slots: &mut [Pattern] = &mut beside;
    let mut numbers: &[u8] = &NUMBERS;
    let mut index = 0;
    while let ([slot, more_slots @ ..], [number, more_numbers @ ..]) = (slots, numbers) {
        if let Some(shape) = Card::at(index).shape() {
            *slot = Pattern::all_of(shape).or(Pattern::number(*number));
        }
        (slots, numbers) = (more_slots, more_numbers);
        index += 1;
    }
    beside
};

/// The cards of each shape, in the order of the shapes, and those of none.
const CALLED: [Pattern; 6] = [
    Pattern::all_of(Shape::Circle),
    Pattern::all_of(Shape::Triangle),
    Pattern::all_of(Shape::Cross),
    Pattern::all_of(Shape::Square),
    Pattern::all_of(Shape::Star),
    Pattern::NONE,
];

/// The first card of every shape: its 1.
const LOWEST: u64 = 1 | 1 << 12 | 1 << 24 | 1 << 33 | 1 << 42;

/// The cards of a [`CardSet`] in canonical order.
#[derive(Clone, Debug)]
pub struct Iter(u64);

impl Iterator for Iter {
    type Item = Card;

    fn next(&mut self) -> Option<Card> {
        if self.0 == 0 {
            return None;
        }
        let index = u8::try_from(self.0.trailing_zeros()).unwrap_or(FACES);
        self.0 &= self.0 - 1;
        Some(Card::at(index))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.0.count_ones() as usize;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Iter {}

impl IntoIterator for CardSet {
    type Item = Card;
    type IntoIter = Iter;

    fn into_iter(self) -> Iter {
        self.iter()
    }
}

impl fmt::Debug for CardSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_agree_with_what_is_printed_on_the_cards() {
        for card in Card::all() {
            for shape in Shape::ALL {
                assert_eq!(Pattern::shape(*shape).allows(card), card.shape() == Some(*shape), "{card}");
            }
            for number in 0..20 {
                assert_eq!(Pattern::number(number).allows(card), card.number() == number, "{card} {number}");
            }
            for other in Card::all().filter(|other| !card.is_whot() && !other.is_whot()) {
                let beside = other.shape() == card.shape() || other.number() == card.number();
                assert_eq!(Pattern::beside(card).allows(other), beside, "{card} {other}");
            }
            assert!(Pattern::ANY.allows(card));
            assert!(!Pattern::NONE.allows(card));
            assert_eq!(Pattern::WHOT.allows(card), card.is_whot());
        }
    }

    #[test]
    fn whots_are_counted_and_other_cards_are_not() {
        let mut set = CardSet::EMPTY;
        for held in 1..=5 {
            set.insert(Card::WHOT);
            assert_eq!((set.len(), set.whots()), (held, held));
        }
        set.insert(Card::WHOT);
        assert_eq!(set.len(), 5);
        let five: Card = "star-5".parse().expect("a card");
        set.insert(five);
        set.insert(five);
        assert_eq!(set.len(), 6);
        for left in (0..5).rev() {
            assert!(set.contains(Card::WHOT));
            set.remove(Card::WHOT);
            assert_eq!(set.whots(), left);
        }
        assert!(!set.contains(Card::WHOT));
        assert!(set.contains(five));
    }

    #[test]
    fn a_card_twice_or_a_sixth_whot_is_no_set() {
        let five: Card = "star-5".parse().expect("a card");
        assert_eq!(CardSet::of([five, five]), None);
        assert_eq!(CardSet::of([Card::WHOT; 6]), None);
        assert_eq!(CardSet::of([Card::WHOT; 5]).map(CardSet::len), Some(5));
    }

    #[test]
    fn sets_add_up_and_whots_by_count() {
        let some =
            CardSet::of(["star-5", "whot-20", "whot-20", "cross-1"].map(|n| n.parse().expect("a card")))
                .expect("a set");
        let more = CardSet::of(["star-7", "whot-20"].map(|n| n.parse().expect("a card"))).expect("a set");
        let mut both = some;
        both.extend(more);
        assert_eq!(both.len(), 6);
        assert!(both.covers(some) && both.covers(more) && !some.covers(both));
        let mut rest = both;
        rest.take_away(more);
        assert_eq!(rest, some);
        assert_eq!(CardSet::from_bits(both.bits()), both);
        assert_eq!(CardSet::from_bits(1 << 53 | 1 << 50).whots(), 2);
        assert!(both.is_of(6) && !both.is_of(5) && !both.is_of(7) && CardSet::EMPTY.is_of(0));
        assert_eq!((both.in_both(some), some.in_both(more).len()), (some, 1));
        assert_eq!(some.distinct().count(), 3);
        assert_eq!(some.iter().count(), 4);
    }
}
