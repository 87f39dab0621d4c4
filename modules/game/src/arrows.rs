//! Places where a crash must lose nothing. Tests end the process at each of them.

/// An invite is accepted and its game committed; nobody has been told.
pub const ACCEPTED: &str = "game.accepted";
/// A command's lines are committed; no follower and no caller has been told.
pub const APPENDED: &str = "game.appended";
/// A match is over and committed; nobody has been told.
pub const FINISHED: &str = "game.finished";
/// Some games of a stopped account are void; the event that told of it is not yet done with.
pub const VOIDED: &str = "game.voided";
/// Some clocks are extended after a time without any node; this node has not said yet that it is alive.
pub const EXTENDED: &str = "game.extended";
