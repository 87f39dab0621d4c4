//! Finding a game: the open queue and its pairings, who of one's network is there, and what people choose about being
//! found.

pub(crate) mod answer_pairing;
pub(crate) mod join_queue;
pub(crate) mod leave_queue;
pub(crate) mod look_at_queue;
pub(crate) mod online;
pub(crate) mod pair_up;
pub(crate) mod part;
pub(crate) mod people;
pub(crate) mod preferences;

use std::collections::BTreeSet;

use kernel::id::AccountId;
use platform::bus::Bell;

/// Who has a socket in this process.
pub(crate) trait Connected: Send + Sync {
    /// Every account that has one now.
    fn accounts(&self) -> BTreeSet<AccountId>;
}

/// What this process remembers of pairing and of who is there. All of it may be lost.
#[derive(Default)]
pub(crate) struct Finding {
    /// Rings when somebody has come to wait.
    pub(crate) waiting: Bell,
    pairer: pair_up::Pairer,
    online: online::Vouching,
}
