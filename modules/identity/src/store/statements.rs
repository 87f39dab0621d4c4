//! Statements that several transactions share, written once for both connections.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use identity_api::{AccountStatus, DistributorStanding, IdentityEvent};
use kernel::id::AccountId;
use kernel::{AccountType, Timestamp};
use platform::db::StoreError;
use platform::sql::{Key, Ts, Word};
use platform::{audit, outbox};

use super::diesel_store::Trail;
use super::rows::{AccountRow, NewAccountRow, NewPersonRow, PersonRow, RevocationRow, account_of};
use super::schema::{accounts, activation_tokens, credentials, persons, revocations, sessions};
use super::{Credential, NewAccount, NewToken, purpose_of};
use crate::domain::account::{Account, AccountState};
use crate::domain::email::Email;
use crate::domain::revocation::Revocation;
use crate::domain::session::EndReason;

/// An account to be inserted, with its person.
pub(super) struct AccountSeed {
    pub(super) new: NewAccount,
    pub(super) email: Option<Email>,
    pub(super) account_type: AccountType,
    pub(super) status: AccountStatus,
    pub(super) standing: Option<DistributorStanding>,
    pub(super) redemption: Option<Key>,
    pub(super) admin: bool,
    pub(super) at: Timestamp,
}

impl AccountSeed {
    /// An account that waits for its person to set a credential.
    pub(super) fn invited(new: NewAccount, account_type: AccountType, at: Timestamp) -> Self {
        Self {
            new,
            email: None,
            account_type,
            status: AccountStatus::Invited,
            standing: None,
            redemption: None,
            admin: false,
            at,
        }
    }

    fn row(&self, email_key: Option<String>) -> NewAccountRow {
        NewAccountRow {
            id: self.new.account.into(),
            person_id: self.new.person.into(),
            username: self.new.username.as_str().to_owned(),
            username_key: self.new.username.key(),
            email: self.email.as_ref().map(|email| email.as_str().to_owned()),
            email_key,
            account_type: Word(self.account_type),
            status: Word(self.status),
            standing: self.standing.map(Word),
            redemption_id: self.redemption,
            created_at: self.at.into(),
        }
    }
}

