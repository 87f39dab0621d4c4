//! A bot's own random numbers: xoshiro256++ (Blackman and Vigna, 2019), fast and reproducible. It shares nothing with
//! the shuffle of any game.

use kernel::Random;

/// A stream of random numbers. The same seed gives the same stream on every machine.
#[derive(Debug, Clone)]
pub struct Stream([u64; 4]);

impl Stream {
    /// The stream of a number, spread over the whole state by splitmix64.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut state = seed;
        Self(std::array::from_fn(|_| {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^ mixed >> 31
        }))
    }

    /// A stream that nobody can guess, if the source is such.
    #[must_use]
    pub fn drawn_from(source: &dyn Random) -> Self {
        let mut seed = [0; 8];
        source.fill(&mut seed);
        Self::new(u64::from_le_bytes(seed))
    }

    /// The next 64 bits.
    pub const fn next(&mut self) -> u64 {
        let [a, b, c, d] = self.0;
        let mixed = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let (c, d) = (c ^ a, d ^ b);
        self.0 = [a ^ d, b ^ c, c ^ b << 17, d.rotate_left(45)];
        mixed
    }

    /// A number below `bound`, which is at least 1. The bias is below `bound` in 2^32.
    pub fn below(&mut self, bound: u32) -> u32 {
        let product = (self.next() >> 32) * u64::from(bound);
        u32::try_from(product >> 32).unwrap_or(0)
    }

    /// A place in a list of that length, which is at least 1.
    pub(crate) fn place(&mut self, length: usize) -> usize {
        self.below(u32::try_from(length).unwrap_or(u32::MAX)) as usize
    }

    /// A number in 0..1.
    pub(crate) fn share(&mut self) -> f64 {
        f64::from(self.below(u32::MAX)) / f64::from(u32::MAX)
    }

    /// Thirty-two bytes.
    pub fn bytes(&mut self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for chunk in bytes.chunks_exact_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes());
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_numbers_of_the_reference_program_come_out() {
        // xoshiro256plusplus.c by its authors, from the state 1, 2, 3, 4.
        let mut stream = Stream([1, 2, 3, 4]);
        let first: Vec<u64> = (0..4).map(|_| stream.next()).collect();
        assert_eq!(first, [41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386]);
    }

    #[test]
    fn numbers_below_a_bound_are_about_equally_frequent() {
        let mut stream = Stream::new(1);
        let mut seen = [0_u32; 7];
        for _ in 0..7_000 {
            seen[stream.place(7)] += 1;
        }
        assert!(seen.iter().all(|count| (850..1_150).contains(count)), "{seen:?}");
        assert!((0..1_000).map(|_| stream.share()).all(|share| (0.0..=1.0).contains(&share)));
    }

    #[test]
    fn a_stream_follows_from_its_source() {
        let drawn = |seed| Stream::drawn_from(&kernel::SeededRandom::new(seed)).bytes();
        assert_eq!(drawn(3), drawn(3));
        assert_ne!(drawn(3), drawn(4));
    }
}
