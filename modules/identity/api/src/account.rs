//! What identity tells others of an account. Contact data and credentials are never among it.

use kernel::id::{AccountId, PersonId};
use kernel::{AccountType, Roles, Timestamp};
use serde::{Deserialize, Serialize};

kernel::words! {
    /// Whether an account may act.
    pub enum AccountStatus as "account status" {
        /// Created by a redemption whose relationship does not stand yet.
        PendingLink = "pending_link",
        /// Provisioned; its person has not set a credential yet.
        Invited = "invited",
        /// May act.
        Active = "active",
        /// May not act until reinstated.
        Suspended = "suspended",
        /// Gone for good.
        Deleted = "deleted",
    }
}

kernel::words! {
    /// Where a distributor stands (DOMAIN.md 2).
    pub enum DistributorStanding as "distributor standing" {
        /// Asked for by an admin.
        Requested = "requested",
        /// Approved by another person.
        Approved = "approved",
        /// Holds an activation link.
        Invited = "invited",
        /// May invite and be reached.
        Active = "active",
        /// Stopped for now.
        Suspended = "suspended",
        /// Leaving; its relationships are being ended or moved.
        Offboarding = "offboarding",
        /// Gone.
        Ended = "ended",
        /// Not approved.
        Rejected = "rejected",
        /// Never activated in time.
        Expired = "expired",
    }
}

/// An account's public name and standing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountStanding {
    /// The account.
    pub account: AccountId,
    /// The human being behind it.
    pub person: PersonId,
    /// Its public, unique name.
    pub username: String,
    /// What kind of account it is.
    pub account_type: AccountType,
    /// Its roles.
    pub roles: Roles,
    /// Whether it may act.
    pub status: AccountStatus,
    /// Set for distributors only.
    pub distributor: Option<DistributorStanding>,
    /// Whether its distributor marked it as VIP.
    pub vip: bool,
    /// When it was created.
    pub created_at: Timestamp,
}

impl AccountStanding {
    /// Whether the account may act now: active, and as a distributor not stopped.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.status == AccountStatus::Active
            && self.distributor.is_none_or(|standing| standing == DistributorStanding::Active)
    }
}
