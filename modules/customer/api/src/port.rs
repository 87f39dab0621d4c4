//! The port itself: entitlement and network.

use kernel::id::{AccountId, DecisionId, RelationshipId};
use kernel::{Limit, Page, PortError};
use serde::{Deserialize, Serialize};

/// Why customer cannot answer. Whoever gets one of these denies.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "error", rename_all = "snake_case")]
pub enum CustomerError {
    /// The port itself failed.
    #[error(transparent)]
    Port {
        /// How.
        #[from]
        source: PortError,
    },
}

kernel::words! {
    /// What a pair of people may do together (DOMAIN.md 4).
    pub enum Capability as "capability" {
        /// Chat, as a distributor and its own customer.
        Chat = "chat",
        /// Play a game against each other. The answer is of the pair: it is the same whichever of them is the subject.
        Play = "play",
    }
}

/// Is `subject` entitled to do this with `object`, now?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Who wants to.
    pub subject: AccountId,
    /// What.
    pub capability: Capability,
    /// With whom.
    pub object: AccountId,
}

kernel::words! {
    /// Why not. Services and staff see it; a person only ever sees `not_available`.
    pub enum Denial as "denial" {
        /// The two are one, or one of them does not exist.
        UnknownPair = "unknown_pair",
        /// An account may not act.
        AccountInactive = "account_inactive",
        /// The distributor is not active.
        DistributorInactive = "distributor_inactive",
        /// No active relationship joins them.
        NoRelationship = "no_relationship",
        /// One of them blocks the other.
        Blocked = "blocked",
        /// They are not in one network.
        OtherNetwork = "other_network",
        /// The deployment asks for the VIP flag, and the customer has none.
        NotVip = "not_vip",
        /// Identity did not answer in time: doubt means deny.
        Doubt = "doubt",
    }
}

/// The relationship a decision rests on, as of its version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The relationship.
    pub relationship: RelationshipId,
    /// Its version when the decision was made.
    pub version: i64,
}

/// An answer to a [`Check`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Names this answer; kept by whoever acts on it.
    pub id: DecisionId,
    /// `None` means allowed.
    pub denial: Option<Denial>,
    /// The relationship it rests on, if it rests on one.
    pub standing: Option<Standing>,
}

impl Decision {
    /// Whether the answer is yes.
    #[must_use]
    pub fn allowed(&self) -> bool {
        self.denial.is_none()
    }
}

/// Asks for the people in an account's network: a distributor and all its customers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkQuery {
    /// Whose network.
    pub account: AccountId,
    /// Where the page begins: after this account.
    pub after: Option<AccountId>,
    /// How many.
    pub limit: Limit,
}

kernel::port! {
    /// What other contexts may ask of customer.
    pub trait Customer fails CustomerError, via CustomerVia, provider CustomerProvider {
        /// Whether this pair is entitled now. Deny is the answer to every doubt.
        fn check(check: Check) -> Decision;
        /// Who is in this account's network, itself left out, by account id.
        fn network(query: NetworkQuery) -> Page<AccountId, AccountId>;
        /// Who stands at the head of this account's network: its distributor, or the account itself.
        fn head(account: AccountId) -> AccountId;
    }
}
