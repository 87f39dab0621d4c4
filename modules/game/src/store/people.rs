//! What game keeps of people: restrictions, and tokens that bring a dropped player back to its socket.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use game_engine::Seat;
use kernel::id::{AccountId, GameId, SessionId};
use kernel::{Limit, Timestamp};
use platform::db::StoreError;
use platform::sql::{Key, Ts};
use platform::{read, write, write_one};

use super::Stamp;
use super::diesel_store::{DieselStore, audit};
use super::rows::{number, seat, seat_number, seq};
use super::schema::{play_restrictions, reconnect_tokens};

/// Where a consumer stands once an effect is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) consumer: &'static str,
    pub(crate) number: i64,
}

/// A token to come back with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReconnectRow {
    pub(crate) game: GameId,
    pub(crate) seat: Seat,
    pub(crate) account: AccountId,
    /// The session it dies with.
    pub(crate) session: SessionId,
    pub(crate) expires_at: Timestamp,
}

/// A notice as it was stored.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Noted {
    pub(crate) seq: u64,
    pub(crate) kind: String,
    pub(crate) at: Timestamp,
    pub(crate) body: serde_json::Value,
}

/// Sessions that ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sessions {
    pub(crate) account: AccountId,
    /// One of them, or all.
    pub(crate) session: Option<SessionId>,
}

#[async_trait]
pub(crate) trait PeopleStore: Send + Sync {
    /// Until when this account may not start games, if that lies after `now`.
    async fn restricted_until(
        &self,
        account: AccountId,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError>;
    /// Restricts, or lifts with `None`.
    async fn restrict(
        &self,
        account: AccountId,
        until: Option<Timestamp>,
        reason: String,
        stamp: Stamp,
    ) -> Result<(), StoreError>;
    /// Keeps a token under its MAC, and forgets those that have run out.
    async fn put_reconnect(&self, mac: [u8; 32], row: ReconnectRow, now: Timestamp)
    -> Result<(), StoreError>;
    /// Spends a token: of several callers one gets the row.
    async fn take_reconnect(&self, mac: [u8; 32], now: Timestamp)
    -> Result<Option<ReconnectRow>, StoreError>;
    /// The number of an account's latest notice; 0 if there never was one.
    async fn notice_head(&self, account: AccountId) -> Result<u64, StoreError>;
    /// An account's notices after `after`, in order.
    async fn notices(&self, account: AccountId, after: u64, limit: u32) -> Result<Vec<Noted>, StoreError>;
    /// Moves a consumer past an event that changes nothing here.
    async fn advance(&self, cursor: Cursor) -> Result<(), StoreError>;
    /// Forgets the tokens of ended sessions.
    async fn drop_reconnects(&self, sessions: Sessions, cursor: Cursor) -> Result<(), StoreError>;
}

#[async_trait]
impl PeopleStore for DieselStore {
    async fn restricted_until(
        &self,
        account: AccountId,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let until: Result<Option<Ts>, StoreError> = read!(self.db, |c| {
            let until = play_restrictions::table.find(Key::from(account)).select(play_restrictions::until);
            Ok(until.first(c).await.optional()?)
        });
        Ok(until?.map(Ts::time).filter(|until| *until > now))
    }

    async fn restrict(
        &self,
        account: AccountId,
        until: Option<Timestamp>,
        reason: String,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        let ids = self.ids.clone();
        write!(self.db, |c| {
            let key = Key::from(account);
            let Some(until) = until else {
                diesel::delete(play_restrictions::table.find(key)).execute(c).await?;
                return audit(c, &ids, &stamp, "play.allow", account.to_string(), |event| {
                    event.reason(reason)
                })
                .await;
            };
            diesel::insert_into(play_restrictions::table)
                .values((
                    play_restrictions::account.eq(key),
                    play_restrictions::until.eq(Ts(until)),
                    play_restrictions::reason.eq(&reason),
                ))
                .on_conflict(play_restrictions::account)
                .do_update()
                .set((play_restrictions::until.eq(Ts(until)), play_restrictions::reason.eq(&reason)))
                .execute(c)
                .await?;
            audit(c, &ids, &stamp, "play.restrict", account.to_string(), |event| event.reason(reason)).await
        })
    }

    async fn put_reconnect(
        &self,
        mac: [u8; 32],
        row: ReconnectRow,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        write!(self.db, |c| {
            diesel::delete(reconnect_tokens::table.filter(reconnect_tokens::expires_at.le(Ts(now))))
                .execute(c)
                .await?;
            diesel::insert_into(reconnect_tokens::table)
                .values((
                    reconnect_tokens::mac.eq(mac.to_vec()),
                    reconnect_tokens::game.eq(Key::from(row.game)),
                    reconnect_tokens::seat.eq(seat_number(row.seat)),
                    reconnect_tokens::account.eq(Key::from(row.account)),
                    reconnect_tokens::session.eq(Key::from(row.session)),
                    reconnect_tokens::expires_at.eq(Ts(row.expires_at)),
                ))
                .execute(c)
                .await?;
            Ok(())
        })
    }

    async fn take_reconnect(
        &self,
        mac: [u8; 32],
        now: Timestamp,
    ) -> Result<Option<ReconnectRow>, StoreError> {
        type Row = (Key, i16, Key, Key, Ts);
        let row: Result<Option<Row>, StoreError> = write_one!(self.db, |c| {
            let taken = diesel::delete(reconnect_tokens::table.find(mac.to_vec())).returning((
                reconnect_tokens::game,
                reconnect_tokens::seat,
                reconnect_tokens::account,
                reconnect_tokens::session,
                reconnect_tokens::expires_at,
            ));
            Ok(taken.get_result(c).await.optional()?)
        });
        let Some((game, number, account, session, expires_at)) = row? else { return Ok(None) };
        let row = ReconnectRow {
            game: game.id(),
            seat: seat(number)?,
            account: account.id(),
            session: session.id(),
            expires_at: expires_at.time(),
        };
        Ok(Some(row).filter(|row| row.expires_at > now))
    }

    async fn notice_head(&self, account: AccountId) -> Result<u64, StoreError> {
        seq(platform::notices::head(&self.db, account).await?)
    }

    async fn notices(&self, account: AccountId, after: u64, limit: u32) -> Result<Vec<Noted>, StoreError> {
        let limit = Limit::try_from(limit).unwrap_or(Limit::MAX);
        let rows = platform::notices::after(&self.db, account, number(after)?, limit).await?;
        let noted = |row: platform::notices::Notice| {
            Ok(Noted { seq: seq(row.seq)?, kind: row.kind, at: row.at, body: row.body })
        };
        rows.into_iter().map(noted).collect()
    }

    async fn advance(&self, cursor: Cursor) -> Result<(), StoreError> {
        write!(self.db, |c| platform::inbox::advance(c, cursor.consumer, cursor.number).await)
    }

    async fn drop_reconnects(&self, sessions: Sessions, cursor: Cursor) -> Result<(), StoreError> {
        write!(self.db, |c| {
            let account = reconnect_tokens::account.eq(Key::from(sessions.account));
            match sessions.session {
                None => diesel::delete(reconnect_tokens::table.filter(account)).execute(c).await?,
                Some(session) => {
                    let session = reconnect_tokens::session.eq(Key::from(session));
                    diesel::delete(reconnect_tokens::table.filter(account.and(session))).execute(c).await?
                }
            };
            platform::inbox::advance(c, cursor.consumer, cursor.number).await
        })
    }
}
