//! Builds the modules in the order of the context map and hands each the ports it needs, local or through the loopback.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use customer_api::{Customer, CustomerProvider, CustomerVia};
use identity_api::{Identity, IdentityProvider, IdentityVia};
use kernel::id::NodeId;
use kernel::port::{Carrier, Dispatch, Loopback, LoopbackFeed};
use kernel::{Clock, EventFeed, IdSource, Random, SeededRandom};
use platform::clock::SystemClock;
use platform::crypto::{Mac, RootSecret};
use platform::db::{DataDir, Db, Migrations, StoreError};
use platform::health::Checks;
use platform::jobs::Runner;
use platform::lifecycle::Tasks;
use platform::live::{Door, Hub, HubParts};
use platform::random::OsRandom;
use platform::upkeep::{self, Retention};
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

/// The jobs that keep the floor's tables of each context small, in the same order.
const UPKEEP: [&str; 3] = ["identity.retention", "customer.retention", "game.retention"];

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
    upkeep: Vec<Runner>,
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
        let floor = Floor::new(&settings, data_dir.path())?;
        let databases = open_databases(&settings, data_dir.path()).await?;
        let [identity_db, customer_db, game_db] = &databases;

        let identity = floor.identity(settings.identity, identity_db).await?;
        let identity_port = floor.identity_port(&identity);
        let customer = floor.customer(settings.customer, customer_db, &identity, identity_port.clone())?;
        let auth = Arc::new(access::Access::new(
            identity_port.clone(),
            identity.tickets.clone(),
            floor.clock.clone(),
            floor.random.clone(),
        ));
        let door = Arc::new(Door::new(floor.hub.clone(), auth.clone()));
        let game =
            floor.game(settings.game, game_db, door.clone(), (&identity, identity_port), &customer).await?;
        auth.accept_reconnect_tokens(game.reconnect.clone());

        let upkeep = floor.upkeep(&databases, settings.retention);
        let Floor { clock, random, root, tasks, hub, .. } = floor;
        hub.add_topics(game.topics.clone());
        hub.watch("game", game.presence.clone());
        hub.add_topics(game.watching.clone());
        hub.watch("watch", game.gallery.clone());
        for inbox in [&identity.inbox, &customer.inbox, &game.inbox] {
            hub.add_inbox(inbox.clone());
        }
        let contexts = vec![identity.routes.clone(), customer.routes.clone(), game.routes.clone()];
        let cursor_key = Mac::new(&root.derive("page-cursor", 1));
        let web = Arc::new(Web::new(clock.clone(), random, auth, cursor_key, settings.web));
        let modules = Arc::new(Modules { identity, customer, game, databases, clock: clock.clone() });
        let checks = Arc::new(checks(clock, &modules));
        let table = Arc::new(http::table(contexts, door, checks.clone())?);
        Ok(Self { web, table, hub, checks, tasks, modules, upkeep, _data_dir: data_dir })
    }

    /// Starts what runs in the background.
    pub(crate) fn start(&self) {
        self.modules.identity.start();
        self.modules.customer.start();
        self.modules.game.start();
        for runner in &self.upkeep {
            runner.start(&self.tasks);
        }
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

/// How far this process's clock may be from a database's before the process is not ready (DOMAIN.md 12).
const CLOCKS_APART: Duration = Duration::from_secs(1);

impl Modules {
    /// Whether this process and its databases agree on the time.
    async fn clocks_agree(&self) -> Result<(), String> {
        for db in &self.databases {
            let Some(theirs) = db.server_time().await.map_err(|error| error.to_string())? else { continue };
            let ours = self.clock.now();
            if ours.since(theirs).max(theirs.since(ours)) > CLOCKS_APART {
                return Err(format!(
                    "more than {CLOCKS_APART:?} from the clock of {}'s database",
                    db.context()
                ));
            }
        }
        Ok(())
    }
}

/// What every context stands on.
struct Floor {
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    node: NodeId,
    tasks: Tasks,
    root: RootSecret,
    hub: Arc<Hub>,
    reach: crash::Reach,
    seed: Option<u64>,
    public_url: String,
    ports: PortSettings,
    open_play: bool,
}

impl Floor {
    fn new(settings: &Settings, data_dir: &Path) -> Result<Self, ComposeError> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let random = random_for("platform", settings.test.seed);
        let root = root_secret(settings, data_dir)?;
        let hub = Hub::new(HubParts {
            clock: clock.clone(),
            random: random.clone(),
            cursor_key: Mac::new(&root.derive("inbox-cursor", 1)),
            settings: settings.live.clone(),
        });
        Ok(Self {
            node: IdSource::new(clock.clone(), random.clone()).next(),
            clock,
            random,
            tasks: Tasks::new(),
            root,
            hub,
            reach: crash::points(settings.test.crash_at.as_deref()),
            seed: settings.test.seed,
            public_url: settings.server.public_url(),
            ports: settings.ports,
            open_play: settings.customer.play_policy == customer::PlayPolicy::Anyone,
        })
    }

    async fn identity(&self, config: identity::Config, db: &Db) -> Result<identity::Identity, ComposeError> {
        let deps = identity::Deps {
            clock: self.clock.clone(),
            random: random_for("identity", self.seed),
            node: self.node,
            db: db.clone(),
            tasks: self.tasks.clone(),
            root: self.root.clone(),
            public_origin: self.public_url.clone(),
            sockets: Arc::new(access::Sockets(self.hub.clone())),
            hub: self.hub.clone(),
            reach: self.reach.clone(),
        };
        let built = identity::Identity::build(config, deps).await;
        built.map_err(|reason| ComposeError::Module("identity", reason.to_string()))
    }

    fn customer(
        &self,
        config: customer::Config,
        db: &Db,
        identity: &identity::Identity,
        identity_port: Arc<dyn Identity>,
    ) -> Result<customer::Customer, ComposeError> {
        let deps = customer::Deps {
            clock: self.clock.clone(),
            random: random_for("customer", self.seed),
            node: self.node,
            db: db.clone(),
            tasks: self.tasks.clone(),
            hub: self.hub.clone(),
            root: self.root.clone(),
            public_origin: self.public_url.clone(),
            identity: identity_port,
            identity_events: (self.feed(identity.events.clone()), identity.bell.clone()),
            reach: self.reach.clone(),
        };
        customer::Customer::build(config, deps).map_err(|reason| ComposeError::Module("customer", reason))
    }

    async fn game(
        &self,
        config: game::Config,
        db: &Db,
        door: Arc<Door>,
        (identity, identity_port): (&identity::Identity, Arc<dyn Identity>),
        customer: &customer::Customer,
    ) -> Result<game::Game, ComposeError> {
        let deps = game::Deps {
            clock: self.clock.clone(),
            random: random_for("game", self.seed),
            node: self.node,
            db: db.clone(),
            tasks: self.tasks.clone(),
            hub: self.hub.clone(),
            door,
            root: self.root.clone(),
            public_origin: self.public_url.clone(),
            identity: identity_port,
            identity_events: (self.feed(identity.events.clone()), identity.bell.clone()),
            open_play: self.open_play,
            customer: self.customer_port(customer),
            customer_events: (self.feed(customer.events.clone()), customer.bell.clone()),
            reach: self.reach.clone(),
        };
        let built = game::Game::build(config, deps).await;
        built.map_err(|reason| ComposeError::Module("game", reason))
    }

    /// What keeps the floor's own tables small, a runner for each database.
    fn upkeep(&self, databases: &[Db; 3], retention: Retention) -> Vec<Runner> {
        let began = self.clock.now();
        let runner = |(name, db): (&'static str, &Db)| {
            let job = upkeep::job(name, db, retention, began);
            Runner::new(db.clone(), self.clock.clone(), self.node, vec![job])
        };
        UPKEEP.into_iter().zip(databases).map(runner).collect()
    }

    /// Identity as the others reach it: directly, or through the loopback.
    fn identity_port(&self, identity: &identity::Identity) -> Arc<dyn Identity> {
        match self.carrier(|| Arc::new(IdentityProvider(identity.port.clone()))) {
            Some(carrier) => Arc::new(IdentityVia(carrier)),
            None => identity.port.clone(),
        }
    }

    /// Customer as game reaches it: directly, or through the loopback.
    fn customer_port(&self, customer: &customer::Customer) -> Arc<dyn Customer> {
        match self.carrier(|| Arc::new(CustomerProvider(customer.port.clone()))) {
            Some(carrier) => Arc::new(CustomerVia(carrier)),
            None => customer.port.clone(),
        }
    }

    fn carrier<P: Dispatch + 'static>(&self, provider: impl FnOnce() -> Arc<P>) -> Option<Arc<dyn Carrier>> {
        let loopback = || Loopback::new(provider(), self.clock.clone(), self.ports.disturbance());
        self.ports.loopback.then(|| loopback() as Arc<dyn Carrier>)
    }

    fn feed<E>(&self, feed: Arc<dyn EventFeed<E>>) -> Arc<dyn EventFeed<E>>
    where
        E: serde::Serialize + serde::de::DeserializeOwned + Send + Sync + 'static,
    {
        if self.ports.loopback { Arc::new(LoopbackFeed(feed)) } else { feed }
    }
}

