//! The architecture as tests: who may use whom, what each room of a context may contain, and what no file may contain.
//! The lists they check against are derived from the tree; every check has a control that plants the fault it is for.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod dependencies;
mod documents;
mod graph;
mod licences;
mod migrations;
mod reach;
mod rooms;
mod sources;
mod tidy;

/// Fails with one line per fault.
#[track_caller]
fn assert_clean(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

/// A control: exactly the planted fault must be found.
#[track_caller]
fn assert_finds(faults: &[String], planted: &str) {
    assert_eq!(faults, [planted]);
}
