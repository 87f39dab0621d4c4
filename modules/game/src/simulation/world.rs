//! A run: clients, a network that fails, processes that die, and the order in which all of it happens. Everything is
//! one heap of moments; between two moments the processes do what they have to do.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use kernel::id::{AccountId, PersonId};
use kernel::{
    AccountType, Actor, CallContext, Clock, IdSource, Principal, RequestId, Role, Roles, SeededRandom,
    TypedId,
};
use platform::live::testing::Peer;
use platform::live::transport::{Incoming, Outgoing};
use platform::web::ClaimParts;

use super::client::Client;
use super::dice::{Dice, Digest};
use super::faulty_store::Weather;
use super::judge::{Case, Judge};
use super::plan::{Act, Ms, Plan};
use super::process::{Process, Site, VirtualClock};
use crate::app::create_invite::{self, Invitation};
use crate::app::practice::offer::{self, Wanted};
use crate::app::{accept_invite, void_games};
use crate::store::MemoryStore;

/// How many lines of a trace are shown when a run fails.
const SHOWN: usize = 60;

/// A connection, numbered in the order of dialling.
pub(super) type ConnId = u64;

/// What is due at a moment.
#[derive(Debug)]
pub(super) enum Due {
    Step(usize),
    /// The world has healed; are the games over?
    Look,
    Dial(usize),
    NoWelcome(usize, ConnId),
    /// By now whoever followed must know what there was when it came.
    CaughtUp(usize, ConnId, u64),
    Think(usize),
    Ping(usize, ConnId),
    Retry(usize),
    /// Time to follow again what could not be followed: the inbox, or the game.
    Follow(usize, ConnId, bool),
    NoAnswer(usize, ConnId, kernel::id::Uuid),
    /// A move at the instant when the turn runs out.
    Fire(usize, bool),
    ToServer(ConnId, Incoming),
    ToClient(ConnId, Arriving),
    /// The server notices that a connection is gone.
    Hangup(ConnId),
    /// The client does.
    Notice(ConnId),
}

/// What comes out of a connection at the client's end.
#[derive(Debug)]
pub(super) enum Arriving {
    Text(String),
    Ping,
    Close(u16),
    Gone,
}

/// One connection between a client and a process.
pub(super) struct Conn {
    client: usize,
    node: usize,
    peer: Peer,
    /// When the last frame on its way up or down arrives: nothing overtakes it.
    up: Ms,
    down: Ms,
    /// Nothing passes any more.
    pub(super) dark: bool,
    /// The server has let go of it.
    ended: bool,
    /// It was dark, slow or not read at some time: an answer may be late.
    pub(super) troubled: bool,
    dice: Dice,
}

pub(super) struct World {
    pub(super) site: Site,
    pub(super) plan: Plan,
    pub(super) judge: Judge,
    pub(super) clients: Vec<Client>,
    pub(super) conns: BTreeMap<ConnId, Conn>,
    pub(super) healed: bool,
    /// Until when storage fails.
    pub(super) stormy_until: Ms,
    nodes: Vec<Option<Process>>,
    lives: Vec<usize>,
    heap: BinaryHeap<Reverse<(Ms, u64)>>,
    due: BTreeMap<u64, Due>,
    next: u64,
    last_restart: bool,
    seen: BTreeSet<String>,
    traces: Vec<Digest>,
    shown: VecDeque<String>,
}

/// What became of a run.
pub(super) struct Outcome {
    pub(super) trace: Digest,
    /// What happened at all, in a few words each.
    pub(super) seen: BTreeSet<String>,
    pub(super) failure: Option<String>,
    pub(super) shown: Vec<String>,
}

impl World {
    /// Runs a plan to its end.
    pub(super) async fn run(plan: Plan) -> Outcome {
        let mut world = Self::open(plan).await;
        let failure = world.play().await.err();
        let mut trace = Digest::EMPTY;
        world.traces.iter().for_each(|client| trace.add(&client.to_string()));
        for case in &world.judge.cases {
            case.lines()
                .iter()
                .for_each(|line| trace.add(&format!("{} {:?} {:?}", line.seq, line.at, line.entry)));
            world.seen.extend(case.kinds().map(str::to_owned));
            if failure.is_some() {
                world.shown.extend(case.told());
            }
        }
        Outcome { trace, seen: world.seen, failure, shown: world.shown.into() }
    }

