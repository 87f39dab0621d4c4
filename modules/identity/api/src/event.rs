//! What identity announces.

use kernel::AccountType;
use kernel::id::{AccountId, RedemptionId, SessionId};
use serde::{Deserialize, Serialize};

use crate::account::DistributorStanding;

/// A fact about accounts. The aggregate of each is the account's id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum IdentityEvent {
    /// An account exists. With a redemption it waits as `pending_link` until customer has linked it.
    AccountCreated {
        /// The new account.
        account: AccountId,
        /// Its kind.
        account_type: AccountType,
        /// The redemption it came from, if any, and the distributor its ticket named.
        redemption: Option<RedemptionOrigin>,
    },
    /// The account may act from now on.
    AccountActivated {
        /// The account.
        account: AccountId,
    },
    /// Name, kind, roles or VIP flag changed.
    AccountChanged {
        /// The account.
        account: AccountId,
    },
    /// The account may not act any more.
    AccountSuspended {
        /// The account.
        account: AccountId,
    },
    /// The account may act again.
    AccountReinstated {
        /// The account.
        account: AccountId,
    },
    /// The account is gone.
    AccountDeleted {
        /// The account.
        account: AccountId,
    },
    /// A distributor's standing changed; customer keeps its own copy of it.
    DistributorChanged {
        /// The distributor's account.
        account: AccountId,
        /// Its new standing.
        standing: DistributorStanding,
    },
    /// Sessions ended before their time.
    SessionsRevoked {
        /// Whose.
        account: AccountId,
        /// Which one, or all of the account's.
        session: Option<SessionId>,
    },
}

/// What a redemption's ticket said, carried on by the account it created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedemptionOrigin {
    /// The redemption.
    pub redemption: RedemptionId,
    /// The distributor who invited.
    pub distributor: AccountId,
}

impl IdentityEvent {
    /// The account the event is about.
    #[must_use]
    pub fn account(&self) -> AccountId {
        match self {
            Self::AccountCreated { account, .. }
            | Self::AccountActivated { account }
            | Self::AccountChanged { account }
            | Self::AccountSuspended { account }
            | Self::AccountReinstated { account }
            | Self::AccountDeleted { account }
            | Self::DistributorChanged { account, .. }
            | Self::SessionsRevoked { account, .. } => *account,
        }
    }

    /// The name under which the outbox files it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::AccountCreated { .. } => "account_created",
            Self::AccountActivated { .. } => "account_activated",
            Self::AccountChanged { .. } => "account_changed",
            Self::AccountSuspended { .. } => "account_suspended",
            Self::AccountReinstated { .. } => "account_reinstated",
            Self::AccountDeleted { .. } => "account_deleted",
            Self::DistributorChanged { .. } => "distributor_changed",
            Self::SessionsRevoked { .. } => "sessions_revoked",
        }
    }
}
