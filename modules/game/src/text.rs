//! How the engine's words, 32 bytes and ratings stand in JSON: the same in records, in notices and on the wire.

pub(crate) use game_record::text::{Bytes32, Text};

/// What is shown of a rating, which has more digits than meaning.
pub(crate) fn tenth(points: f64) -> f64 {
    (points * 10.0).round() / 10.0
}