    async fn open(plan: Plan) -> Self {
        let clock = VirtualClock::start();
        let shared = Arc::new(clock.clone());
        let random = Arc::new(SeededRandom::new(plan.seed));
        let ids = IdSource::new(shared, random.clone());
        let store = MemoryStore::new(IdSource::new(Arc::new(clock.clone()), Arc::new(SeededRandom::new(1))));
        let site = Site {
            seed: plan.seed,
            clock,
            store: store.clone(),
            weather: Arc::default(),
            mute: Arc::new(Mutex::new(0)),
            identity: Arc::default(),
            customer: Arc::new(customer_api::fake::FakeCustomer::new(ids.clone())),
            alone: plan.nodes == 1 && plan.seed.is_multiple_of(2),
            living: Arc::default(),
        };
        let count = usize::try_from(plan.nodes).unwrap();
        let nodes: Vec<_> = (0..count).map(|node| Some(Process::boot(&site, node, 0))).collect();
        let mut world = Self {
            site,
            judge: Judge::new(store),
            clients: Vec::new(),
            conns: BTreeMap::new(),
            healed: false,
            stormy_until: 0,
            lives: vec![0; nodes.len()],
            nodes,
            heap: BinaryHeap::new(),
            due: BTreeMap::new(),
            next: 0,
            last_restart: false,
            seen: BTreeSet::new(),
            traces: Vec::new(),
            shown: VecDeque::new(),
            plan,
        };
        // The first process has to say first that it lives.
        tokio::time::sleep(Duration::from_secs(5)).await;
        for number in 0..world.plan.games.len() {
            world.begin(number, &ids, random.as_ref()).await;
        }
        for step in 0..world.plan.steps.len() {
            world.after(world.plan.steps[step].at, Due::Step(step));
        }
        world.after(world.plan.horizon(), Due::Look);
        world
    }

    /// Begins a game, as its players would.
    async fn begin(&mut self, number: usize, ids: &IdSource, random: &SeededRandom) {
        let names = [format!("one{number}"), format!("two{number}")];
        let head: AccountId = ids.next();
        let players = names.each_ref().map(|name| self.person(name, head, ids));
        let app = self.nodes[0].as_ref().unwrap().app.clone();
        let call = |who: &Principal| {
            let request = RequestId::fresh(random);
            CallContext::new(Actor::from(who), request, self.site.clock.now(), Duration::from_secs(10))
        };
        let rules = self.plan.games[number].rule_set().unwrap();
        let ask = Invitation { username: names[1].clone(), rules, rematch_of: None, rated: true };
        let practice =
            self.plan.games[number].practice.map(|strength| Wanted { strength, rules, rematch_of: None });
        let claim =
            ClaimParts { key: ids.uuid().to_string(), route: "POST /invites".to_owned(), digest: [0; 32] };
        let invite = match practice {
            Some(wanted) => offer::run(&app, &call(&players[1]), &players[1], claim, wanted).await.unwrap(),
            None => create_invite::run(&app, &call(&players[0]), &players[0], claim, ask).await.unwrap(),
        };
        let account = players[1].account;
        let game = accept_invite::run(&app, &call(&players[1]), account, invite.id, None).await.unwrap();
        self.judge.open(game);
        for (seat, player) in [game_engine::Seat::First, game_engine::Seat::Second].into_iter().zip(&players)
        {
            for device in 0..self.plan.games[number].devices[seat.index()] {
                let (id, think_ms) = (self.clients.len(), self.plan.games[number].think_ms);
                let dice = Dice::of(self.plan.seed, &format!("client {id}"));
                let client = Client::new(id, (number, game, seat), player.clone(), device, (dice, think_ms));
                self.clients.push(client);
                self.traces.push(Digest::EMPTY);
                self.after(1, Due::Dial(id));
            }
        }
    }

    fn person(&self, username: &str, head: AccountId, ids: &IdSource) -> Principal {
        let account: AccountId = ids.next();
        self.site.identity.add(account, username, AccountType::Player);
        self.site.customer.relate(head, account);
        Principal {
            account,
            person: PersonId::from_uuid(account.uuid()),
            session: ids.next(),
            account_type: AccountType::Player,
            roles: Roles::NONE.with(Role::Player),
            expires_at: self.site.clock.now().plus(Duration::from_hours(24)),
            auth_time: self.site.clock.now(),
        }
    }

    pub(super) fn now(&self) -> Ms {
        self.site.clock.elapsed()
    }

    pub(super) fn at(&mut self, at: Ms, due: Due) {
        self.next += 1;
        self.heap.push(Reverse((at, self.next)));
        self.due.insert(self.next, due);
    }

