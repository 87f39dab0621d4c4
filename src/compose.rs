//! Builds the modules in the order of the context map and hands each the ports it needs, local or through the loopback.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use customer_api::{CustomerProvider, CustomerVia};
use identity_api::{IdentityProvider, IdentityVia};
use kernel::port::{Carrier, Dispatch, Loopback, LoopbackFeed};
use kernel::{Clock, EventFeed, IdSource, Random, SeededRandom};
use platform::clock::SystemClock;
use platform::crypto::{Mac, RootSecret};
use platform::db::{DataDir, Db, Migrations, StoreError};
use platform::health::Checks;
use platform::lifecycle::Tasks;
use platform::live::{Door, Hub, HubParts};
use platform::random::OsRandom;
use platform::web::{Table, TableError, Web};
use secrecy::ExposeSecret;

use crate::control::Operator;
use crate::crash;
use crate::http;
use crate::settings::{PortSettings, Settings};

mod access;
mod operator;

/// Every context's migrations, in the order of the context map.
pub(crate) const MIGRATIONS: [&Migrations; 3] =
    [&identity::MIGRATIONS, &customer::MIGRATIONS, &game::MIGRATIONS];

/// How long a database may take to answer a readiness check.
const CHECK: Duration = Duration::from_secs(2);

/// Why the process could not be put together.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ComposeError {
    #[error("the database of {0}: {1}")]
    Database(&'static str, #[source] StoreError),
    #[error("{0}: {1}")]
    Module(&'static str, String),
    #[error("the root secret: {0}")]
    Secret(String),
    #[error("the routes: {0}")]
    Routes(#[from] TableError),
}

/// The whole process, put together but not yet listening.
pub(crate) struct Composition {
    pub(crate) web: Arc<Web>,
    pub(crate) table: Arc<Table>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) checks: Arc<Checks>,
    pub(crate) tasks: Tasks,
    modules: Arc<Modules>,
    // Held as long as the databases are open.
    _data_dir: DataDir,
}

/// The contexts and their databases.
struct Modules {
    identity: identity::Identity,
    customer: customer::Customer,
    game: game::Game,
    databases: [Db; 3],
    clock: Arc<dyn Clock>,
}

impl Composition {
    /// Builds everything on a data directory that this process owns.
    pub(crate) async fn build(settings: Settings, data_dir: DataDir) -> Result<Self, ComposeError> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let random: Arc<dyn Random> = match settings.test.seed {
            Some(seed) => Arc::new(SeededRandom::new(seed)),
            None => Arc::new(OsRandom),
        };
        let ids = IdSource::new(clock.clone(), random.clone());
        let node = ids.next();
        let tasks = Tasks::new();
        let root = root_secret(&settings, data_dir.path())?;
        let databases = open_databases(&settings, data_dir.path()).await?;
        let [identity_db, customer_db, game_db] = &databases;
        let mac = |purpose| Mac::new(&root.derive(purpose, 1));
        let hub = Hub::new(HubParts {
            clock: clock.clone(),
            random: random.clone(),
            cursor_key: mac("inbox-cursor"),
            settings: settings.live.clone(),
        });
        let reach = crash::points(settings.test.crash_at.as_deref());
        let ports = Ports { settings: settings.ports, clock: clock.clone() };

        let identity = identity::Identity::build(
            settings.identity,
            identity::Deps {
                clock: clock.clone(),
                random: random.clone(),
                node,
                db: identity_db.clone(),
                tasks: tasks.clone(),
                root: root.clone(),
                public_origin: settings.server.public_url.clone(),
                sockets: Arc::new(access::Sockets(hub.clone())),
                reach: reach.clone(),
            },
        )
        .await
        .map_err(|reason| ComposeError::Module("identity", reason.to_string()))?;
        let identity_port: Arc<dyn identity_api::Identity> =
            match ports.carry(|| Arc::new(IdentityProvider(identity.port.clone()))) {
                Some(carrier) => Arc::new(IdentityVia(carrier)),
                None => identity.port.clone(),
            };

        let customer = customer::Customer::build(
            settings.customer,
            customer::Deps {
                clock: clock.clone(),
                random: random.clone(),
                node,
                db: customer_db.clone(),
                tasks: tasks.clone(),
                hub: hub.clone(),
                root: root.clone(),
                public_origin: settings.server.public_url.clone(),
                identity: identity_port.clone(),
                identity_events: (ports.feed(identity.events.clone()), identity.bell.clone()),
                reach: reach.clone(),
            },
        )
        .map_err(|reason| ComposeError::Module("customer", reason))?;
        let customer_port: Arc<dyn customer_api::Customer> =
            match ports.carry(|| Arc::new(CustomerProvider(customer.port.clone()))) {
                Some(carrier) => Arc::new(CustomerVia(carrier)),
                None => customer.port.clone(),
            };

        let auth = Arc::new(access::Access::new(
            identity_port.clone(),
            identity.tickets.clone(),
            clock.clone(),
            random.clone(),
        ));
        let door = Arc::new(Door::new(hub.clone(), auth.clone()));
        let game = game::Game::build(
            settings.game,
            game::Deps {
                clock: clock.clone(),
                random: random.clone(),
                node,
                db: game_db.clone(),
                tasks: tasks.clone(),
                hub: hub.clone(),
                door: door.clone(),
                root: root.clone(),
                identity: identity_port,
                identity_events: (ports.feed(identity.events.clone()), identity.bell.clone()),
                customer: customer_port,
                customer_events: (ports.feed(customer.events.clone()), customer.bell.clone()),
                reach,
            },
        )
        .await
        .map_err(|reason| ComposeError::Module("game", reason.to_string()))?;
        auth.accept_reconnect_tokens(game.reconnect.clone());
        hub.add_topics(game.topics.clone());
        hub.watch("game", game.presence.clone());
        hub.add_inbox(identity.inbox.clone());
        hub.add_inbox(customer.inbox.clone());
        hub.add_inbox(game.inbox.clone());

        let checks = Arc::new(checks(clock.clone(), &databases));
        let contexts = vec![identity.routes.clone(), customer.routes.clone(), game.routes.clone()];
        let table = Arc::new(http::table(contexts, door, checks.clone())?);
        let web = Arc::new(Web::new(clock.clone(), random, auth, mac("page-cursor"), settings.web));
        let modules = Arc::new(Modules { identity, customer, game, databases, clock });
        Ok(Self { web, table, hub, checks, tasks, modules, _data_dir: data_dir })
    }

    /// Starts what runs in the background.
    pub(crate) fn start(&self) {
        self.modules.identity.start();
        self.modules.customer.start();
        self.modules.game.start();
        let (hub, tasks) = (self.hub.clone(), self.tasks.clone());
        self.tasks.spawn("live.wheel", async move { hub.run_wheel(tasks.stopping()).await });
    }

    /// What carries out the commands of the command line.
    pub(crate) fn operator(&self) -> Arc<dyn Operator> {
        self.modules.clone()
    }

    /// Ends the background work and closes the databases.
    pub(crate) async fn close(&self) {
        if !self.tasks.stop(Duration::from_secs(20)).await {
            tracing::warn!("some background work did not end in time");
        }
        for db in &self.modules.databases {
            db.close().await;
        }
    }
}

