//! WHOT between people: invites, the fair shuffle, the journal of each game, live play, clocks and scores.
//!
//! The rules themselves are the engine's. Only the face of the context is public: configuration, what it needs, and
//! what it offers.

mod domain;
mod store;
mod text;
