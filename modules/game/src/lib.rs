//! WHOT between people: invites, the fair shuffle, the journal of each game, live play, clocks and scores.
//!
//! The rules themselves are the engine's. This file is the context's face: [`Config`], [`Deps`] and [`Game::build`].
//! Nothing else leaves the crate but the names of the points at which tests end the process, and what a bench compares
//! live play with.

mod app;
mod arrows;
mod background;
mod config;
mod domain;
#[cfg(test)]
mod house;
mod http;
mod live;
mod port;
#[cfg(test)]
mod simulation;
mod store;
mod text;
mod thinking;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use customer_api::{Customer, CustomerEvent};
use game_api::GameEvent;
use identity_api::{Identity, IdentityEvent};
use kernel::id::{GameId, NodeId, SessionId};
use kernel::{Clock, EventFeed, IdSource, Random};
use platform::bus::Bell;
use platform::crypto::{Mac, RootSecret, Sealer};
use platform::db::{Db, Dialect, Migrations, embed_migrations};
use platform::inbox::Consumer;
use platform::jobs::{Job, Runner};
use platform::lifecycle::Tasks;
use platform::live::{Door, Hub, InboxSource, Presence, TopicSource};
use platform::outbox;
use platform::web::{AuthFailure, Routes};

use crate::app::follow_customer::{self, FollowCustomer};
use crate::app::follow_identity::{self, FollowIdentity};
use crate::app::reconnect::Spending;
use crate::app::{App, Keys, Outside, Policy};
use crate::port::LocalGame;
use crate::store::{DieselStore, Store};
use crate::thinking::ThinkingPool;

/// The names of the points at which tests end the process.
pub use crate::arrows::{ACCEPTED, APPENDED, EXTENDED, FINISHED, OFFERED, PAIRED, VOIDED};
pub use crate::config::{Config, PracticeConfig};
pub use crate::store::appended_within;

/// This context's migrations for both databases.
pub static MIGRATIONS: Migrations = Migrations {
    context: "game",
    sqlite: embed_migrations!("../../migrations/game/sqlite"),
    postgres: embed_migrations!("../../migrations/game/postgres"),
};

/// What this context is given.
pub struct Deps {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness good enough for keys.
    pub random: Arc<dyn Random>,
    /// This run of the process.
    pub node: NodeId,
    /// This context's own database, migrated.
    pub db: Db,
    /// The background tasks of the process. Hot games are among them.
    pub tasks: Tasks,
    /// The live sockets.
    pub hub: Arc<Hub>,
    /// The way to a socket.
    pub door: Arc<Door>,
    /// The deployment's root secret.
    pub root: RootSecret,
    /// Where links to this deployment begin, such as `https://whot.example`.
    pub public_origin: String,
    /// Identity's port.
    pub identity: Arc<dyn Identity>,
    /// What identity announces, and the bell that says there is more of it.
    pub identity_events: (Arc<dyn EventFeed<IdentityEvent>>, Bell),
    /// Whether anybody may play anybody, as customer is told too.
    pub open_play: bool,
    /// Customer's port.
    pub customer: Arc<dyn Customer>,
    /// What customer announces, and the bell that says there is more of it.
    pub customer_events: (Arc<dyn EventFeed<CustomerEvent>>, Bell),
    /// Told at each named point, such as [`APPENDED`]; does nothing outside crash tests.
    pub reach: Arc<dyn Fn(&'static str) + Send + Sync>,
}

/// Spends reconnect tokens, which open one game's socket once.
#[async_trait]
pub trait ReconnectTokens: Send + Sync {
    /// Spends a token (`rct_...`): which game it opens, and the session that must still live.
    async fn spend(&self, token: &str) -> Result<(GameId, SessionId), AuthFailure>;
}

#[async_trait]
impl ReconnectTokens for Spending {
    async fn spend(&self, token: &str) -> Result<(GameId, SessionId), AuthFailure> {
        Spending::spend(self, token).await
    }
}

/// The context, built.
pub struct Game {
    /// Its routes, with their state.
    pub routes: Routes,
    /// Its port.
    pub port: Arc<dyn game_api::Game>,
    /// What it announces.
    pub events: Arc<dyn EventFeed<GameEvent>>,
    /// Rings when it has announced something.
    pub bell: Bell,
    /// The topic `game`.
    pub topics: Arc<dyn TopicSource>,
    /// Learns who follows games; for the topic kind `game`.
    pub presence: Arc<dyn Presence>,
    /// The topic `watch`, for spectators.
    pub watching: Arc<dyn TopicSource>,
    /// Learns who follows games as a spectator; for the topic kind `watch`.
    pub gallery: Arc<dyn Presence>,
    /// Its part of every inbox.
    pub inbox: Arc<dyn InboxSource>,
    /// Spends reconnect tokens.
    pub reconnect: Arc<dyn ReconnectTokens>,
    /// Its jobs.
    pub jobs: Vec<Job>,
    background: Background,
}

struct Background {
    app: Arc<App>,
    db: Db,
    node: NodeId,
    tasks: Tasks,
    identity_events: (Arc<dyn EventFeed<IdentityEvent>>, Bell),
    customer_events: (Arc<dyn EventFeed<CustomerEvent>>, Bell),
}

/// The route table without the state its handlers take, for the API document.
pub fn routes() -> Routes {
    http::routes()
}

impl Game {
    /// Puts the context together. Nothing runs in the background yet but the relay of its own events.
    ///
    /// # Errors
    /// The first value of the configuration that is out of range.
    #[expect(clippy::unused_async, reason = "the root awaits every context alike")]
    pub async fn build(config: Config, deps: Deps) -> Result<Self, String> {
        config.validate()?;
        let (events, bell) = outbox::publish::<GameEvent>(&deps.db, deps.clock.clone(), &deps.tasks);
        let app = assemble(&config, &deps)?;
        let spending =
            Spending { store: app.store.clone(), keys: app.keys.clone(), clock: app.clock.clone() };
        Ok(Self {
            routes: http::routes().state(app.clone()).state(deps.door),
            port: Arc::new(LocalGame(app.clone())),
            events,
            bell,
            topics: Arc::new(live::GameTopic(app.clone())),
            presence: Arc::new(live::SeatWatch(app.presences.clone())),
            watching: Arc::new(live::WatchTopic(app.clone())),
            gallery: Arc::new(live::Gallery(app.watching.clone())),
            inbox: Arc::new(live::GameInbox(app.clone())),
            reconnect: Arc::new(spending),
            jobs: background::jobs(&app),
            background: Background {
                app,
                db: deps.db,
                node: deps.node,
                tasks: deps.tasks,
                identity_events: deps.identity_events,
                customer_events: deps.customer_events,
            },
        })
    }

