//! The PostgreSQL server itself, for operators: what it can bear, what time it has, and databases made for a while.

use diesel::sql_types::BigInt;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use kernel::Timestamp;
use kernel::random::{Random, RandomExt};
use secrecy::{ExposeSecret, SecretString};

use super::postgres::{PgConn, Target};
use super::{DatabaseSettings, Db, StoreError};
use crate::sql::{Ts, types};

/// How many connections a server takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// `max_connections`.
    pub max: i64,
    /// Of these, kept for superusers.
    pub reserved: i64,
    /// Taken at this moment, by everybody.
    pub taken: i64,
}

/// Asks a PostgreSQL server how many connections it takes; none for SQLite.
pub async fn connection_limits(settings: &DatabaseSettings) -> Result<Option<ConnectionLimits>, StoreError> {
    let Some(url) = settings.url.postgres() else { return Ok(None) };
    let mut c = connect(url).await?;
    let number = diesel::dsl::sql::<BigInt>;
    let (max, reserved, taken) = diesel::select((
        number("current_setting('max_connections')::bigint"),
        number("current_setting('superuser_reserved_connections')::bigint"),
        number("(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')"),
    ))
    .get_result(&mut c)
    .await?;
    Ok(Some(ConnectionLimits { max, reserved, taken }))
}

impl Db {
    /// The time on the database's server; none for SQLite, which has the process's own.
    pub async fn server_time(&self) -> Result<Option<Timestamp>, StoreError> {
        let Self::Pg(db) = self else { return Ok(None) };
        let now: Result<Ts, StoreError> = db
            .read(async move |c: &mut PgConn| {
                Ok(diesel::select(diesel::dsl::sql::<types::Instant>("clock_timestamp()"))
                    .get_result(c)
                    .await?)
            })
            .await;
        Ok(Some(now?.time()))
    }
}

/// A PostgreSQL database that was made for a while: a demo, a benchmark, a test.
pub struct ScratchDatabase {
    server: SecretString,
    url: SecretString,
    name: String,
}

impl ScratchDatabase {
    /// Makes an empty database on the server that `server_url` names, by signing in to that URL's own database.
    pub async fn create(server_url: &str, random: &dyn Random) -> Result<Self, StoreError> {
        let name = format!("whot_demo_{}", data_encoding::HEXLOWER.encode(&random.bytes::<8>()));
        let mut c = connect(server_url).await?;
        c.batch_execute(&format!("CREATE DATABASE {name}")).await?;
        Ok(Self { server: server_url.into(), url: with_database(server_url, &name).into(), name })
    }

    /// Its URL: the server's with another database. It may hold a password.
    #[must_use]
    pub fn url(&self) -> &str {
        self.url.expose_secret()
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Removes it and everything in it, whoever is still connected.
    pub async fn remove(self) -> Result<(), StoreError> {
        let mut c = connect(self.server.expose_secret()).await?;
        Ok(c.batch_execute(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name)).await?)
    }
}

async fn connect(url: &str) -> Result<PgConn, StoreError> {
    let target = Target::parse(url, "whot/operator")?;
    target.connect().await.map_err(|error| StoreError::Unavailable(error.to_string()))
}

fn with_database(url: &str, name: &str) -> String {
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let server = base.match_indices('/').nth(2).and_then(|(at, _)| base.get(..at)).unwrap_or(base);
    if query.is_empty() { format!("{server}/{name}") } else { format!("{server}/{name}?{query}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_database_keeps_the_rest_of_the_url() {
        assert_eq!(
            with_database("postgres://a:b@h:5/old?sslmode=require", "new"),
            "postgres://a:b@h:5/new?sslmode=require"
        );
        assert_eq!(with_database("postgres://a@h", "new"), "postgres://a@h/new");
    }
}
