//! Relationships: moving on, versions, who sees what, notices, and what identity is told.

use kernel::id::AccountId;
use kernel::{AccountType, Limit};
use platform::notices;
use platform::testing::TestDb;

use super::relationships_of;
use crate::MIGRATIONS;
use crate::app::change_relationship::{self, Error};
use crate::app::{drive_forward, mark_vip, read_relationships};
use crate::domain::relationship::{Change, Relationship, RelationshipState};
use crate::house::House;

async fn change(
    house: &House,
    by: AccountId,
    customer: AccountId,
    change: Change,
    version: i64,
) -> Result<Relationship, Error> {
    change_relationship::run(&house.app, &house.call_of(by), by, customer, change, version).await
}

platform::for_each_database! { MIGRATIONS;
    async fn a_relationship_moves_on_by_versions_and_keeps_its_history(db: TestDb) {
        let house = House::new(&db.db);
        let distributor = house.distributor().await;
        let customer = house.customer_of(distributor).await;
        let suspended = change(&house, distributor, customer, Change::Suspend, 1).await.unwrap();
        assert_eq!((suspended.state, suspended.version), (RelationshipState::Suspended, 2));
        assert_eq!(change(&house, distributor, customer, Change::Resume, 1).await, Err(Error::Stale));
        change(&house, distributor, customer, Change::Resume, 2).await.unwrap();
        let again = change(&house, distributor, customer, Change::Resume, 3).await;
        assert_eq!(again, Err(Error::WrongState(RelationshipState::Active)));
        assert_eq!(change(&house, customer, customer, Change::Suspend, 3).await, Err(Error::NotYours));
        let ended = change(&house, customer, customer, Change::End, 3).await.unwrap();
        assert_eq!(ended.state, RelationshipState::Ended);
        let history = read_relationships::history(&house.app, customer, customer).await.unwrap().unwrap();
        let states: Vec<_> = history.iter().map(|past| (past.version, past.state.as_str(), past.actor)).collect();
        let by = Some(distributor);
        assert_eq!(states, [(4, "ended", Some(customer)), (3, "active", by), (2, "suspended", by), (1, "active", None)]);
    }

    async fn two_changes_of_one_version_have_one_winner(db: TestDb) {
        let house = House::new(&db.db);
        let distributor = house.distributor().await;
        let customer = house.customer_of(distributor).await;
        let (app, call) = (house.app.clone(), house.call_of(distributor));
        let suspending = tokio::spawn(async move {
            change_relationship::run(&app, &call, distributor, customer, Change::Suspend, 1).await
        });
        let ended = change(&house, customer, customer, Change::End, 1).await;
        let suspended = suspending.await.unwrap();
        assert!(ended.is_ok() ^ suspended.is_ok());
        assert_eq!(relationships_of(&house, customer).await[0].version, 2);
    }

    async fn an_end_makes_a_player_again_who_may_come_to_another_distributor(db: TestDb) {
        let house = House::new(&db.db);
        let (one, two) = (house.distributor().await, house.distributor().await);
        let customer = house.customer_of(one).await;
        change(&house, one, customer, Change::End, 1).await.unwrap();
        house.settle().await;
        assert_eq!(house.account(customer).await.account_type, AccountType::Player);
        let issued = house.invite(two).await;
        let call = house.call_of(customer);
        let run = crate::app::redeem_as_player::run(&house.app, &call, customer, &issued.code, "k").await;
        assert_eq!(run.ok().map(|begun| begun.distributor), Some(two));
        house.settle().await;
        assert_eq!(house.account(customer).await.account_type, AccountType::Customer);
        assert_eq!(relationships_of(&house, customer).await.len(), 2);
    }

    async fn only_the_two_of_them_see_a_relationship(db: TestDb) {
        let house = House::new(&db.db);
        let (distributor, stranger) = (house.distributor().await, house.distributor().await);
        let (customer, other) = (house.customer_of(distributor).await, house.customer_of(distributor).await);
        for caller in [distributor, customer] {
            let seen = read_relationships::one(&house.app, &house.call_of(caller), caller, customer).await.unwrap();
            let seen = seen.expect("both see it");
            assert_eq!(seen.people.len(), 2);
        }
        for caller in [stranger, other] {
            let seen = read_relationships::one(&house.app, &house.call_of(caller), caller, customer).await.unwrap();
            assert!(seen.is_none());
            assert_eq!(change(&house, caller, customer, Change::End, 1).await, Err(Error::Unknown));
        }
    }

    async fn a_distributor_marks_its_own_customers_as_vip_and_nobody_elses(db: TestDb) {
        let house = House::new(&db.db);
        let (distributor, stranger) = (house.distributor().await, house.distributor().await);
        let customer = house.customer_of(distributor).await;
        let mark = async |by, enabled| mark_vip::run(&house.app, &house.call_of(by), by, customer, enabled).await;
        assert_eq!(mark(distributor, true).await, Ok(()));
        assert!(house.account(customer).await.vip);
        assert_eq!(mark(stranger, false).await, Err(mark_vip::Error::Unknown));
        assert_eq!(mark(customer, false).await, Err(mark_vip::Error::Unknown));
        assert!(house.account(customer).await.vip);
        change(&house, distributor, customer, Change::End, 1).await.unwrap();
        assert_eq!(mark(distributor, false).await, Err(mark_vip::Error::Unknown));
    }

    async fn both_are_told_of_each_change_and_what_is_stored_is_what_is_pushed(db: TestDb) {
        let house = House::new(&db.db);
        let distributor = house.distributor().await;
        let customer = house.customer_of(distributor).await;
        change(&house, distributor, customer, Change::Suspend, 1).await.unwrap();
        let kinds = async |account| {
            let stored = notices::after(&house.db, account, 0, Limit::MAX).await.unwrap();
            let pushed = house.pushed.lock().unwrap().clone();
            let pushed: Vec<_> = pushed.into_iter().filter(|one| one.account == account).map(|one| (one.seq, one.body)).collect();
            assert_eq!(stored.iter().map(|one| (one.seq, one.body.clone())).collect::<Vec<_>>(), pushed);
            stored.into_iter().map(|notice| notice.kind).collect::<Vec<_>>()
        };
        assert_eq!(kinds(customer).await, ["relationship_changed", "relationship_changed"]);
        assert_eq!(kinds(distributor).await, ["relationship_changed", "invite_redeemed", "relationship_changed"]);
    }

    async fn everybody_related_to_a_distributor_is_told_page_by_page(db: TestDb) {
        let house = House::new(&db.db);
        let distributor = house.distributor().await;
        for _ in 0..5 {
            house.customer_of(distributor).await;
        }
        house.pushed.lock().unwrap().clear();
        let act = house.app.act(&house.app.own_call("test"));
        let next = house.hear(&house.app).await.handled;
        assert_eq!(next, 0);
        house.world.tell(&house.ids, identity_api::IdentityEvent::AccountSuspended { account: distributor });
        house.hear(&house.app).await;
        let mut told = Vec::new();
        let mut pages = 0;
        while let Some(drive) = house.app.store.due(act.at, 10).await.unwrap().pop() {
            told.extend(house.app.store.announce(drive, 2, act.clone()).await.unwrap());
            pages += 1;
        }
        assert_eq!((pages, told.len()), (3, 10), "five pairs, two people each");
        assert_eq!(drive_forward::run(&house.app).await, Ok(0));
    }
}
