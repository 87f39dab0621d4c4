//! What this crate's tests live in: an application over a fresh database, and an identity in memory that announces,
//! decides redemptions as the real one does, can be away, and whose process can end at any arrow.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use identity_api::fake::FakeIdentity;
use identity_api::{
    AccountStanding, BearerToken, Cancellation, DistributorStanding, Identity, IdentityError, IdentityEvent,
    Link, RedemptionOrigin, RedemptionTicket, Sanction, Vip,
};
use kernel::id::{AccountId, PersonId, RedemptionId, SessionId};
use kernel::{
    AccountType, Actor, CallContext, Carried, Clock, Envelope, EventFeed, IdSource, Limit, ManualClock,
    PortError, Principal, RequestId, Roles, SeededRandom, Timestamp, TypedId,
};
use platform::bus::Bell;
use platform::crypto::RootSecret;
use platform::db::Db;
use platform::inbox::{Consumer, Progress};
use secrecy::{ExposeSecret, SecretString};

use crate::app::hear_identity::HearIdentity;
use crate::app::{App, Issued, Keys, create_invite, drive_forward, redeem_invite};
use crate::config::Config;
use crate::store::{DieselStore, IDENTITY_CONSUMER, Posted};

/// Identity as this context sees it.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) fake: FakeIdentity,
    decided: Mutex<HashMap<RedemptionId, Option<AccountId>>>,
    told: Mutex<Vec<Envelope<IdentityEvent>>>,
    pub(crate) away: AtomicBool,
}

impl World {
    pub(crate) fn tell(&self, ids: &IdSource, event: IdentityEvent) {
        let mut told = self.told.lock().unwrap();
        let number = i64::try_from(told.len()).unwrap() + 1;
        let aggregate = event.account().to_string();
        told.push(Envelope { number, id: ids.next(), aggregate, at: Timestamp::UNIX_EPOCH, event });
    }

    /// The accounts that redemptions created.
    pub(crate) fn created(&self) -> usize {
        self.decided.lock().unwrap().values().flatten().count()
    }

    fn here(&self) -> Result<(), IdentityError> {
        if self.away.load(Ordering::SeqCst) { Err(PortError::unavailable("away").into()) } else { Ok(()) }
    }
}

#[async_trait]
impl EventFeed<IdentityEvent> for World {
    async fn events_after(&self, after: i64, limit: Limit) -> Result<Vec<Carried<IdentityEvent>>, PortError> {
        let told = self.told.lock().unwrap();
        let later = told.iter().filter(|event| event.number > after).cloned().map(Carried::from);
        Ok(later.take(usize::try_from(limit.get()).unwrap()).collect())
    }
}

#[async_trait]
impl Identity for World {
    async fn accounts(
        &self,
        c: &CallContext,
        ids: Vec<AccountId>,
    ) -> Result<Vec<AccountStanding>, IdentityError> {
        self.here()?;
        self.fake.accounts(c, ids).await
    }
    async fn account_by_username(
        &self,
        c: &CallContext,
        username: String,
    ) -> Result<Option<AccountStanding>, IdentityError> {
        self.fake.account_by_username(c, username).await
    }
    async fn verify_token(&self, c: &CallContext, token: BearerToken) -> Result<Principal, IdentityError> {
        self.fake.verify_token(c, token).await
    }
    async fn suspend(&self, c: &CallContext, sanction: Sanction) -> Result<(), IdentityError> {
        self.fake.suspend(c, sanction).await
    }
    async fn reinstate(&self, c: &CallContext, sanction: Sanction) -> Result<(), IdentityError> {
        self.fake.reinstate(c, sanction).await
    }
    async fn set_vip(&self, c: &CallContext, vip: Vip) -> Result<(), IdentityError> {
        self.here()?;
        self.fake.set_vip(c, vip).await
    }
    async fn activate_redeemed(&self, c: &CallContext, link: Link) -> Result<(), IdentityError> {
        self.here()?;
        self.fake.activate_redeemed(c, link).await
    }
    async fn cancel_redemption(
        &self,
        _: &CallContext,
        id: RedemptionId,
    ) -> Result<Cancellation, IdentityError> {
        self.here()?;
        let mut decided = self.decided.lock().unwrap();
        let account = decided.entry(id).or_insert(None);
        Ok(if account.is_some() { Cancellation::TooLate } else { Cancellation::Cancelled })
    }
    async fn attach_relationship(&self, c: &CallContext, link: Link) -> Result<(), IdentityError> {
        self.here()?;
        self.fake.attach_relationship(c, link).await
    }
    async fn detach_relationship(&self, c: &CallContext, link: Link) -> Result<(), IdentityError> {
        self.here()?;
        self.fake.detach_relationship(c, link).await
    }
}

