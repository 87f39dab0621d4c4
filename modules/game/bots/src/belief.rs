//! What the opponent probably holds, from everything it did: a Markov chain over the hands that could have done it,
//! visited as often as they are likely (Metropolis et al. 1953).
//!
//! A hand is explained by when each of its cards came: with the deal or with one of the draws. Given that, every step
//! of the opponent has a likelihood: it seldom draws when a card fits, keeps its Whots while it can, and calls
//! the shape it holds most of. The model is of a sensible player, not of any of ours.

use game_engine::{Card, CardSet, Deck, RuleSet, Shape, SpecialFinish};

use crate::memory::{Step, Table};
use crate::stream::Stream;
use crate::unseen::Unseen;

/// How likely a player draws although a card with a shape fits.
const DRAWS_ANYWAY: f64 = 0.03;
/// How likely a player draws although a Whot fits.
const SPARES_WHOT: f64 = 0.15;
/// How likely a player lays a Whot although a card with a shape fits.
const WASTES_WHOT: f64 = 0.05;
/// Steps before the chain is believed.
const SETTLING: u32 = 400;
/// Steps between two hands.
const BETWEEN: u32 = 3;

const WHOT_BITS: u64 = 0b11111 << 49;

/// One step with what the table accepted, in bits of [`CardSet::bits`] where each Whot is one of its own.
#[derive(Clone, Copy)]
enum Evidence {
    Gained(usize),
    Declined {
        accepted: u64,
    },
    Laid {
        cards: u64,
        accepted: u64,
        call: Option<Shape>,
    },
    /// Laid without a choice that would tell anything.
    Gone {
        cards: u64,
    },
}

/// A card the opponent holds or has held, and with which gain it came.
#[derive(Clone, Copy)]
struct Held {
    bit: u64,
    gain: usize,
}

/// A chain of likely hands.
pub(crate) struct Belief {
    evidence: Vec<Evidence>,
    /// The cards of each gain.
    gains: Vec<u64>,
    /// First the cards still in the hand, then those laid since.
    held: Vec<Held>,
    in_hand: usize,
    /// Hidden cards that are not in the hand.
    elsewhere: Vec<u64>,
    likelihood: f64,
}

impl Belief {
    /// A belief from these steps; none if they do not explain a hand of that size.
    pub(crate) fn new(
        rules: &RuleSet,
        steps: &[Step],
        unseen: &Unseen<'_>,
        stream: &mut Stream,
    ) -> Option<Self> {
        let mut whots = (49..54_u8).map(|place| 1_u64 << place);
        let mut bit = |card: Card| if card.is_whot() { whots.next() } else { Some(1 << card.index()) };
        let mut hidden = unseen.cards().iter().map(&mut bit).collect::<Option<Vec<u64>>>()?;
        shuffle(&mut hidden, stream);
        let in_hand = usize::from(unseen.opponent());
        let elsewhere = hidden.split_off(in_hand.min(hidden.len()));
        let mut belief = Self {
            evidence: Vec::with_capacity(steps.len()),
            gains: Vec::new(),
            held: Vec::new(),
            in_hand,
            elsewhere,
            likelihood: 0.0,
        };
        belief.explain(rules, steps, &hidden, &mut bit)?;
        belief.likelihood = belief.judge();
        if belief.likelihood <= 0.0 {
            return None;
        }
        for _ in 0..SETTLING {
            belief.step(stream);
        }
        Some(belief)
    }

    /// Turns the steps into evidence, and finds one way in which the cards may have come: what was laid came as
    /// early as possible, the hidden cards fill the rest.
    fn explain(
        &mut self,
        rules: &RuleSet,
        steps: &[Step],
        hidden: &[u64],
        bit: &mut impl FnMut(Card) -> Option<u64>,
    ) -> Option<()> {
        let mut room: Vec<u8> = Vec::new();
        let mut laid = Vec::new();
        let mut size = 0_u8;
        for step in steps {
            match step {
                Step::Gained(count) => {
                    self.evidence.push(Evidence::Gained(room.len()));
                    room.push(*count);
                    size += count;
                }
                Step::Declined(table) => {
                    self.evidence.push(Evidence::Declined { accepted: accepted(rules, *table, size) });
                }
                Step::Laid { table, cards, call, drawn } => {
                    let mut bits = 0;
                    for card in cards.iter() {
                        let bit = bit(card)?;
                        let gain = if *drawn {
                            room.len().checked_sub(1)?
                        } else {
                            room.iter().position(|room| *room > 0)?
                        };
                        let room = room.get_mut(gain)?;
                        *room = room.checked_sub(1)?;
                        laid.push(Held { bit, gain });
                        bits |= bit;
                    }
                    size = size.checked_sub(cards.len())?;
                    let accepted = accepted(rules, *table, size + cards.len());
                    self.evidence.push(if *drawn || cards.len() > 1 {
                        Evidence::Gone { cards: bits }
                    } else {
                        Evidence::Laid { cards: bits, accepted, call: *call }
                    });
                }
            }
        }
        let mut hidden = hidden.iter();
        for (gain, room) in room.iter().enumerate() {
            self.held.extend(hidden.by_ref().take(usize::from(*room)).map(|bit| Held { bit: *bit, gain }));
        }
        if self.held.len() != self.in_hand {
            return None;
        }
        self.held.append(&mut laid);
        self.gains = vec![0; room.len()];
        for held in &self.held {
            *self.gains.get_mut(held.gain)? |= held.bit;
        }
        Some(())
    }