    pub(super) fn after(&mut self, ms: Ms, due: Due) {
        self.at(self.now() + ms, due);
    }

    /// Notes what a client went through.
    pub(super) fn trace(&mut self, client: usize, what: &str) {
        let line = format!("{:>7} client {client} {what}", self.now());
        self.traces[client].add(&line);
        self.show(line);
    }

    pub(super) fn note(&mut self, what: String) {
        self.seen.insert(what);
    }

    pub(super) fn show(&mut self, line: String) {
        if self.shown.len() == SHOWN {
            self.shown.pop_front();
        }
        self.shown.push_back(line);
    }

    async fn play(&mut self) -> Result<(), String> {
        loop {
            while let Some(Reverse((at, number))) = self.heap.peek().copied()
                && at <= self.now()
            {
                self.heap.pop();
                let due = self.due.remove(&number).unwrap();
                if self.happens(due)? {
                    let outages = self.site.living.lock().unwrap().outages.clone();
                    let at = |(down, up)| (VirtualClock::at(down), VirtualClock::at(up));
                    return self.judge.sum_up(&outages.into_iter().map(at).collect::<Vec<_>>());
                }
            }
            let Some(Reverse((next, _))) = self.heap.peek().copied() else {
                return Err("nothing is left to do, and the games are not over".to_owned());
            };
            self.listen(next).await;
        }
    }

    /// Lets the processes work until the next moment, or until one of them says something.
    async fn listen(&mut self, next: Ms) {
        let pause = tokio::time::sleep(Duration::from_millis(next.saturating_sub(self.now())));
        let mut pause = pin!(pause);
        let (conns, clients, now) = (&self.conns, &self.clients, self.now());
        let heard = std::future::poll_fn(|cx| {
            let mut heard: Vec<(ConnId, Option<Outgoing>)> = Vec::new();
            for (id, conn) in conns {
                if conn.dark || conn.ended || clients[conn.client].stalled_until > now {
                    continue;
                }
                while let Poll::Ready(frame) = pin!(conn.peer.next()).poll(cx) {
                    let last = frame.is_none();
                    heard.push((*id, frame));
                    if last {
                        break;
                    }
                }
            }
            let timed = pause.as_mut().poll(cx).is_ready();
            if timed || !heard.is_empty() { Poll::Ready(heard) } else { Poll::Pending }
        });
        for (id, frame) in heard.await {
            self.came_down(id, frame);
        }
    }

    fn came_down(&mut self, id: ConnId, frame: Option<Outgoing>) {
        let arriving = match frame {
            Some(Outgoing::Text(text)) => Arriving::Text(text.to_string()),
            Some(Outgoing::Ping) => Arriving::Ping,
            Some(Outgoing::Pong(_)) => return,
            Some(Outgoing::Close(close)) => Arriving::Close(close.map_or(1000, |close| close.code())),
            None => Arriving::Gone,
        };
        let now = self.now();
        let Some(conn) = self.conns.get_mut(&id) else { return };
        // After the end there is nothing more to read.
        conn.ended |= matches!(arriving, Arriving::Gone);
        let lag = self.clients[conn.client].lag(now);
        conn.down = conn.down.max(now + 1 + conn.dice.below(30) + lag);
        let at = conn.down;
        self.at(at, Due::ToClient(id, arriving));
    }

    /// Sends a frame to the server; it arrives after a while, or at a given moment.
    pub(super) fn send_up(&mut self, id: ConnId, frame: Incoming, exactly: Option<Ms>) {
        let now = self.now();
        let Some(conn) = self.conns.get_mut(&id) else { return };
        let lag = self.clients[conn.client].lag(now);
        let usual = now + 1 + conn.dice.below(30) + lag;
        conn.up = conn.up.max(exactly.unwrap_or(usual));
        let at = conn.up;
        self.at(at, Due::ToServer(id, frame));
    }

    /// Opens a connection to some process that takes it.
    pub(super) fn dial(&mut self, client: usize) -> Option<ConnId> {
        let (principal, fixed, number) = self.clients[client].arrival();
        let living: Vec<usize> = (0..self.nodes.len()).filter(|node| self.nodes[*node].is_some()).collect();
        let node = if living.is_empty() { None } else { Some(self.clients[client].dice.pick(&living)) };
        let node = node?;
        let peer = self.nodes[node].as_mut()?.connect(&principal, fixed).ok()?;
        let id = u64::try_from(client).unwrap() * 100_000 + number;
        let dice = Dice::of(self.plan.seed, &format!("conn {id}"));
        let now = self.now();
        let conn =
            Conn { client, node, peer, up: now, down: now, dark: false, ended: false, troubled: false, dice };
        self.conns.insert(id, conn);
        Some(id)
    }

