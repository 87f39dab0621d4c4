//! Credentials and sessions. A session's row is its family's lock: refresh and revoke both begin by updating it.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use identity_api::IdentityEvent;
use kernel::id::{AccountId, SessionId};
use kernel::{Limit, Timestamp};
use platform::db::StoreError;
use platform::sql::{Key, Ts, Word};
use secrecy::ExposeSecret;
use serde_json::json;

use super::diesel_store::{DieselStore, Trail};
use super::rows::{AccountRow, CredentialRow, PersonRow, SessionRow, account_of};
use super::schema::{accounts, credentials, persons, sessions};
use super::statements::Statements;
use super::{
    Bearer, Candidate, Credential, LoginKey, NewSession, Opened, Posted, Presented, Refreshed, SessionStore,
    Stamp, Use,
};
use crate::domain::account::Account;
use crate::domain::refresh::{Family, Rotation, decide};
use crate::domain::revocation::{Revocation, Revoked};
use crate::domain::session::{EndReason, Session};

/// What the owner of a session that was ended for misuse is told.
const SESSION_ENDED_NOTICE: &str = "session_ended";
/// Sessions that one transaction ends at most.
const ENDED_AT_ONCE: i64 = 100;

platform::dual! {
    pub(super) trait SessionStatements {
        /// The session, after taking its row's lock; nothing if it is over.
        async fn lock_session(c, id: SessionId, now: Timestamp) -> Result<Option<SessionRow>, StoreError> {
            let live = sessions::table
                .find(Key::from(id))
                .filter(sessions::ended_at.is_null())
                .filter(sessions::expires_at.gt(Ts::from(now)))
                .filter(sessions::idle_expires_at.gt(Ts::from(now)));
            Ok(diesel::update(live)
                .set(sessions::last_used_at.eq(Ts::from(now)))
                .returning(SessionRow::as_returning())
                .get_result(c)
                .await
                .optional()?)
        }

        /// Ends one live session and logs it.
        async fn end_one(
            c, trail: Trail, account: AccountId, session: SessionId, reason: EndReason
        ) -> Result<Option<Revocation>, StoreError> {
            let own = sessions::table
                .find(Key::from(session))
                .filter(sessions::account_id.eq(Key::from(account)))
                .filter(sessions::ended_at.is_null());
            let ended = diesel::update(own)
                .set((
                    sessions::ended_at.eq(Some(Ts::from(trail.stamp.at))),
                    sessions::end_reason.eq(Some(Word(reason))),
                ))
                .execute(c)
                .await?;
            if ended == 0 { return Ok(None); }
            let revocation = trail.revocation(account, Revoked::Session(session));
            c.log_revocation(revocation).await?;
            let event = IdentityEvent::SessionsRevoked { account, session: Some(session) };
            c.announce(trail.clone(), event).await?;
            c.record(trail.audit("session.end", session).reason(reason.as_str())).await?;
            Ok(Some(revocation))
        }

        /// Opens the next generation.
        async fn advance(c, row: SessionRow, idle_until: Timestamp, now: Timestamp) -> Result<Session, StoreError> {
            let advanced: SessionRow = diesel::update(sessions::table.find(row.id))
                .set((
                    sessions::generation.eq(row.generation + 1),
                    sessions::rotated_at.eq(Ts::from(now)),
                    sessions::idle_expires_at.eq(Ts::from(idle_until)),
                ))
                .returning(SessionRow::as_returning())
                .get_result(c)
                .await?;
            Ok(advanced.into())
        }

        /// Ends a family whose old token was used, and tells its owner.
        async fn end_reused(
            c, trail: Trail, row: SessionRow
        ) -> Result<Option<(Revocation, Posted)>, StoreError> {
            let (account, session): (AccountId, SessionId) = (row.account_id.id(), row.id.id());
            let ended = c.end_one(trail.clone(), account, session, EndReason::RefreshReuse).await?;
            let Some(ended) = ended else { return Ok(None) };
            let (kind, at) = (SESSION_ENDED_NOTICE, trail.stamp.at);
            let body = json!({ "session_id": session, "reason": "refresh_reuse" });
            let seq = platform::notices::append(c, account, kind, body.clone(), at).await?;
            Ok(Some((ended, Posted { account, seq, kind, body, at })))
        }
    }
}