/// A database, an identity and a clock, and applications over them.
pub(crate) struct House {
    pub(crate) db: Db,
    pub(crate) world: Arc<World>,
    pub(crate) clock: ManualClock,
    pub(crate) ids: IdSource,
    pub(crate) pushed: Arc<Mutex<Vec<Posted>>>,
    pub(crate) app: Arc<App>,
    root: RootSecret,
}

impl House {
    pub(crate) fn new(db: &Db) -> Self {
        Self::configured(db, Config::default())
    }

    pub(crate) fn configured(db: &Db, config: Config) -> Self {
        let clock = ManualClock::default();
        let random = Arc::new(SeededRandom::new(7));
        let ids = IdSource::new(Arc::new(clock.clone()), random.clone());
        let (world, pushed) = (Arc::new(World::default()), Arc::new(Mutex::new(Vec::new())));
        let root = RootSecret::from_bytes([9; 32]);
        let into = pushed.clone();
        let app = Arc::new(App {
            config,
            clock: Arc::new(clock.clone()),
            random,
            ids: ids.clone(),
            identity: world.clone(),
            store: Arc::new(DieselStore::new(db.clone(), ids.clone())),
            keys: Keys::derive(&root),
            public_origin: "https://whot.example".to_owned(),
            push: Arc::new(move |posted: &Posted| into.lock().unwrap().push(posted.clone())),
            reach: Arc::new(|_| {}),
            owed: Bell::new(),
        });
        Self { db: db.clone(), world, clock, ids, pushed, app, root }
    }

    /// The same application whose process ends at this arrow.
    pub(crate) fn crashing_at(&self, arrow: &'static str) -> Arc<App> {
        self.with(self.app.identity.clone(), Arc::new(move |reached| assert!(reached != arrow, "crash")))
    }

    /// The same application with identity behind something.
    pub(crate) fn behind(&self, identity: Arc<dyn Identity>) -> Arc<App> {
        self.with(identity, Arc::new(|_| {}))
    }

