//! How the engine's words and 32 bytes stand in JSON: the same in records and on the wire.

pub(crate) use game_record::text::{Bytes32, Text};
