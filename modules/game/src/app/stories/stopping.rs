//! Accounts that are stopped while their games are about to begin, or cannot be read.

use platform::inbox::HandleError;

use super::*;
use crate::simulation::faulty_store::{FaultyStore, Gates};
use crate::store::MemoryStore;

async fn over(gates: &Gates) -> House {
    let store =
        |ids| Arc::new(FaultyStore::over(MemoryStore::new(ids), gates.clone(), Arc::default())) as Arc<_>;
    House::over(store, true).await
}

async fn suspend(house: &House, who: &Principal) -> Result<(), HandleError> {
    let envelope = Envelope {
        number: 1,
        id: house.ids.next(),
        aggregate: who.account.to_string(),
        at: house.clock.now(),
        event: IdentityEvent::AccountSuspended { account: who.account },
    };
    FollowIdentity(Arc::clone(&house.app)).handle(&envelope).await
}

/// Accepts an invite of somebody who is suspended after the acceptance was checked and before it is committed, while
/// the suspension stands before `step`. Whether a game goes on.
async fn a_game_goes_on(step: &'static str) -> bool {
    let gates = Gates::default();
    let house = over(&gates).await;
    let [creator, invitee]: [Principal; 2] = house.network("pair");
    let invite = house.invite(&creator, "pair1", classic()).await.unwrap();
    let (commit, halt) = (gates.hold("accept_invite"), gates.hold(step));
    let call = house.call(&invitee);
    let accepting = accept_invite::run(&house.app, &call, invitee.account, invite.id, None);
    let between = async {
        commit.arrived().await;
        tokio::join!(suspend(&house, &creator), async {
            halt.arrived().await;
            commit.open();
            // The acceptance is committed, or refused, before the suspension goes on.
            while house.app.store.summary(invite.game).await.unwrap().is_none()
                && !is_cancelled(&house, &invite).await
            {
                tokio::task::yield_now().await;
            }
            halt.open();
        })
    };
    let (accepted, (suspended, ())) = tokio::join!(accepting, between);
    suspended.unwrap();
    let summary = house.app.store.summary(invite.game).await.unwrap();
    assert_eq!(accepted.is_ok(), summary.is_some(), "{accepted:?}");
    summary.is_some_and(|summary| summary.ending.is_none())
}

async fn is_cancelled(house: &House, invite: &crate::domain::invite::Invite) -> bool {
    house.app.store.invite(invite.id).await.unwrap().unwrap().recorded == InviteState::Cancelled
}

#[tokio::test]
async fn no_game_of_a_stopped_account_goes_on_whenever_its_invite_is_accepted() {
    for step in ["queue_entry", "cancel_invites", "running", "advance"] {
        assert!(!a_game_goes_on(step).await, "accepted before {step}");
    }
}

platform::for_each_database! { MIGRATIONS;
    async fn a_game_that_cannot_be_read_keeps_no_other_game_of_a_stopped_account_going(db: TestDb) {
        let house = House::open(&db.db).await;
        let [creator, invitee]: [Principal; 2] = house.network("pair");
        let call = house.call(&invitee);
        let begin = async || {
            let invite = house.invite(&creator, "pair1", classic()).await.unwrap();
            accept_invite::run(&house.app, &call, invitee.account, invite.id, None).await.unwrap()
        };
        let games = [begin().await, begin().await, begin().await, begin().await];
        blot(&db, games[1], 2).await;
        tear(&db, games[2], 1).await;
        let invite = house.invite(&creator, "pair1", classic()).await.unwrap();
        begin_consumer(&db, follow_identity::CONSUMER).await;
        let verdict = suspend(&house, &creator).await;
        assert!(matches!(verdict, Err(HandleError::Poison(_))), "trying again would not help: {verdict:?}");
        for (game, is_void) in games.into_iter().zip([true, false, false, true]) {
            let summary = house.app.store.summary(game).await.unwrap().unwrap();
            assert_eq!(summary.ending.is_some(), is_void, "{game}");
        }
        assert!(is_cancelled(&house, &invite).await);
    }
}
