//! A game context with fakes around it, for this crate's tests: real store, real tasks, a clock that stands still.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use customer_api::fake::FakeCustomer;
use futures_util::future::BoxFuture;
use game_bots::Strength;
use game_engine::{BySeat, Command, RuleSet, Seat, State};
use identity_api::fake::FakeIdentity;
use kernel::id::{AccountId, GameId, PersonId, Uuid};
use kernel::random::RandomExt;
use kernel::{
    AccountType, Actor, CallContext, Clock, IdSource, ManualClock, Principal, RequestId, Role, Roles,
    SeededRandom, TypedId,
};
use platform::crypto::{Mac, Sealer, SecretBytes};
use platform::db::{Db, Dialect};
use platform::lifecycle::Tasks;
use platform::web::ClaimParts;

use crate::app::broadcast::{Broadcast, Followers};
use crate::app::create_invite::{self, CreateError, Invitation};
use crate::app::finding::Connected;
use crate::app::hot::Answer;
use crate::app::practice::Thinkers;
use crate::app::practice::offer::{self, Wanted};
use crate::app::{App, Keys, Outside, Policy, accept_invite, alive, look, play};
use crate::domain::command::{Act, Asked};
use crate::domain::entry::Recorded;
use crate::domain::invite::Invite;
use crate::domain::practice::{Pace, Question};
use crate::domain::view::GameView;
use crate::live::wire::EventData;
use crate::store::{DieselStore, Store, Told};

/// What was told to whom, in order.
#[derive(Clone, Default)]
pub(crate) struct Heard {
    pub(crate) lines: Arc<Mutex<Vec<HeardLine>>>,
    pub(crate) notices: Arc<Mutex<Vec<Told>>>,
    /// What spectators were told, and who of them was sent away.
    pub(crate) watched: Arc<Mutex<Vec<(GameId, u64)>>>,
    pub(crate) sent_away: Arc<Mutex<Vec<(GameId, AccountId)>>>,
}

/// A published line, as each seat saw it.
#[derive(Debug, Clone)]
pub(crate) struct HeardLine {
    pub(crate) game: GameId,
    pub(crate) line: Recorded,
    pub(crate) bodies: BySeat<String>,
}

impl Broadcast for Heard {
    fn game(&self, game: GameId, _: BySeat<AccountId>) -> Box<dyn Followers> {
        Box::new(HeardGame(game, self.clone()))
    }

    fn watched(&self, game: GameId, lines: &[Recorded]) {
        self.watched.lock().unwrap().extend(lines.iter().map(|line| (game, line.seq)));
    }

    fn sent_away(&self, game: GameId, account: AccountId) {
        self.sent_away.lock().unwrap().push((game, account));
    }

    fn notices(&self, told: &[Told]) {
        self.notices.lock().unwrap().extend(told.iter().cloned());
    }
}

struct HeardGame(GameId, Heard);

impl Followers for HeardGame {
    fn lines(&self, lines: &[Recorded], _: &State) {
        let body = |line, seat| EventData::raw_with(line, seat, None).unwrap().get().to_owned();
        let heard = lines.iter().map(|line| HeardLine {
            game: self.0,
            line: line.clone(),
            bodies: BySeat::new(body(line, Seat::First), body(line, Seat::Second)),
        });
        self.1.lines.lock().unwrap().extend(heard);
    }
}

impl Heard {
    pub(crate) fn of(&self, game: GameId) -> Vec<HeardLine> {
        self.lines.lock().unwrap().iter().filter(|line| line.game == game).cloned().collect()
    }

    pub(crate) fn kinds_for(&self, account: AccountId) -> Vec<&'static str> {
        let notices = self.notices.lock().unwrap();
        notices.iter().filter(|told| told.to == account).map(|told| told.kind).collect()
    }
}

/// How long practice opponents take in tests.
pub(crate) const PACE: Pace = Pace { least: Duration::from_millis(600), most: Duration::from_secs(2) };

/// Practice games of one person that run at once, in tests.
pub(crate) const PRACTICE_GAMES: u32 = 12;

/// Thinks where it is asked, and a little: what it answers follows from the question alone.
pub(crate) struct AtOnce;

/// Guessed games are looked at in tens; so many tens are enough here.
const THOUGHTS: u32 = 4;

impl Thinkers for AtOnce {
    fn think(&self, question: Question) -> BoxFuture<'static, Option<Command>> {
        let mut asked = 0;
        let mut late = || {
            asked += 1;
            asked > THOUGHTS
        };
        Box::pin(std::future::ready(question.answer(&mut late)))
    }
}

