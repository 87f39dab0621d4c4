//! What other contexts may ask of customer, and what customer announces.
//!
//! Plain data and traits only: no I/O, no runtime, no storage.
#![deny(missing_docs)]

mod event;
mod port;

#[cfg(any(test, feature = "testing"))]
pub mod contract;
#[cfg(any(test, feature = "testing"))]
pub mod fake;

pub use event::CustomerEvent;
pub use port::{
    Capability, Check, Customer, CustomerError, CustomerProvider, CustomerVia, Decision, Denial,
    NetworkQuery, Standing,
};
