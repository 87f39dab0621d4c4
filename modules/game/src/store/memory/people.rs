//! What game keeps of people, in memory: restrictions, reconnect tokens, inboxes, cursors.

use async_trait::async_trait;
use kernel::id::AccountId;
use kernel::{Limit, Timestamp};

use super::MemoryStore;
use crate::store::{Cursor, Noted, PeopleStore, ReconnectRow, Sessions, Stamp, StoreError};

#[async_trait]
impl PeopleStore for MemoryStore {
    async fn restricted_until(
        &self,
        account: AccountId,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let until = self.with(|tables| tables.restrictions.get(&account).copied());
        Ok(until.filter(|until| *until > now))
    }

    async fn restrict(
        &self,
        account: AccountId,
        until: Option<Timestamp>,
        reason: String,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        self.with(|tables| {
            let action = if let Some(until) = until {
                tables.restrictions.insert(account, until);
                "play.restrict"
            } else {
                tables.restrictions.remove(&account);
                "play.allow"
            };
            tables.record(&self.ids, &stamp, action, account.to_string(), |event| event.reason(reason));
        });
        Ok(())
    }

    async fn put_reconnect(
        &self,
        mac: [u8; 32],
        row: ReconnectRow,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.with(|tables| {
            if tables.tokens.get(&mac).is_some_and(|row| row.expires_at > now) {
                return Err(StoreError::Conflict("reconnect_tokens_mac_key".to_owned()));
            }
            tables.tokens.retain(|_, row| row.expires_at > now);
            tables.tokens.insert(mac, row);
            Ok(())
        })
    }

    async fn take_reconnect(
        &self,
        mac: [u8; 32],
        now: Timestamp,
    ) -> Result<Option<ReconnectRow>, StoreError> {
        let row = self.with(|tables| tables.tokens.remove(&mac));
        Ok(row.filter(|row| row.expires_at > now))
    }

    async fn notice_head(&self, account: AccountId) -> Result<u64, StoreError> {
        Ok(self.with(|tables| tables.notices.get(&account).map_or(0, |stream| stream.len() as u64)))
    }

    async fn notices(&self, account: AccountId, after: u64, limit: u32) -> Result<Vec<Noted>, StoreError> {
        let limit = usize::try_from(Limit::try_from(limit).unwrap_or(Limit::MAX).get()).unwrap_or(0);
        Ok(self.with(|tables| {
            let stream = tables.notices.get(&account).into_iter().flatten();
            stream.filter(|notice| notice.seq > after).take(limit).cloned().collect()
        }))
    }

    async fn advance(&self, cursor: Cursor) -> Result<(), StoreError> {
        self.with(|tables| {
            tables.may_advance(cursor)?;
            tables.advance(cursor);
            Ok(())
        })
    }

    async fn drop_reconnects(&self, sessions: Sessions, cursor: Cursor) -> Result<(), StoreError> {
        let ended = |row: &ReconnectRow| {
            row.account == sessions.account && sessions.session.is_none_or(|session| session == row.session)
        };
        self.with(|tables| {
            tables.may_advance(cursor)?;
            tables.tokens.retain(|_, row| !ended(row));
            tables.advance(cursor);
            Ok(())
        })
    }
}
