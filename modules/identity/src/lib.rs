//! Identity: who people are, how they prove it, and what they may do.
//!
//! This file is its face. Others call [`Identity::port`], pull [`Identity::events`] and mount [`Identity::routes`].

mod app;
mod config;
mod domain;
mod http;
mod live;
mod port;
mod store;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod upkeep;

use std::sync::Arc;

use async_trait::async_trait;
use identity_api::IdentityEvent;
use kernel::id::{NodeId, SessionId};
use kernel::{Actor, CallContext, Clock, EventFeed, IdSource, Principal, Random, RequestId};
use platform::bus::Bell;
use platform::crypto::RootSecret;
use platform::db::{Db, Migrations, embed_migrations};
use platform::lifecycle::Tasks;
use platform::live::{Hub, InboxSource};
use platform::outbox;
use platform::web::{AuthFailure, Routes};
use tokio::runtime::Handle;

pub use app::bootstrap_admin::{BootstrapError, FirstAdmin};
pub use app::revocation_view::SocketCloser;
pub use config::{Config, Cost, Passwords, SecondFactor, Sessions, SigningAlgorithm, Throttles};

use app::access_token::Audience;
use app::key_ring::{KeyRing, PublicKey, RingError, RingParts};
use app::password_gate;
use app::revocation_view::RevocationView;
use app::secrets::Secrets;
use app::verify_token::Verifier;
use app::{App, bootstrap_admin, foreign_keys, throttles};
use domain::signing_key::Occasion;
use store::{DieselStore, Store};

/// Identity's schema.
pub static MIGRATIONS: Migrations = Migrations {
    context: "identity",
    sqlite: embed_migrations!("../../migrations/identity/sqlite"),
    postgres: embed_migrations!("../../migrations/identity/postgres"),
};

/// How long an operator's command may take.
const COMMAND: std::time::Duration = std::time::Duration::from_secs(30);

/// The routes without their state, for whoever documents them.
#[must_use]
pub fn routes() -> Routes {
    http::routes()
}

/// What identity needs from the process around it.
pub struct Deps {
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Randomness good enough for keys.
    pub random: Arc<dyn Random>,
    /// This run of this process.
    pub node: NodeId,
    /// Identity's database, migrated.
    pub db: Db,
    /// Where background work runs.
    pub tasks: Tasks,
    /// What every key derives from.
    pub root: RootSecret,
    /// Scheme and host by which people reach the server: `iss` of tokens, and what links are built from.
    pub public_origin: String,
    /// Closes sockets whose session or account ended.
    pub sockets: Arc<dyn SocketCloser>,
    /// The live sockets, for notices.
    pub hub: Arc<Hub>,
    /// Told of every point at which a test may end the process.
    pub reach: Arc<dyn Fn(&'static str) + Send + Sync>,
}

/// Why identity cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A setting is out of range.
    #[error("{0}")]
    Settings(String),
    /// The cost of passwords is none that argon2 accepts.
    #[error("identity.passwords: {0}")]
    Passwords(argon2::Error),
    /// The signing keys cannot be had, or storage failed.
    #[error("{0}")]
    Keys(String),
}

/// Credentials for sockets beside the access token.
#[async_trait]
pub trait Tickets: Send + Sync {
    /// Spends a ticket that was offered from this Origin.
    async fn spend(&self, ticket: &str, origin: Option<&str>) -> Result<Principal, AuthFailure>;
    /// The principal of a session that has not ended, for credentials that are bound to it.
    async fn principal_of(&self, session: SessionId) -> Result<Principal, AuthFailure>;
}

/// The context, built.
pub struct Identity {
    /// Its routes, with their state.
    pub routes: Routes,
    /// What other contexts may ask.
    pub port: Arc<dyn identity_api::Identity>,
    /// What it announces.
    pub events: Arc<dyn EventFeed<IdentityEvent>>,
    /// Rings when there is more to pull.
    pub bell: Bell,
    /// Credentials for sockets beside the access token.
    pub tickets: Arc<dyn Tickets>,
    /// Its part of every inbox.
    pub inbox: Arc<dyn InboxSource>,
    app: Arc<App>,
    db: Db,
    node: NodeId,
    tasks: Tasks,
}

impl Identity {
    /// Builds the context: opens the key ring and reads the revocation log. Must run on the process's main runtime.
    pub async fn build(config: Config, deps: Deps) -> Result<Self, BuildError> {
        config.validate().map_err(BuildError::Settings)?;
        let (db, node, tasks) = (deps.db.clone(), deps.node, deps.tasks.clone());
        let (events, bell) = outbox::publish::<IdentityEvent>(&db, deps.clock.clone(), &tasks);
        let app = Arc::new(app_of(config, deps).await?);
        Ok(Self {
            routes: http::routes().state(app.clone()),
            port: Arc::new(port::Port(app.clone())),
            events,
            bell,
            tickets: Arc::new(http::SocketTickets(app.clone())),
            inbox: Arc::new(live::Inbox(db.clone())),
            app,
            db,
            node,
            tasks,
        })
    }

