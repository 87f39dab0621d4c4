//! One process of a simulation: the real game module with its hot games and background tasks, the real hub with its
//! sockets, over a store that may fail, on a clock that is virtual, until it dies.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use customer_api::fake::FakeCustomer;
use futures_util::future::BoxFuture;
use game_engine::{BySeat, State};
use identity_api::fake::FakeIdentity;
use kernel::id::{AccountId, GameId};
use kernel::{Clock, IdSource, Principal, SeededRandom, Timestamp};
use platform::crypto::{Mac, Sealer, SecretBytes};
use platform::lifecycle::Tasks;
use platform::live::testing::{Peer, pipe};
use platform::live::{Arrival, Hub, HubParts, LiveAuth, LiveSettings, NoRoom, Ticketed, TopicKey};
use platform::web::AuthFailure;
// Virtual: the runtime's clock is paused and moves on when nothing is left to do.
use tokio::time::Instant as VirtualTime;

use super::dice::Dice;
use super::faulty_store::{FaultyStore, Gates, Power, Weather};
use super::plan::Ms;
use crate::app::broadcast::{Broadcast, Followers, Told};
use crate::app::{App, Keys, Outside, Policy};
use crate::domain::entry::Recorded;
use crate::house::{AtOnce, PACE};
use crate::live::{GameInbox, GameTopic, HubBroadcast, KIND, SeatWatch, Sockets};
use crate::store::MemoryStore;

/// 2026-01-01T00:00:00Z, when every run begins.
fn epoch() -> Timestamp {
    Timestamp::from_seconds(1_767_225_600)
}

/// How much the network holds for a client that does not read.
const CAPACITY: usize = 8;

/// The clock of one process; a dead process never wakes again.
#[derive(Clone)]
pub(super) struct VirtualClock {
    began: VirtualTime,
    power: Power,
}

impl VirtualClock {
    pub(super) fn start() -> Self {
        Self { began: VirtualTime::now(), power: Power::default() }
    }

    pub(super) fn elapsed(&self) -> Ms {
        u64::try_from(self.began.elapsed().as_millis()).unwrap()
    }

    pub(super) fn at(ms: Ms) -> Timestamp {
        epoch().plus(Duration::from_millis(ms))
    }

    /// Zero for what lies before a run.
    pub(super) fn ms(at: Timestamp) -> Ms {
        u64::try_from(at.since(epoch()).as_millis()).unwrap()
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Self::at(self.elapsed())
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let power = self.power.clone();
        Box::pin(async move {
            tokio::time::sleep(duration).await;
            power.pause(0).await;
        })
    }
}

/// What outlives every process.
pub(super) struct Site {
    pub(super) seed: u64,
    pub(super) clock: VirtualClock,
    pub(super) store: MemoryStore,
    pub(super) weather: Arc<Mutex<Weather>>,
    /// How many of a hundred publications are lost.
    pub(super) mute: Arc<Mutex<u64>>,
    pub(super) identity: Arc<FakeIdentity>,
    pub(super) customer: Arc<FakeCustomer>,
    /// No other process can be alive, as over a SQLite file.
    pub(super) alone: bool,
    pub(super) living: Arc<Mutex<Living>>,
}

/// How many processes live, and when none did.
#[derive(Debug, Default)]
pub(super) struct Living {
    count: u64,
    none_since: Option<Ms>,
    pub(super) outages: Vec<(Ms, Ms)>,
}

impl Living {
    fn born(&mut self, now: Ms) {
        self.count += 1;
        self.outages.extend(self.none_since.take().map(|since| (since, now)));
    }

    fn died(&mut self, now: Ms) {
        self.count -= 1;
        if self.count == 0 {
            self.none_since = Some(now);
        }
    }
}

/// The keys of every process.
pub(super) fn keys() -> Keys {
    Keys { seeds: Sealer::new(&SecretBytes::from([1; 32])), reconnect: Mac::new(&SecretBytes::from([2; 32])) }
}

/// A running process.
pub(super) struct Process {
    pub(super) app: Arc<App>,
    pub(super) hub: Arc<Hub>,
    clock: VirtualClock,
    living: Arc<Mutex<Living>>,
    tasks: Tasks,
    ends_with_it: Vec<tokio::task::AbortHandle>,
}

