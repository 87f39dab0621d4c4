//! Accounts that are stopped while their games are about to begin, or cannot be read.

use std::fmt::Debug;

use platform::inbox::HandleError;

use super::finding::{accept, paired, standing};
use super::*;
use crate::app::finding::look_at_queue::Standing;
use crate::domain::pairing::PairingState;
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

/// Where the commit that begins a game and the suspension stop, and which game it is.
struct Race<'a> {
    gates: &'a Gates,
    begins: &'static str,
    suspends: &'static str,
    game: GameId,
}

/// Suspends somebody after a `yes` to a game with that account was checked and before it is committed, while the
/// suspension stands before one of its steps. Whether the game goes on.
async fn a_game_goes_on<T: Debug, E: Debug>(
    house: &House,
    race: Race<'_>,
    suspended: &Principal,
    yes: impl Future<Output = Result<T, E>>,
    is_closed: impl AsyncFn() -> bool,
) -> bool {
    let (commit, halt) = (race.gates.hold(race.begins), race.gates.hold(race.suspends));
    let begun = async || house.app.store.summary(race.game).await.unwrap();
    let between = async {
        commit.arrived().await;
        tokio::join!(suspend(house, suspended), async {
            halt.arrived().await;
            commit.open();
            // The yes is committed, or refused, before the suspension goes on.
            while begun().await.is_none() && !is_closed().await {
                tokio::task::yield_now().await;
            }
            halt.open();
        })
    };
    let (said, (done, ())) = tokio::join!(yes, between);
    done.unwrap();
    let summary = begun().await;
    assert_eq!(said.is_ok(), summary.is_some(), "{said:?}");
    summary.is_some_and(|summary| summary.ending.is_none())
}

/// The steps of a suspension before which it is made to wait.
const STEPS: [&str; 4] = ["queue_entry", "cancel_invites", "running", "advance"];

async fn is_cancelled(house: &House, invite: &crate::domain::invite::Invite) -> bool {
    house.app.store.invite(invite.id).await.unwrap().unwrap().recorded == InviteState::Cancelled
}

#[tokio::test]
async fn no_game_of_a_stopped_account_goes_on_whenever_its_invite_is_accepted() {
    for suspends in STEPS {
        let gates = Gates::default();
        let house = over(&gates).await;
        let [creator, invitee]: [Principal; 2] = house.network("pair");
        let invite = house.invite(&creator, "pair1", classic()).await.unwrap();
        let call = house.call(&invitee);
        let yes = accept_invite::run(&house.app, &call, invitee.account, invite.id, None);
        let race = Race { gates: &gates, begins: "accept_invite", suspends, game: invite.game };
        let is_closed = async || is_cancelled(&house, &invite).await;
        assert!(!a_game_goes_on(&house, race, &creator, yes, is_closed).await, "accepted before {suspends}");
    }
}

#[tokio::test]
async fn no_game_of_a_stopped_account_goes_on_whenever_the_other_says_yes_to_their_pairing() {
    for suspends in STEPS {
        let gates = Gates::default();
        let house = over(&gates).await;
        let (pairing, [first, second]) = paired(&house).await;
        accept(&house, &first, pairing.id, None).await.unwrap();
        let yes = accept(&house, &second, pairing.id, None);
        let race = Race { gates: &gates, begins: "begin_pairing", suspends, game: pairing.game };
        let is_closed = async || {
            let now = house.app.store.pairing(pairing.id).await.unwrap().unwrap();
            now.recorded == PairingState::Cancelled
        };
        assert!(!a_game_goes_on(&house, race, &first, yes, is_closed).await, "said before {suspends}");
        assert_eq!(standing(&house, &first).await, Standing::Idle);
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
