//! What people and other contexts can do with games: one file per use case, told from top to bottom.
//!
//! No SQL, no web framework and no wire format: those stand around this room.

pub(crate) mod accept_invite;
pub(crate) mod alive;
pub(crate) mod answer_invite;
pub(crate) mod broadcast;
pub(crate) mod count_games;
pub(crate) mod create_invite;
pub(crate) mod deadlines;
pub(crate) mod finding;
pub(crate) mod follow_customer;
pub(crate) mod follow_identity;
pub(crate) mod head_to_head;
pub(crate) mod history;
pub(crate) mod hot;
pub(crate) mod inbox;
pub(crate) mod leaderboard;
pub(crate) mod list_invites;
pub(crate) mod look;
pub(crate) mod names;
pub(crate) mod play;
pub(crate) mod practice;
pub(crate) mod presence;
pub(crate) mod proof;
pub(crate) mod put_entropy;
pub(crate) mod ratings;
pub(crate) mod reconnect;
pub(crate) mod rematch;
pub(crate) mod replay;
pub(crate) mod restrict;
pub(crate) mod rounds;
pub(crate) mod spectate;
pub(crate) mod tables;
pub(crate) mod void_games;

#[cfg(test)]
mod stories;

use std::sync::Arc;
use std::time::Duration;

use customer_api::{Capability, Check, Customer, Denial};
use identity_api::Identity;
use kernel::id::{AccountId, GameId, NodeId};
use kernel::{CallContext, Clock, IdSource, Random};
use platform::bus::Bell;
use platform::crypto::{Mac, Sealer};
use platform::lifecycle::Tasks;

use crate::domain::practice::Pace;
use crate::store::{Stamp, Store, StoreError};
use alive::Aliveness;
use broadcast::Broadcast;
use deadlines::Deadlines;
use finding::{Connected, Finding};
use hot::{Meters, Parts};
use names::Names;
use practice::{Practice, Thinkers};
use presence::Presences;
use spectate::Watching;
use tables::Tables;

/// What the deployment decides.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Policy {
    /// Invites one person may have open.
    pub(crate) open_invites: u32,
    /// Practice games of one person that run at once.
    pub(crate) practice_games: u32,
    /// How long a followed seat counts as seen without being renewed.
    pub(crate) lease: Duration,
    /// How long after the last socket left a seat is away.
    pub(crate) away_after: Duration,
    /// How long practice opponents take for a move.
    pub(crate) pace: Pace,
    /// Whether anybody may play anybody, as customer is told too.
    pub(crate) open_play: bool,
    /// Whether no other node can be alive, by the kind of database.
    pub(crate) always_alone: bool,
}

/// Keys of this context.
pub(crate) struct Keys {
    /// Seals seeds at rest.
    pub(crate) seeds: Sealer,
    /// MACs reconnect tokens at rest.
    pub(crate) reconnect: Mac,
}

/// Everything the use cases work with.
pub(crate) struct App {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) identity: Arc<dyn Identity>,
    pub(crate) customer: Arc<dyn Customer>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) ids: IdSource,
    pub(crate) keys: Arc<Keys>,
    pub(crate) policy: Policy,
    pub(crate) node: NodeId,
    pub(crate) broadcast: Arc<dyn Broadcast>,
    pub(crate) deadlines: Arc<Deadlines>,
    pub(crate) aliveness: Arc<Aliveness>,
    pub(crate) presences: Arc<Presences>,
    pub(crate) finding: Finding,
    pub(crate) connected: Arc<dyn Connected>,
    /// Where links to this deployment begin, without a slash at the end.
    pub(crate) public_origin: String,
    pub(crate) practice: Arc<Practice>,
    pub(crate) watching: Arc<Watching>,
    /// Rings when a match is over.
    pub(crate) over: Bell,
    pub(crate) tables: Tables,
    pub(crate) names: Names,
    pub(crate) reach: Reach,
}

/// What the use cases reach beyond themselves.
pub(crate) struct Outside {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) identity: Arc<dyn Identity>,
    pub(crate) customer: Arc<dyn Customer>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) broadcast: Arc<dyn Broadcast>,
    /// Who has a socket in this process.
    pub(crate) connected: Arc<dyn Connected>,
    /// Where links to this deployment begin, without a slash at the end.
    pub(crate) public_origin: String,
    /// Where practice opponents think.
    pub(crate) thinkers: Arc<dyn Thinkers>,
    /// Told at each of the crate's arrows.
    pub(crate) reach: Reach,
}

/// Told that a point was reached; crash tests end the process there.
pub(crate) type Reach = Arc<dyn Fn(&'static str) + Send + Sync>;

impl App {
    /// Puts it together.
    pub(crate) fn assemble(
        outside: Outside,
        ids: IdSource,
        keys: Keys,
        policy: Policy,
        node: NodeId,
        tasks: Tasks,
    ) -> Self {
        let Outside {
            store,
            identity,
            customer,
            clock,
            random,
            broadcast,
            connected,
            public_origin,
            thinkers,
            reach,
        } = outside;
        let (keys, deadlines) = (Arc::new(keys), Arc::new(Deadlines::default()));
        let (aliveness, over) = (Arc::new(Aliveness::new()), Bell::new());
        let practice = Arc::new(Practice::new(thinkers, policy.pace, random.clone()));
        let presences = Arc::new(Presences::default());
        let parts = Parts {
            store: store.clone(),
            clock: clock.clone(),
            random: random.clone(),
            keys: keys.clone(),
            broadcast: broadcast.clone(),
            deadlines: deadlines.clone(),
            aliveness: aliveness.clone(),
            practice: practice.clone(),
            presences: presences.clone(),
            over: over.clone(),
            meters: Meters::new(),
            reach: reach.clone(),
        };
        Self {
            names: Names::new(identity.clone(), clock.clone()),
            tables: Tables::new(Arc::new(parts), tasks),
            presences,
            watching: Arc::default(),
            finding: Finding::default(),
            connected,
            public_origin,
            practice,
            store,
            identity,
            customer,
            clock,
            random,
            ids,
            keys,
            policy,
            node,
            broadcast,
            deadlines,
            over,
            aliveness,
            reach,
        }
    }

    /// This call, now.
    pub(crate) fn stamp(&self, call: &CallContext) -> Stamp {
        Stamp { call: call.clone(), at: self.clock.now() }
    }

    /// Whether the two may play each other now. Every doubt is a no.
    pub(crate) async fn may_play(&self, call: &CallContext, subject: AccountId, object: AccountId) -> bool {
        self.knows_to_play(call, subject, object).await.unwrap_or(false)
    }

    /// The same, with doubt told from no: it may be over a moment later.
    pub(crate) async fn knows_to_play(
        &self,
        call: &CallContext,
        subject: AccountId,
        object: AccountId,
    ) -> Option<bool> {
        let check = Check { subject, capability: Capability::Play, object };
        match self.customer.check(call, check).await {
            Ok(decision) if decision.denial == Some(Denial::Doubt) => None,
            Ok(decision) => Some(decision.allowed()),
            Err(error) => {
                tracing::warn!(%error, "entitlement to play is in doubt");
                None
            }
        }
    }

    /// Whether this account may start a game now.
    pub(crate) async fn is_restricted(&self, account: AccountId) -> Result<bool, StoreError> {
        Ok(self.store.restricted_until(account, self.clock.now()).await?.is_some())
    }
}

/// What a game's seed is sealed to.
pub(crate) fn seed_context(game: GameId) -> Vec<u8> {
    use kernel::TypedId;
    [b"whot/seed/v1".as_slice(), game.uuid().as_bytes()].concat()
}
