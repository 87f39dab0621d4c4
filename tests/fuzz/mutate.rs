//! Mutations of kept inputs from a seed: the same seed gives the same input on every machine.

use kernel::SeededRandom;
use kernel::random::RandomExt;

/// No input grows beyond this.
const LONGEST: usize = 64 * 1024;

/// What means something to a parser, and what means nothing to anybody.
const LETTERS: &[u8] = b" \t\n\"\\{}[]:,.-@0123456789azAZ\0\x7f\xff";

/// A source of mutations.
pub(crate) struct Mutator {
    random: SeededRandom,
    words: &'static [&'static str],
}

impl Mutator {
    pub(crate) fn new(seed: u64, words: &'static [&'static str]) -> Self {
        Self { random: SeededRandom::new(seed), words }
    }

    /// One of the inputs with one to four changes.
    pub(crate) fn mutated(&mut self, inputs: &[Vec<u8>]) -> Vec<u8> {
        let mut input = inputs[self.below(inputs.len())].clone();
        for _ in 0..=self.below(4) {
            let other = &inputs[self.below(inputs.len())];
            self.change(&mut input, other);
            input.truncate(LONGEST);
        }
        input
    }

    fn below(&mut self, bound: usize) -> usize {
        let lot = u64::from_le_bytes(self.random.bytes());
        usize::try_from(lot % u64::try_from(bound.max(1)).unwrap()).unwrap()
    }

    /// A range of at most so many bytes.
    fn range(&mut self, input: &[u8], most: usize) -> std::ops::Range<usize> {
        let begin = self.below(input.len() + 1);
        let length = self.below(most.min(input.len() - begin) + 1);
        begin..begin + length
    }

    fn change(&mut self, input: &mut Vec<u8>, other: &[u8]) {
        match self.below(9) {
            0 => {
                let place = self.below(input.len());
                if let Some(byte) = input.get_mut(place) {
                    *byte ^= 1 << self.below(8);
                }
            }
            1 => {
                let letter = LETTERS[self.below(LETTERS.len())];
                let range = self.range(input, 1);
                input.splice(range, [letter]);
            }
            2 => {
                let range = self.range(input, 40);
                input.drain(range);
            }
            3 => {
                let range = self.range(input, 200);
                let copy = input[range.clone()].to_vec();
                input.splice(range.end..range.end, copy);
            }
            4 => {
                let word = self.words[self.below(self.words.len())];
                let range = self.range(input, 12);
                input.splice(range, word.bytes());
            }
            5 => {
                let (range, from) = (self.range(input, 100), self.range(other, 100));
                input.splice(range, other[from].to_vec());
            }
            6 => self.change_a_number(input),
            7 => {
                let (one, two) = (self.below(input.len()), self.below(input.len()));
                if one < input.len() && two < input.len() {
                    input.swap(one, two);
                }
            }
            _ => {
                let end = self.below(input.len() + 1);
                input.truncate(end);
            }
        }
    }

    /// A number somewhere, replaced by another.
    fn change_a_number(&mut self, input: &mut Vec<u8>) {
        let from = self.below(input.len());
        let Some(begin) = (from..input.len()).find(|place| input[*place].is_ascii_digit()) else { return };
        let end = (begin..input.len()).find(|place| !input[*place].is_ascii_digit()).unwrap_or(input.len());
        let numbers =
            ["0", "1", "2", "7", "14", "20", "255", "256", "65536", "4294967296", "18446744073709551615"];
        input.splice(begin..end, numbers[self.below(numbers.len())].bytes());
    }
}
