//! A furnished identity for this crate's tests: on a fresh database, with a clock that stands still.

use std::sync::Arc;
use std::time::Duration;

use identity_api::RedemptionTicket;
use kernel::id::{AccountId, RedemptionId};
use kernel::{Actor, CallContext, Clock, IdSource, ManualClock, Principal, RequestId, SeededRandom};
use platform::crypto::{Mac, RootSecret, SecretBytes};
use platform::db::Db;
use platform::lifecycle::Tasks;
use platform::live::{Hub, HubParts, LiveSettings};
use platform::random::OsRandom;
use platform::web::{ClaimParts, Quota};
use secrecy::SecretString;

use crate::app::activate;
use crate::app::issue_session::SignedIn;
use crate::app::provision_distributor::{self, Approved};
use crate::app::register::{self, Outcome, RegisterError};
use crate::app::revocation_view::tests::Closings;
use crate::app::sign_in::{self, Attempt, SignInError};
use crate::app::{App, bootstrap_admin, staff};
use crate::config::{Config, Cost, Passwords, SecondFactor, Throttles};
use crate::domain::session::Device;
use crate::{Deps, app_of};

/// A password that everybody in these tests uses.
pub(crate) const PASSWORD: &str = "quiet lagoon seventy-seven";

/// Identity, its clock, and what it closed.
pub(crate) struct House {
    pub(crate) app: Arc<App>,
    pub(crate) clock: ManualClock,
    pub(crate) closings: Arc<Closings>,
    /// The live sockets.
    pub(crate) hub: Arc<Hub>,
}

/// Live sockets that nobody has connected to yet.
pub(crate) fn hub(clock: &ManualClock) -> Arc<Hub> {
    Hub::new(HubParts {
        clock: Arc::new(clock.clone()),
        random: Arc::new(SeededRandom::new(2)),
        cursor_key: Mac::new(&SecretBytes::from([3; 32])),
        settings: LiveSettings::default(),
    })
}

/// Settings that cost little and refuse nothing by rate.
pub(crate) fn settings() -> Config {
    let cheap = Cost { memory_kib: 64, passes: 1, lanes: 1 };
    let often = Quota::per(100_000, 60);
    Config {
        second_factor: SecondFactor::Relaxed,
        registration_wait_ms: 200,
        passwords: Passwords { standard: cheap, staff: cheap, wait_ms: 20_000, ..Passwords::default() },
        throttles: Throttles { account: often, pair: often, device: often, registration: often },
        ..Config::default()
    }
}

pub(crate) fn secret(text: &str) -> SecretString {
    text.to_owned().into()
}

pub(crate) fn claim(key: &str, digest: u8) -> ClaimParts {
    ClaimParts { key: key.to_owned(), route: "POST /test".to_owned(), digest: [digest; 32] }
}

impl House {
    pub(crate) async fn over(db: &Db) -> Self {
        Self::with(db, settings()).await
    }

    pub(crate) async fn with(db: &Db, config: Config) -> Self {
        let (clock, closings) = (ManualClock::default(), Arc::new(Closings::default()));
        let hub = hub(&clock);
        let deps = Deps {
            clock: Arc::new(clock.clone()),
            random: Arc::new(OsRandom),
            node: IdSource::new(Arc::new(clock.clone()), Arc::new(SeededRandom::new(1))).next(),
            db: db.clone(),
            tasks: Tasks::new(),
            root: RootSecret::from_bytes([9; 32]),
            public_origin: "https://whot.example".to_owned(),
            sockets: closings.clone(),
            hub: hub.clone(),
            reach: Arc::new(|_| {}),
        };
        let app = Arc::new(app_of(config, deps).await.unwrap());
        Self { app, clock, closings, hub }
    }

    pub(crate) fn call(&self) -> CallContext {
        self.call_by(Actor::system("test"))
    }

    pub(crate) fn call_by(&self, actor: Actor) -> CallContext {
        let request = RequestId::fresh(&*self.app.random);
        CallContext::new(actor, request, self.clock.now(), Duration::from_mins(1))
    }

    pub(crate) async fn principal(&self, signed_in: &SignedIn) -> Principal {
        use secrecy::ExposeSecret;
        self.app.verifier.verify(signed_in.access_token.expose_secret()).await.unwrap()
    }

