//! The fair shuffle. Its formulas are published with the record of a game, and shared with whoever verifies one.

pub(crate) use game_record::{Commitment, Entropy, Seed, Shuffle};