/// Whether an account may have tokens.
fn may_act(account: &Account) -> bool {
    account.standing().is_active()
}

#[async_trait]
impl SessionStore for DieselStore {
    async fn candidate(
        &self,
        login: LoginKey,
        device: Option<String>,
    ) -> Result<Option<Candidate>, StoreError> {
        platform::read!(self.db, |c| {
            let mut query = accounts::table
                .inner_join(persons::table)
                .select((AccountRow::as_select(), PersonRow::as_select()))
                .into_boxed();
            query = match login {
                LoginKey::Username(key) => query.filter(accounts::username_key.eq(key)),
                LoginKey::Email(key) => query.filter(accounts::email_key.eq(key)),
            };
            let row: Option<(AccountRow, PersonRow)> = query.first(c).await.optional()?;
            let Some(account) = row.map(account_of).transpose()? else { return Ok(None) };
            let key = Key::from(account.id);
            let credential: Option<CredentialRow> =
                credentials::table.find(key).select(CredentialRow::as_select()).first(c).await.optional()?;
            let on_device: i64 = match device {
                None => 0,
                Some(device) => {
                    let seen = sessions::table
                        .filter(sessions::account_id.eq(key))
                        .filter(sessions::device_id.eq(Some(device)));
                    seen.count().get_result(c).await?
                }
            };
            Ok(Some(Candidate {
                account,
                credential: credential.map(Credential::from),
                known_device: on_device > 0,
            }))
        })
    }

    async fn credential(&self, account: AccountId) -> Result<Option<Credential>, StoreError> {
        let row: Result<Option<CredentialRow>, StoreError> = platform::read!(self.db, |c| {
            let query = credentials::table.find(Key::from(account)).select(CredentialRow::as_select());
            Ok(query.first(c).await.optional()?)
        });
        Ok(row?.map(Credential::from))
    }

    async fn rehash(
        &self,
        stamp: Stamp,
        account: AccountId,
        old: Credential,
        new: Credential,
    ) -> Result<(), StoreError> {
        let trail = self.trail(stamp);
        platform::write!(self.db, |c| {
            let unchanged = credentials::table
                .find(Key::from(account))
                .filter(credentials::phc.eq(old.phc.expose_secret().to_owned()));
            let changed = diesel::update(unchanged)
                .set((
                    credentials::phc.eq(new.phc.expose_secret().to_owned()),
                    credentials::pepper_version.eq(new.pepper_version),
                    credentials::changed_at.eq(Ts::from(trail.stamp.at)),
                ))
                .execute(c)
                .await?;
            if changed == 1 {
                c.record(trail.audit("credential.rehash", account)).await?;
            }
            Ok(())
        })
    }

    async fn open_session(&self, stamp: Stamp, new: NewSession) -> Result<Opened, StoreError> {
        let trail = self.trail(stamp);
        platform::write!(self.db, |c| {
            let Some(account) = c.lock_account(new.account).await? else { return Ok(Opened::NoSuchAccount) };
            if !may_act(&account) {
                return Ok(Opened::NotNow(account.state.status));
            }
            let now = trail.stamp.at;
            let row = SessionRow {
                id: new.id.into(),
                account_id: new.account.into(),
                generation: 1,
                used_generation: 0,
                rotated_at: now.into(),
                amr: new.amr,
                auth_time: new.auth_time.into(),
                device_id: new.device.id,
                device_name: new.device.name,
                user_agent: new.device.user_agent,
                created_at: now.into(),
                last_used_at: now.into(),
                idle_expires_at: now.plus(new.lifetime.idle).into(),
                expires_at: now.plus(new.lifetime.absolute).into(),
            };
            diesel::insert_into(sessions::table).values(&row).execute(c).await?;
            c.record(trail.audit("session.open", new.id).related("account", new.account)).await?;
            Ok(Opened::Session(Box::new(account), Box::new(row.into())))
        })
    }

