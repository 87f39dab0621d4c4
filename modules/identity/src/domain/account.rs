//! An account and the transitions of its status. A distributor's standing moves with it.

use identity_api::{AccountStanding, AccountStatus, DistributorStanding};
use kernel::id::{AccountId, PersonId, RelationshipId};
use kernel::{AccountType, Role, Roles, Timestamp};

use super::email::Email;
use super::username::Username;

/// An account with the staff roles of the person behind it.
#[expect(
    clippy::struct_field_names,
    reason = "`account_type` is the field's name everywhere; `type` is a keyword"
)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) id: AccountId,
    pub(crate) person: PersonId,
    pub(crate) username: Username,
    pub(crate) email: Option<Email>,
    pub(crate) account_type: AccountType,
    pub(crate) state: AccountState,
    /// Roles of the person; they count for its staff account only.
    pub(crate) staff_roles: Roles,
    /// Tokens of an earlier epoch are void.
    pub(crate) epoch: i64,
    pub(crate) vip: bool,
    pub(crate) relationship: Option<RelationshipId>,
    pub(crate) created_at: Timestamp,
}

/// Everything about an account that a transition may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AccountState {
    pub(crate) status: AccountStatus,
    /// What reinstating returns to; set while suspended only.
    pub(crate) suspended_from: Option<AccountStatus>,
    /// Set for distributors only.
    pub(crate) standing: Option<DistributorStanding>,
}

/// The account's present state does not allow the transition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the account's state does not allow this")]
pub(crate) struct WrongState;

impl Account {
    /// The roles it acts with.
    pub(crate) fn roles(&self) -> Roles {
        match self.account_type {
            AccountType::Player => Roles::NONE.with(Role::Player),
            AccountType::Customer => Roles::NONE.with(Role::Customer),
            AccountType::Distributor => Roles::NONE.with(Role::Distributor),
            AccountType::Staff => self.staff_roles,
        }
    }

    /// Its own id, for distributors: the token's `distributor_id`.
    pub(crate) fn distributor_id(&self) -> Option<AccountId> {
        (self.account_type == AccountType::Distributor).then_some(self.id)
    }

    /// Whether a second factor is mandatory before it may sign in.
    pub(crate) fn needs_second_factor(&self) -> bool {
        matches!(self.account_type, AccountType::Staff | AccountType::Distributor)
    }

    /// What others may know of it.
    pub(crate) fn standing(&self) -> AccountStanding {
        AccountStanding {
            account: self.id,
            person: self.person,
            username: self.username.as_str().to_owned(),
            account_type: self.account_type,
            roles: self.roles(),
            status: self.state.status,
            distributor: self.state.standing,
            vip: self.vip,
            created_at: self.created_at,
        }
    }
}

impl AccountState {
    /// A state that is not suspended.
    pub(crate) const fn of(status: AccountStatus, standing: Option<DistributorStanding>) -> Self {
        Self { status, suspended_from: None, standing }
    }

    /// May not act until reinstated; the same state when it already may not.
    pub(crate) fn suspended(self) -> Result<Self, WrongState> {
        match self.status {
            AccountStatus::Suspended => Ok(self),
            AccountStatus::Deleted => Err(WrongState),
            from => Ok(Self {
                status: AccountStatus::Suspended,
                suspended_from: Some(from),
                standing: self.standing.map(|standing| match standing {
                    DistributorStanding::Active => DistributorStanding::Suspended,
                    other => other,
                }),
            }),
        }
    }

    /// As before it was suspended; the same state when it was not.
    pub(crate) fn reinstated(self) -> Result<Self, WrongState> {
        match (self.status, self.suspended_from) {
            (AccountStatus::Suspended, from) => Ok(Self {
                status: from.unwrap_or(AccountStatus::Active),
                suspended_from: None,
                standing: self.standing.map(|standing| match standing {
                    DistributorStanding::Suspended => DistributorStanding::Active,
                    other => other,
                }),
            }),
            (AccountStatus::Deleted, _) => Err(WrongState),
            _ => Ok(self),
        }
    }

    /// Linked to its relationship. A suspension in between stays, and ends in `active`.
    pub(crate) fn linked(self) -> Result<Self, WrongState> {
        match (self.status, self.suspended_from) {
            (AccountStatus::PendingLink, _) => Ok(Self { status: AccountStatus::Active, ..self }),
            (AccountStatus::Suspended, Some(AccountStatus::PendingLink)) => {
                Ok(Self { suspended_from: Some(AccountStatus::Active), ..self })
            }
            (AccountStatus::Active | AccountStatus::Suspended, _) => Ok(self),
            (AccountStatus::Invited | AccountStatus::Deleted, _) => Err(WrongState),
        }
    }

    /// Its person has set a credential.
    pub(crate) fn activated(self) -> Result<Self, WrongState> {
        match (self.status, self.standing) {
            (AccountStatus::Invited, None) => Ok(Self::of(AccountStatus::Active, None)),
            (AccountStatus::Invited, Some(DistributorStanding::Invited)) => {
                Ok(Self::of(AccountStatus::Active, Some(DistributorStanding::Active)))
            }
            _ => Err(WrongState),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use AccountStatus::{Active, Deleted, Invited, PendingLink, Suspended};

    const fn plain(status: AccountStatus) -> AccountState {
        AccountState::of(status, None)
    }

    #[test]
    fn suspending_and_reinstating_returns_to_where_the_account_was() {
        for status in [PendingLink, Invited, Active] {
            let suspended = plain(status).suspended().unwrap();
            assert_eq!((suspended.status, suspended.suspended_from), (Suspended, Some(status)));
            assert_eq!(suspended.suspended(), Ok(suspended), "twice is once");
            assert_eq!(suspended.reinstated(), Ok(plain(status)));
        }
        assert_eq!(plain(Active).reinstated(), Ok(plain(Active)));
        assert_eq!(plain(Deleted).suspended(), Err(WrongState));
    }

    #[test]
    fn a_distributors_standing_follows_its_suspension_only_while_active() {
        let active = AccountState::of(Active, Some(DistributorStanding::Active));
        let suspended = active.suspended().unwrap();
        assert_eq!(suspended.standing, Some(DistributorStanding::Suspended));
        assert_eq!(suspended.reinstated(), Ok(active));
        let invited = AccountState::of(Invited, Some(DistributorStanding::Invited));
        assert_eq!(invited.suspended().unwrap().standing, Some(DistributorStanding::Invited));
    }

    #[test]
    fn an_account_suspended_while_it_waits_to_be_linked_ends_linked_and_active() {
        let suspended = plain(PendingLink).suspended().unwrap();
        assert_eq!(suspended.linked().unwrap().status, Suspended);
        assert_eq!(suspended.linked().unwrap().reinstated(), Ok(plain(Active)));
        assert_eq!(plain(PendingLink).linked(), Ok(plain(Active)));
        assert_eq!(plain(Active).linked(), Ok(plain(Active)), "twice is once");
    }

    #[test]
    fn only_an_invited_account_is_activated() {
        assert_eq!(plain(Invited).activated(), Ok(plain(Active)));
        let approved = AccountState::of(Invited, Some(DistributorStanding::Invited));
        assert_eq!(approved.activated().unwrap().standing, Some(DistributorStanding::Active));
        let requested = AccountState::of(Invited, Some(DistributorStanding::Requested));
        for state in [requested, plain(Active), plain(Suspended), plain(PendingLink)] {
            assert_eq!(state.activated(), Err(WrongState));
        }
    }
}
