//! How long a place and an offer last, and what nobody loses by it: a restart, a slow answer, a doubt, a refusal.

use super::*;

/// Whether something waits as long as nothing happens that it waits for.
async fn is_held<T>(waiting: impl Future<Output = T>) -> bool {
    tokio::time::timeout(Duration::from_millis(200), waiting).await.is_err()
}

async fn leave(house: &House, who: &Principal) {
    leave_queue::run(&house.app, &house.call(who), who.account).await.unwrap();
}

platform::for_each_database! { MIGRATIONS;
    async fn nothing_of_the_queue_ends_before_a_time_without_any_node_is_made_good(db: TestDb) {
        let house = House::open(&db.db).await;
        let (pairing, players) = paired(&house).await;
        let [lone]: [Principal; 1] = house.network("lone");
        join(&house, &lone).await;
        let everybody = [players[0].clone(), players[1].clone(), lone];
        alive::beat(&house.app).await.unwrap();
        house.clock.advance(Duration::from_secs(500));
        let next = house.beside();
        let began = next.clock.now();
        assert!(is_held(pair_up::step(&next.app)).await, "it took places and offers away");
        assert!(is_held(accept(&next, &players[0], pairing.id, None)).await);
        assert!(is_held(leave(&next, &players[0])).await);
        assert!(is_held(standing(&next, &players[1])).await);
        alive::take_over(&next.app, began).await.unwrap();
        step(&next).await;
        assert_eq!(words(&next, &everybody).await, ["offered", "offered", "waiting"]);
        accept(&next, &players[0], pairing.id, None).await.unwrap();
        assert!(accept(&next, &players[1], pairing.id, None).await.unwrap().begun);
    }

    async fn a_step_that_waits_for_a_restart_goes_on_only_after_it(db: TestDb) {
        let house = House::open(&db.db).await;
        let (_, players) = paired(&house).await;
        for _ in 0..8 {
            alive::beat(&house.app).await.unwrap();
            house.clock.advance(Duration::from_secs(500));
            let next = house.beside();
            let (stepped, taken) = tokio::join!(
                pair_up::step(&next.app),
                alive::take_over(&next.app, next.clock.now()),
            );
            stepped.and(taken).unwrap();
            assert_eq!(words(&next, &players).await, ["offered", "offered"]);
        }
    }

    async fn whoever_looks_once_a_minute_keeps_the_place_whenever_the_first_look_was(db: TestDb) {
        let house = House::open(&db.db).await;
        let who = house.person("patient");
        for first in [0, 1, 5, 14, 15, 16, 20, 30, 45, 59, 60] {
            join(&house, &who).await;
            for pause in [first, 60, 60, 60] {
                house.clock.advance(Duration::from_secs(pause));
                step(&house).await;
                assert_eq!(words(&house, std::slice::from_ref(&who)).await, ["waiting"], "{first} and {pause}");
            }
            leave(&house, &who).await;
        }
    }
}
