//! What voids access tokens before their time.

use kernel::Timestamp;
use kernel::id::{AccountId, SessionId, Uuid};

/// An entry of the revocation log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Revocation {
    pub(crate) id: Uuid,
    pub(crate) account: AccountId,
    pub(crate) what: Revoked,
    pub(crate) at: Timestamp,
}

/// How much an entry voids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Revoked {
    /// One session.
    Session(SessionId),
    /// Every token of the account from before this epoch, because the account may not act.
    Suspension { epoch: i64 },
    /// Nothing; but what is remembered of the account, its roles for example, is out of date.
    Change,
}
