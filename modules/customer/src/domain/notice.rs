//! What a person's inbox is told by this context. No reason and no name is ever in it.

use kernel::id::{AccountId, InviteId, RelationshipId};

use super::relationship::RelationshipState;

/// Something for one person's inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notice {
    /// To a distributor: somebody came through this invite.
    InviteRedeemed { invite: InviteId, customer: AccountId, relationship: RelationshipId },
    /// To both: their relationship is now so.
    Relationship {
        relationship: RelationshipId,
        distributor: AccountId,
        customer: AccountId,
        state: RelationshipState,
        version: i64,
    },
    /// To both: what they may do together may have changed; ask again.
    Entitlement { with: AccountId },
}
