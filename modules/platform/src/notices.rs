//! Notices to an account: a stream per account with dense sequence numbers, which the live inbox topic shows.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::Timestamp;
use kernel::id::AccountId;
use kernel::page::Limit;
use serde_json::Value;

use crate::db::{Db, StoreError};
use crate::sql::{Json, Key, Ts};
use crate::tables::{notice_heads, notices};

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

/// The account's notices with a number above `after`, in order.
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
