//! Fresh databases for tests: one test text, run on SQLite in a temporary directory and on PostgreSQL in a database of
//! its own. Never part of a server.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "this is test code in a library's clothes"
)]

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;

use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};
use futures_util::FutureExt;
use kernel::random::RandomExt;
use tempfile::TempDir;

use crate::db::{DatabaseSettings, DatabaseUrl, Db, Dialect, Migrations, PgConn, ScratchDatabase};
use crate::random::OsRandom;

/// Names the PostgreSQL server for tests by the URL of a role that may create databases. Without it the PostgreSQL half
/// of each test says so and is skipped, unless [`REQUIRE_POSTGRES`] is `1`.
pub const POSTGRES_URL: &str = "WHOT_TEST_POSTGRES";
/// When `1`, a missing PostgreSQL server fails the tests that need one.
pub const REQUIRE_POSTGRES: &str = "WHOT_TEST_REQUIRE_POSTGRES";

/// A fresh, migrated database.
pub struct TestDb {
    /// The database.
    pub db: Db,
    /// How to open it again, as another node would.
    pub settings: DatabaseSettings,
    place: Place,
}

enum Place {
    Elsewhere,
    Dir(TempDir),
    Server(ScratchDatabase),
}

impl TestDb {
    /// An empty database with `migrations` applied; none when there is no PostgreSQL server for tests.
    ///
    /// # Panics
    /// When it cannot be made.
    pub async fn fresh(dialect: Dialect, migrations: &'static Migrations) -> Option<Self> {
        let (settings, place) = Self::empty(dialect).await?;
        let db = Db::open(&settings, migrations).await.expect("a fresh database migrates");
        Some(Self { db, settings, place })
    }

    /// Settings of an empty database; none when there is no PostgreSQL server.
    async fn empty(dialect: Dialect) -> Option<(DatabaseSettings, Place)> {
        let mut settings = DatabaseSettings { pool_size: 4, ..DatabaseSettings::default() };
        let place = match dialect {
            Dialect::Sqlite => {
                let dir = tempfile::tempdir().expect("a temporary directory");
                dir.path().clone_into(&mut settings.data_dir);
                Place::Dir(dir)
            }
            Dialect::Postgres => {
                let admin = postgres_url()?;
                let scratch = ScratchDatabase::create(&admin, &OsRandom).await.expect("a fresh database");
                settings.url = database_url(scratch.url());
                Place::Server(scratch)
            }
        };
        Some((settings, place))
    }

    /// Closes the database and removes every trace of it.
    ///
    /// # Panics
    /// When it cannot be removed.
    pub async fn remove(self) {
        self.db.close().await;
        match self.place {
            Place::Elsewhere => {}
            Place::Dir(dir) => dir.close().expect("the temporary directory is removed"),
            Place::Server(scratch) => scratch.remove().await.expect("the database is removed"),
        }
    }
}

/// The test server's URL, unless there is none and that is allowed.
///
/// # Panics
/// When there is none although [`REQUIRE_POSTGRES`] is set.
#[must_use]
pub fn postgres_url() -> Option<String> {
    let url = std::env::var(POSTGRES_URL).ok().filter(|url| !url.is_empty());
    let required = std::env::var(REQUIRE_POSTGRES).is_ok_and(|value| value == "1");
    assert!(url.is_some() || !required, "{REQUIRE_POSTGRES}=1 but {POSTGRES_URL} names no server");
    if url.is_none() {
        println!("skipped: no {POSTGRES_URL}");
    }
    url
}

/// Reads a database URL that a test made.
///
/// # Panics
/// When it is not one.
#[must_use]
pub fn database_url(url: &str) -> DatabaseUrl {
    DatabaseUrl::try_from(url.to_owned()).expect("a database URL")
}

/// Runs SQL on a connection of its own.
///
/// # Panics
/// When it fails.
pub async fn execute(url: &str, sql: &str) {
    let mut c = PgConn::establish(url).await.expect("the test server answers");
    c.batch_execute(sql).await.expect("the statement succeeds");
}

/// Makes a role of its own for a test and gives the URL by which it signs in.
///
/// # Panics
/// When the role cannot be made.
pub async fn role_url(admin: &str, purpose: &str) -> String {
    let suffix = data_encoding::HEXLOWER.encode(&OsRandom.bytes::<6>());
    let (role, password) = (format!("whot_test_{purpose}_{suffix}"), suffix);
    execute(admin, &format!("CREATE ROLE {role} LOGIN PASSWORD '{password}'")).await;
    let (scheme, rest) = admin.split_once("://").expect("a URL");
    let place = rest.split_once('@').map_or(rest, |(_, place)| place);
    format!("{scheme}://{role}:{password}@{place}")
}