/// Who has a socket on a node, as a test says.
#[derive(Default)]
pub(crate) struct Here(pub(crate) Mutex<BTreeSet<AccountId>>);

impl Connected for Here {
    fn accounts(&self) -> BTreeSet<AccountId> {
        self.0.lock().unwrap().clone()
    }
}

/// One node, and the world around it.
pub(crate) struct House {
    pub(crate) app: Arc<App>,
    pub(crate) clock: ManualClock,
    pub(crate) identity: Arc<FakeIdentity>,
    pub(crate) customer: Arc<FakeCustomer>,
    pub(crate) heard: Arc<Heard>,
    /// Who has a socket on this node.
    pub(crate) connected: Arc<Here>,
    pub(crate) ids: IdSource,
    random: Arc<SeededRandom>,
    store: Arc<dyn Store>,
    always_alone: bool,
}

impl House {
    /// The first node of a fresh database.
    pub(crate) async fn open(db: &Db) -> Self {
        let store = |ids| Arc::new(DieselStore::new(db.clone(), ids)) as Arc<dyn Store>;
        Self::over(store, db.dialect() == Dialect::Sqlite).await
    }

    /// The first node over a fresh store.
    pub(crate) async fn over(store: impl FnOnce(IdSource) -> Arc<dyn Store>, always_alone: bool) -> Self {
        let clock = ManualClock::default();
        let random = Arc::new(SeededRandom::new(7));
        let ids = IdSource::new(Arc::new(clock.clone()), random.clone());
        let identity = Arc::new(FakeIdentity::default());
        let customer = Arc::new(FakeCustomer::new(ids.clone()));
        let place = (store(ids.clone()), always_alone);
        let house = Self::node(place, clock, random, identity, customer, ids);
        alive::take_over(&house.app, house.clock.now()).await.unwrap();
        house
    }

    /// Another node over the same store and in the same world; it has not taken over yet.
    pub(crate) fn beside(&self) -> Self {
        Self::node(
            (self.store.clone(), self.always_alone),
            self.clock.clone(),
            self.random.clone(),
            self.identity.clone(),
            self.customer.clone(),
            self.ids.clone(),
        )
    }

    /// Another node that has taken over.
    pub(crate) async fn next(&self) -> Self {
        let next = self.beside();
        alive::take_over(&next.app, next.clock.now()).await.unwrap();
        next
    }

    fn node(
        (store, always_alone): (Arc<dyn Store>, bool),
        clock: ManualClock,
        random: Arc<SeededRandom>,
        identity: Arc<FakeIdentity>,
        customer: Arc<FakeCustomer>,
        ids: IdSource,
    ) -> Self {
        let (heard, connected) = (Arc::new(Heard::default()), Arc::new(Here::default()));
        let outside = Outside {
            store: store.clone(),
            identity: identity.clone(),
            customer: customer.clone(),
            clock: Arc::new(clock.clone()),
            random: random.clone(),
            broadcast: heard.clone(),
            connected: connected.clone(),
            public_origin: "https://whot.example".to_owned(),
            thinkers: Arc::new(AtOnce),
            reach: Arc::new(|_| {}),
        };
        let keys = Keys {
            seeds: Sealer::new(&SecretBytes::from([1; 32])),
            reconnect: Mac::new(&SecretBytes::from([2; 32])),
        };
        let policy = Policy {
            open_invites: 5,
            practice_games: PRACTICE_GAMES,
            lease: Duration::from_secs(30),
            away_after: Duration::from_secs(5),
            pace: PACE,
            open_play: false,
            always_alone,
        };
        let app = App::assemble(outside, ids.clone(), keys, policy, ids.next(), Tasks::new());
        Self {
            app: Arc::new(app),
            clock,
            identity,
            customer,
            heard,
            connected,
            ids,
            random,
            store,
            always_alone,
        }
    }

    /// A distributor's name and the customers of its network.
    pub(crate) fn network<const N: usize>(&self, tag: &str) -> [Principal; N] {
        let head: AccountId = self.ids.next();
        std::array::from_fn(|number| {
            let principal = self.person(&format!("{tag}{number}"));
            self.customer.relate(head, principal.account);
            principal
        })
    }

    /// Somebody in no network.
    pub(crate) fn person(&self, username: &str) -> Principal {
        let account: AccountId = self.ids.next();
        self.identity.add(account, username, AccountType::Player);
        Principal {
            account,
            person: PersonId::from_uuid(account.uuid()),
            session: self.ids.next(),
            account_type: AccountType::Player,
            roles: Roles::NONE.with(Role::Player),
            expires_at: self.clock.now().plus(Duration::from_mins(5)),
            auth_time: self.clock.now(),
        }
    }

