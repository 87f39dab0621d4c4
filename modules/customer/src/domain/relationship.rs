//! The relationship of a distributor and a customer: `active <-> suspended -> ended` (DOMAIN.md 4).

use kernel::Timestamp;
use kernel::id::{AccountId, InviteId, RedemptionId, RelationshipId};

kernel::words! {
    /// Where a relationship stands. `ended` is for good.
    pub(crate) enum RelationshipState as "relationship state" {
        /// They belong together.
        Active = "active",
        /// Stopped for now by the distributor.
        Suspended = "suspended",
        /// Over.
        Ended = "ended",
    }
}

/// A relationship as its store holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Relationship {
    pub(crate) id: RelationshipId,
    pub(crate) distributor: AccountId,
    pub(crate) customer: AccountId,
    pub(crate) state: RelationshipState,
    /// Grows by one with every change.
    pub(crate) version: i64,
    /// Where it came from; `None` when it came by reassignment.
    pub(crate) origin: Option<Origin>,
    pub(crate) started_at: Timestamp,
    pub(crate) changed_at: Timestamp,
}

/// The invite and the redemption that began a relationship.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) invite: InviteId,
    pub(crate) redemption: RedemptionId,
}

/// One line of a relationship's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PastState {
    pub(crate) version: i64,
    pub(crate) state: RelationshipState,
    pub(crate) at: Timestamp,
    pub(crate) actor: Option<AccountId>,
}

/// A change somebody asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Suspend,
    Resume,
    End,
}

/// Which side of a relationship somebody is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Distributor,
    Customer,
}

/// Why a change is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChangeRefused {
    /// This side may not ask for it.
    NotYours,
    /// It is not possible from the present state.
    WrongState,
}

impl Relationship {
    /// The side `account` is on, if it is part of this at all.
    pub(crate) fn side(&self, account: AccountId) -> Option<Side> {
        if account == self.customer {
            Some(Side::Customer)
        } else if account == self.distributor {
            Some(Side::Distributor)
        } else {
            None
        }
    }

    /// The state after `change` asked for by `side`.
    pub(crate) fn after(&self, change: Change, side: Side) -> Result<RelationshipState, ChangeRefused> {
        match (side, change, self.state) {
            (Side::Customer, Change::Suspend | Change::Resume, _) => Err(ChangeRefused::NotYours),
            (_, Change::Suspend, RelationshipState::Active) => Ok(RelationshipState::Suspended),
            (_, Change::Resume, RelationshipState::Suspended) => Ok(RelationshipState::Active),
            (_, Change::End, RelationshipState::Active | RelationshipState::Suspended) => {
                Ok(RelationshipState::Ended)
            }
            _ => Err(ChangeRefused::WrongState),
        }
    }
}

#[cfg(test)]
mod tests {
    use kernel::TypedId;
    use kernel::id::Uuid;

    use super::*;

    fn relationship(state: RelationshipState) -> Relationship {
        Relationship {
            id: RelationshipId::from_uuid(Uuid::from_u128(1)),
            distributor: AccountId::from_uuid(Uuid::from_u128(2)),
            customer: AccountId::from_uuid(Uuid::from_u128(3)),
            state,
            version: 1,
            origin: None,
            started_at: Timestamp::UNIX_EPOCH,
            changed_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn nothing_follows_an_end() {
        for side in [Side::Distributor, Side::Customer] {
            for change in [Change::Suspend, Change::Resume, Change::End] {
                assert!(relationship(RelationshipState::Ended).after(change, side).is_err());
            }
        }
    }

    #[test]
    fn a_distributor_suspends_resumes_and_ends() {
        use RelationshipState::{Active, Ended, Suspended};
        let after = |state, change| relationship(state).after(change, Side::Distributor);
        assert_eq!(after(Active, Change::Suspend), Ok(Suspended));
        assert_eq!(after(Suspended, Change::Resume), Ok(Active));
        assert_eq!(after(Active, Change::End), Ok(Ended));
        assert_eq!(after(Suspended, Change::End), Ok(Ended));
        assert_eq!(after(Suspended, Change::Suspend), Err(ChangeRefused::WrongState));
        assert_eq!(after(Active, Change::Resume), Err(ChangeRefused::WrongState));
    }

    #[test]
    fn a_customer_may_only_leave() {
        let active = relationship(RelationshipState::Active);
        assert_eq!(active.after(Change::End, Side::Customer), Ok(RelationshipState::Ended));
        assert_eq!(active.after(Change::Suspend, Side::Customer), Err(ChangeRefused::NotYours));
        let suspended = relationship(RelationshipState::Suspended);
        assert_eq!(suspended.after(Change::Resume, Side::Customer), Err(ChangeRefused::NotYours));
    }

    #[test]
    fn strangers_have_no_side() {
        let it = relationship(RelationshipState::Active);
        assert_eq!(it.side(it.customer), Some(Side::Customer));
        assert_eq!(it.side(it.distributor), Some(Side::Distributor));
        assert_eq!(it.side(AccountId::from_uuid(Uuid::from_u128(8))), None);
    }
}
