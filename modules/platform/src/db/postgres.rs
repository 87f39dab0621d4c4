//! PostgreSQL: a pool per context whose connections see only the context's schema. Everything is driven on the
//! runtime that opened the pool, because web workers have runtimes of their own that may end first.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use diesel::{ConnectionError, ConnectionResult};
use diesel_async::pooled_connection::deadpool::{Object, Pool};
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::{AnsiTransactionManager, AsyncPgConnection, SimpleAsyncConnection, TransactionManager};
use futures_util::FutureExt;
use rustls::ClientConfig;
use tokio::runtime::Handle;
use tokio_postgres::NoTls;
use tokio_postgres::config::SslMode;

use super::tls::{MakeTls, client_config};
use super::{DatabaseSettings, DatabaseUrl, StoreError, Work};
use crate::bus::Bell;

/// A PostgreSQL connection inside a body.
pub type PgConn = AsyncPgConnection;

/// How long to wait for a connection, be it a free one or a new one.
const PATIENCE: Duration = Duration::from_secs(5);

tokio::task_local! {
    /// Whether the body that this task runs put an event into the outbox.
    static APPENDED: Cell<bool>;
}

/// Notes that this body put an event into the outbox.
pub(crate) fn note_appended() {
    let _ = APPENDED.try_with(|appended| appended.set(true));
}

/// A parsed URL and how to reach what it names.
#[derive(Clone)]
pub(super) struct Target {
    config: tokio_postgres::Config,
    tls: Option<Arc<ClientConfig>>,
}

impl Target {
    /// Reads a URL. `sslmode` may be `disable` (the default), `require`, `verify-ca` or `verify-full`; all but the
    /// first verify the server's certificate and name, against `sslrootcert` (a PEM file) or the system's roots.
    pub(super) fn parse(url: &str, application: &str) -> Result<Self, StoreError> {
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut encrypted, mut root_file, mut kept) = (false, None, Vec::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslmode", "disable")) => encrypted = false,
                Some(("sslmode", "require" | "verify-ca" | "verify-full")) => encrypted = true,
                Some(("sslmode", _)) => {
                    return Err(invalid_url(&"sslmode is disable, require or verify-full"));
                }
                Some(("sslrootcert", file)) => root_file = Some(file),
                _ => kept.push(pair),
            }
        }
        let url = if kept.is_empty() { base.to_owned() } else { format!("{base}?{}", kept.join("&")) };
        let mut config: tokio_postgres::Config = url.parse().map_err(|error| invalid_url(&error))?;
        config
            .ssl_mode(if encrypted { SslMode::Require } else { SslMode::Disable })
            .connect_timeout(PATIENCE)
            .application_name(application);
        let tls = if encrypted { Some(Arc::new(client_config(root_file)?)) } else { None };
        Ok(Self { config, tls })
    }

    /// The role that connects.
    pub(super) fn role(&self) -> Option<&str> {
        self.config.get_user()
    }

    /// Opens a connection whose driver lives on the current runtime.
    pub(super) async fn connect(&self) -> ConnectionResult<PgConn> {
        let failed = |error: tokio_postgres::Error| ConnectionError::BadConnection(reason(&error));
        if let Some(tls) = &self.tls {
            let (client, connection) = self.config.connect(MakeTls(tls.clone())).await.map_err(failed)?;
            PgConn::try_from_client_and_connection(client, connection).await
        } else {
            let (client, connection) = self.config.connect(NoTls).await.map_err(failed)?;
            PgConn::try_from_client_and_connection(client, connection).await
        }
    }
}

fn invalid_url(reason: &dyn std::fmt::Display) -> StoreError {
    StoreError::Unavailable(format!("the database URL is not usable: {reason}"))
}

/// The error with its causes, because tokio-postgres says only "db error" or "error connecting" itself.
fn reason(error: &tokio_postgres::Error) -> String {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("{error}{cause}")
}

/// A context's schema and the pool that sees nothing else.
#[derive(Clone)]
pub struct Pg {
    context: &'static str,
    pool: Pool<PgConn>,
    runtime: Handle,
    bell: Bell,
    writes: metrics::Counter,
}