    /// The connection breaks for the server after a while, and for whatever is on its way at once.
    pub(super) fn break_off(&mut self, id: ConnId, server_ms: Ms) {
        if let Some(conn) = self.conns.get_mut(&id) {
            (conn.dark, conn.troubled) = (true, true);
            self.after(server_ms, Due::Hangup(id));
        }
    }

    fn happens(&mut self, due: Due) -> Result<bool, String> {
        match due {
            Due::Step(number) => {
                let act = self.plan.steps[number].act;
                self.show(format!("{:>7} --- {act}", self.now()));
                self.act(act);
            }
            Due::Look => return self.look(),
            Due::ToServer(id, frame) => {
                if let Some(conn) = self.conns.get(&id).filter(|conn| !conn.dark) {
                    conn.peer.push(Ok(frame));
                }
            }
            Due::ToClient(id, arriving) => self.arrives(id, arriving)?,
            Due::Hangup(id) => drop(self.conns.remove(&id)),
            Due::Notice(id) => self.lost(id),
            Due::Dial(client) => self.dials(client),
            Due::NoWelcome(client, id) => self.no_welcome(client, id),
            Due::CaughtUp(client, id, head) => self.must_know(client, id, head)?,
            Due::Think(client) => self.thinks(client),
            Due::Ping(client, id) => self.pings(client, id),
            Due::Retry(client) => self.sends_again(client),
            Due::Follow(client, id, true) if self.clients[client].conn == Some(id) => {
                self.follows_inbox_again(client);
            }
            Due::Follow(client, id, false) if self.clients[client].conn == Some(id) => {
                self.follows_again(client, None);
            }
            Due::Follow(..) => {}
            Due::NoAnswer(client, id, cid) => self.no_answer(client, id, cid)?,
            Due::Fire(client, twice) => self.fires(client, twice),
        }
        Ok(false)
    }

    fn arrives(&mut self, id: ConnId, arriving: Arriving) -> Result<(), String> {
        let Some(conn) = self.conns.get(&id) else { return Ok(()) };
        let client = conn.client;
        if self.clients[client].conn != Some(id) || conn.dark {
            return Ok(());
        }
        match arriving {
            Arriving::Text(text) => {
                self.reads(client, id, &text).map_err(|wrong| format!("client {client} read {text}\n{wrong}"))
            }
            Arriving::Ping => {
                self.send_up(id, Incoming::Pong, None);
                Ok(())
            }
            Arriving::Close(code) => {
                self.trace(client, &format!("closed {code}"));
                self.note(format!("closed {code}"));
                // What sends a well-behaved client away for good is a defect; its own second socket is not this one.
                super::judge::ensure!([4001, 4008].contains(&code), "client {client} was closed with {code}");
                self.lost(id);
                Ok(())
            }
            Arriving::Gone => {
                self.lost(id);
                Ok(())
            }
        }
    }

    pub(super) fn sibling(&self, client: usize) -> Option<usize> {
        let key = |client: &Client| (client.number, client.seat);
        (0..self.clients.len())
            .find(|other| *other != client && key(&self.clients[*other]) == key(&self.clients[client]))
    }

