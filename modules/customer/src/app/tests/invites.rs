//! Invites: making, limits, codes, revoking, and who may use one.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::future::join_all;
use identity_api::DistributorStanding;
use kernel::{AccountType, Clock, Limit};
use platform::testing::TestDb;
use secrecy::{ExposeSecret, SecretString};

use super::{assert_whole, invites_of};
use crate::MIGRATIONS;
use crate::app::{
    create_invite, list_invites, redeem_invite, reissue_invite, release_reservations, revoke_invite,
};
use crate::config::Config;
use crate::domain::invite::{InviteShown, InviteState};
use crate::house::{House, wish};

fn few(open: u32, daily: u32) -> Config {
    Config { open_invites: open, daily_invites: daily, ..Config::default() }
}

async fn refused(house: &House, code: &SecretString) -> bool {
    matches!(house.redeem(code, "another").await, Err(redeem_invite::Error::Unusable))
}

platform::for_each_database! { MIGRATIONS;
    async fn sixty_four_redeemers_of_one_invite_have_one_winner_and_63_equal_refusals(db: TestDb) {
        let house = House::new(&db.db);
        let distributor = house.distributor().await;
        let issued = house.invite(distributor).await;
        let tries = (0..64).map(|n| {
            let (app, call, code) = (house.app.clone(), house.nobody(), issued.code.clone());
            tokio::spawn(async move { redeem_invite::run(&app, &call, &code, &format!("key-{n}")).await })
        });
        let outcomes: Vec<_> = join_all(tries).await.into_iter().map(Result::unwrap).collect();
        let unusable = outcomes.iter().filter(|one| matches!(one, Err(redeem_invite::Error::Unusable))).count();
        assert_eq!(unusable, 63);
        let winner = outcomes.into_iter().find_map(Result::ok).expect("one wins");
        house.register(&winner.ticket).expect("the ticket is good");
        house.settle().await;
        assert_whole(&house, distributor, 1).await;
    }

    async fn the_same_key_gets_the_same_redemption_until_it_lapses_and_then_more_time(db: TestDb) {
        let house = House::new(&db.db);
        let distributor = house.distributor().await;
        let issued = house.invite(distributor).await;
        let first = house.redeem(&issued.code, "mine").await.ok().unwrap();
        house.later(3);
        let again = house.redeem(&issued.code, "mine").await.ok().unwrap();
        assert_eq!((again.redemption, again.expires_at), (first.redemption, first.expires_at));
        assert_eq!(again.distributor, distributor);
        assert!(again.distributor_name.is_some());
        assert!(refused(&house, &issued.code).await, "held");
        house.later(20);
        let late = house.redeem(&issued.code, "mine").await.ok().unwrap();
        assert_eq!(late.redemption, first.redemption);
        assert!(late.expires_at > house.clock.now());
        assert!(refused(&house, &issued.code).await, "held anew");
        house.register(&late.ticket).expect("the renewed ticket is good");
        house.settle().await;
        assert_whole(&house, distributor, 1).await;
    }

    async fn a_lapsed_hold_goes_to_the_next_redeemer_and_the_first_ones_ticket_is_dead(db: TestDb) {
        let house = House::new(&db.db);
        let distributor = house.distributor().await;
        let issued = house.invite(distributor).await;
        let first = house.redeem(&issued.code, "first").await.ok().unwrap();
        house.later(11);
        let second = house.redeem(&issued.code, "second").await.expect("no sweeper was needed");
        assert_ne!(first.redemption, second.redemption);
        assert_eq!(house.register(&first.ticket), None);
        house.register(&second.ticket).unwrap();
        house.settle().await;
        assert_whole(&house, distributor, 1).await;
        assert!(refused(&house, &issued.code).await);
    }

    async fn a_hold_that_lapsed_after_its_account_was_created_goes_forward(db: TestDb) {
        let house = House::new(&db.db);
        let distributor = house.distributor().await;
        let issued = house.invite(distributor).await;
        let first = house.redeem(&issued.code, "first").await.ok().unwrap();
        house.register(&first.ticket).unwrap();
        house.later(11);
        // Its event has not been heard here yet.
        assert!(refused(&house, &issued.code).await, "identity says that it is too late");
        assert_eq!(release_reservations::run(&house.app).await.unwrap(), 0);
        house.settle().await;
        assert_whole(&house, distributor, 1).await;
    }

    async fn the_sweeper_only_tidies(db: TestDb) {
        let house = House::new(&db.db);
        let distributor = house.distributor().await;
        let issued = house.invite(distributor).await;
        let first = house.redeem(&issued.code, "first").await.ok().unwrap();
        assert_eq!(release_reservations::run(&house.app).await.unwrap(), 0, "still held");
        house.later(10);
        let shown = house.app.store.invite(distributor, issued.invite.id).await.unwrap().unwrap();
        assert_eq!(shown.shown(house.clock.now()), InviteShown::Open, "before any sweep");
        assert_eq!(release_reservations::run(&house.app).await.unwrap(), 1);
        assert_eq!(house.register(&first.ticket), None);
        let next = house.redeem(&issued.code, "first").await.ok().unwrap();
        assert_ne!(next.redemption, first.redemption, "the old one was cancelled for good");
    }

    async fn junk_unknown_expired_revoked_used_and_stopped_are_refused_alike(db: TestDb) {
        let house = House::new(&db.db);
        let (distributor, stopped) = (house.distributor().await, house.distributor().await);
        let (unknown, _) = house.app.mint();
        let expired = house.invite(distributor).await;
        let used = house.invite(distributor).await;
        let ticketed = house.redeem(&used.code, "key").await.ok().unwrap();
        house.register(&ticketed.ticket).unwrap();
        house.later(7 * 24 * 60);
        let of_stopped = house.invite(stopped).await;
        house.standing(stopped, DistributorStanding::Suspended).await;
        let revoked = house.invite(distributor).await;
        revoke_invite::run(&house.app, &house.call_of(distributor), distributor, revoked.invite.id).await.ok().unwrap();
        house.settle().await;
        let replaced = house.invite(distributor).await;
        reissue_invite::run(&house.app, &house.call_of(distributor), distributor, replaced.invite.id).await.ok().unwrap();
        let junk = SecretString::from("civ_nonsense");
        for code in [&junk, &unknown, &expired.code, &used.code, &revoked.code, &of_stopped.code, &replaced.code] {
            assert!(refused(&house, code).await);
        }
    }

    async fn a_distributor_that_resumes_finds_its_invites_as_they_were(db: TestDb) {
        let house = House::new(&db.db);
        let distributor = house.distributor().await;
        let issued = house.invite(distributor).await;
        house.standing(distributor, DistributorStanding::Suspended).await;
        assert!(refused(&house, &issued.code).await);
        house.standing(distributor, DistributorStanding::Active).await;
        assert!(house.redeem(&issued.code, "key").await.is_ok());
    }

    async fn the_same_key_makes_one_invite_and_voids_the_code_before(db: TestDb) {
        let house = House::new(&db.db);
        let distributor = house.distributor().await;
        let first = house.try_invite(distributor, "same").await.ok().unwrap();
        let again = house.try_invite(distributor, "same").await.ok().unwrap();
        assert_eq!(first.invite.id, again.invite.id);
        assert_ne!(first.code.expose_secret(), again.code.expose_secret());
        assert_eq!(invites_of(&house, distributor).await.len(), 1);
        assert!(refused(&house, &first.code).await);
        assert!(house.redeem(&again.code, "key").await.is_ok());
        let other_body = create_invite::Wish { body_digest: [1; 32], ..wish("same") };
        let reused = create_invite::run(&house.app, &house.call_of(distributor), distributor, other_body).await;
        assert_eq!(reused.err(), Some(create_invite::Error::KeyReused));
        let stranger = house.distributor().await;
        let own = house.try_invite(stranger, "same").await.ok().unwrap();
        assert_ne!(own.invite.id, first.invite.id, "keys are bound to who sends them");
    }

    async fn limits_hold_when_everybody_asks_at_once(db: TestDb) {
        let house = House::configured(&db.db, few(3, 100));
        let distributor = house.distributor().await;
        let tries = (0..12).map(|n| {
            let (app, call) = (house.app.clone(), house.call_of(distributor));
            tokio::spawn(async move { create_invite::run(&app, &call, distributor, wish(&n.to_string())).await })
        });
        let outcomes: Vec<_> = join_all(tries).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(outcomes.iter().filter(|one| one.is_ok()).count(), 3);
        let refusals = outcomes.into_iter().filter_map(Result::err);
        assert!(refusals.into_iter().all(|error| error == create_invite::Error::TooManyOpen));
        house.later(7 * 24 * 60);
        assert!(house.try_invite(distributor, "later").await.is_ok(), "expired ones are not open");
    }

    async fn the_daily_limit_says_when_there_is_room(db: TestDb) {
        let house = House::configured(&db.db, few(100, 2));
        let distributor = house.distributor().await;
        let made_at = house.clock.now();
        house.invite(distributor).await;
        house.later(60);
        house.invite(distributor).await;
        let room = made_at.plus(Duration::from_hours(24));
        let error = house.try_invite(distributor, "third").await.err();
        assert_eq!(error, Some(create_invite::Error::TooManyToday(room)));
        house.clock.advance(room.since(house.clock.now()));
        assert!(house.try_invite(distributor, "third").await.is_ok());
    }

    async fn only_an_active_distributor_makes_invites(db: TestDb) {
        let house = House::new(&db.db);
        let unheard = house.person(AccountType::Distributor);
        let error = house.try_invite(unheard, "key").await.err();
        assert!(matches!(error, Some(create_invite::Error::Failed(_))), "its standing is on its way");
        let player = house.person(AccountType::Player);
        let error = house.try_invite(player, "key").await.err();
        assert_eq!(error, Some(create_invite::Error::DistributorInactive));
    }

    async fn revoking_against_redeeming_has_exactly_one_winner(db: TestDb) {
        let house = House::new(&db.db);
        let distributor = house.distributor().await;
        let mut redeemed = 0;
        for round in 0..12 {
            let issued = house.invite(distributor).await;
            let id = issued.invite.id;
            let (app, call) = (house.app.clone(), house.call_of(distributor));
            let revoking = tokio::spawn(async move { revoke_invite::run(&app, &call, distributor, id).await });
            if round % 3 == 0 {
                tokio::task::yield_now().await;
            }
            let account = match house.redeem(&issued.code, "key").await {
                Ok(ticketed) => house.register(&ticketed.ticket),
                Err(_) => None,
            };
            let revoked = revoking.await.unwrap();
            house.settle().await;
            let state = house.app.store.invite(distributor, id).await.unwrap().unwrap().state;
            match account {
                Some(_) => {
                    redeemed += 1;
                    assert_eq!((state, revoked.err()), (InviteState::Redeemed, Some(revoke_invite::Error::Redeemed)));
                }
                None => assert_eq!((state, revoked.is_ok()), (InviteState::Revoked, true)),
            }
        }
        assert_whole(&house, distributor, redeemed).await;
    }

    async fn revoking_what_is_held_kills_its_ticket_and_what_is_redeemed_stays(db: TestDb) {
        let house = House::new(&db.db);
        let distributor = house.distributor().await;
        let call = house.call_of(distributor);
        let held = house.invite(distributor).await;
        let ticketed = house.redeem(&held.code, "key").await.ok().unwrap();
        let revoked = revoke_invite::run(&house.app, &call, distributor, held.invite.id).await.ok().unwrap();
        assert_eq!(revoked.state, InviteState::Revoked);
        assert_eq!(house.register(&ticketed.ticket), None);
        assert!(revoke_invite::run(&house.app, &call, distributor, held.invite.id).await.is_ok(), "again is fine");
        let used = house.invite(distributor).await;
        let ticketed = house.redeem(&used.code, "key").await.ok().unwrap();
        house.register(&ticketed.ticket).unwrap();
        let late = revoke_invite::run(&house.app, &call, distributor, used.invite.id).await.err();
        assert_eq!(late, Some(revoke_invite::Error::Redeemed));
        house.settle().await;
        assert_whole(&house, distributor, 1).await;
    }

    async fn nobody_reads_or_changes_anothers_invite(db: TestDb) {
        let house = House::new(&db.db);
        let (owner, other) = (house.distributor().await, house.distributor().await);
        let issued = house.invite(owner).await;
        let id = issued.invite.id;
        let call = house.call_of(other);
        assert!(list_invites::one(&house.app, &call, other, id).await.unwrap().is_none());
        let revoked = revoke_invite::run(&house.app, &call, other, id).await.err();
        assert_eq!(revoked, Some(revoke_invite::Error::Unknown));
        let reissued = reissue_invite::run(&house.app, &call, other, id).await.err();
        assert_eq!(reissued, Some(reissue_invite::Error::Unknown));
        assert!(house.redeem(&issued.code, "key").await.is_ok());
    }

    async fn invites_are_listed_newest_first_by_what_they_are_now(db: TestDb) {
        let house = House::new(&db.db);
        let distributor = house.distributor().await;
        let call = house.call_of(distributor);
        let mut made = Vec::new();
        for _ in 0..5 {
            house.later(1);
            made.push(house.invite(distributor).await);
        }
        let (held, gone) = (&made[1], &made[3]);
        house.redeem(&held.code, "key").await.ok().unwrap();
        revoke_invite::run(&house.app, &call, distributor, gone.invite.id).await.ok().unwrap();
        let list = async |shown| {
            let limit = Limit::try_from(2).unwrap();
            let (mut ids, mut before) = (Vec::new(), None);
            loop {
                let part = list_invites::Part { shown, before, limit };
                let page = list_invites::page(&house.app, &call, distributor, part).await.unwrap();
                ids.extend(page.items.iter().map(|named| named.invite.id));
                before = page.next;
                if before.is_none() {
                    return ids;
                }
            }
        };
        let id = |n: usize| made[n].invite.id;
        assert_eq!(list(None).await, [id(4), id(3), id(2), id(1), id(0)]);
        assert_eq!(list(Some(InviteShown::Open)).await, [id(4), id(2), id(0)]);
        assert_eq!(list(Some(InviteShown::Reserved)).await, [id(1)]);
        assert_eq!(list(Some(InviteShown::Revoked)).await, [id(3)]);
        house.later(10);
        assert_eq!(list(Some(InviteShown::Open)).await.len(), 4, "the hold lapsed");
        house.later(7 * 24 * 60);
        assert_eq!(list(Some(InviteShown::Expired)).await.len(), 4);
    }
}

#[test]
fn every_code_is_another_and_says_what_it_is() {
    let random = kernel::SeededRandom::new(3);
    let mut seen = HashSet::new();
    for _ in 0..100 {
        let (code, _) = platform::crypto::tokens::mint(crate::app::CODE_PREFIX, &random);
        assert!(code.expose_secret().starts_with("civ_"));
        assert!(seen.insert(code.expose_secret().to_owned()));
    }
}
