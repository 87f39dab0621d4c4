//! The composition root: the only code that names every context, and nothing but composition.
//!
//! It is a library so that the black-box tests may share the [`client`]; everything else is private to the binary.

pub mod client;

mod cli;
mod compose;
mod control;
mod crash;
mod http;
mod settings;

pub use cli::run;
