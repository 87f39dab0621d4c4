//! What accounts, persons, sessions, distributors and keys are, and how they may change. Pure: plain values in, plain
//! values out; no clock, no storage, no wire.

pub(crate) mod account;
pub(crate) mod activation;
pub(crate) mod distributor;
pub(crate) mod email;
pub(crate) mod password;
pub(crate) mod refresh;
pub(crate) mod revocation;
pub(crate) mod roles;
pub(crate) mod session;
pub(crate) mod signing_key;
pub(crate) mod username;