    /// Starts the background work: the tail of the revocation log, the record of uses, and the jobs.
    pub fn start(&self) {
        upkeep::start(&self.app, &self.db, self.node, &self.tasks);
    }

    /// Makes the first admin. Refused once there is one.
    pub async fn bootstrap_admin(&self, username: &str) -> Result<FirstAdmin, BootstrapError> {
        bootstrap_admin::run(&self.app, &self.command("cli.admin"), username).await
    }

    /// Gives a first admin who never used its token another one.
    pub async fn reissue_admin_token(&self) -> Result<FirstAdmin, BootstrapError> {
        bootstrap_admin::reissue(&self.app, &self.command("cli.admin")).await
    }

    /// Rotates the signing keys; nobody is signed out. Gives the `kid` that signs from now on.
    pub async fn rotate_keys(&self) -> Result<String, BuildError> {
        let rotated = self.app.keys.rotate(&self.command("cli.keys"), Occasion::Command).await;
        rotated.map(|rotation| rotation.active).map_err(|error| BuildError::Keys(error.to_string()))
    }

    /// Whether the revocation log was read within the last 5 s. A node on which it was not should get no traffic.
    #[must_use]
    pub fn revocations_are_fresh(&self) -> bool {
        self.app.revocations.is_fresh()
    }

    /// What `doctor` says of identity, one line each.
    pub async fn diagnose(&self) -> Vec<(&'static str, Result<String, String>)> {
        let keys = self.app.keys.reload().await.map_err(|error| error.to_string());
        let ring = self.app.keys.ring();
        let published = ring.published().len();
        let factor = match self.app.config.second_factor {
            SecondFactor::Relaxed => {
                Ok("relaxed: staff and distributors sign in with a password alone".to_owned())
            }
            SecondFactor::Required => Err("required, and none can be enrolled in this version".to_owned()),
        };
        vec![
            (
                "identity.database",
                self.db.ping().await.map(|()| "answers".to_owned()).map_err(|error| error.to_string()),
            ),
            (
                "identity.keys",
                keys.map(|()| format!("{} signs, {published} are published", ring.active().kid())),
            ),
            ("identity.second_factor", factor),
        ]
    }

    fn command(&self, name: &str) -> CallContext {
        let request = RequestId::fresh(&*self.app.random);
        CallContext::new(Actor::system(name), request, self.app.clock.now(), COMMAND)
    }
}

async fn app_of(config: Config, deps: Deps) -> Result<App, BuildError> {
    let Deps { clock, random, db, root, public_origin, sockets, hub, reach, .. } = deps;
    let ids = IdSource::new(clock.clone(), random.clone());
    let store: Arc<dyn Store> = Arc::new(DieselStore::new(db.clone(), ids.clone()));
    let passwords =
        password_gate::Passwords::new(&config.passwords, root.clone(), random.clone(), Handle::current())
            .map_err(BuildError::Passwords)?;
    let call =
        CallContext::new(Actor::system("identity.start"), RequestId::fresh(&*random), clock.now(), COMMAND);
    let parts = RingParts {
        store: store.clone(),
        sealer: Secrets::key_ring_sealer(&root),
        random: random.clone(),
        clock: clock.clone(),
        algorithm: config.algorithm(),
        foreign: foreign_keys_of(&config)?,
    };
    let keys = KeyRing::open(parts, &call, config.rotation()).await;
    let keys = Arc::new(keys.map_err(|error: RingError| BuildError::Keys(error.to_string()))?);
    let revocations = Arc::new(RevocationView::new(sockets, clock.clone()));
    revocations.catch_up(&*store).await.map_err(|error| BuildError::Keys(error.to_string()))?;
    let audience = Audience { issuer: public_origin, audience: config.audience.clone() };
    let verifier = Verifier::new(keys.clone(), audience, revocations.clone(), store.clone(), clock.clone());
    Ok(App {
        throttles: throttles::Throttles::new(&config.throttles, &clock),
        secrets: Secrets::derive(&root),
        committed: db.bell(),
        verifier: Arc::new(verifier),
        config,
        clock,
        random,
        ids,
        store,
        passwords,
        keys,
        revocations,
        push: Arc::new(move |posted| live::push(&hub, posted)),
        reach,
    })
}

/// The keys that the configuration names beside the ring's own.
fn foreign_keys_of(config: &Config) -> Result<Vec<PublicKey>, BuildError> {
    let Some(file) = &config.verification_keys else { return Ok(Vec::new()) };
    let wrong =
        |why: String| BuildError::Settings(format!("identity.verification_keys ({}): {why}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    foreign_keys::read(&text).map_err(wrong)
}
