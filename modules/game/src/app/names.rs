//! User names of accounts, for showing. They are identity's: here they are only remembered for a minute. Practice opponents
//! have none there.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use identity_api::Identity;
use kernel::id::AccountId;
use kernel::{CallContext, Clock, Timestamp};

use crate::domain::practice;

const FRESH: Duration = Duration::from_mins(1);
/// Beyond so many everything is forgotten and asked again.
const MOST: usize = 20_000;
/// What identity answers at once.
const AT_ONCE: usize = 100;

/// Remembers names.
pub(crate) struct Names {
    identity: Arc<dyn Identity>,
    clock: Arc<dyn Clock>,
    known: Mutex<HashMap<AccountId, (String, Timestamp)>>,
}

impl Names {
    pub(crate) fn new(identity: Arc<dyn Identity>, clock: Arc<dyn Clock>) -> Self {
        Self { identity, clock, known: Mutex::default() }
    }

    /// The names of these accounts. One that cannot be learnt now is left out: nothing fails for want of a name.
    pub(crate) async fn of(
        &self,
        call: &CallContext,
        accounts: impl IntoIterator<Item = AccountId>,
    ) -> HashMap<AccountId, String> {
        let now = self.clock.now();
        let mut found = HashMap::new();
        let mut missing = Vec::new();
        {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            for account in accounts {
                if let Some(strength) = practice::strength(account) {
                    found.insert(account, practice::username(strength));
                    continue;
                }
                match known.get(&account) {
                    Some((name, at)) if now.since(*at) < FRESH => {
                        found.insert(account, name.clone());
                    }
                    _ => missing.push(account),
                }
            }
        }
        missing.sort_unstable();
        missing.dedup();
        for part in missing.chunks(AT_ONCE) {
            match self.identity.accounts(call, part.to_vec()).await {
                Ok(standings) => {
                    found.extend(standings.into_iter().map(|standing| (standing.account, standing.username)));
                }
                Err(error) => tracing::warn!(%error, "names are not known now"),
            }
        }
        self.remember(&missing, &found, now);
        found
    }

    fn remember(&self, asked: &[AccountId], found: &HashMap<AccountId, String>, now: Timestamp) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() > MOST {
            known.clear();
        }
        for account in asked {
            if let Some(name) = found.get(account) {
                known.insert(*account, (name.clone(), now));
            }
        }
    }

    /// The account may have another name now.
    pub(crate) fn forget(&self, account: AccountId) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(&account);
    }
}
