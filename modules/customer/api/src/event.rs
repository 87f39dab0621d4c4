//! What customer announces.

use kernel::id::{AccountId, RelationshipId};
use serde::{Deserialize, Serialize};

/// A fact about relationships and blocks. The aggregate is the relationship, or for blocks the one who blocks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum CustomerEvent {
    /// A relationship began.
    RelationshipStarted {
        /// The relationship.
        relationship: RelationshipId,
        /// Who invited.
        distributor: AccountId,
        /// Who came.
        customer: AccountId,
    },
    /// A relationship was suspended.
    RelationshipSuspended {
        /// The relationship.
        relationship: RelationshipId,
        /// The distributor.
        distributor: AccountId,
        /// The customer.
        customer: AccountId,
    },
    /// A suspended relationship goes on.
    RelationshipResumed {
        /// The relationship.
        relationship: RelationshipId,
        /// The distributor.
        distributor: AccountId,
        /// The customer.
        customer: AccountId,
    },
    /// A relationship ended, for good.
    RelationshipEnded {
        /// The relationship.
        relationship: RelationshipId,
        /// The distributor.
        distributor: AccountId,
        /// The customer.
        customer: AccountId,
    },
    /// A customer moved to another distributor: the old relationship ended and a new one began, at once.
    RelationshipReassigned {
        /// The relationship that ended.
        ended: RelationshipId,
        /// The relationship that began.
        started: RelationshipId,
        /// The former distributor.
        from: AccountId,
        /// The new distributor.
        to: AccountId,
        /// The customer.
        customer: AccountId,
    },
    /// Somebody blocked somebody.
    BlockAdded {
        /// Who blocks.
        by: AccountId,
        /// Who is blocked.
        blocked: AccountId,
    },
    /// A block was lifted.
    BlockRemoved {
        /// Who blocked.
        by: AccountId,
        /// Who was blocked.
        blocked: AccountId,
    },
}

impl CustomerEvent {
    /// The name under which the outbox files it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::RelationshipStarted { .. } => "relationship_started",
            Self::RelationshipSuspended { .. } => "relationship_suspended",
            Self::RelationshipResumed { .. } => "relationship_resumed",
            Self::RelationshipEnded { .. } => "relationship_ended",
            Self::RelationshipReassigned { .. } => "relationship_reassigned",
            Self::BlockAdded { .. } => "block_added",
            Self::BlockRemoved { .. } => "block_removed",
        }
    }

    /// The thing whose events must stay in order.
    #[must_use]
    pub fn aggregate(&self) -> String {
        match self {
            Self::RelationshipStarted { relationship, .. }
            | Self::RelationshipSuspended { relationship, .. }
            | Self::RelationshipResumed { relationship, .. }
            | Self::RelationshipEnded { relationship, .. }
            | Self::RelationshipReassigned { ended: relationship, .. } => relationship.to_string(),
            Self::BlockAdded { by, .. } | Self::BlockRemoved { by, .. } => by.to_string(),
        }
    }
}