/// How contexts reach each other: directly, or through the loopback.
struct Ports {
    settings: PortSettings,
    clock: Arc<dyn Clock>,
}

impl Ports {
    fn carry<P: Dispatch + 'static>(&self, provider: impl FnOnce() -> Arc<P>) -> Option<Arc<dyn Carrier>> {
        let loopback = || Loopback::new(provider(), self.clock.clone(), self.settings.disturbance());
        self.settings.loopback.then(|| loopback() as Arc<dyn Carrier>)
    }

    fn feed<E>(&self, feed: Arc<dyn EventFeed<E>>) -> Arc<dyn EventFeed<E>>
    where
        E: serde::Serialize + serde::de::DeserializeOwned + Send + Sync + 'static,
    {
        if self.settings.loopback { Arc::new(LoopbackFeed(feed)) } else { feed }
    }
}

async fn open_databases(settings: &Settings, data_dir: &Path) -> Result<[Db; 3], ComposeError> {
    let open = |migrations: &'static Migrations| async move {
        let of = settings.database.of(migrations.context, data_dir);
        Db::open(&of, migrations).await.map_err(|error| ComposeError::Database(migrations.context, error))
    };
    let [identity, customer, game] = MIGRATIONS;
    let (identity, customer, game) = tokio::try_join!(open(identity), open(customer), open(game))?;
    Ok([identity, customer, game])
}

fn checks(clock: Arc<dyn Clock>, databases: &[Db; 3]) -> Checks {
    let names = ["identity.database", "customer.database", "game.database"];
    names.into_iter().zip(databases).fold(Checks::new(clock), |checks, (name, db)| {
        let db = db.clone();
        checks.with(name, CHECK, move || {
            let db = db.clone();
            async move { db.ping().await.map_err(|error| error.to_string()) }
        })
    })
}

/// The configured root secret; development and test make their own under the data directory and say so.
fn root_secret(settings: &Settings, data_dir: &Path) -> Result<RootSecret, ComposeError> {
    let parse = |text: &str| RootSecret::parse(text).map_err(|error| ComposeError::Secret(error.to_string()));
    let read = |file: &Path| {
        std::fs::read_to_string(file)
            .map_err(|error| ComposeError::Secret(format!("{}: {error}", file.display())))
    };
    if let Some(root) = &settings.secrets.root {
        return parse(root.expose_secret());
    }
    if let Some(file) = &settings.secrets.root_file {
        return parse(&read(file)?);
    }
    let own = data_dir.join("root.secret");
    if own.exists() {
        return parse(&read(&own)?);
    }
    tracing::warn!(file = %own.display(), "made a root secret of this machine's own; production takes one from secrets.root_file");
    crate::cli::write_fresh_secret(&own).map_err(ComposeError::Secret)
}
