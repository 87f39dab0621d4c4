//! What the store promises, on each database: what constraints refuse and who wins races.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use identity_api::{AccountStatus, Cancellation, RedemptionOrigin};
use kernel::id::{AccountId, RedemptionId};
use kernel::{Clock, Role};
use platform::db::{Db, StoreError};
use platform::sql::Key;
use platform::testing::TestDb;

use super::schema::{distributors, persons};
use super::{NewAccount, Registered, Registration};
use crate::MIGRATIONS;
use crate::app::password_gate::Class;
use crate::testing::{House, PASSWORD, secret};

async fn set_roles(db: &Db, person: Key, roles: Vec<Role>) -> Result<(), StoreError> {
    platform::write!(*db, |c| {
        let has = |role| roles.contains(&role);
        diesel::update(persons::table.find(person))
            .set((
                persons::moderator.eq(has(Role::Moderator)),
                persons::approver.eq(has(Role::Approver)),
                persons::legal.eq(has(Role::Legal)),
                persons::support.eq(has(Role::Support)),
                persons::auditor.eq(has(Role::Auditor)),
                persons::admin.eq(has(Role::Admin)),
            ))
            .execute(c)
            .await?;
        Ok(())
    })
}

async fn registration(house: &House, name: &str, origin: RedemptionOrigin) -> Registration {
    let credential = house.app.passwords.hash(secret(PASSWORD), Class::Standard).await.unwrap();
    let account = NewAccount {
        person: house.app.ids.next(),
        account: house.app.ids.next(),
        username: name.parse().unwrap(),
    };
    Registration { account, email: None, credential, origin: Some(origin), claim: None }
}

