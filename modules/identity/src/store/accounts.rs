//! Accounts and their standing.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use identity_api::IdentityEvent;
use kernel::Role;
use kernel::id::AccountId;
use platform::db::StoreError;
use platform::sql::{Key, Word};

use super::diesel_store::{DieselStore, Trail};
use super::rows::{AccountRow, PersonRow, account_of};
use super::schema::{accounts, persons};
use super::statements::Statements;
use super::{AccountStore, Stamp, StandingChange, Tied};
use crate::domain::account::Account;
use crate::domain::revocation::{Revocation, Revoked};
use crate::domain::session::EndReason;
use identity_api::AccountStatus;
use kernel::AccountType;

platform::dual! {
    trait StandingStatements {
        /// Whether an admin other than `person` can act. Takes the locks of all admins, so that two of them cannot
        /// stop each other at once.
        async fn another_admin_acts(c, account: Account) -> Result<bool, StoreError> {
            diesel::update(persons::table.filter(persons::admin.eq(true)))
                .set(persons::version.eq(persons::version + 1))
                .execute(c)
                .await?;
            let others: i64 = accounts::table
                .inner_join(persons::table)
                .filter(persons::admin.eq(true))
                .filter(persons::id.ne(Key::from(account.person)))
                .filter(accounts::account_type.eq(Word(AccountType::Staff)))
                .filter(accounts::status.eq(Word(AccountStatus::Active)))
                .count()
                .get_result(c)
                .await?;
            Ok(others > 0)
        }

        /// Announces a standing that changed, for distributors also to those who keep a copy of it.
        async fn announce_standing(c, trail: Trail, before: Account, event: IdentityEvent) -> Result<Account, StoreError> {
            let after = c.load_account(before.id).await?.ok_or(StoreError::LostRace)?;
            c.announce(trail.clone(), event).await?;
            if let Some(standing) = after.state.standing.filter(|_| after.state.standing != before.state.standing) {
                c.announce(trail, IdentityEvent::DistributorChanged { account: after.id, standing }).await?;
            }
            Ok(after)
        }
    }
}

#[async_trait]
impl AccountStore for DieselStore {
    async fn account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        platform::read!(self.db, |c| { c.load_account(id).await })
    }

    async fn accounts(&self, ids: Vec<AccountId>) -> Result<Vec<Account>, StoreError> {
        let keys: Vec<Key> = ids.into_iter().take(100).map(Key::from).collect();
        let rows: Result<Vec<(AccountRow, PersonRow)>, StoreError> = platform::read!(self.db, |c| {
            Ok(accounts::table
                .inner_join(persons::table)
                .filter(accounts::id.eq_any(keys))
                .select((AccountRow::as_select(), PersonRow::as_select()))
                .load(c)
                .await?)
        });
        rows?.into_iter().map(account_of).collect()
    }

    async fn account_by_username(&self, key: String) -> Result<Option<Account>, StoreError> {
        let row: Result<Option<(AccountRow, PersonRow)>, StoreError> = platform::read!(self.db, |c| {
            Ok(accounts::table
                .inner_join(persons::table)
                .filter(accounts::username_key.eq(key))
                .select((AccountRow::as_select(), PersonRow::as_select()))
                .first(c)
                .await
                .optional()?)
        });
        row?.map(account_of).transpose()
    }

    async fn set_vip(&self, stamp: Stamp, account: AccountId, enabled: bool) -> Result<Tied, StoreError> {
        let trail = self.trail(stamp);
        platform::write!(self.db, |c| {
            let Some(before) = c.lock_account(account).await? else { return Ok(Tied::NoSuchAccount) };
            if before.vip == enabled {
                return Ok(Tied::Unchanged);
            }
            diesel::update(accounts::table.find(Key::from(account)))
                .set(accounts::vip.eq(enabled))
                .execute(c)
                .await?;
            let change = trail.revocation(account, Revoked::Change);
            c.log_revocation(change).await?;
            c.announce(trail.clone(), IdentityEvent::AccountChanged { account }).await?;
            c.record(trail.audit(if enabled { "account.vip_set" } else { "account.vip_cleared" }, account))
                .await?;
            Ok(Tied::Changed(change))
        })
    }

    async fn suspend(
        &self,
        stamp: Stamp,
        account: AccountId,
        reason: String,
    ) -> Result<StandingChange, StoreError> {
        let trail = self.trail(stamp);
        platform::write!(self.db, |c| {
            let Some(before) = c.load_account(account).await? else {
                return Ok(StandingChange::NoSuchAccount);
            };
            if before.roles().has(Role::Admin) && !c.another_admin_acts(before).await? {
                return Ok(StandingChange::LastAdmin);
            }
            let Some(before) = c.lock_account(account).await? else {
                return Ok(StandingChange::NoSuchAccount);
            };
            let Ok(state) = before.state.suspended() else { return Ok(StandingChange::WrongState) };
            if state == before.state {
                return Ok(StandingChange::Unchanged(before));
            }
            let at = trail.stamp.at;
            c.write_state(account, state, 1).await?;
            c.end_all_sessions(account, EndReason::Suspended, at).await?;
            let end = trail.revocation(account, Revoked::Suspension { epoch: before.epoch + 1 });
            c.log_revocation(end).await?;
            let after = c
                .announce_standing(trail.clone(), before, IdentityEvent::AccountSuspended { account })
                .await?;
            c.announce(trail.clone(), IdentityEvent::SessionsRevoked { account, session: None }).await?;
            c.record(trail.audit("account.suspend", account).reason(reason)).await?;
            Ok(StandingChange::Changed(after, end))
        })
    }

    async fn reinstate(
        &self,
        stamp: Stamp,
        account: AccountId,
        reason: String,
    ) -> Result<StandingChange, StoreError> {
        let trail = self.trail(stamp);
        platform::write!(self.db, |c| {
            let Some(before) = c.lock_account(account).await? else {
                return Ok(StandingChange::NoSuchAccount);
            };
            let Ok(state) = before.state.reinstated() else { return Ok(StandingChange::WrongState) };
            if state == before.state {
                return Ok(StandingChange::Unchanged(before));
            }
            c.write_state(account, state, 0).await?;
            let change: Revocation = trail.revocation(account, Revoked::Change);
            c.log_revocation(change).await?;
            let after = c
                .announce_standing(trail.clone(), before, IdentityEvent::AccountReinstated { account })
                .await?;
            c.record(trail.audit("account.reinstate", account).reason(reason)).await?;
            Ok(StandingChange::Changed(after, change))
        })
    }
}