impl Process {
    pub(super) fn boot(site: &Site, node: usize, life: usize) -> Self {
        let power = Power::default();
        let name = format!("node {node} life {life}");
        site.living.lock().unwrap().born(site.clock.elapsed());
        let own_clock = VirtualClock { power: power.clone(), ..site.clock.clone() };
        let clock = Arc::new(own_clock.clone());
        let random = Arc::new(SeededRandom::new(Dice::of(site.seed, &name).next()));
        let ids = IdSource::new(clock.clone(), random.clone());
        let hub = Hub::new(HubParts {
            clock: clock.clone(),
            random: Arc::new(SeededRandom::new(7)),
            cursor_key: Mac::new(&SecretBytes::from([3; 32])),
            settings: LiveSettings::default(),
        });
        let store = FaultyStore {
            inner: site.store.clone(),
            power: power.clone(),
            weather: site.weather.clone(),
            seed: site.seed,
            name: name.clone(),
            calls: Mutex::default(),
            gates: Gates::default(),
        };
        let broadcast =
            LossyBroadcast { hub: HubBroadcast(hub.clone()), mute: site.mute.clone(), seed: site.seed };
        let outside = Outside {
            store: Arc::new(store),
            identity: site.identity.clone(),
            customer: site.customer.clone(),
            clock,
            random,
            broadcast: Arc::new(broadcast),
            connected: Arc::new(Sockets(hub.clone())),
            public_origin: "https://whot.example".to_owned(),
            thinkers: Arc::new(AtOnce),
            reach: Arc::new(|_| {}),
        };
        let policy = Policy {
            open_invites: 100,
            practice_games: 10,
            lease: Duration::from_secs(30),
            away_after: Duration::from_secs(5),
            pace: PACE,
            open_play: false,
            always_alone: site.alone,
        };
        let tasks = Tasks::new();
        let app = Arc::new(App::assemble(outside, ids.clone(), keys(), policy, ids.next(), tasks.clone()));
        hub.add_topics(Arc::new(GameTopic(app.clone())));
        hub.add_inbox(Arc::new(GameInbox(app.clone())));
        hub.watch(KIND, Arc::new(SeatWatch(app.presences.clone())));
        crate::background::start(&app, &tasks);
        let wheel = tokio::spawn(hub.clone().run_wheel(std::future::pending())).abort_handle();
        Self { app, hub, clock: own_clock, living: site.living.clone(), tasks, ends_with_it: vec![wheel] }
    }

    /// A new socket of somebody; on the route of one game, if it is named.
    pub(super) fn connect(&mut self, principal: &Principal, fixed: Option<GameId>) -> Result<Peer, NoRoom> {
        let (transport, peer) = pipe(CAPACITY);
        let arrival = Arrival {
            principal: principal.clone(),
            auth: Arc::new(NoRenewal),
            origin: None,
            fixed: fixed.map(|game| TopicKey::new(KIND, game)),
            since: self.hub.epoch(),
        };
        let session = self.hub.attach(transport, arrival)?;
        self.ends_with_it.push(tokio::spawn(session).abort_handle());
        Ok(peer)
    }

    /// Ends it where it stands. What waits for storage never learns the answer, whether or not it is committed.
    pub(super) fn crash(self) {
        self.clock.power.fail();
        self.living.lock().unwrap().died(self.clock.elapsed());
        self.ends_with_it.iter().for_each(tokio::task::AbortHandle::abort);
    }

    /// Ends it as an operator does: sockets are sent away, then everything stops.
    pub(super) async fn drain(self) {
        self.hub.drain().await;
        self.tasks.stop(Duration::from_secs(5)).await;
        self.crash();
    }
}

/// Nobody renews a credential in a simulation.
struct NoRenewal;

#[async_trait]
impl LiveAuth for NoRenewal {
    async fn bearer(&self, _: &str) -> Result<Principal, AuthFailure> {
        Err(AuthFailure::Invalid)
    }

    async fn ticket(&self, _: &str, _: Option<&str>) -> Result<Ticketed, AuthFailure> {
        Err(AuthFailure::Invalid)
    }
}

/// The fan-out after a commit, which may lose anything.
struct LossyBroadcast {
    hub: HubBroadcast,
    mute: Arc<Mutex<u64>>,
    seed: u64,
}

struct LossyFollowers {
    followers: Box<dyn Followers>,
    mute: Arc<Mutex<u64>>,
    seed: u64,
    game: GameId,
}

impl Broadcast for LossyBroadcast {
    fn game(&self, game: GameId, players: BySeat<AccountId>) -> Box<dyn Followers> {
        let followers = self.hub.game(game, players);
        Box::new(LossyFollowers { followers, mute: self.mute.clone(), seed: self.seed, game })
    }

    fn notices(&self, told: &[Told]) {
        let mut kept: HashMap<bool, Vec<Told>> = HashMap::new();
        for told in told {
            let mut dice = Dice::of(self.seed, &format!("notice {} {}", told.to, told.seq));
            kept.entry(!dice.percent(*self.mute.lock().unwrap())).or_default().push(told.clone());
        }
        self.hub.notices(kept.get(&true).map_or(&[], Vec::as_slice));
    }
}

impl Followers for LossyFollowers {
    fn lines(&self, lines: &[Recorded], after: &State) {
        let first = lines.first().map_or(0, |line| line.seq);
        let mut dice = Dice::of(self.seed, &format!("lines {} {first}", self.game));
        if !dice.percent(*self.mute.lock().unwrap()) {
            self.followers.lines(lines, after);
        }
    }
}
