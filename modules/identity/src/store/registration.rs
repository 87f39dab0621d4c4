//! Registration, the marker that decides a redemption, and what relationships make of an account.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use identity_api::{AccountStatus, Cancellation, IdentityEvent, Link, RedemptionOrigin};
use kernel::id::{AccountId, RedemptionId};
use kernel::{AccountType, Timestamp};
use platform::db::StoreError;
use platform::idempotency::{self, Claimed};
use platform::sql::{Key, Ts, Word};

use super::claims::{USERNAME_KEY, claim_of, claim_value, claimed_account, taken};
use super::diesel_store::{DieselStore, Trail};
use super::schema::{accounts, redemptions};
use super::statements::{AccountSeed, Statements};
use super::{
    Linked, RedemptionOutcome, Registered, Registration, RegistrationStore, Stamp, Tied, registered_type,
};
use crate::domain::account::Account;
use crate::domain::revocation::Revoked;

kernel::words! {
    /// How a redemption was decided, as the marker spells it.
    enum Marker as "redemption marker" {
        /// An account came of it.
        Created = "created",
        /// None ever will.
        Cancelled = "cancelled",
    }
}

platform::dual! {
    trait RedemptionStatements {
        /// Tries to decide a redemption; `None` if this call decided it.
        async fn decide_redemption(
            c, id: RedemptionId, account: Option<AccountId>, at: Timestamp
        ) -> Result<Option<RedemptionOutcome>, StoreError> {
            let marker = if account.is_some() { Marker::Created } else { Marker::Cancelled };
            let won = diesel::insert_into(redemptions::table)
                .values((
                    redemptions::redemption_id.eq(Key::from(id)),
                    redemptions::outcome.eq(Word(marker)),
                    redemptions::account_id.eq(account.map(Key::from)),
                    redemptions::decided_at.eq(Ts::from(at)),
                ))
                .on_conflict(redemptions::redemption_id)
                .do_nothing()
                .execute(c)
                .await?;
            if won == 1 { return Ok(None); }
            let decided = c.load_redemption(id).await?;
            decided.map(Some).ok_or(StoreError::LostRace)
        }

        /// What was decided about a redemption.
        async fn load_redemption(c, id: RedemptionId) -> Result<Option<RedemptionOutcome>, StoreError> {
            let row: Option<(Word<Marker>, Option<Key>)> = redemptions::table
                .find(Key::from(id))
                .select((redemptions::outcome, redemptions::account_id))
                .first(c)
                .await
                .optional()?;
            Ok(match row {
                None => None,
                Some((Word(Marker::Created), Some(account))) => Some(RedemptionOutcome::Created(account.id())),
                Some(_) => Some(RedemptionOutcome::Cancelled),
            })
        }

        /// Whether whoever invited may still do so; checked where the account is created.
        async fn may_invite(c, distributor: AccountId) -> Result<bool, StoreError> {
            let found = c.load_account(distributor).await?;
            Ok(found.is_some_and(|found| {
                found.account_type == AccountType::Distributor && found.standing().is_active()
            }))
        }

        /// Sets kind and relationship of an account, and says so.
        async fn tie(c, trail: Trail, before: Account, link: Link, to: AccountType) -> Result<Tied, StoreError> {
            let relationship = (to == AccountType::Customer).then_some(Key::from(link.relationship));
            diesel::update(accounts::table.find(Key::from(before.id)))
                .set((accounts::account_type.eq(Word(to)), accounts::relationship_id.eq(relationship)))
                .execute(c)
                .await?;
            let change = trail.revocation(before.id, Revoked::Change);
            c.log_revocation(change).await?;
            c.announce(trail.clone(), IdentityEvent::AccountChanged { account: before.id }).await?;
            let action = if relationship.is_some() { "account.attach" } else { "account.detach" };
            c.record(trail.audit(action, before.id).related("relationship", link.relationship)).await?;
            Ok(Tied::Changed(change))
        }
    }
}

/// Who wins decides: `Some` ends the registration early.
fn existing(outcome: RedemptionOutcome) -> Registered {
    match outcome {
        RedemptionOutcome::Created(account) => Registered::Existing(account),
        RedemptionOutcome::Cancelled => Registered::Unusable,
    }
}

/// The account a registration begins as.
fn seed(registration: &Registration, at: Timestamp) -> AccountSeed {
    let origin: Option<&RedemptionOrigin> = registration.origin.as_ref();
    AccountSeed {
        email: registration.email.clone(),
        status: if origin.is_some() { AccountStatus::PendingLink } else { AccountStatus::Active },
        redemption: origin.map(|origin| origin.redemption.into()),
        ..AccountSeed::invited(registration.account.clone(), registered_type(origin), at)
    }
}

