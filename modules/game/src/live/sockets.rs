//! Who has a socket in this process, whatever it follows.

use std::collections::BTreeSet;
use std::sync::Arc;

use kernel::id::AccountId;
use platform::live::Hub;

use crate::app::finding::Connected;

/// The hub of this process.
pub(crate) struct Sockets(pub(crate) Arc<Hub>);

impl Connected for Sockets {
    fn accounts(&self) -> BTreeSet<AccountId> {
        self.0.accounts()
    }
}
