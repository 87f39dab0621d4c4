//! Entitlements and blocks over real rows.

use std::sync::atomic::Ordering;

use customer_api::{Capability, Check, Denial};
use identity_api::{DistributorStanding, Identity, IdentityEvent, Sanction};
use kernel::id::AccountId;
use kernel::{AccountType, Limit};
use platform::testing::TestDb;

use crate::MIGRATIONS;
use crate::app::{block_account, change_relationship, check_entitlement, list_blocks, list_network};
use crate::config::{Config, PlayPolicy};
use crate::domain::relationship::Change;
use crate::house::House;

async fn denial(
    house: &House,
    subject: AccountId,
    capability: Capability,
    object: AccountId,
) -> Option<Denial> {
    let check = Check { subject, capability, object };
    check_entitlement::run(&house.app, &house.nobody(), check).await.denial
}

platform::for_each_database! { MIGRATIONS;
    async fn a_suspended_or_ended_relationship_entitles_to_nothing(db: TestDb) {
        let house = House::new(&db.db);
        let distributor = house.distributor().await;
        let (one, two) = (house.customer_of(distributor).await, house.customer_of(distributor).await);
        let call = house.call_of(distributor);
        assert_eq!(denial(&house, one, Capability::Chat, distributor).await, None);
        for (change, version) in [(Change::Suspend, 1), (Change::Resume, 2), (Change::End, 3)] {
            change_relationship::run(&house.app, &call, distributor, one, change, version).await.unwrap();
            let gone = change != Change::Resume;
            let (chat, play) = (gone.then_some(Denial::NoRelationship), gone.then_some(Denial::OtherNetwork));
            assert_eq!(denial(&house, one, Capability::Chat, distributor).await, chat);
            assert_eq!(denial(&house, distributor, Capability::Play, one).await, play);
            assert_eq!(denial(&house, two, Capability::Play, one).await, play);
        }
        assert_eq!(denial(&house, two, Capability::Chat, distributor).await, None);
    }

    async fn a_decision_names_the_relationship_and_its_version(db: TestDb) {
        let house = House::new(&db.db);
        let distributor = house.distributor().await;
        let customer = house.customer_of(distributor).await;
        let check = Check { subject: customer, capability: Capability::Chat, object: distributor };
        let one = check_entitlement::run(&house.app, &house.nobody(), check).await;
        let two = check_entitlement::run(&house.app, &house.nobody(), check).await;
        assert_ne!(one.id, two.id);
        assert_eq!(one.standing.map(|standing| standing.version), Some(1));
    }

    async fn a_stopped_account_or_distributor_entitles_to_nothing(db: TestDb) {
        let house = House::new(&db.db);
        let distributor = house.distributor().await;
        let (one, two) = (house.customer_of(distributor).await, house.customer_of(distributor).await);
        house.standing(distributor, DistributorStanding::Suspended).await;
        let chat = denial(&house, one, Capability::Chat, distributor).await;
        assert_eq!(chat, Some(Denial::DistributorInactive), "by our own copy, whatever identity says yet");
        house.standing(distributor, DistributorStanding::Active).await;
        let sanction = Sanction { account: one, reason: "test".to_owned() };
        house.world.suspend(&house.nobody(), sanction).await.unwrap();
        assert_eq!(denial(&house, one, Capability::Chat, distributor).await, Some(Denial::AccountInactive));
        assert_eq!(denial(&house, two, Capability::Play, one).await, Some(Denial::AccountInactive));
    }

    async fn an_identity_that_does_not_answer_means_no(db: TestDb) {
        let house = House::new(&db.db);
        let distributor = house.distributor().await;
        let customer = house.customer_of(distributor).await;
        house.world.away.store(true, Ordering::SeqCst);
        for capability in Capability::ALL {
            assert_eq!(denial(&house, customer, *capability, distributor).await, Some(Denial::Doubt));
        }
    }

    async fn play_may_be_opened_and_chat_kept_for_vips(db: TestDb) {
        let config = Config { play_policy: PlayPolicy::Anyone, chat_requires_vip: true, ..Config::default() };
        let house = House::configured(&db.db, config);
        let distributor = house.distributor().await;
        let customer = house.customer_of(distributor).await;
        let stranger = house.person(AccountType::Player);
        assert_eq!(denial(&house, customer, Capability::Play, stranger).await, None);
        assert_eq!(denial(&house, customer, Capability::Chat, distributor).await, Some(Denial::NotVip));
        let vip = identity_api::Vip { account: customer, enabled: true };
        house.world.set_vip(&house.nobody(), vip).await.unwrap();
        assert_eq!(denial(&house, customer, Capability::Chat, distributor).await, None);
    }

    async fn a_block_is_added_once_lifted_once_and_told_to_both(db: TestDb) {
        let house = House::new(&db.db);
        let distributor = house.distributor().await;
        let customer = house.customer_of(distributor).await;
        let call = house.call_of(customer);
        house.pushed.lock().unwrap().clear();
        for _ in 0..2 {
            block_account::add(&house.app, &call, customer, distributor).await.unwrap();
            assert_eq!(denial(&house, distributor, Capability::Chat, customer).await, Some(Denial::Blocked));
        }
        let listed = list_blocks::run(&house.app, &call, customer, None, Limit::default()).await.unwrap();
        assert_eq!(listed.items.iter().map(|one| one.block.blocked).collect::<Vec<_>>(), [distributor]);
        let theirs = list_blocks::run(&house.app, &call, distributor, None, Limit::default()).await.unwrap();
        assert!(theirs.items.is_empty(), "the blocked one has none");
        for _ in 0..2 {
            block_account::lift(&house.app, &call, customer, distributor).await.unwrap();
            assert_eq!(denial(&house, distributor, Capability::Chat, customer).await, None);
        }
        let pushed = house.pushed.lock().unwrap().clone();
        assert_eq!(pushed.len(), 4, "two steps, two people");
        assert!(pushed.iter().all(|one| one.kind == "entitlement_changed" && one.body.as_object().unwrap().len() == 1));
    }

    async fn blocks_are_bounded_and_of_others_who_exist(db: TestDb) {
        let house = House::configured(&db.db, Config { max_blocks: 2, ..Config::default() });
        let player = house.person(AccountType::Player);
        let call = house.call_of(player);
        let block = async |whom| block_account::add(&house.app, &call, player, whom).await;
        assert_eq!(block(player).await, Err(block_account::Error::Oneself));
        assert_eq!(block(house.ids.next()).await, Err(block_account::Error::Unknown));
        for _ in 0..2 {
            block(house.person(AccountType::Player)).await.unwrap();
        }
        assert_eq!(block(house.person(AccountType::Player)).await, Err(block_account::Error::TooMany));
    }

    async fn a_network_is_its_active_members(db: TestDb) {
        let house = House::new(&db.db);
        let distributor = house.distributor().await;
        let (one, two) = (house.customer_of(distributor).await, house.customer_of(distributor).await);
        house.world.tell(&house.ids, IdentityEvent::AccountChanged { account: one });
        house.settle().await;
        let network = async |account| {
            let query = customer_api::NetworkQuery { account, after: None, limit: Limit::default() };
            list_network::run(&house.app, query).await.unwrap().items
        };
        let mut both = vec![one, two];
        both.sort();
        assert_eq!(network(distributor).await, both);
        let call = house.call_of(distributor);
        change_relationship::run(&house.app, &call, distributor, two, Change::Suspend, 1).await.unwrap();
        assert_eq!(network(one).await, [distributor]);
        assert!(network(two).await.is_empty());
    }
}