    pub(crate) fn call(&self, principal: &Principal) -> CallContext {
        let request = RequestId::fresh(self.random.as_ref());
        CallContext::new(Actor::from(principal), request, self.clock.now(), Duration::from_secs(10))
    }

    pub(crate) fn claim(&self) -> ClaimParts {
        ClaimParts { key: self.ids.uuid().to_string(), route: "POST /invites".to_owned(), digest: [0; 32] }
    }

    pub(crate) async fn invite(
        &self,
        from: &Principal,
        username: &str,
        rules: RuleSet,
    ) -> Result<Invite, CreateError> {
        let ask = Invitation { username: username.to_owned(), rules, rematch_of: None, rated: true };
        create_invite::run(&self.app, &self.call(from), from, self.claim(), ask).await
    }

    /// A game of two fresh people of one network.
    pub(crate) async fn game(&self, rules: RuleSet) -> (GameId, [Principal; 2]) {
        let tag = format!("p{}_", self.ids.uuid().simple());
        let players: [Principal; 2] = self.network(&tag);
        let invite = self.invite(&players[0], &format!("{tag}1"), rules).await.unwrap();
        let account = players[1].account;
        let game =
            accept_invite::run(&self.app, &self.call(&players[1]), account, invite.id, None).await.unwrap();
        (game, players)
    }

    pub(crate) async fn ask_to_practise(
        &self,
        person: &Principal,
        strength: Strength,
        rules: RuleSet,
    ) -> Result<Invite, CreateError> {
        let wanted = Wanted { strength, rules, rematch_of: None };
        offer::run(&self.app, &self.call(person), person, self.claim(), wanted).await
    }

    /// A practice game that has begun.
    pub(crate) async fn practice(&self, person: &Principal, strength: Strength, rules: RuleSet) -> GameId {
        let invite = self.ask_to_practise(person, strength, rules).await.unwrap();
        accept_invite::run(&self.app, &self.call(person), person.account, invite.id, None).await.unwrap()
    }

    pub(crate) async fn look(&self, game: GameId, principal: &Principal) -> GameView {
        look::snapshot(&self.app, principal.account, game).await.unwrap()
    }

    pub(crate) async fn ask(&self, game: GameId, principal: &Principal, asked: Asked) -> Answer {
        play::run(&self.app, self.call(principal), principal.account, game, asked).await.unwrap()
    }

    pub(crate) fn cid(&self) -> Uuid {
        self.ids.uuid()
    }

    /// One of the legal moves of this player, chosen by chance; nothing if it has none.
    pub(crate) async fn move_as(&self, game: GameId, player: &Principal) {
        let view = self.look(game, player).await;
        if view.legal.is_empty() {
            return;
        }
        let choice = usize::from(self.random.bytes::<1>()[0]) % view.legal.len();
        let asked = Asked { cid: self.cid(), base: Some(view.seq), act: act(&view.legal[choice]) };
        self.ask(game, player, asked).await;
    }

    /// One of the legal moves, chosen by chance; the seq it led to.
    pub(crate) async fn move_somehow(&self, game: GameId, players: &[Principal; 2]) -> u64 {
        let view = self.look(game, &players[0]).await;
        let seat = view.cards.turn.unwrap();
        let mover = &players[seat.index()];
        let view = self.look(game, mover).await;
        let choice = usize::from(self.random.bytes::<1>()[0]) % view.legal.len();
        let act = act(&view.legal[choice]);
        let asked = Asked { cid: self.cid(), base: Some(view.seq), act };
        match self.ask(game, mover, asked).await {
            Answer::Done { seq } => seq,
            Answer::Refused { why, .. } => panic!("a legal command was refused: {}", why.code()),
        }
    }

    /// Plays a game to its end.
    pub(crate) async fn play_out(&self, game: GameId, players: &[Principal; 2]) {
        while self.look(game, &players[0]).await.cards.outcome.is_none() {
            self.clock.advance(Duration::from_millis(700));
            self.move_somehow(game, players).await;
        }
    }

    pub(crate) async fn journal(&self, game: GameId) -> Vec<Recorded> {
        self.app.store.lines(game, 0, 10_000).await.unwrap().unwrap().lines
    }
}

pub(crate) fn act(command: &Command) -> Act {
    match command {
        Command::Play(play) => Act::Play { cards: play.cards, call: play.call },
        Command::Draw => Act::Draw,
        Command::Pass => Act::Pass,
        Command::Announce => Act::Announce,
        other => panic!("{other:?} is not listed as legal"),
    }
}
