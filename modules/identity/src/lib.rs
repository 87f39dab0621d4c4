//! Identity: who people are, how they prove it, and what they may do.

mod app;
mod config;
mod domain;
mod store;

pub use config::Config;
