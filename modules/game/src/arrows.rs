//! Places where a crash must lose nothing. Tests end the process at each of them.

/// An invite is accepted and its game committed; nobody has been told.
pub const ACCEPTED: &str = "game.accepted";
/// A pairing is offered and committed; nobody has been told.
pub const OFFERED: &str = "game.offered";
/// Both of a pairing have accepted and its game is committed; nobody has been told.
pub const PAIRED: &str = "game.paired";
/// A command's lines are committed; no follower and no caller has been told.
pub const APPENDED: &str = "game.appended";
/// A match is over and committed; nobody has been told.
pub const FINISHED: &str = "game.finished";
/// Some games of a stopped account are void; the event that told of it is not yet done with.
pub const VOIDED: &str = "game.voided";
/// Some clocks are extended after a time without any node; this node has not said yet that it is alive.
pub const EXTENDED: &str = "game.extended";
