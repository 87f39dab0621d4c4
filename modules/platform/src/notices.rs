//! Notices to an account: a stream per account with dense sequence numbers, which the live inbox topic shows. Old ones
//! are removed from its beginning; the newest always stays, so that a reader who missed some sees that it did.

use std::collections::BTreeMap;
use std::time::Duration;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::Timestamp;
use kernel::id::AccountId;
use kernel::page::Limit;
use serde_json::Value;

use crate::db::{Db, StoreError};
use crate::sql::{Json, Key, Ts};
use crate::tables::{notice_heads, notices};

/// Notices that one transaction looks at to remove.
const BATCH: i64 = 500;

/// One notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Its place in the account's stream: from 1, without gaps.
    pub seq: i64,
    /// What kind, for example `game.invited`.
    pub kind: String,
    /// What it says.
    pub body: Value,
    /// When it was written.
    pub at: Timestamp,
}

#[derive(Queryable)]
struct Row {
    seq: i64,
    kind: String,
    body: Json<Value>,
    at: Ts,
}

impl From<Row> for Notice {
    fn from(row: Row) -> Self {
        Self { seq: row.seq, kind: row.kind, body: row.body.0, at: row.at.time() }
    }
}

crate::dual! {
    /// A connection on which notices can be appended; both are.
    #[doc(hidden)]
    pub trait NoticesConn {
        /// See [`append`].
        async fn append_notice(
            c, account: AccountId, kind: &'static str, body: Value, at: Timestamp,
        ) -> Result<i64, StoreError> {
            let account = Key::from(account);
            let seq: i64 = diesel::insert_into(notice_heads::table)
                .values((notice_heads::account.eq(account), notice_heads::seq.eq(1)))
                .on_conflict(notice_heads::account)
                .do_update()
                .set(notice_heads::seq.eq(notice_heads::seq + 1))
                .returning(notice_heads::seq)
                .get_result(c)
                .await?;
            let row = (
                notices::account.eq(account),
                notices::seq.eq(seq),
                notices::kind.eq(kind),
                notices::body.eq(Json(body)),
                notices::at.eq(Ts(at)),
            );
            diesel::insert_into(notices::table).values(row).execute(c).await?;
            Ok(seq)
        }
    }
}

/// Appends a notice inside a write body and gives its number. Append to one account at most, or to several in the order
/// of their ids, so that two bodies never wait for each other.
pub async fn append<C: NoticesConn>(
    c: &mut C,
    account: AccountId,
    kind: &'static str,
    body: Value,
    at: Timestamp,
) -> Result<i64, StoreError> {
    c.append_notice(account, kind, body, at).await
}

/// The account's notices with a number above `after`, in order. If older ones were removed the first may be later than
/// `after + 1`, and there is always the latest.
pub async fn after(db: &Db, account: AccountId, after: i64, limit: Limit) -> Result<Vec<Notice>, StoreError> {
    let rows: Result<Vec<Row>, StoreError> = crate::read!(*db, |c| {
        let rows = notices::table
            .filter(notices::account.eq(Key::from(account)))
            .filter(notices::seq.gt(after))
            .order(notices::seq)
            .limit(limit.rows())
            .select((notices::seq, notices::kind, notices::body, notices::at));
        Ok(rows.load(c).await?)
    });
    Ok(rows?.into_iter().map(Notice::from).collect())
}

/// The number of the account's latest notice; 0 when there is none.
pub async fn head(db: &Db, account: AccountId) -> Result<i64, StoreError> {
    let head: Result<Option<i64>, StoreError> = crate::read!(*db, |c| {
        let head = notice_heads::table.find(Key::from(account)).select(notice_heads::seq);
        Ok(head.first(c).await.optional()?)
    });
    Ok(head?.unwrap_or(0))
}

/// Removes notices older than `retention`, a bounded number, oldest first, and says how many. Numbers go on as before.
pub(crate) async fn prune(db: &Db, retention: Duration, now: Timestamp) -> Result<usize, StoreError> {
    let old = Ts(now.minus(retention));
    crate::write!(*db, |c| {
        let found: Vec<(Key, i64)> = notices::table
            .inner_join(notice_heads::table.on(notice_heads::account.eq(notices::account)))
            .filter(notices::at.lt(old))
            .filter(notices::seq.lt(notice_heads::seq))
            .order(notices::at)
            .limit(BATCH)
            .select((notices::account, notices::seq))
            .load(c)
            .await?;
        // Only a beginning goes, so that what is left has no gap; accounts in order, so that two bodies never wait for
        // each other.
        let mut last: BTreeMap<Key, i64> = BTreeMap::new();
        for (account, seq) in found {
            let newest = last.entry(account).or_default();
            *newest = seq.max(*newest);
        }
        let mut removed = 0;
        for (account, seq) in last {
            let own = notices::table.filter(notices::account.eq(account)).filter(notices::seq.le(seq));
            removed += diesel::delete(own).execute(c).await?;
        }
        Ok(removed)
    })
}
