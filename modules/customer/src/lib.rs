//! The customer context: invites, their redemption, relationships, blocks and what they entitle to.
//!
//! This file is its face: [`Config`], [`Deps`] and [`Customer::build`]. Beside them leave the crate only its route table,
//! its migrations, and the names of the saga's arrows, at which tests end the process.

mod app;
mod arrows;
mod config;
mod domain;
#[cfg(test)]
mod house;
mod http;
mod live;
mod port;
mod store;

use std::sync::Arc;
use std::time::Duration;

use customer_api::CustomerEvent;
use identity_api::{Identity, IdentityEvent};
use kernel::id::NodeId;
use kernel::{Clock, EventFeed, IdSource, Random};
use platform::bus::Bell;
use platform::crypto::RootSecret;
use platform::db::{Db, Migrations, embed_migrations};
use platform::inbox::Consumer;
use platform::jobs::{Job, JobError, Progress, Runner};
use platform::lifecycle::Tasks;
use platform::live::{Hub, InboxSource};
use platform::outbox;
use platform::web::Routes;

use crate::app::{App, Keys, drive_forward, hear_identity::HearIdentity, release_reservations};
use crate::port::LocalCustomer;
use crate::store::{DieselStore, IDENTITY_CONSUMER};

pub use crate::arrows::ALL as ARROWS;
pub use crate::config::{Config, PlayPolicy};

/// This context's migrations for both databases.
pub static MIGRATIONS: Migrations = Migrations {
    context: "customer",
    sqlite: embed_migrations!("../../migrations/customer/sqlite"),
    postgres: embed_migrations!("../../migrations/customer/postgres"),
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
    /// The background tasks of the process; the relay of this context's events starts among them.
    pub tasks: Tasks,
    /// The live sockets.
    pub hub: Arc<Hub>,
    /// The deployment's root secret.
    pub root: RootSecret,
    /// The public origin of invite links, for example `https://whot.example`.
    pub public_origin: String,
    /// Identity's port.
    pub identity: Arc<dyn Identity>,
    /// What identity announces, and the bell that says there is more of it.
    pub identity_events: (Arc<dyn EventFeed<IdentityEvent>>, Bell),
    /// Told at each of [`ARROWS`]; does nothing outside crash tests.
    pub reach: Arc<dyn Fn(&'static str) + Send + Sync>,
}

/// The context, built.
pub struct Customer {
    /// Its routes, with their state.
    pub routes: Routes,
    /// Its port.
    pub port: Arc<dyn customer_api::Customer>,
    /// What it announces.
    pub events: Arc<dyn EventFeed<CustomerEvent>>,
    /// Rings when it has announced something.
    pub bell: Bell,
    /// Its part of every inbox.
    pub inbox: Arc<dyn InboxSource>,
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
}

/// The route table without the state its handlers take, for the API document.
pub fn routes() -> Routes {
    http::routes()
}

impl Customer {
    /// Puts the context together. Nothing runs in the background yet but the relay of its own events.
    ///
    /// # Errors
    /// The first value of the configuration that is out of range.
    pub fn build(config: Config, deps: Deps) -> Result<Self, String> {
        config.validate()?;
        let (events, bell) = outbox::publish::<CustomerEvent>(&deps.db, deps.clock.clone(), &deps.tasks);
        let routes = http::routes().state(http::Landing::of(&config)).state(http::Association::of(&config));
        let inbox = Arc::new(live::StoredNotices(deps.db.clone()));
        let ids = IdSource::new(deps.clock.clone(), deps.random.clone());
        let hub = deps.hub;
        let app = Arc::new(App {
            config,
            clock: deps.clock,
            random: deps.random,
            store: Arc::new(DieselStore::new(deps.db.clone(), ids.clone())),
            ids,
            identity: deps.identity,
            keys: Keys::derive(&deps.root),
            public_origin: deps.public_origin.trim_end_matches('/').to_owned(),
            push: Arc::new(move |posted| {
                live::push(&hub, posted.account, (posted.seq, posted.at), posted.kind, &posted.body);
            }),
            reach: deps.reach,
            owed: Bell::new(),
        });
        Ok(Self {
            routes: routes.state(app.clone()),
            port: Arc::new(LocalCustomer(app.clone())),
            events,
            bell,
            inbox,
            jobs: jobs(&app),
            background: Background {
                app,
                db: deps.db,
                node: deps.node,
                tasks: deps.tasks,
                identity_events: deps.identity_events,
            },
        })
    }

    /// Starts what runs in the background: the consumer of identity's events, the saga's drive and the jobs.
    pub fn start(&self) {
        let Background { app, db, node, tasks, identity_events: (feed, bell) } = &self.background;
        let handler = Arc::new(HearIdentity(app.clone()));
        Consumer::new(db.clone(), IDENTITY_CONSUMER, feed.clone(), app.clock.clone(), handler)
            .start(bell.clone(), tasks);
        tasks.spawn("customer.drive", drive(app.clone(), tasks.clone()));
        Runner::new(db.clone(), app.clock.clone(), *node, self.jobs.clone()).start(tasks);
    }
}

/// How long an owed step may wait when its bell was not heard: another node's, or one whose pause has passed.
const POLL: Duration = Duration::from_millis(500);

/// Carries owed steps out, as they come.
async fn drive(app: Arc<App>, tasks: Tasks) {
    let mut owed = app.owed.clone();
    while !tasks.is_stopping() {
        if let Err(error) = drive_forward::run(&app).await {
            tracing::warn!(%error, "owed steps cannot be carried out now");
        }
        tokio::select! {
            () = owed.wait() => {}
            () = app.clock.sleep(POLL) => {}
            () = tasks.stopping() => {}
        }
    }
}

fn jobs(app: &Arc<App>) -> Vec<Job> {
    let (release, owed) = (app.clone(), app.clone());
    let release = move |_| {
        let app = release.clone();
        async move {
            let released =
                release_reservations::run(&app).await.map_err(|error| JobError(error.to_string()))?;
            Ok(if released == 100 { Progress::More } else { Progress::Done })
        }
    };
    let count = move |_| {
        let app = owed.clone();
        async move {
            let owed = app.store.owed().await?;
            metrics::gauge!("customer_steps_owed").set(f64::from(i32::try_from(owed).unwrap_or(i32::MAX)));
            Ok(Progress::Done)
        }
    };
    vec![
        Job::every("customer.reservations.release", Duration::from_mins(1), release),
        Job::every("customer.steps.count", Duration::from_secs(15), count),
    ]
}