    fn act(&mut self, act: Act) {
        let now = self.now();
        match act {
            Act::Crash { node } => self.crash(usize::try_from(node).unwrap()),
            Act::Drain { node } => {
                if let Some(process) = self.nodes[usize::try_from(node).unwrap()].take() {
                    tokio::spawn(process.drain());
                }
            }
            Act::Boot { node } => self.boot(usize::try_from(node).unwrap()),
            Act::Storm { refuse_percent, lose_percent, slow_ms, for_ms } => {
                *self.site.weather.lock().unwrap() = Weather { refuse_percent, lose_percent, slow_ms };
                self.stormy_until = now + for_ms;
                let weather = self.site.weather.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(for_ms)).await;
                    *weather.lock().unwrap() = Weather::default();
                });
            }
            Act::Mute { percent, for_ms } => {
                *self.site.mute.lock().unwrap() = percent;
                let mute = self.site.mute.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(for_ms)).await;
                    *mute.lock().unwrap() = 0;
                });
            }
            Act::Void { game } => self.void(usize::try_from(game).unwrap()),
            Act::Dark { client } => {
                let conn = self.clients[usize::try_from(client).unwrap()].conn;
                if let Some(conn) = conn.and_then(|id| self.conns.get_mut(&id)) {
                    (conn.dark, conn.troubled) = (true, true);
                }
            }
            Act::Lag { client, ms, for_ms } => {
                let client = usize::try_from(client).unwrap();
                self.clients[client].lagging = (ms, now + for_ms);
                self.trouble(client);
            }
            Act::Stall { client, for_ms } => {
                let client = usize::try_from(client).unwrap();
                self.clients[client].stalled_until = now + for_ms;
                self.trouble(client);
            }
            other => self.client_acts(other),
        }
    }

    fn trouble(&mut self, client: usize) {
        let conn = self.clients[client].conn;
        if let Some(conn) = conn.and_then(|id| self.conns.get_mut(&id)) {
            conn.troubled = true;
        }
    }

    fn void(&mut self, number: usize) {
        let (Some(process), account) =
            (self.nodes.iter().flatten().next(), self.clients[0].principal.clone())
        else {
            return;
        };
        let game = &self.clients.iter().find(|client| client.number == number).unwrap().principal;
        let (app, whose) = (process.app.clone(), game.account);
        let request = RequestId::fresh(app.random.as_ref());
        let call =
            CallContext::new(Actor::from(&account), request, self.site.clock.now(), Duration::from_secs(10));
        tokio::spawn(async move { void_games::run(&app, &call, whose, "simulated").await });
    }

    fn crash(&mut self, node: usize) {
        let Some(process) = self.nodes[node].take() else { return };
        process.crash();
        let theirs = self.conns.iter().filter(|(_, conn)| conn.node == node).map(|(id, _)| *id);
        for id in theirs.collect::<Vec<_>>() {
            self.break_off(id, 0);
            let notice = self.conns.get_mut(&id).map_or(0, |conn| conn.dice.below(600));
            self.after(notice, Due::Notice(id));
        }
    }

    fn boot(&mut self, node: usize) {
        if self.nodes[node].is_some() {
            return;
        }
        self.lives[node] += 1;
        self.nodes[node] = Some(Process::boot(&self.site, node, self.lives[node]));
    }

    /// Everything works from now on.
    fn heal(&mut self) {
        self.healed = true;
        *self.site.weather.lock().unwrap() = Weather::default();
        *self.site.mute.lock().unwrap() = 0;
        (0..self.nodes.len()).for_each(|node| self.boot(node));
        let dark: Vec<ConnId> = self.conns.iter().filter(|(_, conn)| conn.dark).map(|(id, _)| *id).collect();
        for id in dark {
            self.after(0, Due::Hangup(id));
            self.after(1, Due::Notice(id));
        }
        for client in 0..self.clients.len() {
            self.clients[client].heal();
            self.trouble(client);
            self.after(1, Due::Think(client));
        }
    }

    /// Whether the run is over: the games are, everybody knows, and no command waits for its answer.
    fn look(&mut self) -> Result<bool, String> {
        if !self.healed {
            self.show(format!("{:>7} --- all heals", self.now()));
            self.heal();
        }
        for number in 0..self.judge.cases.len() {
            self.judge.case(number)?;
        }
        let over = self.judge.cases.iter().all(Case::is_over) && self.judge.all_counted();
        let behind = self.clients.iter().find(|client| {
            let head = self.judge.cases[client.number].head();
            let notices = self.judge.notices(client.principal.account);
            client.view.as_ref().is_none_or(|view| view.seq != head)
                || client.notices().is_some_and(|seq| seq != notices)
                || !client.open.is_empty()
                || !client.welcomed
        });
        let behind = behind.map(Client::describe);
        if over && behind.is_none() {
            if self.last_restart {
                return Ok(true);
            }
            self.last_restart = true;
            self.restart_once_more();
        }
        let late = self.now() > self.plan.horizon() + 3_600_000;
        super::judge::ensure!(
            !late,
            "an hour after everything healed the games are over: {over}; {behind:?}"
        );
        self.after(500, Due::Look);
        Ok(false)
    }

    /// What was answered before must be answered the same by processes that know nothing of it.
    fn restart_once_more(&mut self) {
        for node in 0..self.nodes.len() {
            self.crash(node);
            self.boot(node);
        }
        for client in 0..self.clients.len() {
            self.asks_again(client, 4);
        }
    }
}
