//! A block: one person wants nothing to do with another. Whatever else joins them, it denies.

use kernel::Timestamp;
use kernel::id::AccountId;

/// One person's block of another, as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) blocked: AccountId,
    pub(crate) at: Timestamp,
}
