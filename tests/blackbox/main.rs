//! Black-box tests: they drive the real binary over HTTP, WebSocket and the command line, and know nothing of its inside.
//!
//! `WHOT_TEST_DATABASE` chooses `sqlite` (the default) or `postgres`, `WHOT_TEST_LOOPBACK=1` sends every port through JSON.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "tests fail by panicking"
)]

mod harness;

mod command_line;
mod conventions;
mod crashes;
mod examples;
mod finding;
mod journeys;
mod permissions;
mod playing;
mod practice;
mod races;
mod ratings;
mod records;
mod schemas;
mod secrecy;
mod sockets;
mod spec;
mod spectators;