impl Pg {
    /// Makes the pool; connections are opened when they are first needed. Must be called on the main runtime.
    pub(super) fn open(
        settings: &DatabaseSettings,
        url: &DatabaseUrl,
        context: &'static str,
    ) -> Result<Self, StoreError> {
        let target = Target::parse(url.postgres().unwrap_or_default(), &format!("whot/{context}"))?;
        let mut config = ManagerConfig::default();
        config.recycling_method = RecyclingMethod::Fast;
        config.custom_setup = Box::new(move |_| {
            let target = target.clone();
            async move {
                let mut c = target.connect().await?;
                c.batch_execute(&session(context))
                    .await
                    .map_err(ConnectionError::CouldntSetupConfiguration)?;
                Ok(c)
            }
            .boxed()
        });
        // The URL stays in `target`; the manager would keep and hand out a plain string.
        let pool = Pool::builder(AsyncDieselConnectionManager::new_with_config("", config))
            .max_size(settings.pool_size.clamp(1, 100))
            .runtime(deadpool::Runtime::Tokio1)
            .wait_timeout(Some(PATIENCE))
            .create_timeout(Some(PATIENCE))
            .build()
            .map_err(|error| StoreError::Failed(error.to_string()))?;
        let writes = metrics::counter!("storage_writes_total", "context" => context);
        Ok(Self { context, pool, runtime: Handle::current(), bell: Bell::new(), writes })
    }

    async fn get(&self) -> Result<Object<PgConn>, StoreError> {
        self.pool.get().await.map_err(|error| StoreError::Unavailable(error.to_string()))
    }

    /// Runs a body on one connection, each statement committed by itself. Use [`crate::read!`] or
    /// [`crate::write_one!`].
    pub async fn read<T, E, F>(&self, body: F) -> Result<T, E>
    where
        F: for<'r> Work<&'r mut PgConn, Result<T, E>, Fut: Send> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let this = self.clone();
        let task = self.runtime.spawn(async move {
            let mut c = this.get().await?;
            body(&mut c).await
        });
        task.await.unwrap_or_else(|error| Err(lost(&error).into()))
    }

    /// Runs a body as one transaction. It is a task of its own, so a caller that goes away cannot cut it in half.
    /// Use [`crate::write!`].
    pub async fn write<T, E, F>(&self, body: F) -> Result<T, E>
    where
        F: for<'r> Work<&'r mut PgConn, Result<T, E>, Fut: Send> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let this = self.clone();
        let task = self.runtime.spawn(APPENDED.scope(Cell::new(false), async move {
            let mut c = this.get().await?;
            let value = transaction(&mut c, body).await?;
            drop(c);
            this.writes.increment(1);
            if APPENDED.with(Cell::get) {
                this.bell.ring();
            }
            Ok(value)
        }));
        task.await.unwrap_or_else(|error| Err(lost(&error).into()))
    }

    /// Runs a single statement in autocommit mode. Use [`crate::write_one!`].
    pub async fn write_one<T, E, F>(&self, body: F) -> Result<T, E>
    where
        F: for<'r> Work<&'r mut PgConn, Result<T, E>, Fut: Send> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.writes.increment(1);
        self.read(body).await
    }

    pub(super) const fn context(&self) -> &'static str {
        self.context
    }

    pub(super) fn bell(&self) -> &Bell {
        &self.bell
    }

    pub(super) fn close(&self) {
        self.pool.close();
    }
}

/// The settings of every serving connection. The schema is the whole search path, so no query can name another.
fn session(context: &str) -> String {
    format!(
        "SET search_path TO \"{context}\"; SET timezone TO 'UTC'; SET lock_timeout TO '5s'; \
         SET statement_timeout TO '30s'; SET idle_in_transaction_session_timeout TO '15s'"
    )
}

async fn transaction<T, E, F>(c: &mut PgConn, body: F) -> Result<T, E>
where
    F: for<'r> Work<&'r mut PgConn, Result<T, E>, Fut: Send>,
    E: From<StoreError>,
{
    AnsiTransactionManager::begin_transaction(c).await.map_err(StoreError::from)?;
    match body(c).await {
        Ok(value) => {
            AnsiTransactionManager::commit_transaction(c).await.map_err(StoreError::from)?;
            Ok(value)
        }
        Err(error) => {
            // If this fails too, the connection is broken and the pool drops it.
            let _ = AnsiTransactionManager::rollback_transaction(c).await;
            Err(error)
        }
    }
}

/// A task that did not end: its connection is still inside a transaction, so the pool drops it.
fn lost(error: &tokio::task::JoinError) -> StoreError {
    if error.is_panic() {
        StoreError::Failed("a body panicked".into())
    } else {
        StoreError::Unavailable("the process is shutting down".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_asks_for_tls_only_by_sslmode() {
        let plain = Target::parse("postgres://whot@localhost/whot", "t").unwrap();
        assert!(plain.tls.is_none());
        assert_eq!(plain.role(), Some("whot"));
        let missing = "postgres://whot@localhost/whot?sslmode=verify-full&sslrootcert=/nowhere.pem";
        assert!(Target::parse(missing, "t").is_err());
        assert!(Target::parse("postgres://whot@localhost/whot?sslmode=prefer", "t").is_err());
    }
}
