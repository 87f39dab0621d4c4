//! What other contexts may ask of identity, and what identity announces.
//!
//! Plain data and traits only: no I/O, no runtime, no storage.
#![deny(missing_docs)]

mod account;
mod event;
mod port;
mod ticket;

#[cfg(any(test, feature = "testing"))]
pub mod contract;
#[cfg(any(test, feature = "testing"))]
pub mod fake;

pub use account::{AccountStanding, AccountStatus, DistributorStanding};
pub use event::{IdentityEvent, RedemptionOrigin};
pub use port::{
    BearerToken, Cancellation, Identity, IdentityError, IdentityProvider, IdentityVia, Link, Sanction, Vip,
};
pub use ticket::{InvalidTicket, RedemptionTicket};
