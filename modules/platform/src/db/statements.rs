//! The writer thread's own statements. Each is a type, so that SQLite prepares it once and not for every job.

use diesel::QueryResult;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::query_dsl::methods::ExecuteDsl;
use diesel::sqlite::{Sqlite, SqliteConnection};

/// One of the statements below.
pub(super) trait Statement: QueryFragment<Sqlite> + QueryId {}

/// Runs a statement that returns nothing.
pub(super) fn run<S: Statement>(c: &mut SqliteConnection, statement: S) -> QueryResult<()> {
    ExecuteDsl::execute(statement, c).map(|_| ())
}

macro_rules! statements {
    ($($name:ident = $sql:literal),+ $(,)?) => {$(
        #[derive(Debug, Clone, Copy, QueryId)]
        pub(super) struct $name;

        impl QueryFragment<Sqlite> for $name {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
                out.push_sql($sql);
                Ok(())
            }
        }
        impl Statement for $name {}
    )+};
}

statements! {
    Begin = "BEGIN IMMEDIATE",
    Savepoint = "SAVEPOINT job",
    Release = "RELEASE job",
    RollbackTo = "ROLLBACK TO job",
    Commit = "COMMIT",
    Rollback = "ROLLBACK",
}