platform::dual! {
    pub(super) trait Statements {
        /// The account with its person's roles.
        async fn load_account(c, id: AccountId) -> Result<Option<Account>, StoreError> {
            let row: Option<(AccountRow, PersonRow)> = accounts::table
                .inner_join(persons::table)
                .filter(accounts::id.eq(Key::from(id)))
                .select((AccountRow::as_select(), PersonRow::as_select()))
                .first(c)
                .await
                .optional()?;
            row.map(account_of).transpose()
        }

        /// The same, after taking the row's lock.
        async fn lock_account(c, id: AccountId) -> Result<Option<Account>, StoreError> {
            let found = diesel::update(accounts::table.find(Key::from(id)))
                .set(accounts::version.eq(accounts::version + 1))
                .execute(c)
                .await?;
            if found == 0 { return Ok(None); }
            c.load_account(id).await
        }

        /// Inserts the person and the account; `false` if the name is taken. A used email address is kept for its
        /// owner's own eyes and names nobody at sign-in.
        async fn insert_account(c, seed: AccountSeed) -> Result<bool, StoreError> {
            let person =
                NewPersonRow { id: seed.new.person.into(), admin: seed.admin, created_at: seed.at.into() };
            diesel::insert_into(persons::table).values(&person).execute(c).await?;
            let email_key = seed.email.as_ref().map(Email::key);
            for email_key in [email_key, None] {
                let inserted = diesel::insert_into(accounts::table)
                    .values(seed.row(email_key))
                    .on_conflict_do_nothing()
                    .execute(c)
                    .await?;
                if inserted == 1 { return Ok(true); }
                let taken: i64 = accounts::table
                    .filter(accounts::username_key.eq(seed.new.username.key()))
                    .count()
                    .get_result(c)
                    .await?;
                if taken > 0 { return Ok(false); }
            }
            Err(StoreError::LostRace)
        }

        /// Writes the account's state; `raise` opens a new epoch.
        async fn write_state(c, id: AccountId, state: AccountState, raise: i64) -> Result<(), StoreError> {
            diesel::update(accounts::table.find(Key::from(id)))
                .set((
                    accounts::status.eq(Word(state.status)),
                    accounts::suspended_from.eq(state.suspended_from.map(Word)),
                    accounts::standing.eq(state.standing.map(Word)),
                    accounts::epoch.eq(accounts::epoch + raise),
                ))
                .execute(c)
                .await?;
            Ok(())
        }

        /// Sets or replaces the account's credential.
        async fn write_credential(c, id: AccountId, credential: Credential, at: Timestamp) -> Result<(), StoreError> {
            use secrecy::ExposeSecret;
            let values = (
                credentials::account_id.eq(Key::from(id)),
                credentials::phc.eq(credential.phc.expose_secret().to_owned()),
                credentials::pepper_version.eq(credential.pepper_version),
                credentials::changed_at.eq(Ts::from(at)),
            );
            diesel::insert_into(credentials::table)
                .values(values)
                .on_conflict(credentials::account_id)
                .do_update()
                .set((
                    credentials::phc.eq(diesel::upsert::excluded(credentials::phc)),
                    credentials::pepper_version.eq(diesel::upsert::excluded(credentials::pepper_version)),
                    credentials::changed_at.eq(diesel::upsert::excluded(credentials::changed_at)),
                ))
                .execute(c)
                .await?;
            Ok(())
        }

        /// Gives the account a fresh activation token and voids those before.
        async fn replace_token(
            c, account: AccountId, account_type: AccountType, token: NewToken, at: Timestamp
        ) -> Result<(), StoreError> {
            let earlier = activation_tokens::table
                .filter(activation_tokens::account_id.eq(Key::from(account)))
                .filter(activation_tokens::spent_at.is_null())
                .filter(activation_tokens::voided_at.is_null());
            diesel::update(earlier).set(activation_tokens::voided_at.eq(Some(Ts::from(at)))).execute(c).await?;
            diesel::insert_into(activation_tokens::table)
                .values((
                    activation_tokens::mac.eq(token.mac.to_vec()),
                    activation_tokens::account_id.eq(Key::from(account)),
                    activation_tokens::purpose.eq(Word(purpose_of(account_type))),
                    activation_tokens::created_at.eq(Ts::from(at)),
                    activation_tokens::expires_at.eq(Ts::from(token.expires_at)),
                ))
                .execute(c)
                .await?;
            Ok(())
        }

        /// Ends every live session of the account.
        async fn end_all_sessions(
            c, account: AccountId, reason: EndReason, at: Timestamp
        ) -> Result<usize, StoreError> {
            let live = sessions::table
                .filter(sessions::account_id.eq(Key::from(account)))
                .filter(sessions::ended_at.is_null());
            Ok(diesel::update(live)
                .set((sessions::ended_at.eq(Some(Ts::from(at))), sessions::end_reason.eq(Some(Word(reason)))))
                .execute(c)
                .await?)
        }

        /// Appends to the revocation log.
        async fn log_revocation(c, revocation: Revocation) -> Result<(), StoreError> {
            let row = RevocationRow::from(revocation);
            diesel::insert_into(revocations::table).values(&row).execute(c).await?;
            Ok(())
        }

        /// Announces an event.
        async fn announce(c, trail: Trail, event: IdentityEvent) -> Result<(), StoreError> {
            outbox::append(c, trail.event(&event)?).await
        }

        /// Writes an audit row.
        async fn record(c, event: audit::AuditEvent) -> Result<(), StoreError> {
            audit::record(c, event).await
        }
    }
}
