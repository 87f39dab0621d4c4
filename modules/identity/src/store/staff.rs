//! Staff: the first admin, further accounts, and the roles of the persons behind them.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use identity_api::{AccountStatus, IdentityEvent};
use kernel::id::{AccountId, PersonId};
use kernel::{AccountType, Role};
use platform::db::StoreError;
use platform::idempotency::{self, Claimed};
use platform::sql::{Key, Ts, Word};
use platform::web::ClaimParts;

use super::claims::{USERNAME_KEY, claim_of, claim_value, claimed_account, name_taken, taken};
use super::diesel_store::{DieselStore, Trail};
use super::schema::{accounts, bootstrap, persons};
use super::statements::{AccountSeed, Statements};
use super::{Bootstrapped, Created, Granted, NewAccount, NewToken, StaffStore, Stamp};
use crate::domain::revocation::Revoked;
use crate::domain::roles::{GrantQuestion, grant};

/// The only row of `bootstrap`.
const SINGLETON: i32 = 1;

platform::dual! {
    trait StaffStatements {
        /// Who was bootstrapped, after taking the lock that serialises everything about it.
        async fn lock_bootstrap(c) -> Result<Option<(PersonId, AccountId)>, StoreError> {
            let row: Option<(Key, Key)> = diesel::update(bootstrap::table.find(SINGLETON))
                .set(bootstrap::version.eq(bootstrap::version + 1))
                .returning((bootstrap::person_id, bootstrap::account_id))
                .get_result(c)
                .await
                .optional()?;
            Ok(row.map(|(person, account)| (person.id(), account.id())))
        }

        /// Whether an approver can act.
        async fn approver_active(c) -> Result<bool, StoreError> {
            let count: i64 = accounts::table
                .inner_join(persons::table)
                .filter(persons::approver.eq(true))
                .filter(accounts::account_type.eq(Word(AccountType::Staff)))
                .filter(accounts::status.eq(Word(AccountStatus::Active)))
                .count()
                .get_result(c)
                .await?;
            Ok(count > 0)
        }

        /// Sets one role column of a person.
        async fn set_role(c, person: PersonId, role: Role) -> Result<(), StoreError> {
            let row = persons::table.find(Key::from(person));
            let changed = match role {
                Role::Moderator => diesel::update(row).set(persons::moderator.eq(true)).execute(c).await?,
                Role::Approver => diesel::update(row).set(persons::approver.eq(true)).execute(c).await?,
                Role::Legal => diesel::update(row).set(persons::legal.eq(true)).execute(c).await?,
                Role::Support => diesel::update(row).set(persons::support.eq(true)).execute(c).await?,
                Role::Auditor => diesel::update(row).set(persons::auditor.eq(true)).execute(c).await?,
                Role::Admin => diesel::update(row).set(persons::admin.eq(true)).execute(c).await?,
                Role::Player | Role::Customer | Role::Distributor => 0,
            };
            if changed == 1 { Ok(()) } else { Err(StoreError::inconsistent("a person to receive a role")) }
        }

        /// Gives an account that nobody has activated yet another token.
        async fn reissue(c, trail: Trail, account: AccountId, token: NewToken) -> Result<bool, StoreError> {
            let Some(found) = c.lock_account(account).await? else { return Ok(false) };
            if found.state.status != AccountStatus::Invited { return Ok(false); }
            c.replace_token(account, found.account_type, token, trail.stamp.at).await?;
            c.record(trail.audit("activation.reissue", account)).await?;
            Ok(true)
        }
    }
}