    async fn refresh(&self, stamp: Stamp, presented: Presented) -> Result<Refreshed, StoreError> {
        let trail = self.trail(stamp);
        platform::write!(self.db, |c| {
            let now = trail.stamp.at;
            let Some(row) = c.lock_session(presented.session, now).await? else { return Ok(Refreshed::Over) };
            let Some(account) = c.load_account(row.account_id.id()).await? else {
                return Ok(Refreshed::Over);
            };
            let family = Family {
                generation: row.generation,
                used_generation: row.used_generation.max(presented.seen.unwrap_or(0)),
                rotated_at: row.rotated_at.time(),
            };
            let session = match decide(presented.generation, family, now) {
                _ if !may_act(&account) => return Ok(Refreshed::NotNow(account.state.status)),
                Rotation::Reuse => {
                    let ended = c.end_reused(trail, row).await?;
                    return Ok(ended.map_or(Refreshed::Over, |(ended, told)| Refreshed::Reused(ended, told)));
                }
                Rotation::Repeat => Session::from(row),
                Rotation::Advance => {
                    let idle_until = now.plus(presented.lifetimes.of(account.account_type).idle);
                    c.advance(row, idle_until, now).await?
                }
            };
            Ok(Refreshed::Tokens(Box::new(account), Box::new(session)))
        })
    }

    async fn sessions(
        &self,
        account: AccountId,
        before: Option<SessionId>,
        limit: Limit,
        now: Timestamp,
    ) -> Result<Vec<Session>, StoreError> {
        let rows: Result<Vec<SessionRow>, StoreError> = platform::read!(self.db, |c| {
            let mut query = sessions::table
                .filter(sessions::account_id.eq(Key::from(account)))
                .filter(sessions::ended_at.is_null())
                .filter(sessions::expires_at.gt(Ts::from(now)))
                .filter(sessions::idle_expires_at.gt(Ts::from(now)))
                .select(SessionRow::as_select())
                .into_boxed();
            if let Some(before) = before {
                query = query.filter(sessions::id.lt(Key::from(before)));
            }
            Ok(query.order(sessions::id.desc()).limit(limit.rows() + 1).load(c).await?)
        });
        Ok(rows?.into_iter().map(Session::from).collect())
    }

    async fn end_session(
        &self,
        stamp: Stamp,
        account: AccountId,
        session: SessionId,
        reason: EndReason,
    ) -> Result<Option<Revocation>, StoreError> {
        let trail = self.trail(stamp);
        platform::write!(self.db, |c| { c.end_one(trail, account, session, reason).await })
    }

    async fn end_other_sessions(
        &self,
        stamp: Stamp,
        account: AccountId,
        keep: SessionId,
    ) -> Result<Vec<Revocation>, StoreError> {
        let trail = self.trail(stamp);
        platform::write!(self.db, |c| {
            let others: Vec<Key> = sessions::table
                .filter(sessions::account_id.eq(Key::from(account)))
                .filter(sessions::ended_at.is_null())
                .filter(sessions::id.ne(Key::from(keep)))
                .select(sessions::id)
                .limit(ENDED_AT_ONCE)
                .load(c)
                .await?;
            let mut ended = Vec::with_capacity(others.len());
            for other in others {
                ended.extend(c.end_one(trail.clone(), account, other.id(), EndReason::Revoked).await?);
            }
            Ok(ended)
        })
    }

    async fn bearer(&self, session: SessionId, now: Timestamp) -> Result<Option<Bearer>, StoreError> {
        platform::read!(self.db, |c| {
            let row: Option<(Key, Ts, Ts, Option<Ts>)> = sessions::table
                .find(Key::from(session))
                .select((sessions::account_id, sessions::auth_time, sessions::expires_at, sessions::ended_at))
                .first(c)
                .await
                .optional()?;
            let Some((account, auth_time, expires_at, ended_at)) = row else { return Ok(None) };
            let account = c.load_account(account.id()).await?;
            Ok(account.map(|account| Bearer {
                account,
                auth_time: auth_time.time(),
                over: ended_at.is_some() || expires_at.time() <= now,
            }))
        })
    }

    async fn note_uses(&self, uses: Vec<Use>) -> Result<(), StoreError> {
        platform::write!(self.db, |c| {
            for seen in uses {
                let at = Ts::from(seen.at);
                diesel::update(sessions::table.find(Key::from(seen.session)))
                    .set(sessions::last_used_at.eq(at))
                    .execute(c)
                    .await?;
                diesel::update(
                    sessions::table
                        .find(Key::from(seen.session))
                        .filter(sessions::used_generation.lt(seen.generation)),
                )
                .set(sessions::used_generation.eq(seen.generation))
                .execute(c)
                .await?;
            }
            Ok(())
        })
    }
}
