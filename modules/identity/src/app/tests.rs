//! Identity's use cases end to end, on each database, without HTTP.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use identity_api::contract::{self, Stage};
use identity_api::{AccountStatus, DistributorStanding, Identity, IdentityProvider, IdentityVia, Link};
use kernel::id::{AccountId, RedemptionId};
use kernel::port::{Disturbance, Loopback};
use kernel::{Actor, Clock, Role};
use platform::testing::TestDb;
use secrecy::ExposeSecret;

use super::activate::{self, ActivateError};
use super::bootstrap_admin::{self, BootstrapError};
use super::issue_session::{IssueError, SignedIn};
use super::provision_distributor::{self, DecideError};
use super::refresh_tokens::{self, RefreshError};
use super::register::{self, Outcome, RegisterError};
use super::sign_in::{self, SignInError};
use super::staff::{self, GrantError};
use super::standing::{self, StandingError};
use super::verify_token::Refused;
use super::{live_ticket, sessions};
use crate::MIGRATIONS;
use crate::config::{Config, SecondFactor};
use crate::domain::roles::GrantRefused;
use crate::domain::session::Device;
use crate::domain::signing_key::Occasion;
use crate::port::Port;
use crate::testing::{House, PASSWORD, claim, secret, settings};

const SECOND: Duration = Duration::from_secs(1);

fn signed_in(outcome: Outcome) -> SignedIn {
    match outcome {
        Outcome::SignedIn(signed_in) => *signed_in,
        Outcome::Pending { .. } => panic!("signed in"),
    }
}

async fn refresh(house: &House, token: &secrecy::SecretString) -> Result<SignedIn, RefreshError> {
    refresh_tokens::run(&house.app, &house.call(), token.clone()).await
}

async fn verify(house: &House, tokens: &SignedIn) -> Result<kernel::Principal, Refused> {
    house.app.verifier.verify(tokens.access_token.expose_secret()).await
}

struct Real {
    house: House,
    distributor: AccountId,
    port: Arc<dyn Identity>,
}

#[async_trait]
impl Stage for Real {
    fn port(&self) -> &dyn Identity {
        &*self.port
    }
    fn clock(&self) -> &dyn Clock {
        &self.house.clock
    }
    async fn player(&self, username: &str) -> AccountId {
        self.house.player(username).await
    }
    async fn redeemed(&self, username: &str, redemption: RedemptionId) -> AccountId {
        let ticket = self.house.ticket(redemption, self.distributor);
        let outcome = self.house.register(Some(ticket), username, PASSWORD).await.unwrap();
        assert!(matches!(outcome, Outcome::Pending { .. }));
        self.house.app.store.account_by_username(username.to_lowercase()).await.unwrap().unwrap().id
    }
}

