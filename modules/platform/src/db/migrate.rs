//! Running the embedded migrations, platform's own tables first. Several processes may start at once: one runs them,
//! the others wait and find nothing to do. Each schema (or file) keeps its own list of what was applied.

use std::collections::BTreeSet;
use std::path::Path;

use diesel::backend::Backend;
use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationSource};
use diesel::pg::Pg as PgBackend;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use diesel::sqlite::{Sqlite, SqliteConnection};
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::postgres::{PgConn, Target};
use super::{DatabaseSettings, DatabaseUrl, StoreError, data_dir, lite, lite_path};

const PLATFORM_SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/platform/sqlite");
const PLATFORM_POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/platform/postgres");

diesel::table! {
    __diesel_schema_migrations (version) { version -> Text, }
}

/// A context's migrations for both databases. They only ever add.
pub struct Migrations {
    /// The context: its PostgreSQL schema and the name of its SQLite file.
    pub context: &'static str,
    /// `migrations/<context>/sqlite`.
    pub sqlite: EmbeddedMigrations,
    /// `migrations/<context>/postgres`.
    pub postgres: EmbeddedMigrations,
}

/// What is applied, compared with what is embedded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MigrationState {
    /// Versions that are in the database.
    pub applied: Vec<String>,
    /// Versions that are embedded but not in the database.
    pub pending: Vec<String>,
    /// Versions that are in the database but not embedded: the database is of a later release.
    pub unknown: Vec<String>,
}

impl MigrationState {
    fn new(applied: Vec<String>, embedded: &[String]) -> Self {
        let applied: BTreeSet<String> = applied.into_iter().collect();
        let pending = embedded.iter().filter(|version| !applied.contains(*version)).cloned().collect();
        let unknown = applied.iter().filter(|version| !embedded.contains(version)).cloned().collect();
        Self { applied: applied.into_iter().collect(), pending, unknown }
    }
}

/// Platform's migrations and the context's as one source.
struct Together<'a>(&'a EmbeddedMigrations, &'a EmbeddedMigrations);

impl<DB: Backend> MigrationSource<DB> for Together<'_> {
    fn migrations(&self) -> diesel::migration::Result<Vec<Box<dyn Migration<DB>>>> {
        let mut all = self.0.migrations()?;
        all.extend(self.1.migrations()?);
        Ok(all)
    }
}

impl Together<'_> {
    fn versions<DB: Backend>(&self) -> Result<Vec<String>, StoreError> {
        let all: Vec<Box<dyn Migration<DB>>> = self.migrations().map_err(|error| failed(&*error))?;
        let mut versions: Vec<String> = all.iter().map(|one| one.name().version().to_string()).collect();
        versions.sort();
        let count = versions.len();
        versions.dedup();
        // Two migrations of one version would make the harness skip the second in silence.
        if versions.len() == count { Ok(versions) } else { Err(failed(&"two migrations share a version")) }
    }
}

impl Migrations {
    fn for_sqlite(&self) -> Together<'_> {
        Together(&PLATFORM_SQLITE, &self.sqlite)
    }

    fn for_postgres(&self) -> Together<'_> {
        Together(&PLATFORM_POSTGRES, &self.postgres)
    }
}

/// Runs the pending migrations and says how many there were. Safe on any runtime, and on several nodes at once.
pub async fn migrate(
    settings: &DatabaseSettings,
    migrations: &'static Migrations,
) -> Result<usize, StoreError> {
    if settings.url.postgres().is_some() {
        return migrate_postgres(settings, migrations).await;
    }
    let (dir, path) = (settings.data_dir.clone(), lite_path(settings, migrations.context));
    blocking(move || {
        data_dir::make_private(&dir)
            .map_err(|error| StoreError::Unavailable(format!("{}: {error}", dir.display())))?;
        migrate_sqlite(&path, migrations)
    })
    .await
}

/// Compares what is applied with what is embedded, and changes nothing.
pub async fn migration_state(
    settings: &DatabaseSettings,
    migrations: &'static Migrations,
) -> Result<MigrationState, StoreError> {
    if settings.url.postgres().is_some() {
        let mut c = connect(&settings.url, migrations.context).await?;
        let applied = applied_postgres(&mut c, migrations.context).await?;
        return Ok(MigrationState::new(applied, &migrations.for_postgres().versions::<PgBackend>()?));
    }
    let path = lite_path(settings, migrations.context);
    let embedded = migrations.for_sqlite().versions::<Sqlite>()?;
    blocking(move || {
        if !path.exists() {
            return Ok(MigrationState::new(Vec::new(), &embedded));
        }
        let mut c = lite::open_file(&path, &["PRAGMA query_only=ON;"])?;
        Ok(MigrationState::new(applied_sqlite(&mut c)?, &embedded))
    })
    .await
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(failed(&error)))
}

fn failed<E: std::fmt::Display + ?Sized>(error: &E) -> StoreError {
    StoreError::Failed(format!("migration: {error}"))
}

