//! The published shuffle: what order a round key gives. Where the key comes from is the game module's.
//!
//! Written so that anyone can verify a game without this program:
//!
//! 1. **Words.** The keystream of `ChaCha20` (RFC 8439) under the 32-byte round key, with a nonce of zeros and
//!    the block counter starting at 0, is read as little-endian 32-bit words, each used once, in order. One
//!    stream serves a whole round.
//! 2. **A number below n.** Take the next word `w`. If `w >= floor(2^32 / n) * n`, take the next one
//!    instead. The number is `w mod n`. (Every number is equally likely.)
//! 3. **Shuffling** a list of `n` cards, places 0 to n-1: for `i` from n-1 down to 1, swap place `i` with
//!    place *number below i+1*. Place 0 is the top.
//! 4. **A round**, in this order:
//!    - in round 1, and in every round under `starter = random`, the starter is *number below 2*: 0 the first
//!      seat, 1 the second. Otherwise no word is used;
//!    - the deck in canonical order (circles ascending, triangles, crosses, squares, stars, Whots) is shuffled;
//!    - cards are dealt from the top one by one, the starter first, until both have `deal` cards;
//!    - unless `opening = none`, the top card is flipped. If the rules do not allow it as the opener it goes
//!      back on top, the whole market (in its present order) is shuffled, and the top is flipped again.
//! 5. **A reshuffle** takes the pile without the card in force, in canonical order, and shuffles it with the
//!    words that follow those already used; it becomes the market.
//!
//! `vectors/` beside this crate's sources has deals and reshuffles to test a verifier with.
//!
//! With at most 53 words a shuffle the 32-bit counter of the RFC never wraps.

use std::fmt;

use chacha20::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

use crate::card::Card;

/// The secret key of one round, derived outside from the committed seed and both entropies.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RoundKey([u8; 32]);

impl RoundKey {
    /// A key of these bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for the server's own journal and for the proof after the match.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for RoundKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RoundKey(secret)")
    }
}

/// The stream of a round: its key, and how many words have been used.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stream {
    key: RoundKey,
    used: u64,
}

impl Stream {
    /// The stream of a key, from its beginning.
    pub(crate) const fn new(key: RoundKey) -> Self {
        Self { key, used: 0 }
    }

    /// The stream of a key after so many words.
    #[cfg(test)]
    pub(crate) const fn after(key: RoundKey, used: u64) -> Self {
        Self { key, used }
    }

    /// How many words have been used.
    #[cfg(test)]
    pub(crate) const fn used(self) -> u64 {
        self.used
    }

    /// The words from here on.
    pub(crate) fn open(self) -> Words {
        let mut source = ChaCha20Rng::from_seed(self.key.0);
        if self.used > 0 {
            source.set_word_pos(u128::from(self.used));
        }
        Words { source, key: self.key }
    }
}

/// An open stream.
pub(crate) struct Words {
    source: ChaCha20Rng,
    key: RoundKey,
}

impl Words {
    fn next(&mut self) -> u32 {
        self.source.next_u32()
    }

    /// A number below `bound` (at least 1), each equally likely.
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        loop {
            let word = self.next();
            let number = remainder(word, bound);
            // `word - number` is the multiple of `bound` below the word: the word counts when that whole
            // stretch of `bound` numbers lies below 2^32. The same rule as in the text above.
            if word - number <= u32::MAX - (bound - 1) {
                return number;
            }
        }
    }

    /// Shuffles in place.
    pub(crate) fn shuffle(&mut self, cards: &mut [Card]) {
        for last in (1..cards.len()).rev() {
            let bound = u32::try_from(last + 1).unwrap_or(u32::MAX);
            let other = usize::try_from(self.below(bound)).unwrap_or(last);
            cards.swap(last, other);
        }
    }

    /// Where the stream stands now.
    pub(crate) fn close(&self) -> Stream {
        // No round comes anywhere near 2^64 words.
        let used = u64::try_from(self.source.get_word_pos()).unwrap_or(u64::MAX);
        Stream { key: self.key, used }
    }
}

/// `ceil(2^64 / n)` for every length a list of cards has (of 0 and 1 the value that gives the remainder 0).
const INVERSES: [u64; 55] = {
    let mut inverses = [0; 55];
    let mut rest: &mut [u64] = &mut inverses;
    let mut number = 0;
    while let [inverse, more @ ..] = rest {
        if number > 1 {
            *inverse = u64::MAX / number + 1;
        }
        rest = more;
        number += 1;
    }
    inverses
};

/// `word % bound` without a division (Lemire, Kaser and Kurz 2019, exact for all 32-bit words): dealing is mostly this.
fn remainder(word: u32, bound: u32) -> u32 {
    let Some(inverse) = INVERSES.get(bound as usize) else { return word % bound };
    let fraction = inverse.wrapping_mul(u64::from(word));
    u32::try_from((u128::from(fraction) * u128::from(bound)) >> 64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(key: [u8; 32], skip: u64, count: usize) -> Vec<u32> {
        let mut open = Stream::after(RoundKey::new(key), skip).open();
        (0..count).map(|_| open.next()).collect()
    }

    #[test]
    fn the_words_are_the_keystream_of_rfc_8439() {
        // RFC 8439, appendix A.1, test vectors 1 (counter 0), 2 (counter 1) and 3 (key ..01, counter 1).
        assert_eq!(words([0; 32], 0, 4), [0xade0_b876, 0x903d_f1a0, 0xe56a_5d40, 0x28bd_8653]);
        assert_eq!(words([0; 32], 16, 4), [0xbee7_079f, 0x7a38_5155, 0x7c97_ba98, 0x0d08_2d73]);
        let mut key = [0; 32];
        key[31] = 1;
        assert_eq!(words(key, 16, 2), [0x2452_eb3a, 0x9249_f8ec]);
    }

    #[test]
    fn a_reopened_stream_goes_on_where_it_stood() {
        let whole = words([9; 32], 0, 200);
        let mut open = Stream::new(RoundKey::new([9; 32])).open();
        for expected in whole.iter().take(77) {
            assert_eq!(open.next(), *expected);
        }
        let mut again = open.close().open();
        for expected in whole.iter().skip(77) {
            assert_eq!(again.next(), *expected);
        }
    }

    #[test]
    fn numbers_are_below_their_bound_and_about_equally_frequent() {
        let mut open = Stream::new(RoundKey::new([3; 32])).open();
        for bound in [2_u32, 3, 7, 53] {
            let mut seen = vec![0_u32; bound as usize];
            for _ in 0..bound * 1_000 {
                seen[open.below(bound) as usize] += 1;
            }
            assert!(seen.iter().all(|n| (850..1_150).contains(n)), "{bound}: {seen:?}");
        }
    }

    #[test]
    fn the_remainder_without_division_is_the_remainder() {
        let mut open = Stream::new(RoundKey::new([4; 32])).open();
        for bound in 1..=60 {
            let edges = [0, 1, bound - 1, bound, u32::MAX / bound * bound, u32::MAX - 1, u32::MAX];
            for word in edges.into_iter().chain((0..500).map(|_| open.next())) {
                assert_eq!(remainder(word, bound), word % bound, "{word} {bound}");
            }
        }
    }

    #[test]
    fn the_key_is_never_printed() {
        assert_eq!(format!("{:?}", RoundKey::new([0xab; 32])), "RoundKey(secret)");
    }
}