    /// The next likely hand.
    pub(crate) fn next_hand(&mut self, stream: &mut Stream) -> CardSet {
        for _ in 0..BETWEEN {
            self.step(stream);
        }
        let bits = self.held.iter().take(self.in_hand).fold(0, |bits, held| bits | held.bit);
        CardSet::from_bits(bits)
    }

    /// Proposes another explanation and takes it as often as it deserves.
    fn step(&mut self, stream: &mut Stream) {
        if self.held.is_empty() {
            return;
        }
        if !self.elsewhere.is_empty() && self.in_hand > 0 && stream.below(8) < 5 {
            self.exchange_with_elsewhere(stream);
        } else {
            self.exchange_gains(stream);
        }
    }

    /// Another card instead of one in the hand.
    fn exchange_with_elsewhere(&mut self, stream: &mut Stream) {
        let (one, other) = (stream.place(self.in_hand), stream.place(self.elsewhere.len()));
        let (Some(held), Some(new)) = (self.held.get(one).copied(), self.elsewhere.get(other).copied())
        else {
            return;
        };
        self.turn(held.gain, held.bit | new);
        if self.is_taken(stream) {
            if let (Some(held), Some(place)) = (self.held.get_mut(one), self.elsewhere.get_mut(other)) {
                std::mem::swap(&mut held.bit, place);
            }
        } else {
            self.turn(held.gain, held.bit | new);
        }
    }

    /// Two cards that came the other way round.
    fn exchange_gains(&mut self, stream: &mut Stream) {
        let (one, other) = (stream.place(self.held.len()), stream.place(self.held.len()));
        let (Some(first), Some(second)) = (self.held.get(one).copied(), self.held.get(other).copied()) else {
            return;
        };
        if first.gain == second.gain {
            return;
        }
        let bits = first.bit | second.bit;
        self.turn(first.gain, bits);
        self.turn(second.gain, bits);
        if self.is_taken(stream) {
            for (place, gain) in [(one, second.gain), (other, first.gain)] {
                if let Some(held) = self.held.get_mut(place) {
                    held.gain = gain;
                }
            }
        } else {
            self.turn(first.gain, bits);
            self.turn(second.gain, bits);
        }
    }

    /// Puts in what is out of these, and out what is in.
    fn turn(&mut self, gain: usize, bits: u64) {
        if let Some(gain) = self.gains.get_mut(gain) {
            *gain ^= bits;
        }
    }

    fn is_taken(&mut self, stream: &mut Stream) -> bool {
        let proposed = self.judge();
        let taken = proposed >= self.likelihood || stream.share() * self.likelihood < proposed;
        if taken {
            self.likelihood = proposed;
        }
        taken
    }

    /// How likely the opponent would have done what it did, had its cards come this way.
    fn judge(&self) -> f64 {
        let mut hand = 0_u64;
        let mut likelihood = 1.0;
        for evidence in &self.evidence {
            match *evidence {
                Evidence::Gained(gain) => hand |= self.gains.get(gain).copied().unwrap_or(0),
                Evidence::Declined { accepted } => likelihood *= declining(hand & accepted),
                Evidence::Laid { cards, accepted, call } => {
                    if hand & cards != cards {
                        return 0.0;
                    }
                    likelihood *= laying(cards, hand & accepted);
                    hand &= !cards;
                    if let Some(call) = call {
                        likelihood *= calling(call, hand);
                    }
                }
                Evidence::Gone { cards } => {
                    if hand & cards != cards {
                        return 0.0;
                    }
                    hand &= !cards;
                }
            }
        }
        likelihood
    }
}

fn declining(playable: u64) -> f64 {
    if playable == 0 {
        1.0
    } else if playable & !WHOT_BITS == 0 {
        SPARES_WHOT
    } else {
        DRAWS_ANYWAY
    }
}

fn laying(card: u64, playable: u64) -> f64 {
    let shaped = playable & !WHOT_BITS;
    if card & WHOT_BITS == 0 {
        1.0 / f64::from(shaped.count_ones().max(1))
    } else if shaped == 0 {
        1.0
    } else {
        WASTES_WHOT
    }
}

fn calling(call: Shape, hand: u64) -> f64 {
    let weight = |shape: Shape| {
        let count = f64::from((hand & CardSet::deck(Deck::Ng54).of_shape(shape).bits()).count_ones());
        0.1 + count * count
    };
    weight(call) / Shape::ALL.iter().map(|shape| weight(*shape)).sum::<f64>()
}

/// What a table accepts from a hand of that size.
fn accepted(rules: &RuleSet, table: Table, size: u8) -> u64 {
    let mut cards = rules.accepts(table.in_force, table.called, table.debt);
    if size == 1 && rules.special_finish == SpecialFinish::Reject {
        for number in [1, 2, 5, 8, 14, 20].into_iter().filter(|number| rules.is_special(*number)) {
            cards.take_away(cards.of_number(number));
        }
    }
    cards.bits()
}

fn shuffle(cards: &mut [u64], stream: &mut Stream) {
    for last in (1..cards.len()).rev() {
        cards.swap(last, stream.place(last + 1));
    }
}
