//! Invites, relationships, blocks and entitlements as plain values and pure decisions.
//! Nothing here does I/O, waits, or knows a wire or row format.

pub(crate) mod block;
pub(crate) mod drive;
pub(crate) mod entitlement;
pub(crate) mod invite;
pub(crate) mod limits;
pub(crate) mod notice;
pub(crate) mod relationship;