    /// Starts what runs in the background: clocks, signs of life, consumers and jobs.
    pub fn start(&self) {
        let Background { app, db, node, tasks, identity_events, customer_events } = &self.background;
        background::start(app, tasks);
        let follow = Arc::new(FollowIdentity(app.clone()));
        let (feed, bell) = identity_events.clone();
        Consumer::new(db.clone(), follow_identity::CONSUMER, feed, app.clock.clone(), follow)
            .start(bell, tasks);
        let follow = Arc::new(FollowCustomer(app.clone()));
        let (feed, bell) = customer_events.clone();
        Consumer::new(db.clone(), follow_customer::CONSUMER, feed, app.clock.clone(), follow)
            .start(bell, tasks);
        Runner::new(db.clone(), app.clock.clone(), *node, self.jobs.clone()).start(tasks);
    }
}

fn assemble(config: &Config, deps: &Deps) -> Result<Arc<App>, String> {
    let ids = IdSource::new(deps.clock.clone(), deps.random.clone());
    let store: Arc<dyn Store> = Arc::new(DieselStore::new(deps.db.clone(), ids.clone()));
    let policy = Policy {
        open_invites: config.open_invites,
        practice_games: config.practice.running_games,
        lease: Duration::from_secs(u64::from(config.seat_lease_s)),
        away_after: Duration::from_secs(u64::from(config.away_after_s)),
        pace: config.practice.pace(),
        open_play: deps.open_play,
        // A SQLite file has one owner; a schema may have several.
        always_alone: deps.db.dialect() == Dialect::Sqlite,
    };
    let outside = Outside {
        store,
        identity: deps.identity.clone(),
        customer: deps.customer.clone(),
        clock: deps.clock.clone(),
        random: deps.random.clone(),
        broadcast: Arc::new(live::HubBroadcast(deps.hub.clone())),
        connected: Arc::new(live::Sockets(deps.hub.clone())),
        public_origin: deps.public_origin.trim_end_matches('/').to_owned(),
        thinkers: Arc::new(ThinkingPool::start(&config.practice, deps.clock.clone())?),
        reach: deps.reach.clone(),
    };
    Ok(Arc::new(App::assemble(outside, ids, keys(&deps.root), policy, deps.node, deps.tasks.clone())))
}

fn keys(root: &RootSecret) -> Keys {
    Keys {
        seeds: Sealer::new(&root.derive("game-seeds", 1)),
        reconnect: Mac::new(&root.derive("game-reconnect", 1)),
    }
}
