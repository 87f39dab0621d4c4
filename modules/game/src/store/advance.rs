//! The statement that every move begins with, as a type of its own: diesel prepares an `UPDATE` anew each time, since
//! its columns may vary; these never do, so both databases prepare it once.

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, Nullable};
use platform::sql::types::{Instant, Uid};
use platform::sql::{Key, Ts};

/// Moves the head of a running game from the expected seq to its new one. No row means that somebody else did.
#[derive(Debug, Clone, Copy, QueryId)]
pub(super) struct Advance {
    pub(super) game: Key,
    pub(super) expected: i64,
    pub(super) head: i64,
    pub(super) due_at: Option<Ts>,
    pub(super) practice_since: Option<Ts>,
}

impl<DB> QueryFragment<DB> for Advance
where
    DB: Backend + diesel::sql_types::HasSqlType<Uid> + diesel::sql_types::HasSqlType<Instant>,
    Key: ToSql<Uid, DB>,
    i64: ToSql<BigInt, DB>,
    Option<Ts>: ToSql<Nullable<Instant>, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("UPDATE running_games SET seq = ");
        out.push_bind_param::<BigInt, _>(&self.head)?;
        out.push_sql(", due_at = ");
        out.push_bind_param::<Nullable<Instant>, _>(&self.due_at)?;
        out.push_sql(", practice_since = ");
        out.push_bind_param::<Nullable<Instant>, _>(&self.practice_since)?;
        out.push_sql(" WHERE game = ");
        out.push_bind_param::<Uid, _>(&self.game)?;
        out.push_sql(" AND seq = ");
        out.push_bind_param::<BigInt, _>(&self.expected)
    }
}