    pub(crate) async fn activate(&self, token: SecretString) -> SignedIn {
        activate::run(&self.app, &self.call(), token, secret(PASSWORD), Device::default()).await.unwrap()
    }

    pub(crate) async fn sign_in(&self, login: &str, password: &str) -> Result<SignedIn, SignInError> {
        let attempt = Attempt {
            login: login.to_owned(),
            password: secret(password),
            device: Device::default(),
            address: "192.0.2.1".parse().unwrap(),
        };
        sign_in::run(&self.app, &self.call(), attempt).await
    }

    /// The first admin, activated.
    pub(crate) async fn admin(&self) -> Principal {
        let first = bootstrap_admin::run(&self.app, &self.call(), "root-admin").await.unwrap();
        let signed_in = self.activate(first.token).await;
        self.principal(&signed_in).await
    }

    /// An activated staff account without a role.
    pub(crate) async fn staff(&self, admin: &Principal, name: &str) -> Principal {
        let call = self.call_by(Actor::from(admin));
        let made = staff::create(&self.app, &call, name.parse().unwrap(), claim(name, 1)).await.unwrap();
        let signed_in = self.activate(made.enrolment.unwrap().0).await;
        self.principal(&signed_in).await
    }

    /// The first approver, activated.
    pub(crate) async fn approver(&self, admin: &Principal) -> Principal {
        let approver = self.staff(admin, "second-eyes").await;
        let call = self.call_by(Actor::from(admin));
        staff::grant(&self.app, &call, admin, approver.account, kernel::Role::Approver).await.unwrap();
        let again = self.sign_in("second-eyes", PASSWORD).await.unwrap();
        self.principal(&again).await
    }

    pub(crate) async fn request_distributor(&self, admin: &Principal, name: &str) -> AccountId {
        let request =
            provision_distributor::Request { username: name.parse().unwrap(), email: None, label: None };
        let call = self.call_by(Actor::from(admin));
        let made = provision_distributor::request(&self.app, &call, admin, request, claim(name, 2)).await;
        made.unwrap().account
    }

    pub(crate) async fn approve(&self, approver: &Principal, account: AccountId) -> Approved {
        let call = self.call_by(Actor::from(approver));
        provision_distributor::approve(&self.app, &call, approver, account).await.unwrap()
    }

    /// A distributor, provisioned by two people and activated.
    pub(crate) async fn distributor(&self, name: &str) -> Principal {
        let admin = self.admin().await;
        let approver = self.approver(&admin).await;
        let account = self.request_distributor(&admin, name).await;
        let token = self.approve(&approver, account).await.activation_token;
        let signed_in = self.activate(token).await;
        self.principal(&signed_in).await
    }

    /// A ticket as customer would issue it, good for ten minutes.
    pub(crate) fn ticket(&self, redemption: RedemptionId, distributor: AccountId) -> SecretString {
        let expires_at = self.clock.now().plus(Duration::from_mins(10));
        self.app.secrets.write_redemption_ticket(RedemptionTicket { redemption, distributor, expires_at })
    }

    pub(crate) async fn register(
        &self,
        ticket: Option<SecretString>,
        name: &str,
        password: &str,
    ) -> Result<Outcome, RegisterError> {
        let request = register::Request {
            ticket,
            username: name.parse().unwrap(),
            password: secret(password),
            email: None,
            device: Device::default(),
            claim: None,
        };
        register::run(&self.app, &self.call(), request).await
    }

    /// A player, whatever the deployment's policy is.
    pub(crate) async fn player(&self, name: &str) -> AccountId {
        use crate::app::password_gate::Class;
        use crate::store::{NewAccount, Registered, Registration};
        let credential = self.app.passwords.hash(secret(PASSWORD), Class::Standard).await.unwrap();
        let account = NewAccount {
            person: self.app.ids.next(),
            account: self.app.ids.next(),
            username: name.parse().unwrap(),
        };
        let id = account.account;
        let registration = Registration { account, email: None, credential, origin: None, claim: None };
        let done = self.app.store.register(self.app.stamp(&self.call()), registration).await.unwrap();
        assert_eq!(done, Registered::Created, "{name}");
        id
    }
}
