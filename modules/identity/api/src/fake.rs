//! An identity in memory, for the tests of other contexts. It passes the same contract suite as the real one.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use kernel::id::{AccountId, PersonId, RedemptionId};
use kernel::{AccountType, CallContext, Principal, Role, Roles, Timestamp, TypedId};

use crate::account::{AccountStanding, AccountStatus, DistributorStanding};
use crate::port::{BearerToken, Cancellation, Identity, IdentityError, Link, Sanction, Vip};

/// Accounts, tokens and redemptions in memory.
#[derive(Default)]
pub struct FakeIdentity {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    accounts: HashMap<AccountId, AccountStanding>,
    tokens: HashMap<String, Principal>,
    created_by: HashMap<RedemptionId, AccountId>,
    cancelled: HashSet<RedemptionId>,
}

impl FakeIdentity {
    /// Adds an account of this kind under a name; active, unless changed later.
    pub fn add(&self, account: AccountId, username: &str, account_type: AccountType) {
        let role = match account_type {
            AccountType::Player => Some(Role::Player),
            AccountType::Customer => Some(Role::Customer),
            AccountType::Distributor => Some(Role::Distributor),
            AccountType::Staff => None,
        };
        let standing = AccountStanding {
            account,
            person: PersonId::from_uuid(account.uuid()),
            username: username.to_owned(),
            account_type,
            roles: role.into_iter().collect::<Roles>(),
            status: AccountStatus::Active,
            distributor: (account_type == AccountType::Distributor).then_some(DistributorStanding::Active),
            vip: false,
            created_at: Timestamp::UNIX_EPOCH,
        };
        self.with(|inner| inner.accounts.insert(account, standing));
    }

    /// Adds an account that waits to be linked, as registration with a ticket does.
    pub fn add_redeemed(&self, account: AccountId, username: &str, redemption: RedemptionId) {
        self.add(account, username, AccountType::Customer);
        self.with(|inner| {
            inner.created_by.insert(redemption, account);
            if let Some(standing) = inner.accounts.get_mut(&account) {
                standing.status = AccountStatus::PendingLink;
            }
        });
    }

    /// Makes `token` stand for `principal`.
    pub fn add_token(&self, token: &str, principal: Principal) {
        self.with(|inner| inner.tokens.insert(token.to_owned(), principal));
    }

    fn with<T>(&self, act: impl FnOnce(&mut Inner) -> T) -> T {
        act(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn change(
        &self,
        account: AccountId,
        act: impl FnOnce(&mut AccountStanding),
    ) -> Result<(), IdentityError> {
        self.with(|inner| inner.accounts.get_mut(&account).map(act).ok_or(IdentityError::UnknownAccount))
    }
}

#[async_trait]
impl Identity for FakeIdentity {
    async fn accounts(
        &self,
        _: &CallContext,
        ids: Vec<AccountId>,
    ) -> Result<Vec<AccountStanding>, IdentityError> {
        Ok(self.with(|inner| ids.iter().filter_map(|id| inner.accounts.get(id).cloned()).collect()))
    }

    async fn account_by_username(
        &self,
        _: &CallContext,
        username: String,
    ) -> Result<Option<AccountStanding>, IdentityError> {
        Ok(self.with(|inner| {
            inner.accounts.values().find(|a| a.username.eq_ignore_ascii_case(&username)).cloned()
        }))
    }

    async fn verify_token(&self, _: &CallContext, token: BearerToken) -> Result<Principal, IdentityError> {
        self.with(|inner| inner.tokens.get(&token.0).cloned())
            .ok_or(IdentityError::InvalidToken { reason: "unknown".to_owned() })
    }

    async fn suspend(&self, _: &CallContext, sanction: Sanction) -> Result<(), IdentityError> {
        self.change(sanction.account, |standing| standing.status = AccountStatus::Suspended)
    }

    async fn reinstate(&self, _: &CallContext, sanction: Sanction) -> Result<(), IdentityError> {
        self.change(sanction.account, |standing| standing.status = AccountStatus::Active)
    }

    async fn set_vip(&self, _: &CallContext, vip: Vip) -> Result<(), IdentityError> {
        self.change(vip.account, |standing| standing.vip = vip.enabled)
    }

    async fn activate_redeemed(&self, _: &CallContext, link: Link) -> Result<(), IdentityError> {
        let cancelled = link.redemption.is_some_and(|id| self.with(|inner| inner.cancelled.contains(&id)));
        if cancelled {
            return Err(IdentityError::Cancelled);
        }
        self.change(link.account, |standing| {
            if standing.status == AccountStatus::PendingLink {
                standing.status = AccountStatus::Active;
            }
        })
    }

    async fn cancel_redemption(
        &self,
        _: &CallContext,
        redemption: RedemptionId,
    ) -> Result<Cancellation, IdentityError> {
        Ok(self.with(|inner| {
            if inner.created_by.contains_key(&redemption) {
                Cancellation::TooLate
            } else {
                inner.cancelled.insert(redemption);
                Cancellation::Cancelled
            }
        }))
    }

    async fn attach_relationship(&self, _: &CallContext, link: Link) -> Result<(), IdentityError> {
        self.change(link.account, |standing| standing.account_type = AccountType::Customer)
    }

    async fn detach_relationship(&self, _: &CallContext, link: Link) -> Result<(), IdentityError> {
        self.change(link.account, |standing| standing.account_type = AccountType::Player)
    }
}
