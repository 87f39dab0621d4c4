//! The SQLite connection as the async traits see it. Every call runs at once, in place, on the thread that owns the
//! connection, so every future is ready at its first poll and nothing is copied to another thread.

use std::future::{Ready, ready};

use diesel::connection::{CacheSize, Connection, Instrumentation, LoadConnection, SimpleConnection};
use diesel::query_builder::{AsQuery, AstPass, Query, QueryFragment, QueryId};
use diesel::query_dsl::methods::ExecuteDsl;
use diesel::row::IntoOwnedRow;
use diesel::sql_types::Untyped;
use diesel::sqlite::{Sqlite, SqliteConnection};
use diesel::{ConnectionResult, QueryResult};
use diesel_async::{AnsiTransactionManager, AsyncConnection, AsyncConnectionCore, SimpleAsyncConnection};
use futures_util::stream;

type SqliteRow<'conn, 'query> = <SqliteConnection as LoadConnection>::Row<'conn, 'query>;
type OwnedRow = <SqliteRow<'static, 'static> as IntoOwnedRow<'static, Sqlite>>::OwnedRow;

/// A SQLite connection inside a body. Only its writer or reader thread ever holds one.
pub struct LiteConn {
    inner: SqliteConnection,
    transactions: AnsiTransactionManager,
    appended: bool,
}

impl LiteConn {
    pub(super) fn new(inner: SqliteConnection) -> Self {
        Self { inner, transactions: AnsiTransactionManager::default(), appended: false }
    }

    /// The connection for synchronous diesel, where the async form of a statement does not exist.
    pub fn sync(&mut self) -> &mut SqliteConnection {
        &mut self.inner
    }

    /// Notes that this body put an event into the outbox.
    pub(crate) fn note_appended(&mut self) {
        self.appended = true;
    }

    pub(super) fn take_appended(&mut self) -> bool {
        std::mem::take(&mut self.appended)
    }
}

/// A query whose column types are left to the decoding of its rows. SQLite has no use for them beforehand, and the
/// async traits do not promise them.
struct Undeclared<Q>(Q);

impl<Q: QueryId> QueryId for Undeclared<Q> {
    type QueryId = Q::QueryId;
    const HAS_STATIC_QUERY_ID: bool = Q::HAS_STATIC_QUERY_ID;
}

impl<Q: QueryFragment<Sqlite>> QueryFragment<Sqlite> for Undeclared<Q> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        self.0.walk_ast(pass)
    }
}

impl<Q> Query for Undeclared<Q> {
    type SqlType = Untyped;
}

fn rows<Q>(conn: &mut SqliteConnection, query: Q) -> QueryResult<Vec<QueryResult<OwnedRow>>>
where
    Q: QueryFragment<Sqlite> + QueryId,
{
    let mut names = <SqliteRow<'_, '_> as IntoOwnedRow<'_, Sqlite>>::Cache::default();
    let cursor = conn.load(Undeclared(query))?;
    cursor.map(|row| row.map(|row| Ok(row.into_owned(&mut names)))).collect()
}

impl SimpleAsyncConnection for LiteConn {
    fn batch_execute(&mut self, query: &str) -> impl Future<Output = QueryResult<()>> + Send {
        ready(self.inner.batch_execute(query))
    }
}

impl AsyncConnectionCore for LiteConn {
    type ExecuteFuture<'conn, 'query> = Ready<QueryResult<usize>>;
    type LoadFuture<'conn, 'query> = Ready<QueryResult<Self::Stream<'conn, 'query>>>;
    type Stream<'conn, 'query> = stream::Iter<std::vec::IntoIter<QueryResult<OwnedRow>>>;
    type Row<'conn, 'query> = OwnedRow;
    type Backend = Sqlite;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> Self::LoadFuture<'conn, 'query>
    where
        T: AsQuery + 'query,
        T::Query: QueryFragment<Self::Backend> + QueryId + 'query,
    {
        ready(rows(&mut self.inner, source.as_query()).map(stream::iter))
    }

    fn execute_returning_count<'conn, 'query, T>(
        &'conn mut self,
        source: T,
    ) -> Self::ExecuteFuture<'conn, 'query>
    where
        T: QueryFragment<Self::Backend> + QueryId + 'query,
    {
        ready(ExecuteDsl::execute(source, &mut self.inner))
    }
}

impl AsyncConnection for LiteConn {
    type TransactionManager = AnsiTransactionManager;

    async fn establish(database_url: &str) -> ConnectionResult<Self> {
        SqliteConnection::establish(database_url).map(Self::new)
    }

    fn transaction_state(&mut self) -> &mut AnsiTransactionManager {
        &mut self.transactions
    }

    fn instrumentation(&mut self) -> &mut dyn Instrumentation {
        self.inner.instrumentation()
    }

    fn set_instrumentation(&mut self, instrumentation: impl Instrumentation) {
        self.inner.set_instrumentation(instrumentation);
    }

    fn set_prepared_statement_cache_size(&mut self, size: CacheSize) {
        self.inner.set_prepared_statement_cache_size(size);
    }
}