#[async_trait]
impl RegistrationStore for DieselStore {
    async fn register(&self, stamp: Stamp, registration: Registration) -> Result<Registered, StoreError> {
        let trail = self.trail(stamp);
        platform::write!(self.db, |c| {
            let (at, account, origin) = (trail.stamp.at, registration.account.account, registration.origin);
            let seed = seed(&registration, at);
            let claim = registration.claim.map(|parts| claim_of(&trail.stamp, parts));
            if let Some(claim) = &claim {
                match idempotency::claim(c, claim).await? {
                    Claimed::New => {}
                    Claimed::Repeat(value) => return Ok(Registered::Existing(claimed_account(&value)?)),
                    Claimed::InFlight => return Ok(Registered::InFlight),
                    Claimed::Conflict => return Ok(Registered::KeyReused),
                }
            }
            if let Some(origin) = origin {
                if let Some(outcome) = c.decide_redemption(origin.redemption, Some(account), at).await? {
                    return Ok(existing(outcome));
                }
                if !c.may_invite(origin.distributor).await? {
                    return Err(StoreError::LostRace);
                }
            }
            let account_type = seed.account_type;
            if !c.insert_account(seed).await? {
                return Err(taken());
            }
            c.write_credential(account, registration.credential, at).await?;
            let created = IdentityEvent::AccountCreated { account, account_type, redemption: origin };
            c.announce(trail.clone(), created).await?;
            let mut audit = trail.audit("account.register", account);
            match origin {
                Some(origin) => audit = audit.related("redemption", origin.redemption),
                None => c.announce(trail.clone(), IdentityEvent::AccountActivated { account }).await?,
            }
            c.record(audit).await?;
            if let Some(claim) = &claim {
                idempotency::store(c, claim, claim_value(account)).await?;
            }
            Ok(Registered::Created)
        })
        .or_else(|error: StoreError| match error {
            error if error.conflicts_on(USERNAME_KEY) => Ok(Registered::UsernameTaken),
            StoreError::LostRace => Ok(Registered::Unusable),
            error => Err(error),
        })
    }

    async fn redemption(&self, id: RedemptionId) -> Result<Option<RedemptionOutcome>, StoreError> {
        platform::read!(self.db, |c| { c.load_redemption(id).await })
    }

    async fn link_redeemed(&self, stamp: Stamp, link: Link) -> Result<Linked, StoreError> {
        let trail = self.trail(stamp);
        platform::write!(self.db, |c| {
            if let Some(redemption) = link.redemption {
                match c.load_redemption(redemption).await? {
                    Some(RedemptionOutcome::Cancelled) => return Ok(Linked::Cancelled),
                    Some(RedemptionOutcome::Created(account)) if account != link.account => {
                        return Ok(Linked::WrongState);
                    }
                    _ => {}
                }
            }
            let Some(before) = c.lock_account(link.account).await? else { return Ok(Linked::NoSuchAccount) };
            let Ok(state) = before.state.linked() else { return Ok(Linked::WrongState) };
            if state == before.state {
                return Ok(Linked::Done);
            }
            c.write_state(link.account, state, 0).await?;
            diesel::update(accounts::table.find(Key::from(link.account)))
                .set(accounts::relationship_id.eq(Some(Key::from(link.relationship))))
                .execute(c)
                .await?;
            c.announce(trail.clone(), IdentityEvent::AccountActivated { account: link.account }).await?;
            c.record(trail.audit("account.link", link.account).related("relationship", link.relationship))
                .await?;
            Ok(Linked::Done)
        })
    }

    async fn cancel_redemption(&self, stamp: Stamp, id: RedemptionId) -> Result<Cancellation, StoreError> {
        let trail = self.trail(stamp);
        platform::write!(self.db, |c| {
            match c.decide_redemption(id, None, trail.stamp.at).await? {
                None => {
                    c.record(trail.audit("redemption.cancel", id)).await?;
                    Ok(Cancellation::Cancelled)
                }
                Some(RedemptionOutcome::Cancelled) => Ok(Cancellation::Cancelled),
                Some(RedemptionOutcome::Created(_)) => Ok(Cancellation::TooLate),
            }
        })
    }

    async fn attach(&self, stamp: Stamp, link: Link) -> Result<Tied, StoreError> {
        let trail = self.trail(stamp);
        platform::write!(self.db, |c| {
            let Some(before) = c.lock_account(link.account).await? else { return Ok(Tied::NoSuchAccount) };
            match before.account_type {
                AccountType::Customer if before.relationship == Some(link.relationship) => {
                    Ok(Tied::Unchanged)
                }
                AccountType::Player | AccountType::Customer => {
                    c.tie(trail, before, link, AccountType::Customer).await
                }
                AccountType::Distributor | AccountType::Staff => Ok(Tied::WrongState),
            }
        })
    }

    async fn detach(&self, stamp: Stamp, link: Link) -> Result<Tied, StoreError> {
        let trail = self.trail(stamp);
        platform::write!(self.db, |c| {
            let Some(before) = c.lock_account(link.account).await? else { return Ok(Tied::NoSuchAccount) };
            match before.account_type {
                AccountType::Customer if before.relationship == Some(link.relationship) => {
                    c.tie(trail, before, link, AccountType::Player).await
                }
                AccountType::Player | AccountType::Customer => Ok(Tied::Unchanged),
                AccountType::Distributor | AccountType::Staff => Ok(Tied::WrongState),
            }
        })
    }
}
