//! One text, two databases: the connections, the macros over them, migrations and the errors.
//!
//! A context's store holds a [`Db`] and writes each query once, inside [`read!`](crate::read),
//! [`write!`](crate::write) or [`write_one!`](crate::write_one). No query of a context lives here.

mod data_dir;
mod error;
mod lite;
mod lite_conn;
mod macros;
mod migrate;
mod postgres;
mod server;
mod settings;
mod statements;
mod tls;
mod work;

use std::path::PathBuf;

pub use data_dir::{DataDir, DataDirError};
pub use diesel::QueryResult;
pub use diesel_migrations::{EmbeddedMigrations, embed_migrations};
pub use error::StoreError;
pub use lite::Lite;
pub use lite_conn::LiteConn;
pub use migrate::{MigrationState, Migrations, migrate, migration_state};
pub(crate) use postgres::note_appended as note_appended_on_pg;
pub use postgres::{Pg, PgConn};
pub use server::{ConnectionLimits, ScratchDatabase, connection_limits};
pub use settings::{DatabaseSettings, DatabaseUrl, InvalidDatabaseUrl, Synchronous};
pub use work::Work;
// The macros name these through here, so that their users agree on the version.
#[doc(hidden)]
pub use {diesel, diesel_async};

use crate::bus::Bell;

/// Rows of one INSERT at most; PostgreSQL allows 65,535 parameters in a statement.
#[doc(hidden)]
pub const BULK_CHUNK: usize = 500;

/// A context's database. Cheap to clone.
#[derive(Clone)]
pub enum Db {
    /// A schema of a PostgreSQL database.
    Pg(Pg),
    /// A SQLite file.
    Lite(Lite),
}

/// Which of the two databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

impl Db {
    /// Runs the pending migrations and opens the database. Must be called on the process's main runtime.
    pub async fn open(
        settings: &DatabaseSettings,
        migrations: &'static Migrations,
    ) -> Result<Self, StoreError> {
        migrate(settings, migrations).await?;
        Self::connect(settings, migrations.context)
    }

    /// Opens a database whose migrations are known to be applied. Must be called on the process's main runtime.
    pub fn connect(settings: &DatabaseSettings, context: &'static str) -> Result<Self, StoreError> {
        match settings.url.postgres() {
            Some(_) => Pg::open(settings, &settings.url, context).map(Self::Pg),
            None => Lite::open(settings, context).map(Self::Lite),
        }
    }

    /// The context whose rows these are.
    pub const fn context(&self) -> &'static str {
        match self {
            Self::Pg(db) => db.context(),
            Self::Lite(db) => db.context(),
        }
    }

    /// Which database this is.
    pub const fn dialect(&self) -> Dialect {
        match self {
            Self::Pg(_) => Dialect::Postgres,
            Self::Lite(_) => Dialect::Sqlite,
        }
    }

    /// Rings after every commit that put an event into the outbox.
    pub fn bell(&self) -> Bell {
        match self {
            Self::Pg(db) => db.bell().clone(),
            Self::Lite(db) => db.bell().clone(),
        }
    }

    /// Whether the database answers; for readiness.
    pub async fn ping(&self) -> Result<(), StoreError> {
        use diesel_async::RunQueryDsl;
        crate::read!(*self, |c| {
            diesel::select(diesel::dsl::sql::<diesel::sql_types::Integer>("1")).get_result::<i32>(c).await?;
            Ok(())
        })
    }

    /// Finishes the writes that wait and lets go of the database. What comes later is refused.
    pub async fn close(&self) {
        match self {
            Self::Pg(db) => db.close(),
            Self::Lite(db) => db.close().await,
        }
    }
}

/// Inserting many rows at once; see [`bulk!`](crate::bulk).
pub trait Bulk<T>: Send {
    /// Inserts all rows and says how many.
    fn insert_all(&mut self, rows: Vec<T>) -> impl Future<Output = QueryResult<usize>> + Send;
}

fn lite_path(settings: &DatabaseSettings, context: &str) -> PathBuf {
    settings.data_dir.join(format!("{context}.db"))
}
