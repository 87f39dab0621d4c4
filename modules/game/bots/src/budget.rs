//! How long a bot may think: a number of guessed games, and a deadline that only the caller can know.

/// The limits of one decision. Whichever comes first ends the thinking; the answer is the best so far.
pub struct Budget<'a> {
    left: u32,
    late: &'a mut dyn FnMut() -> bool,
}

/// The deadline is asked for once in so many games, each of which takes about as long as reading many clocks.
const ASKED_EVERY: u32 = 16;

impl<'a> Budget<'a> {
    /// So many guessed games, fewer if `late` says so before.
    pub fn new(iterations: u32, late: &'a mut dyn FnMut() -> bool) -> Self {
        Self { left: iterations, late }
    }

    /// How many more games may be played.
    pub(crate) const fn left(&self) -> u32 {
        self.left
    }

    /// Takes one game, if there is one left.
    pub(crate) fn take(&mut self) -> bool {
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        if self.left.is_multiple_of(ASKED_EVERY) && (self.late)() {
            self.left = 0;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_games_is_never_exceeded() {
        let mut never = || false;
        let mut budget = Budget::new(1_000, &mut never);
        assert_eq!((0..5_000).filter(|_| budget.take()).count(), 1_000);
    }

    #[test]
    fn a_deadline_ends_the_thinking_early() {
        let mut asked = 0;
        let mut late = || {
            asked += 1;
            asked == 3
        };
        let mut budget = Budget::new(1_000, &mut late);
        assert!((0..5_000).filter(|_| budget.take()).count() <= 3 * ASKED_EVERY as usize);
    }
}