platform::for_each_database! { MIGRATIONS;
    async fn the_database_itself_refuses_every_excluded_pair_of_roles(db: TestDb) {
        let house = House::over(&db.db).await;
        let person = Key::from(house.admin().await.person);
        let staff = || Role::ALL.iter().copied().filter(|role| role.is_staff());
        for one in staff() {
            for other in staff().filter(|other| *other != one) {
                let roles: kernel::Roles = [one, other].into_iter().collect();
                let excluded = crate::domain::roles::excluded(roles).is_some();
                let written = set_roles(&db.db, person, vec![one, other]).await;
                assert_eq!(written.is_err(), excluded, "{one} and {other}: {written:?}");
            }
        }
    }

    async fn the_database_itself_refuses_a_distributor_decided_by_who_asked(db: TestDb) {
        let house = House::over(&db.db).await;
        let admin = house.admin().await;
        let account = house.request_distributor(&admin, "kola").await;
        let decided: Result<(), StoreError> = platform::write!(db.db, |c| {
            let at = platform::sql::Ts::from(kernel::Timestamp::UNIX_EPOCH);
            diesel::update(distributors::table.find(Key::from(account)))
                .set((
                    distributors::decided_by.eq(Some(Key::from(admin.person))),
                    distributors::decided_at.eq(Some(at)),
                ))
                .execute(c)
                .await?;
            Ok(())
        });
        assert!(matches!(decided, Err(StoreError::Inconsistent(_))), "{decided:?}");
    }

    async fn one_insert_decides_a_redemption_between_creating_and_cancelling(db: TestDb) {
        let house = House::over(&db.db).await;
        let distributor = house.distributor("kola").await.account;
        for round in 0..10 {
            let redemption: RedemptionId = house.app.ids.next();
            let origin = RedemptionOrigin { redemption, distributor };
            let registration = registration(&house, &format!("ada{round}"), origin).await;
            let id = registration.account.account;
            let stamp = || house.app.stamp(&house.call());
            let (registered, cancelled) = tokio::join!(
                house.app.store.register(stamp(), registration),
                house.app.store.cancel_redemption(stamp(), redemption),
            );
            let account = house.app.store.account(id).await.unwrap();
            match cancelled.unwrap() {
                Cancellation::Cancelled => {
                    assert_eq!((registered.unwrap(), account), (Registered::Unusable, None));
                }
                Cancellation::TooLate => {
                    assert_eq!(registered.unwrap(), Registered::Created);
                    assert_eq!(account.unwrap().state.status, AccountStatus::PendingLink);
                }
            }
        }
    }

    async fn of_many_simultaneous_registrations_with_one_ticket_one_creates_and_all_find_the_same_account(db: TestDb) {
        let house = House::over(&db.db).await;
        let distributor = house.distributor("kola").await.account;
        let origin = RedemptionOrigin { redemption: house.app.ids.next(), distributor };
        let mut attempts = Vec::new();
        for _ in 0..64 {
            attempts.push(registration(&house, "ada", origin).await);
        }
        let ids: Vec<AccountId> = attempts.iter().map(|attempt| attempt.account.account).collect();
        let tasks: Vec<_> = attempts
            .into_iter()
            .map(|attempt| {
                let (store, stamp) = (house.app.store.clone(), house.app.stamp(&house.call()));
                tokio::spawn(async move { store.register(stamp, attempt).await })
            })
            .collect();
        let mut outcomes = Vec::new();
        for task in tasks {
            outcomes.push(task.await.unwrap().unwrap());
        }
        let winners: Vec<usize> =
            (0..64).filter(|index| outcomes[*index] == Registered::Created).collect();
        assert_eq!(winners.len(), 1);
        let account = ids[winners[0]];
        assert_eq!(outcomes.iter().filter(|outcome| **outcome == Registered::Existing(account)).count(), 63);
    }

    async fn a_distributor_that_is_suspended_brings_nobody_in(db: TestDb) {
        let house = House::over(&db.db).await;
        let distributor = house.distributor("kola").await.account;
        let stamp = house.app.stamp(&house.call());
        house.app.store.suspend(stamp, distributor, "test".to_owned()).await.unwrap();
        let redemption: RedemptionId = house.app.ids.next();
        let attempt = registration(&house, "ada", RedemptionOrigin { redemption, distributor }).await;
        let outcome = house.app.store.register(house.app.stamp(&house.call()), attempt).await.unwrap();
        assert_eq!(outcome, Registered::Unusable);
        assert_eq!(house.app.store.redemption(redemption).await.unwrap(), None, "nothing was decided");
    }

    async fn a_used_email_address_neither_refuses_the_registration_nor_signs_the_second_in(db: TestDb) {
        let house = House::over(&db.db).await;
        for name in ["ada", "bola"] {
            let credential = house.app.passwords.hash(secret(PASSWORD), Class::Standard).await.unwrap();
            let account = NewAccount {
                person: house.app.ids.next(),
                account: house.app.ids.next(),
                username: name.parse().unwrap(),
            };
            let email = Some("ada@example.org".parse().unwrap());
            let registration = Registration { account, email, credential, origin: None, claim: None };
            let outcome = house.app.store.register(house.app.stamp(&house.call()), registration).await.unwrap();
            assert_eq!(outcome, Registered::Created);
        }
        let signed_in = house.sign_in("ADA@example.org", PASSWORD).await.unwrap();
        assert_eq!(signed_in.account.username.as_str(), "ada");
    }

    async fn pruning_takes_only_what_nobody_will_ask_for(db: TestDb) {
        let house = House::over(&db.db).await;
        let player = house.player("ada").await;
        house.app.store.suspend(house.app.stamp(&house.call()), player, "test".to_owned()).await.unwrap();
        let before = house.clock.now();
        assert_eq!(house.app.store.prune(before).await.unwrap().rows, 0);
        let later = before.plus(std::time::Duration::from_hours(2));
        assert_eq!(house.app.store.prune(later).await.unwrap().rows, 1, "the revocation");
        assert_eq!(house.app.store.revocations(before, None, 10).await.unwrap(), []);
    }
}