platform::for_each_database! { MIGRATIONS;
    async fn the_port_keeps_its_contract_directly_and_through_the_loopback(db: TestDb) {
        let house = House::over(&db.db).await;
        let distributor = house.distributor("kola").await.account;
        let local: Arc<dyn Identity> = Arc::new(Port(house.app.clone()));
        let provider = Arc::new(IdentityProvider(local.clone()));
        let carrier = Loopback::new(provider, Arc::new(house.clock.clone()), Disturbance::default());
        let mut stage = Real { house, distributor, port: local };
        contract::run(&stage, "real").await;
        stage.port = Arc::new(IdentityVia(carrier));
        stage.house.clock.advance(SECOND);
        contract::run(&stage, "loop").await;
    }

    async fn the_first_admin_is_made_once_and_its_token_is_spent_once(db: TestDb) {
        let house = House::over(&db.db).await;
        let app = &house.app;
        let first = bootstrap_admin::run(app, &house.call(), "root-admin").await.unwrap();
        let second = bootstrap_admin::run(app, &house.call(), "other-admin").await;
        assert!(matches!(second, Err(BootstrapError::AdminExists)));
        let replaced = bootstrap_admin::reissue(app, &house.call()).await.unwrap();
        assert_eq!(replaced.account, first.account);
        let old = activate::run(app, &house.call(), first.token, secret(PASSWORD), Device::default()).await;
        assert!(matches!(old, Err(ActivateError::Unusable)), "a replaced token is void");
        let token = replaced.token.clone();
        let admin = house.activate(replaced.token).await;
        assert!(house.principal(&admin).await.roles.has(Role::Admin));
        let again = activate::run(app, &house.call(), token, secret(PASSWORD), Device::default()).await;
        assert!(matches!(again, Err(ActivateError::Unusable)));
        assert!(matches!(bootstrap_admin::reissue(app, &house.call()).await, Err(BootstrapError::NobodyWaits)));
    }

    async fn the_first_approver_comes_from_the_bootstrapped_admin_and_then_nobody_else(db: TestDb) {
        let house = House::over(&db.db).await;
        let admin = house.admin().await;
        let call = house.call_by(Actor::from(&admin));
        let own = staff::grant(&house.app, &call, &admin, admin.account, Role::Approver).await;
        assert!(matches!(own, Err(GrantError::Refused(GrantRefused::ToOneself))));
        let approver = house.approver(&admin).await;
        assert_eq!(approver.roles.to_string(), "approver");
        let third = house.staff(&admin, "third-person").await;
        let refused = staff::grant(&house.app, &call, &admin, third.account, Role::Approver).await;
        assert!(matches!(refused, Err(GrantError::Refused(GrantRefused::ApprovalRequired))));
        let player = house.player("ada").await;
        let refused = staff::grant(&house.app, &call, &admin, player, Role::Approver).await;
        assert!(matches!(refused, Err(GrantError::NoSuchAccount)));
    }

    async fn a_granted_role_counts_for_the_token_that_is_already_out(db: TestDb) {
        let house = House::over(&db.db).await;
        let admin = house.admin().await;
        let call = house.call_by(Actor::from(&admin));
        let made = staff::create(&house.app, &call, "second-eyes".parse().unwrap(), claim("k", 1)).await.unwrap();
        let tokens = house.activate(made.enrolment.unwrap().0).await;
        assert_eq!(verify(&house, &tokens).await.unwrap().roles.to_string(), "");
        staff::grant(&house.app, &call, &admin, made.account.id, Role::Approver).await.unwrap();
        assert_eq!(verify(&house, &tokens).await.unwrap().roles.to_string(), "approver");
    }

    async fn creating_staff_again_under_the_same_key_gives_another_token_for_the_same_account(db: TestDb) {
        let house = House::over(&db.db).await;
        let admin = house.admin().await;
        let call = house.call_by(Actor::from(&admin));
        let create = async |name: &str, key: &str, digest: u8| {
            staff::create(&house.app, &call, name.parse().unwrap(), claim(key, digest)).await
        };
        let first = create("helper", "key", 1).await.unwrap();
        let second = create("helper", "key", 1).await.unwrap();
        assert_eq!(first.account.id, second.account.id);
        let old = first.enrolment.unwrap().0;
        let spent = activate::run(&house.app, &house.call(), old, secret(PASSWORD), Device::default()).await;
        assert!(matches!(spent, Err(ActivateError::Unusable)));
        house.activate(second.enrolment.unwrap().0).await;
        assert!(create("helper", "key", 1).await.unwrap().enrolment.is_none(), "active: no token any more");
        assert!(matches!(create("helper2", "key", 2).await, Err(staff::CreateError::KeyReused)));
        assert!(matches!(create("HELPER", "other", 1).await, Err(staff::CreateError::UsernameTaken)));
    }

    async fn a_distributor_is_provisioned_by_two_people(db: TestDb) {
        let house = House::over(&db.db).await;
        let admin = house.admin().await;
        let approver = house.approver(&admin).await;
        let account = house.request_distributor(&admin, "kola").await;
        let by_admin = provision_distributor::approve(&house.app, &house.call(), &admin, account).await;
        assert!(matches!(by_admin, Err(DecideError::NotAnApprover)));
        let first = house.approve(&approver, account).await;
        assert_eq!(first.distributor.standing, DistributorStanding::Invited);
        let second = house.approve(&approver, account).await;
        let old = first.activation_token;
        let spent = activate::run(&house.app, &house.call(), old, secret(PASSWORD), Device::default()).await;
        assert!(matches!(spent, Err(ActivateError::Unusable)), "approving again replaced it");
        let distributor = house.principal(&house.activate(second.activation_token).await).await;
        assert!(distributor.roles.has(Role::Distributor));
        let found = house.app.store.distributor(account).await.unwrap().unwrap();
        assert_eq!(found.standing, DistributorStanding::Active);
        assert_ne!(found.decided_by, Some(found.requested_by));
        let late = provision_distributor::approve(&house.app, &house.call(), &approver, account).await;
        assert!(matches!(late, Err(DecideError::WrongState(DistributorStanding::Active))));
    }

    async fn one_person_may_do_it_alone_only_where_the_deployment_says_so(db: TestDb) {
        let house = House::with(&db.db, Config { one_person_mode: true, ..settings() }).await;
        let admin = house.admin().await;
        let account = house.request_distributor(&admin, "kola").await;
        let approved = house.approve(&admin, account).await;
        assert!(approved.distributor.one_person);
    }

    async fn a_rejected_request_lets_go_of_its_name(db: TestDb) {
        let house = House::over(&db.db).await;
        let admin = house.admin().await;
        let approver = house.approver(&admin).await;
        let account = house.request_distributor(&admin, "kola").await;
        let reason = "duplicate".to_owned();
        let rejected = provision_distributor::reject(&house.app, &house.call(), &approver, account, reason).await;
        assert_eq!(rejected.unwrap().standing, DistributorStanding::Rejected);
        let late = provision_distributor::approve(&house.app, &house.call(), &approver, account).await;
        assert!(matches!(late, Err(DecideError::WrongState(DistributorStanding::Rejected))));
        assert_eq!(house.app.store.account_by_username("kola".to_owned()).await.unwrap(), None);
        house.player("kola").await;
    }

    async fn an_activation_token_that_ran_out_is_issued_anew(db: TestDb) {
        let house = House::over(&db.db).await;
        let admin = house.admin().await;
        let approver = house.approver(&admin).await;
        let account = house.request_distributor(&admin, "kola").await;
        let first = house.approve(&approver, account).await;
        house.clock.advance(Duration::from_hours(72));
        let old = first.activation_token;
        let spent = activate::run(&house.app, &house.call(), old, secret(PASSWORD), Device::default()).await;
        assert!(matches!(spent, Err(ActivateError::Unusable)));
        let found = house.app.store.distributor(account).await.unwrap().unwrap();
        assert_eq!(found.standing_at(house.clock.now()), DistributorStanding::Expired);
        let second = house.approve(&approver, account).await;
        house.activate(second.activation_token).await;
    }

    async fn nobody_who_needs_a_second_factor_gets_in_without_one_unless_it_is_relaxed(db: TestDb) {
        let relaxed = House::over(&db.db).await;
        relaxed.admin().await;
        let strict = House::with(&db.db, Config { second_factor: SecondFactor::Required, ..settings() }).await;
        let refused = strict.sign_in("root-admin", PASSWORD).await;
        assert!(matches!(refused, Err(SignInError::Issue(IssueError::SecondFactorRequired))));
        strict.player("ada").await;
        assert!(strict.sign_in("ada", PASSWORD).await.is_ok());
    }

    async fn signing_in_takes_the_name_in_any_case_and_only_the_right_password(db: TestDb) {
        let house = House::over(&db.db).await;
        let player = house.player("Ada.Obi").await;
        let tokens = house.sign_in("ADA.obi", PASSWORD).await.unwrap();
        assert_eq!(house.principal(&tokens).await.account, player);
        for (login, password) in [
            ("Ada.Obi", "quiet lagoon seventy-eight"),
            ("nobody", PASSWORD),
            ("", PASSWORD),
            ("nobody@example.org", PASSWORD),
            ("not a name at all", PASSWORD),
        ] {
            let refused = house.sign_in(login, password).await;
            assert!(matches!(refused, Err(SignInError::BadCredentials)), "{login:?}");
        }
    }

    async fn every_refused_sign_in_takes_the_same_least_time_whoever_was_named(db: TestDb) {
        let house = House::over(&db.db).await;
        house.admin().await;
        house.player("ada").await;
        for login in ["root-admin", "ada", "nobody"] {
            let before = house.clock.now();
            assert!(house.sign_in(login, "not the right password").await.is_err());
            assert_eq!(house.clock.now().since(before), Duration::from_millis(400), "{login}");
        }
    }

    async fn tries_are_throttled_for_known_and_unknown_names_alike_but_not_on_a_known_device(db: TestDb) {
        let mut few = settings();
        few.throttles.account = platform::web::Quota::per(3, 300);
        let house = House::with(&db.db, few).await;
        house.player("ada").await;
        let attempt = |login: &str, password: &str, device: Option<&str>| sign_in::Attempt {
            login: login.to_owned(),
            password: secret(password),
            device: Device { id: device.map(str::to_owned), ..Device::default() },
            address: "192.0.2.1".parse().unwrap(),
        };
        let at_home = attempt("ada", PASSWORD, Some("phone-1"));
        sign_in::run(&house.app, &house.call(), at_home).await.unwrap();
        for login in ["ada", "nobody"] {
            let mut throttled = false;
            for _ in 0..4 {
                let tried = sign_in::run(&house.app, &house.call(), attempt(login, "wrong", None)).await;
                throttled |= matches!(tried, Err(SignInError::Throttled(_)));
            }
            assert!(throttled, "{login}");
        }
        let at_home = attempt("ada", PASSWORD, Some("phone-1"));
        assert!(sign_in::run(&house.app, &house.call(), at_home).await.is_ok(), "its owner is not locked out");
        let elsewhere = attempt("ada", PASSWORD, Some("phone-2"));
        let stranger = sign_in::run(&house.app, &house.call(), elsewhere).await;
        assert!(matches!(stranger, Err(SignInError::Throttled(_))));
    }

    async fn a_refresh_token_gives_its_successor_again_until_the_successor_is_used(db: TestDb) {
        let house = House::over(&db.db).await;
        house.player("ada").await;
        let first = house.sign_in("ada", PASSWORD).await.unwrap();
        let second = refresh(&house, &first.refresh_token).await.unwrap();
        let again = refresh(&house, &first.refresh_token).await.unwrap();
        assert_eq!(second.refresh_token.expose_secret(), again.refresh_token.expose_secret());
        house.clock.advance(Duration::from_hours(1));
        assert!(refresh(&house, &first.refresh_token).await.is_ok(), "unused, however late");
        let fresh = refresh(&house, &second.refresh_token).await.unwrap();
        verify(&house, &fresh).await.unwrap();
        house.clock.advance(Duration::from_secs(30));
        assert!(refresh(&house, &second.refresh_token).await.is_ok(), "used, and within 30 s");
        house.clock.advance(SECOND);
        let reused = refresh(&house, &second.refresh_token).await;
        assert!(matches!(reused, Err(RefreshError::Reused)));
        assert!(matches!(refresh(&house, &fresh.refresh_token).await, Err(RefreshError::Invalid)), "it ended all");
        assert!(matches!(verify(&house, &fresh).await, Err(Refused::Revoked)));
    }

    async fn a_token_two_generations_old_ends_its_family_at_once(db: TestDb) {
        let house = House::over(&db.db).await;
        let player = house.player("ada").await;
        let first = house.sign_in("ada", PASSWORD).await.unwrap();
        let second = refresh(&house, &first.refresh_token).await.unwrap();
        let third = refresh(&house, &second.refresh_token).await.unwrap();
        assert!(matches!(refresh(&house, &first.refresh_token).await, Err(RefreshError::Reused)));
        assert!(matches!(refresh(&house, &third.refresh_token).await, Err(RefreshError::Invalid)));
        assert_eq!(*house.closings.0.lock().unwrap(), [first.session.id.to_string()]);
        let notices = platform::notices::after(&db.db, player, 0, kernel::Limit::default()).await.unwrap();
        assert_eq!(notices.iter().map(|notice| notice.kind.as_str()).collect::<Vec<_>>(), ["session_ended"]);
    }

    async fn many_simultaneous_refreshes_of_one_token_give_one_successor(db: TestDb) {
        let house = House::over(&db.db).await;
        house.player("ada").await;
        let first = house.sign_in("ada", PASSWORD).await.unwrap();
        let tasks: Vec<_> = (0..32)
            .map(|_| {
                let (app, call, token) = (house.app.clone(), house.call(), first.refresh_token.clone());
                tokio::spawn(async move { refresh_tokens::run(&app, &call, token).await })
            })
            .collect();
        let mut successors = std::collections::HashSet::new();
        for task in tasks {
            let tokens = task.await.unwrap().unwrap();
            successors.insert(tokens.refresh_token.expose_secret().to_owned());
        }
        assert_eq!(successors.len(), 1);
    }

    async fn a_session_that_idles_too_long_is_over(db: TestDb) {
        let house = House::over(&db.db).await;
        house.player("ada").await;
        let tokens = house.sign_in("ada", PASSWORD).await.unwrap();
        house.clock.advance(Duration::from_secs(2_591_999));
        let renewed = refresh(&house, &tokens.refresh_token).await.unwrap();
        house.clock.advance(Duration::from_hours(720));
        assert!(matches!(refresh(&house, &renewed.refresh_token).await, Err(RefreshError::Invalid)));
    }

    async fn suspending_ends_sessions_and_sockets_at_once_and_reinstating_does_not_bring_them_back(db: TestDb) {
        let house = House::over(&db.db).await;
        let player = house.player("ada").await;
        let tokens = house.sign_in("ada", PASSWORD).await.unwrap();
        verify(&house, &tokens).await.unwrap();
        standing::suspend(&house.app, &house.call(), player, "spam".to_owned()).await.unwrap();
        assert!(matches!(verify(&house, &tokens).await, Err(Refused::Suspended)));
        assert_eq!(*house.closings.0.lock().unwrap(), [player.to_string()]);
        assert!(matches!(refresh(&house, &tokens.refresh_token).await, Err(RefreshError::Invalid)));
        let refused = house.sign_in("ada", PASSWORD).await;
        assert!(matches!(refused, Err(SignInError::Issue(IssueError::Suspended))));
        standing::reinstate(&house.app, &house.call(), player, "appeal".to_owned()).await.unwrap();
        assert!(matches!(verify(&house, &tokens).await, Err(Refused::Revoked)), "an old token stays dead");
        let again = house.sign_in("ada", PASSWORD).await.unwrap();
        verify(&house, &again).await.unwrap();
    }

    async fn another_node_learns_of_a_suspension_from_the_log(db: TestDb) {
        let (here, there) = (House::over(&db.db).await, House::over(&db.db).await);
        let player = here.player("ada").await;
        let tokens = there.sign_in("ada", PASSWORD).await.unwrap();
        verify(&there, &tokens).await.unwrap();
        standing::suspend(&here.app, &here.call(), player, "spam".to_owned()).await.unwrap();
        assert!(verify(&there, &tokens).await.is_ok(), "not heard yet");
        there.app.revocations.catch_up(&*there.app.store).await.unwrap();
        assert!(matches!(verify(&there, &tokens).await, Err(Refused::Suspended)));
        assert_eq!(*there.closings.0.lock().unwrap(), [player.to_string()]);
        there.app.revocations.catch_up(&*there.app.store).await.unwrap();
        assert_eq!(there.closings.0.lock().unwrap().len(), 1, "heard twice, done once");
    }

    async fn a_suspended_distributor_stops_being_active_and_resumes_where_it_was(db: TestDb) {
        let house = House::over(&db.db).await;
        let distributor = house.distributor("kola").await.account;
        let suspended =
            standing::suspend(&house.app, &house.call(), distributor, "audit".to_owned()).await.unwrap();
        assert_eq!(suspended.state.standing, Some(DistributorStanding::Suspended));
        let resumed =
            standing::reinstate(&house.app, &house.call(), distributor, "audit".to_owned()).await.unwrap();
        assert!(resumed.standing().is_active());
    }

    async fn the_last_admin_is_never_suspended_and_nobody_suspends_itself(db: TestDb) {
        let house = House::over(&db.db).await;
        let admin = house.admin().await;
        let by_itself = house.call_by(Actor::from(&admin));
        let own = standing::suspend(&house.app, &by_itself, admin.account, "x".to_owned()).await;
        assert!(matches!(own, Err(StandingError::OwnAccount)));
        let last = standing::suspend(&house.app, &house.call(), admin.account, "x".to_owned()).await;
        assert!(matches!(last, Err(StandingError::LastAdmin)));
    }

    async fn sessions_are_listed_and_ended_one_by_one_or_all(db: TestDb) {
        let house = House::over(&db.db).await;
        house.player("ada").await;
        house.player("bola").await;
        let mut mine = Vec::new();
        for _ in 0..3 {
            mine.push(house.sign_in("ada", PASSWORD).await.unwrap());
            house.clock.advance(SECOND);
        }
        let other = house.sign_in("bola", PASSWORD).await.unwrap();
        let me = house.principal(&mine[2]).await;
        let limit = kernel::Limit::try_from(2).unwrap();
        let page = sessions::list(&house.app, &me, None, limit).await.unwrap();
        assert_eq!(page.items.iter().map(|s| s.id).collect::<Vec<_>>(), [mine[2].session.id, mine[1].session.id]);
        let rest = sessions::list(&house.app, &me, page.next, limit).await.unwrap();
        assert_eq!(rest.items.iter().map(|s| s.id).collect::<Vec<_>>(), [mine[0].session.id]);
        let foreign = sessions::end(&house.app, &house.call(), &me, other.session.id).await.unwrap();
        assert_eq!(foreign, sessions::Ended::NotThere, "not one's own");
        verify(&house, &mine[0]).await.unwrap();
        assert_eq!(sessions::end(&house.app, &house.call(), &me, mine[0].session.id).await, Ok(sessions::Ended::Now));
        assert!(matches!(verify(&house, &mine[0]).await, Err(Refused::Revoked)));
        sessions::end_others(&house.app, &house.call(), &me).await.unwrap();
        assert!(matches!(verify(&house, &mine[1]).await, Err(Refused::Revoked)));
        assert!(verify(&house, &mine[2]).await.is_ok() && verify(&house, &other).await.is_ok());
    }

    async fn a_registration_waits_for_its_relationship_and_repeats_prove_the_password(db: TestDb) {
        let house = House::over(&db.db).await;
        let distributor = house.distributor("kola").await.account;
        let redemption: RedemptionId = house.app.ids.next();
        let ticket = house.ticket(redemption, distributor);
        let outcome = house.register(Some(ticket.clone()), "ada", PASSWORD).await.unwrap();
        let Outcome::Pending { token, .. } = outcome else { panic!("nobody has linked it") };
        let progress = async |token: &str| register::progress(&house.app, redemption, token).await.unwrap();
        assert_eq!(progress(token.expose_secret()).await, Some(AccountStatus::PendingLink));
        assert_eq!(progress("reg_junk").await, None);
        assert!(matches!(
            house.sign_in("ada", PASSWORD).await,
            Err(SignInError::Issue(IssueError::Pending))
        ));
        let account = house.app.store.account_by_username("ada".to_owned()).await.unwrap().unwrap().id;
        let link = Link { account, relationship: house.app.ids.next(), redemption: Some(redemption) };
        Port(house.app.clone()).activate_redeemed(&house.call(), link).await.unwrap();
        assert_eq!(progress(token.expose_secret()).await, Some(AccountStatus::Active));
        house.clock.advance(Duration::from_hours(1));
        let again = signed_in(house.register(Some(ticket.clone()), "ADA", PASSWORD).await.unwrap());
        assert_eq!(again.account.id, account, "the same account, although the ticket has expired by now");
        for (name, password) in [("ada", "another long password"), ("bola", PASSWORD)] {
            let refused = house.register(Some(ticket.clone()), name, password).await;
            assert!(matches!(refused, Err(RegisterError::Unusable)), "{name}");
        }
    }

    async fn a_ticket_that_is_forged_expired_or_cancelled_registers_nobody(db: TestDb) {
        let house = House::over(&db.db).await;
        let distributor = house.distributor("kola").await.account;
        let redemption: RedemptionId = house.app.ids.next();
        let ticket = house.ticket(redemption, distributor);
        let refused = async |ticket: &str| {
            let outcome = house.register(Some(secret(ticket)), "ada", PASSWORD).await;
            matches!(outcome, Err(RegisterError::Unusable))
        };
        let text = ticket.expose_secret();
        assert!(refused(&text.replace("rdt_A", "rdt_B")).await && refused("rdt_").await && refused("junk").await);
        house.clock.advance(Duration::from_mins(10));
        assert!(refused(text).await, "expired");
        let fresh = house.ticket(redemption, distributor);
        standing::cancel_redemption(&house.app, &house.call(), redemption).await.unwrap();
        assert!(refused(fresh.expose_secret()).await, "cancelled");
        assert_eq!(house.app.store.account_by_username("ada".to_owned()).await.unwrap(), None);
    }

    async fn without_a_ticket_somebody_registers_only_where_the_deployment_is_open(db: TestDb) {
        let closed = House::over(&db.db).await;
        assert!(matches!(closed.register(None, "ada", PASSWORD).await, Err(RegisterError::Closed)));
        let open = House::with(&db.db, Config { open_registration: true, ..settings() }).await;
        let ada = signed_in(open.register(None, "ada", PASSWORD).await.unwrap());
        assert_eq!(ada.account.account_type, kernel::AccountType::Player);
        assert!(matches!(open.register(None, "Ada", PASSWORD).await, Err(RegisterError::UsernameTaken)));
        let weak = open.register(None, "bola", "password1234567").await;
        assert!(matches!(weak, Err(RegisterError::Password(_))));
    }

    async fn a_ticket_opens_one_socket_from_where_it_was_asked_for(db: TestDb) {
        let house = House::over(&db.db).await;
        house.player("ada").await;
        let tokens = house.sign_in("ada", PASSWORD).await.unwrap();
        let me = house.principal(&tokens).await;
        let origin = Some("https://whot.example".to_owned());
        let issue = async || live_ticket::issue(&house.app, &house.call(), &me, origin.clone()).await.unwrap().text;
        let spend = async |ticket: &secrecy::SecretString, origin: Option<String>| {
            live_ticket::spend(&house.app, ticket.expose_secret(), origin).await
        };
        let ticket = issue().await;
        assert_eq!(spend(&ticket, origin.clone()).await.unwrap().session, me.session);
        assert!(spend(&ticket, origin.clone()).await.is_err(), "once");
        let elsewhere = issue().await;
        assert!(spend(&elsewhere, Some("https://evil.example".to_owned())).await.is_err());
        assert!(spend(&elsewhere, origin.clone()).await.is_err(), "and it is spent");
        let late = issue().await;
        house.clock.advance(Duration::from_secs(30));
        assert!(spend(&late, origin.clone()).await.is_err());
        let after_sign_out = issue().await;
        sessions::end(&house.app, &house.call(), &me, me.session).await.unwrap();
        assert!(matches!(spend(&after_sign_out, origin.clone()).await, Err(Refused::Revoked)));
        assert!(live_ticket::principal_of(&house.app, me.session).await.is_err());
    }

    async fn rotating_keys_signs_nobody_out_on_any_node(db: TestDb) {
        let (here, there) = (House::over(&db.db).await, House::over(&db.db).await);
        here.player("ada").await;
        let before = here.sign_in("ada", PASSWORD).await.unwrap();
        let old = here.app.keys.ring().active().kid().to_owned();
        let rotated = here.app.keys.rotate(&here.call(), Occasion::Command).await.unwrap();
        assert!(rotated.changed && rotated.active != old);
        let after = here.sign_in("ada", PASSWORD).await.unwrap();
        for tokens in [&before, &after] {
            assert!(verify(&here, tokens).await.is_ok());
            assert!(verify(&there, tokens).await.is_ok(), "the next key was published before it signed");
        }
        there.clock.advance(SECOND);
        here.app.keys.rotate(&here.call(), Occasion::Command).await.unwrap();
        let newest = here.sign_in("ada", PASSWORD).await.unwrap();
        there.clock.advance(SECOND);
        assert!(verify(&there, &newest).await.is_ok(), "an unknown key makes a node look");
        assert_eq!(here.app.keys.ring().published().len(), 4, "active, next and two retiring");
    }

    async fn several_nodes_that_start_at_once_agree_on_one_active_key(db: TestDb) {
        let houses =
            tokio::join!(House::over(&db.db), House::over(&db.db), House::over(&db.db), House::over(&db.db));
        let active = |house: &House| house.app.keys.ring().active().kid().to_owned();
        let kids = [active(&houses.0), active(&houses.1), active(&houses.2), active(&houses.3)];
        assert!(kids.iter().all(|kid| *kid == kids[0]), "{kids:?}");
    }
}
