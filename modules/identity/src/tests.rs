//! The face: built and started as the root does it, on a real clock.

use std::sync::Arc;
use std::time::Duration;

use identity_api::{BearerToken, DistributorStanding, IdentityEvent, Sanction};
use kernel::{Clock, IdSource, Limit};
use platform::clock::SystemClock;
use platform::crypto::RootSecret;
use platform::lifecycle::Tasks;
use platform::random::OsRandom;
use platform::testing::TestDb;
use secrecy::ExposeSecret;

use crate::app::revocation_view::tests::Closings;
use crate::testing::{House, PASSWORD, settings};
use crate::{Deps, Identity, MIGRATIONS};

async fn built(db: &TestDb, closings: Arc<Closings>, tasks: Tasks) -> Identity {
    let (clock, random) = (Arc::new(SystemClock::new()), Arc::new(OsRandom));
    let deps = Deps {
        node: IdSource::new(clock.clone(), random.clone()).next(),
        clock,
        random,
        db: db.db.clone(),
        tasks,
        root: RootSecret::from_bytes([9; 32]),
        public_origin: "https://whot.example".to_owned(),
        sockets: closings,
        hub: crate::testing::hub(&kernel::ManualClock::default()),
        reach: Arc::new(|_| {}),
    };
    Identity::build(settings(), deps).await.unwrap()
}

/// Waits until `done`, for ten seconds at most.
async fn until<F: Future<Output = bool>>(done: impl Fn() -> F) {
    for _ in 0..1_000 {
        if done().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never came about");
}

platform::for_each_database! { MIGRATIONS;
    async fn what_happens_is_announced_in_order(db: TestDb) {
        let tasks = Tasks::new();
        let identity = built(&db, Arc::default(), tasks.clone()).await;
        identity.start();
        let house = House::over(&db.db).await;
        // At the same time as the other, whose jobs would take this one's sessions for long over.
        house.clock.advance(SystemClock::new().now().since(house.clock.now()));
        let distributor = house.distributor("kola").await.account;
        let call = house.call();
        crate::app::standing::suspend(&house.app, &call, distributor, "audit".to_owned()).await.unwrap();
        let events = || async { identity.events.events_after(0, Limit::MAX).await.unwrap() };
        let of_distributor = || async {
            let events = events().await.into_iter().map(|envelope| envelope.event.unwrap());
            events.filter(|event| event.account() == distributor).collect::<Vec<_>>()
        };
        until(|| async { of_distributor().await.len() >= 8 }).await;
        let account = distributor;
        let standing = |standing| IdentityEvent::DistributorChanged { account, standing };
        assert_eq!(of_distributor().await, [
            IdentityEvent::AccountCreated { account, account_type: kernel::AccountType::Distributor, redemption: None },
            standing(DistributorStanding::Requested),
            standing(DistributorStanding::Invited),
            IdentityEvent::AccountActivated { account },
            standing(DistributorStanding::Active),
            IdentityEvent::AccountSuspended { account },
            standing(DistributorStanding::Suspended),
            IdentityEvent::SessionsRevoked { account, session: None },
        ]);
        let numbers: Vec<i64> = events().await.iter().map(|envelope| envelope.number).collect();
        assert_eq!(numbers, (1..=i64::try_from(numbers.len()).unwrap()).collect::<Vec<_>>());
        assert!(tasks.stop(Duration::from_secs(10)).await);
    }

    async fn a_running_node_hears_of_what_another_revoked_and_closes_its_sockets(db: TestDb) {
        let (tasks, closings) = (Tasks::new(), Arc::new(Closings::default()));
        let identity = built(&db, closings.clone(), tasks.clone()).await;
        identity.start();
        let other = built(&db, Arc::default(), tasks.clone()).await;
        let house = House::over(&db.db).await;
        let player = house.player("ada").await;
        let call = identity.command("test");
        let proof = crate::app::sign_in::Attempt {
            login: "ada".to_owned(),
            password: crate::testing::secret(PASSWORD),
            device: crate::domain::session::Device::default(),
            address: "192.0.2.1".parse().unwrap(),
        };
        let tokens = crate::app::sign_in::run(&identity.app, &call, proof).await.unwrap();
        let bearer = || BearerToken(tokens.access_token.expose_secret().to_owned());
        assert_eq!(identity.port.verify_token(&call, bearer()).await.unwrap().account, player);
        let sanction = Sanction { account: player, reason: "spam".to_owned() };
        other.port.suspend(&other.command("test"), sanction).await.unwrap();
        until(|| async { !closings.0.lock().unwrap().is_empty() }).await;
        let refused = identity.port.verify_token(&identity.command("test"), bearer()).await.unwrap_err();
        assert_eq!(refused.to_string(), "the token is not valid: suspended");
        assert!(identity.revocations_are_fresh());
        assert!(tasks.stop(Duration::from_secs(10)).await);
    }

    async fn the_operators_commands_work_on_a_node_that_serves(db: TestDb) {
        let tasks = Tasks::new();
        let identity = built(&db, Arc::default(), tasks.clone()).await;
        let first = identity.bootstrap_admin("root-admin").await.unwrap();
        assert!(identity.bootstrap_admin("other-admin").await.is_err());
        assert_eq!(identity.reissue_admin_token().await.unwrap().account, first.account);
        assert!(identity.bootstrap_admin("no name").await.is_err());
        let (before, after) = (identity.rotate_keys().await.unwrap(), identity.rotate_keys().await.unwrap());
        assert_ne!(before, after);
        let findings = identity.diagnose().await;
        assert!(findings.iter().all(|(_, finding)| finding.is_ok()), "{findings:?}");
        assert!(tasks.stop(Duration::from_secs(10)).await);
    }
}
