//! The web floor as a context sees it: a table of routes, real requests through the edge, and what comes back.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "all of it is test; clippy knows tests by their attribute only"
)]

mod access;
mod bodies;
mod headers;
mod limits;
mod methods;
mod openapi;
mod problems;
mod requests;
mod world;