/// The operating system's source; or, where a seed is asked for, a repeatable one of each context's own, so that what
/// one draws does not depend on what another has drawn before.
fn random_for(context: &'static str, seed: Option<u64>) -> Arc<dyn Random> {
    let Some(seed) = seed else { return Arc::new(OsRandom) };
    let own = context.bytes().fold(seed, |own, byte| own.wrapping_mul(257).wrapping_add(byte.into()));
    Arc::new(SeededRandom::new(own))
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

fn checks(clock: Arc<dyn Clock>, modules: &Arc<Modules>) -> Checks {
    let names = ["identity.database", "customer.database", "game.database"];
    let all = names.into_iter().zip(&modules.databases).fold(Checks::new(clock), |checks, (name, db)| {
        let db = db.clone();
        checks.with(name, CHECK, move || {
            let db = db.clone();
            async move { db.ping().await.map_err(|error| error.to_string()) }
        })
    });
    let (revocations, time) = (modules.clone(), modules.clone());
    all.with("identity.revocations", CHECK, move || {
        let fresh = revocations.identity.revocations_are_fresh();
        async move { fresh.then_some(()).ok_or_else(|| "not read for five seconds".to_owned()) }
    })
    .with("clock", CHECK, move || {
        let modules = time.clone();
        async move { modules.clocks_agree().await }
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
