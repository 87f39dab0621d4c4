//! What a game is around its rules: invites, the fair shuffle, the clock and the journal, as plain values.
//!
//! Pure: nothing here knows a database, a wire format, a runtime or the time of day.

pub(crate) mod clock;
pub(crate) mod command;
pub(crate) mod ending;
pub(crate) mod entry;
pub(crate) mod invite;
pub(crate) mod notice;
pub(crate) mod pairing;
pub(crate) mod plan;
pub(crate) mod practice;
pub(crate) mod preferences;
pub(crate) mod queue;
pub(crate) mod rating;
pub(crate) mod shuffle;
pub(crate) mod spectator;
pub(crate) mod table;
pub(crate) mod view;