fn migrate_sqlite(path: &Path, migrations: &Migrations) -> Result<usize, StoreError> {
    migrations.for_sqlite().versions::<Sqlite>()?;
    let mut c = lite::open_file(path, &["PRAGMA synchronous=FULL;"])?;
    // One writer at a time: another process waits here, and then finds nothing pending.
    c.immediate_transaction(|c| {
        c.run_pending_migrations(migrations.for_sqlite())
            .map(|applied| applied.len())
            .map_err(|error| MigrateError::Failed(failed(&*error)))
    })
    .map_err(|MigrateError::Failed(error)| error)
}

/// Lets diesel's transaction carry our error through.
enum MigrateError {
    Failed(StoreError),
}

impl From<diesel::result::Error> for MigrateError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Failed(error.into())
    }
}

fn applied_sqlite(c: &mut SqliteConnection) -> Result<Vec<String>, StoreError> {
    let known = diesel::dsl::sql::<Bool>(
        "EXISTS (SELECT 1 FROM sqlite_master WHERE name = '__diesel_schema_migrations')",
    );
    if !diesel::RunQueryDsl::get_result::<bool>(diesel::select(known), c)? {
        return Ok(Vec::new());
    }
    Ok(diesel::RunQueryDsl::load(
        __diesel_schema_migrations::table.select(__diesel_schema_migrations::version),
        c,
    )?)
}

async fn connect(url: &DatabaseUrl, context: &str) -> Result<PgConn, StoreError> {
    let target = Target::parse(url.postgres().unwrap_or_default(), &format!("whot/{context}/migrate"))?;
    target.connect().await.map_err(|error| StoreError::Unavailable(error.to_string()))
}

/// The versions in the schema; also points the connection at it.
async fn applied_postgres(c: &mut PgConn, context: &str) -> Result<Vec<String>, StoreError> {
    c.batch_execute(&format!("SET search_path TO \"{context}\"")).await?;
    let known = diesel::dsl::sql::<Bool>("to_regclass('__diesel_schema_migrations') IS NOT NULL");
    if !diesel::select(known).get_result::<bool>(c).await? {
        return Ok(Vec::new());
    }
    Ok(__diesel_schema_migrations::table.select(__diesel_schema_migrations::version).load(c).await?)
}

async fn migrate_postgres(
    settings: &DatabaseSettings,
    migrations: &'static Migrations,
) -> Result<usize, StoreError> {
    let context = migrations.context;
    let serving = Target::parse(settings.url.postgres().unwrap_or_default(), context)?;
    let mut c = connect(settings.owner_url.as_ref().unwrap_or(&settings.url), context).await?;
    // The lock is the session's: it goes with the connection, whatever happens.
    diesel::sql_query("SELECT pg_advisory_lock(hashtextextended('migrate:' || $1, 0))")
        .bind::<Text, _>(context)
        .execute(&mut c)
        .await?;
    create_schema(&mut c, context).await?;
    let embedded = migrations.for_postgres().versions::<PgBackend>()?;
    let state = MigrationState::new(applied_postgres(&mut c, context).await?, &embedded);
    // A role with data rights only may start a server whose migrations somebody else has run.
    if state.pending.is_empty() && settings.owner_url.is_none() {
        return Ok(0);
    }
    let grants =
        settings.owner_url.is_some().then(|| serving.role().map(|role| grants(context, role))).flatten();
    blocking(move || {
        let mut c: AsyncConnectionWrapper<PgConn> = c.into();
        let applied =
            c.run_pending_migrations(migrations.for_postgres()).map_err(|error| failed(&*error))?.len();
        if let Some(grants) = grants {
            SimpleConnection::batch_execute(&mut c, &grants)?;
        }
        Ok(applied)
    })
    .await
}

/// `CREATE SCHEMA IF NOT EXISTS` asks for the right to create even when the schema is there, so ask first.
async fn create_schema(c: &mut PgConn, context: &str) -> Result<(), StoreError> {
    let there = diesel::dsl::sql::<Bool>("EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = ")
        .bind::<Text, _>(context)
        .sql(")");
    if !diesel::select(there).get_result::<bool>(c).await? {
        c.batch_execute(&format!("CREATE SCHEMA IF NOT EXISTS \"{context}\"")).await?;
    }
    Ok(())
}

/// What the serving role may do: data in this schema, now and for tables to come; no definitions, and neither the
/// list of migrations nor the written part of the audit log.
fn grants(context: &str, role: &str) -> String {
    let role = format!("\"{}\"", role.replace('"', "\"\""));
    format!(
        "GRANT USAGE ON SCHEMA \"{context}\" TO {role}; \
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA \"{context}\" TO {role}; \
         GRANT USAGE ON ALL SEQUENCES IN SCHEMA \"{context}\" TO {role}; \
         ALTER DEFAULT PRIVILEGES IN SCHEMA \"{context}\" GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role}; \
         ALTER DEFAULT PRIVILEGES IN SCHEMA \"{context}\" GRANT USAGE ON SEQUENCES TO {role}; \
         REVOKE INSERT, UPDATE, DELETE ON __diesel_schema_migrations FROM {role}; \
         REVOKE UPDATE, DELETE ON audit_events FROM {role}; \
         GRANT UPDATE (leaf_index, leaf_hash) ON audit_events TO {role};"
    )
}
