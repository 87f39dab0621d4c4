//! Clocks as values. Their arithmetic is shared with whoever verifies a record: every clock follows from a journal's times.

pub(crate) use game_record::{Clock, Deadline, Gap, LENIENCE, Lapse, Moment, Turn};