/// The role that a URL signs in as.
#[must_use]
pub fn role_name(url: &str) -> String {
    let user = url.split_once("://").and_then(|(_, rest)| rest.split_once('@')).map_or("", |(user, _)| user);
    user.split(':').next().unwrap_or_default().to_owned()
}

/// What in a PostgreSQL database crosses the border between two schemas, in words; nothing in a sound one.
///
/// # Panics
/// When the catalogue cannot be read.
pub async fn boundary_violations(url: &str) -> Vec<String> {
    const QUERY: &str = "\
        SELECT format('foreign key %s of %s refers to %s', k.conname, k.conrelid::regclass, k.confrelid::regclass) AS text \
          FROM pg_constraint k JOIN pg_class a ON a.oid = k.conrelid JOIN pg_class b ON b.oid = k.confrelid \
         WHERE k.contype = 'f' AND a.relnamespace <> b.relnamespace \
        UNION ALL \
        SELECT DISTINCT format('view %s.%s reads %s.%s', n.nspname, v.relname, m.nspname, t.relname) \
          FROM pg_depend d JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid \
          JOIN pg_class v ON v.oid = r.ev_class JOIN pg_namespace n ON n.oid = v.relnamespace \
          JOIN pg_class t ON d.refclassid = 'pg_class'::regclass AND t.oid = d.refobjid \
          JOIN pg_namespace m ON m.oid = t.relnamespace \
         WHERE n.oid <> m.oid AND n.nspname NOT IN ('pg_catalog', 'information_schema') \
        UNION ALL \
        SELECT format('trigger %s of %s.%s calls %s.%s', g.tgname, n.nspname, t.relname, m.nspname, p.proname) \
          FROM pg_trigger g JOIN pg_class t ON t.oid = g.tgrelid JOIN pg_namespace n ON n.oid = t.relnamespace \
          JOIN pg_proc p ON p.oid = g.tgfoid JOIN pg_namespace m ON m.oid = p.pronamespace \
         WHERE NOT g.tgisinternal AND n.oid <> m.oid \
        UNION ALL \
        SELECT format('%s stands in public', c.relname) FROM pg_class c \
          JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public'";
    let mut c = PgConn::establish(url).await.expect("the test server answers");
    let found: Vec<Violation> = diesel::sql_query(QUERY).load(&mut c).await.expect("the catalogue answers");
    found.into_iter().map(|violation| violation.text).collect()
}

#[derive(diesel::QueryableByName)]
struct Violation {
    #[diesel(sql_type = diesel::sql_types::Text)]
    text: String,
}

/// Runs one test on one dialect, and removes its database whatever happens.
///
/// # Panics
/// When the test does.
pub fn run<F, Fut>(dialect: Dialect, migrations: &'static Migrations, test: F)
where
    F: FnOnce(TestDb) -> Fut,
    Fut: Future<Output = ()>,
{
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let outcome = runtime.expect("a runtime").block_on(async {
        let Some(fresh) = TestDb::fresh(dialect, migrations).await else { return Ok(()) };
        let (db, settings) = (fresh.db.clone(), fresh.settings.clone());
        let lent = TestDb { db, settings, place: Place::Elsewhere };
        let outcome: Result<(), Box<dyn Any + Send>> = AssertUnwindSafe(test(lent)).catch_unwind().await;
        fresh.remove().await;
        outcome
    });
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}

/// Declares tests that run on both databases, each on a fresh one.
///
/// ```ignore
/// platform::for_each_database! { MIGRATIONS;
///     async fn a_claim_has_one_winner(db: TestDb) { ... }
/// }
/// ```
#[macro_export]
macro_rules! for_each_database {
    ($migrations:expr; $($(#[$meta:meta])* async fn $name:ident($db:ident : $ty:ty) $body:block)+) => {$(
        #[cfg(test)]
        mod $name {
            #[allow(unused_imports, reason = "a test may need nothing from its surroundings")]
            use super::*;

            $(#[$meta])*
            async fn case($db: $ty) $body

            #[test]
            fn on_sqlite() {
                $crate::testing::run($crate::db::Dialect::Sqlite, &$migrations, case);
            }

            #[test]
            fn on_postgresql() {
                $crate::testing::run($crate::db::Dialect::Postgres, &$migrations, case);
            }
        }
    )+};
}
