//! The technical floor under every context: storage, web, live sockets, cryptography, audit log, jobs, events.
//!
//! Nothing here knows a context. What several contexts would otherwise each build stands here once.
#![deny(missing_docs)]

pub mod audit;
pub mod bus;
pub mod clock;
pub mod crypto;
pub mod db;
pub mod health;
pub mod idempotency;
pub mod inbox;
pub mod jobs;
pub mod json;
pub mod lifecycle;
pub mod live;
pub mod notices;
pub mod outbox;
pub mod random;
pub mod sql;
pub mod telemetry;
pub mod upkeep;
pub mod web;

mod tables;

#[cfg(any(test, feature = "testing"))]
pub mod testing;
