//! Distributors on their way to being active, and the list of them.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use identity_api::{AccountStatus, DistributorStanding, IdentityEvent};
use kernel::id::{AccountId, PersonId};
use kernel::{AccountType, Limit, Timestamp};
use platform::db::StoreError;
use platform::idempotency::{self, Claimed};
use platform::sql::{Key, Ts, Word};
use platform::web::ClaimParts;

use super::claims::{claim_of, claim_value, claimed_account, name_taken, taken};
use super::diesel_store::DieselStore;
use super::rows::{DistributorRow, distributor_of};
use super::schema::{accounts, distributors};
use super::statements::{AccountSeed, Statements};
use super::{Created, DecisionOutcome, NewDistributor, ProvisioningStore, Stamp, Verdict};
use crate::domain::account::AccountState;
use crate::domain::distributor::{
    Decided, Distributor, People, SamePerson, Step, decider as decision_of, next,
};

type Row = (DistributorRow, String, Option<Word<DistributorStanding>>);

platform::dual! {
    trait DistributorStatements {
        /// The distributor with its account's name and standing.
        async fn load_distributor(c, account: AccountId) -> Result<Option<Distributor>, StoreError> {
            let row: Option<Row> = distributors::table
                .inner_join(accounts::table)
                .filter(distributors::account_id.eq(Key::from(account)))
                .select((DistributorRow::as_select(), accounts::username, accounts::standing))
                .first(c)
                .await
                .optional()?;
            row.map(distributor_of).transpose()
        }

        /// Who decided, when, and until when the link is good.
        async fn write_decision(
            c,
            account: AccountId,
            person: PersonId,
            decided: Decided,
            at: Timestamp,
            invited_until: Option<Timestamp>
        ) -> Result<(), StoreError> {
            diesel::update(distributors::table.find(Key::from(account)))
                .set((
                    distributors::decided_by.eq(Some(Key::from(person))),
                    distributors::decided_at.eq(Some(Ts::from(at))),
                    distributors::one_person.eq(decided == Decided::ByTheSame),
                    distributors::invited_until.eq(invited_until.map(Ts::from)),
                ))
                .execute(c)
                .await?;
            Ok(())
        }

        /// Lets go of the name of an account that never came to be.
        async fn release_name(c, account: AccountId) -> Result<(), StoreError> {
            diesel::update(accounts::table.find(Key::from(account)))
                .set((accounts::username_key.eq(None::<String>), accounts::email_key.eq(None::<String>)))
                .execute(c)
                .await?;
            Ok(())
        }
    }
}

#[async_trait]
impl ProvisioningStore for DieselStore {
    async fn request_distributor(
        &self,
        stamp: Stamp,
        new: NewDistributor,
        claim: ClaimParts,
    ) -> Result<Created, StoreError> {
        let trail = self.trail(stamp);
        platform::write!(self.db, |c| {
            let claim = claim_of(&trail.stamp, claim);
            match idempotency::claim(c, &claim).await? {
                Claimed::New => {}
                Claimed::Repeat(value) => return Ok(Created::Repeat(claimed_account(&value)?)),
                Claimed::InFlight => return Ok(Created::InFlight),
                Claimed::Conflict => return Ok(Created::KeyReused),
            }
            let (at, account, standing) =
                (trail.stamp.at, new.account.account, DistributorStanding::Requested);
            let seed = AccountSeed {
                email: new.email,
                standing: Some(standing),
                ..AccountSeed::invited(new.account, AccountType::Distributor, at)
            };
            if !c.insert_account(seed).await? {
                return Err(taken());
            }
            diesel::insert_into(distributors::table)
                .values((
                    distributors::account_id.eq(Key::from(account)),
                    distributors::label.eq(new.label),
                    distributors::requested_by.eq(Key::from(new.requested_by)),
                    distributors::requested_at.eq(Ts::from(at)),
                ))
                .execute(c)
                .await?;
            let account_type = AccountType::Distributor;
            let created = IdentityEvent::AccountCreated { account, account_type, redemption: None };
            c.announce(trail.clone(), created).await?;
            c.announce(trail.clone(), IdentityEvent::DistributorChanged { account, standing }).await?;
            c.record(trail.audit("distributor.request", account)).await?;
            idempotency::store(c, &claim, claim_value(account)).await?;
            Ok(Created::Made)
        })
        .or_else(name_taken)
    }

    async fn decide_distributor(
        &self,
        stamp: Stamp,
        account: AccountId,
        decider: PersonId,
        people: People,
        verdict: Verdict,
    ) -> Result<DecisionOutcome, StoreError> {
        let trail = self.trail(stamp);
        platform::write!(self.db, |c| {
            let at = trail.stamp.at;
            let Some(found) = c.lock_account(account).await? else {
                return Ok(DecisionOutcome::NoSuchDistributor);
            };
            let Some(distributor) = c.load_distributor(account).await? else {
                return Ok(DecisionOutcome::NoSuchDistributor);
            };
            let how = match decision_of(distributor.requested_by, decider, people) {
                Ok(how) => how,
                Err(SamePerson) => return Ok(DecisionOutcome::SamePerson),
            };
            let step = match verdict {
                Verdict::Approve(_) => Step::Approve,
                Verdict::Reject(_) => Step::Reject,
            };
            let from = distributor.standing_at(at);
            // A suspended account keeps its standing, but nobody sends it a link.
            let Some(to) = next(from, step).filter(|_| found.state.status == AccountStatus::Invited) else {
                return Ok(DecisionOutcome::WrongState(from));
            };
            c.write_state(account, AccountState { standing: Some(to), ..found.state }, 0).await?;
            let audit = match verdict {
                Verdict::Approve(token) => {
                    c.replace_token(account, AccountType::Distributor, token, at).await?;
                    c.write_decision(account, decider, how, at, Some(token.expires_at)).await?;
                    trail.audit("distributor.approve", account)
                }
                Verdict::Reject(reason) => {
                    c.write_decision(account, decider, how, at, None).await?;
                    c.release_name(account).await?;
                    trail.audit("distributor.reject", account).reason(reason)
                }
            };
            let audit = match how {
                Decided::ByAnother => audit,
                Decided::ByTheSame => audit.related("mode", "one_person"),
            };
            if to != distributor.standing {
                c.announce(trail.clone(), IdentityEvent::DistributorChanged { account, standing: to })
                    .await?;
            }
            c.record(audit).await?;
            let after = c.load_distributor(account).await?.ok_or(StoreError::LostRace)?;
            Ok(DecisionOutcome::Decided(after, how))
        })
    }

    async fn distributor(&self, account: AccountId) -> Result<Option<Distributor>, StoreError> {
        platform::read!(self.db, |c| { c.load_distributor(account).await })
    }

    async fn distributors(
        &self,
        standing: Option<DistributorStanding>,
        before: Option<AccountId>,
        limit: Limit,
    ) -> Result<Vec<Distributor>, StoreError> {
        let rows: Result<Vec<Row>, StoreError> = platform::read!(self.db, |c| {
            let mut query = distributors::table
                .inner_join(accounts::table)
                .select((DistributorRow::as_select(), accounts::username, accounts::standing))
                .into_boxed();
            if let Some(standing) = standing {
                query = query.filter(accounts::standing.eq(Some(Word(standing))));
            }
            if let Some(before) = before {
                query = query.filter(distributors::account_id.lt(Key::from(before)));
            }
            Ok(query.order(distributors::account_id.desc()).limit(limit.rows() + 1).load(c).await?)
        });
        rows?.into_iter().map(distributor_of).collect()
    }
}