#[async_trait]
impl StaffStore for DieselStore {
    async fn bootstrap(
        &self,
        stamp: Stamp,
        admin: NewAccount,
        token: NewToken,
    ) -> Result<Bootstrapped, StoreError> {
        let trail = self.trail(stamp);
        platform::write!(self.db, |c| {
            if c.lock_bootstrap().await?.is_some() {
                return Ok(Bootstrapped::AdminExists);
            }
            let at = trail.stamp.at;
            let (person, account) = (admin.person, admin.account);
            let seed = AccountSeed { admin: true, ..AccountSeed::invited(admin, AccountType::Staff, at) };
            if !c.insert_account(seed).await? {
                return Err(taken());
            }
            let first = diesel::insert_into(bootstrap::table)
                .values((
                    bootstrap::singleton.eq(SINGLETON),
                    bootstrap::person_id.eq(Key::from(person)),
                    bootstrap::account_id.eq(Key::from(account)),
                    bootstrap::at.eq(Ts::from(at)),
                ))
                .on_conflict_do_nothing()
                .execute(c)
                .await?;
            if first == 0 {
                return Err(StoreError::LostRace);
            }
            c.replace_token(account, AccountType::Staff, token, at).await?;
            let created =
                IdentityEvent::AccountCreated { account, account_type: AccountType::Staff, redemption: None };
            c.announce(trail.clone(), created).await?;
            c.record(trail.audit("admin.bootstrap", account)).await?;
            Ok(Bootstrapped::Made)
        })
        .or_else(|error: StoreError| match error {
            error if error.conflicts_on(USERNAME_KEY) => Ok(Bootstrapped::UsernameTaken),
            StoreError::LostRace => Ok(Bootstrapped::AdminExists),
            error => Err(error),
        })
    }

    async fn reissue_bootstrap(
        &self,
        stamp: Stamp,
        token: NewToken,
    ) -> Result<Option<AccountId>, StoreError> {
        let trail = self.trail(stamp);
        platform::write!(self.db, |c| {
            let Some((_, account)) = c.lock_bootstrap().await? else { return Ok(None) };
            let again = c.reissue(trail, account, token).await?;
            Ok(again.then_some(account))
        })
    }

    async fn create_staff(
        &self,
        stamp: Stamp,
        staff: NewAccount,
        token: NewToken,
        claim: ClaimParts,
    ) -> Result<Created, StoreError> {
        let trail = self.trail(stamp);
        platform::write!(self.db, |c| {
            let claim = claim_of(&trail.stamp, claim);
            match idempotency::claim(c, &claim).await? {
                Claimed::New => {}
                Claimed::Repeat(value) => {
                    let account = claimed_account(&value)?;
                    c.reissue(trail, account, token).await?;
                    return Ok(Created::Repeat(account));
                }
                Claimed::InFlight => return Ok(Created::InFlight),
                Claimed::Conflict => return Ok(Created::KeyReused),
            }
            let (at, account) = (trail.stamp.at, staff.account);
            if !c.insert_account(AccountSeed::invited(staff, AccountType::Staff, at)).await? {
                return Err(taken());
            }
            c.replace_token(account, AccountType::Staff, token, at).await?;
            let created =
                IdentityEvent::AccountCreated { account, account_type: AccountType::Staff, redemption: None };
            c.announce(trail.clone(), created).await?;
            c.record(trail.audit("staff.create", account)).await?;
            idempotency::store(c, &claim, claim_value(account)).await?;
            Ok(Created::Made)
        })
        .or_else(name_taken)
    }

    async fn grant_role(
        &self,
        stamp: Stamp,
        granter: PersonId,
        account: AccountId,
        role: Role,
    ) -> Result<Granted, StoreError> {
        let trail = self.trail(stamp);
        platform::write!(self.db, |c| {
            let bootstrapped = c.lock_bootstrap().await?;
            let Some(receiver) = c.lock_account(account).await? else { return Ok(Granted::NoSuchAccount) };
            if receiver.account_type != AccountType::Staff {
                return Ok(Granted::NoSuchAccount);
            }
            let question = GrantQuestion {
                granter,
                grantee: receiver.person,
                held: receiver.staff_roles,
                role,
                bootstrapped: bootstrapped.map(|(person, _)| person),
                approver_active: c.approver_active().await?,
            };
            let roles = match grant(&question) {
                Ok(roles) if roles == receiver.staff_roles => return Ok(Granted::Before(roles)),
                Ok(roles) => roles,
                Err(refused) => return Ok(Granted::Refused(refused)),
            };
            c.set_role(receiver.person, role).await?;
            let change = trail.revocation(account, Revoked::Change);
            c.log_revocation(change).await?;
            c.announce(trail.clone(), IdentityEvent::AccountChanged { account }).await?;
            c.record(trail.audit("role.grant", account).reason(format!("bootstrap:{role}"))).await?;
            Ok(Granted::Now(roles, change))
        })
    }
}