    fn with(&self, identity: Arc<dyn Identity>, reach: Arc<dyn Fn(&'static str) + Send + Sync>) -> Arc<App> {
        let app = &self.app;
        Arc::new(App {
            config: app.config.clone(),
            clock: app.clock.clone(),
            random: app.random.clone(),
            ids: app.ids.clone(),
            identity,
            store: app.store.clone(),
            keys: Keys::derive(&self.root),
            public_origin: app.public_origin.clone(),
            push: app.push.clone(),
            reach,
            owed: Bell::new(),
        })
    }

    pub(crate) fn later(&self, minutes: u64) {
        self.clock.advance(Duration::from_secs(minutes * 60));
    }

    /// One round of the consumer of identity's events.
    pub(crate) async fn hear(&self, app: &Arc<App>) -> Progress {
        let handler = Arc::new(HearIdentity(app.clone()));
        let feed: Arc<dyn EventFeed<IdentityEvent>> = self.world.clone();
        let consumer = Consumer::new(self.db.clone(), IDENTITY_CONSUMER, feed, app.clock.clone(), handler);
        consumer.round().await.unwrap()
    }

    /// The consumer and the drive, until nothing is left.
    pub(crate) async fn settle(&self) {
        while self.hear(&self.app).await.handled > 0 {}
        drive_forward::run(&self.app).await.unwrap();
    }

    pub(crate) fn call_of(&self, account: AccountId) -> CallContext {
        let actor = Actor::from(&self.principal(account));
        CallContext::new(actor, request(), self.clock.now(), Duration::from_secs(10))
    }

    pub(crate) fn nobody(&self) -> CallContext {
        CallContext::new(Actor::Anonymous, request(), self.clock.now(), Duration::from_secs(10))
    }

    pub(crate) fn principal(&self, account: AccountId) -> Principal {
        Principal {
            account,
            person: PersonId::from_uuid(account.uuid()),
            session: SessionId::from_uuid(account.uuid()),
            account_type: AccountType::Player,
            roles: Roles::NONE,
            expires_at: self.clock.now(),
            auth_time: self.clock.now(),
        }
    }

    /// An account that is active, of this kind.
    pub(crate) fn person(&self, kind: AccountType) -> AccountId {
        let account = self.ids.next::<AccountId>();
        self.world.fake.add(account, &account.to_string(), kind);
        account
    }

    /// A distributor whose standing has arrived here.
    pub(crate) async fn distributor(&self) -> AccountId {
        let account = self.person(AccountType::Distributor);
        self.standing(account, DistributorStanding::Active).await;
        account
    }

    pub(crate) async fn standing(&self, account: AccountId, standing: DistributorStanding) {
        self.world.tell(&self.ids, IdentityEvent::DistributorChanged { account, standing });
        self.settle().await;
    }

    pub(crate) async fn invite(&self, distributor: AccountId) -> Issued {
        self.try_invite(distributor, &self.ids.uuid().to_string()).await.expect("an invite")
    }

    pub(crate) async fn try_invite(
        &self,
        distributor: AccountId,
        key: &str,
    ) -> Result<Issued, create_invite::Error> {
        create_invite::run(&self.app, &self.call_of(distributor), distributor, wish(key)).await
    }

    pub(crate) async fn redeem(
        &self,
        code: &SecretString,
        key: &str,
    ) -> Result<redeem_invite::Ticketed, redeem_invite::Error> {
        redeem_invite::run(&self.app, &self.nobody(), code, key).await
    }

    /// What identity's registration does with a ticket: in one transaction it decides the redemption and announces.
    pub(crate) fn register(&self, ticket: &SecretString) -> Option<AccountId> {
        let (ticket, mac) = RedemptionTicket::from_text(ticket.expose_secret()).unwrap();
        let genuine = self.app.keys.ticket(ticket);
        assert_eq!(RedemptionTicket::from_text(genuine.expose_secret()), Ok((ticket, mac)), "the MAC holds");
        let account = self.ids.next::<AccountId>();
        let mut decided = self.world.decided.lock().unwrap();
        if ticket.expires_at <= self.clock.now() || decided.contains_key(&ticket.redemption) {
            return None;
        }
        decided.insert(ticket.redemption, Some(account));
        self.world.fake.add_redeemed(account, &account.to_string(), ticket.redemption);
        let origin = RedemptionOrigin { redemption: ticket.redemption, distributor: ticket.distributor };
        let account_type = AccountType::Customer;
        let event = IdentityEvent::AccountCreated { account, account_type, redemption: Some(origin) };
        self.world.tell(&self.ids, event);
        Some(account)
    }

    /// A customer of this distributor, come all the way.
    pub(crate) async fn customer_of(&self, distributor: AccountId) -> AccountId {
        let issued = self.invite(distributor).await;
        let ticketed = self.redeem(&issued.code, "key").await.expect("a ticket");
        let account = self.register(&ticketed.ticket).expect("an account");
        self.settle().await;
        account
    }

    pub(crate) async fn account(&self, account: AccountId) -> AccountStanding {
        self.world.fake.accounts(&self.nobody(), vec![account]).await.unwrap().pop().unwrap()
    }
}

fn request() -> RequestId {
    "test".parse().unwrap()
}

pub(crate) fn wish(key: &str) -> create_invite::Wish {
    create_invite::Wish {
        label: None,
        hours: None,
        key: key.to_owned(),
        route: "POST /api/v1/invites".to_owned(),
        body_digest: [0; 32],
    }
}
