//! The technical floor under every context: storage, web, live sockets, cryptography, audit log, jobs, events.
//!
//! Nothing here knows a context. What several contexts would otherwise each build stands here once.
#![deny(missing_docs)]

pub mod bus;
pub mod clock;
pub mod crypto;
pub mod db;
pub mod lifecycle;
pub mod random;
pub mod sql;
pub mod web;
