//! The saga of DOMAIN.md 3: a crash at any arrow, a lossy way to identity, an identity that is away.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use identity_api::{AccountStatus, IdentityEvent, IdentityProvider, IdentityVia, RedemptionOrigin};
use kernel::id::RedemptionId;
use kernel::port::{Disturbance, Loopback};
use kernel::{AccountType, Clock, TypedId};
use platform::testing::TestDb;
use secrecy::SecretString;

use super::{assert_whole, invites_of, relationships_of};
use crate::app::{App, drive_forward, redeem_as_player, redeem_invite, revoke_invite};
use crate::domain::invite::InviteState;
use crate::house::House;
use crate::{MIGRATIONS, arrows};

/// Runs a step as a process of its own would: `None` when it ended at its arrow.
async fn until_crash<T: Send + 'static>(step: impl Future<Output = T> + Send + 'static) -> Option<T> {
    tokio::spawn(step).await.ok()
}

async fn redeem(
    app: Arc<App>,
    house: &House,
    code: &SecretString,
    key: &'static str,
) -> Option<redeem_invite::Ticketed> {
    let (call, code) = (house.nobody(), code.clone());
    until_crash(async move { redeem_invite::run(&app, &call, &code, key).await.ok() }).await.flatten()
}

platform::for_each_database! { MIGRATIONS;
    async fn a_crash_at_any_arrow_is_driven_forward_after_the_restart(db: TestDb) {
        let house = Arc::new(House::new(&db.db));
        let distributor = house.distributor().await;
        let all = [arrows::RESERVED, arrows::CREATED_HEARD, arrows::REDEEMED, arrows::ACKNOWLEDGED, arrows::SETTLED];
        for (done, arrow) in all.into_iter().enumerate() {
            let issued = house.invite(distributor).await;
            let crashing = house.crashing_at(arrow);
            let first = redeem(crashing.clone(), &house, &issued.code, "key").await;
            assert_eq!(first.is_none(), arrow == arrows::RESERVED, "{arrow}");
            // Whoever lost the answer asks again with the same key.
            let ticketed = redeem(house.app.clone(), &house, &issued.code, "key").await.expect("a ticket");
            let account = house.register(&ticketed.ticket).expect("an account");
            let (there, app) = (house.clone(), crashing.clone());
            let heard = until_crash(async move { there.hear(&app).await }).await;
            assert_eq!(heard.is_none(), [arrows::CREATED_HEARD, arrows::REDEEMED].contains(&arrow), "{arrow}");
            let app = crashing.clone();
            until_crash(async move { drive_forward::run(&app).await }).await;
            // The restart: nothing is remembered but what is stored.
            house.later(1);
            house.settle().await;
            assert_eq!(house.account(account).await.status, AccountStatus::Active, "{arrow}");
            assert_whole(&house, distributor, done + 1).await;
        }
    }

    async fn a_crash_between_marker_and_release_leaves_no_orphan(db: TestDb) {
        let house = House::new(&db.db);
        let distributor = house.distributor().await;
        let issued = house.invite(distributor).await;
        let first = redeem(house.app.clone(), &house, &issued.code, "first").await.unwrap();
        house.later(11);
        assert!(redeem(house.crashing_at(arrows::RELEASE_MARKED), &house, &issued.code, "second").await.is_none());
        assert_eq!(invites_of(&house, distributor).await[0].state, InviteState::Reserved);
        assert_eq!(house.register(&first.ticket), None, "identity keeps the marker");
        let second = redeem(house.app.clone(), &house, &issued.code, "second").await.unwrap();
        house.register(&second.ticket).unwrap();
        house.settle().await;
        assert_whole(&house, distributor, 1).await;
    }

    async fn a_crash_between_marker_and_revocation_leaves_no_orphan(db: TestDb) {
        let house = House::new(&db.db);
        let distributor = house.distributor().await;
        let issued = house.invite(distributor).await;
        let ticketed = redeem(house.app.clone(), &house, &issued.code, "key").await.unwrap();
        let (app, call, id) = (house.crashing_at(arrows::REVOKE_MARKED), house.call_of(distributor), issued.invite.id);
        assert!(until_crash(async move { revoke_invite::run(&app, &call, distributor, id).await }).await.is_none());
        assert_eq!(house.register(&ticketed.ticket), None);
        let call = house.call_of(distributor);
        revoke_invite::run(&house.app, &call, distributor, id).await.expect("the second try completes");
        assert_whole(&house, distributor, 0).await;
    }

    async fn a_player_who_redeems_becomes_a_customer_even_after_a_crash(db: TestDb) {
        let house = House::new(&db.db);
        let distributor = house.distributor().await;
        let player = house.person(AccountType::Player);
        let issued = house.invite(distributor).await;
        let (app, call, code) = (house.crashing_at(arrows::PLAYER_REDEEMED), house.call_of(player), issued.code.clone());
        assert!(until_crash(async move { redeem_as_player::run(&app, &call, player, &code, "k").await }).await.is_none());
        let call = house.call_of(player);
        let again = redeem_as_player::run(&house.app, &call, player, &issued.code, "k").await.ok().unwrap();
        assert_eq!(relationships_of(&house, player).await, [again]);
        house.settle().await;
        assert_eq!(house.account(player).await.account_type, AccountType::Customer);
        assert_eq!(house.app.store.owed().await, Ok(0));
    }

    async fn a_customer_who_redeems_again_leaves_the_invite_open(db: TestDb) {
        let house = House::new(&db.db);
        let (one, two) = (house.distributor().await, house.distributor().await);
        let customer = house.customer_of(one).await;
        let issued = house.invite(two).await;
        let call = house.call_of(customer);
        let refused = redeem_as_player::run(&house.app, &call, customer, &issued.code, "k").await.err();
        assert_eq!(refused, Some(redeem_as_player::Error::AlreadyRelated));
        let left = invites_of(&house, two).await;
        assert_eq!((left[0].state, left[0].reservation.is_none()), (InviteState::Open, true));
        assert!(house.redeem(&issued.code, "key").await.is_ok());
    }

    async fn a_players_redemption_and_a_strangers_have_one_winner(db: TestDb) {
        let house = House::new(&db.db);
        let distributor = house.distributor().await;
        let player = house.person(AccountType::Player);
        let issued = house.invite(distributor).await;
        let (app, call, code) = (house.app.clone(), house.call_of(player), issued.code.clone());
        let playing = tokio::spawn(async move { redeem_as_player::run(&app, &call, player, &code, "k").await.is_ok() });
        let stranger = house.redeem(&issued.code, "stranger").await.is_ok();
        assert!(stranger ^ playing.await.unwrap());
    }

    async fn what_identity_did_not_hear_is_repeated_until_it_does(db: TestDb) {
        let house = House::new(&db.db);
        let distributor = house.distributor().await;
        let issued = house.invite(distributor).await;
        let ticketed = house.redeem(&issued.code, "key").await.ok().unwrap();
        let account = house.register(&ticketed.ticket).unwrap();
        house.world.away.store(true, Ordering::SeqCst);
        house.settle().await;
        assert_eq!(house.account(account).await.status, AccountStatus::PendingLink);
        assert_eq!(house.app.store.owed().await, Ok(1));
        assert_eq!(relationships_of(&house, distributor).await.len(), 1, "never backward");
        house.world.away.store(false, Ordering::SeqCst);
        assert_eq!(drive_forward::run(&house.app).await, Ok(0), "not before its pause has passed");
        house.later(1);
        house.settle().await;
        assert_whole(&house, distributor, 1).await;
    }

    async fn a_way_that_loses_requests_and_answers_only_delays(db: TestDb) {
        let house = House::new(&db.db);
        let distributor = house.distributor().await;
        let clock: Arc<dyn Clock> = Arc::new(house.clock.clone());
        let lossy = Disturbance { lose_request_every: 3, lose_answer_every: 2, ..Disturbance::default() };
        let provider = Arc::new(IdentityProvider(house.world.clone()));
        let app = house.behind(Arc::new(IdentityVia(Loopback::new(provider, clock, lossy))));
        let issued = house.invite(distributor).await;
        let ticketed = redeem(app.clone(), &house, &issued.code, "key").await.expect("names may be missing");
        house.register(&ticketed.ticket).unwrap();
        house.hear(&app).await;
        for _ in 0..8 {
            drive_forward::run(&app).await.unwrap();
            house.later(1);
        }
        assert_whole(&house, distributor, 1).await;
    }

    async fn an_account_without_a_reserved_invite_is_parked_and_others_go_on(db: TestDb) {
        let house = House::new(&db.db);
        let distributor = house.distributor().await;
        let account = house.person(AccountType::Customer);
        let redemption = RedemptionId::from_uuid(house.ids.uuid());
        let origin = RedemptionOrigin { redemption, distributor };
        let event =
            IdentityEvent::AccountCreated { account, account_type: AccountType::Customer, redemption: Some(origin) };
        house.world.tell(&house.ids, event);
        assert_eq!(house.hear(&house.app).await.parked, 1);
        house.customer_of(distributor).await;
        assert_eq!(relationships_of(&house, distributor).await.len(), 1);
    }

    async fn an_event_that_is_told_twice_is_handled_once(db: TestDb) {
        let house = House::new(&db.db);
        let distributor = house.distributor().await;
        let issued = house.invite(distributor).await;
        let ticketed = house.redeem(&issued.code, "key").await.ok().unwrap();
        let account = house.register(&ticketed.ticket).unwrap();
        let origin = RedemptionOrigin { redemption: ticketed.redemption, distributor };
        let event =
            IdentityEvent::AccountCreated { account, account_type: AccountType::Customer, redemption: Some(origin) };
        house.world.tell(&house.ids, event);
        house.settle().await;
        assert_whole(&house, distributor, 1).await;
        assert_eq!(house.hear(&house.app).await.parked, 0);
    }
}
