//! The two seats and a pair of values, one for each. Who sits there is not known to the engine.

use std::fmt;

words! {
    /// A seat at the table of two.
    pub enum Seat as "seat" {
        /// Seat 0.
        First = "first",
        /// Seat 1.
        Second = "second",
    }
}

impl Seat {
    /// The opponent.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }

    /// 0 or 1.
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::First => 0,
            Self::Second => 1,
        }
    }
}

/// One value for each seat.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct BySeat<T> {
    /// Of the first seat.
    pub first: T,
    /// Of the second seat.
    pub second: T,
}

impl<T> BySeat<T> {
    /// Both values.
    pub const fn new(first: T, second: T) -> Self {
        Self { first, second }
    }

    /// The value of a seat.
    pub const fn get(&self, seat: Seat) -> &T {
        match seat {
            Seat::First => &self.first,
            Seat::Second => &self.second,
        }
    }

    /// The value of a seat, to change it.
    pub const fn get_mut(&mut self, seat: Seat) -> &mut T {
        match seat {
            Seat::First => &mut self.first,
            Seat::Second => &mut self.second,
        }
    }

    /// The same of both.
    pub fn map<U>(self, mut f: impl FnMut(T) -> U) -> BySeat<U> {
        BySeat { first: f(self.first), second: f(self.second) }
    }
}

impl<T: fmt::Debug> fmt::Debug for BySeat<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entry(&self.first).entry(&self.second).finish()
    }
}
