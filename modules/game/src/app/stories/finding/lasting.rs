//! How long a place and an offer last, and what nobody loses by it: a restart, a slow answer, a doubt, a refusal.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

use async_trait::async_trait;
use customer_api::{Check, Customer, CustomerError, Decision, NetworkQuery};
use kernel::{Page, PortError};
use platform::write_one;

use super::*;
use crate::app::finding::part;
use crate::domain::pairing::PairingState;
use crate::store::StoreError;

/// Customer as somebody reaches it who may be cut off from it, and what was asked of it.
struct Reached {
    customer: Arc<customer_api::fake::FakeCustomer>,
    is_silent: AtomicBool,
    checks: AtomicUsize,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
}

impl Reached {
    /// Puts itself between a house that has just opened and its customer.
    fn from(house: &mut House) -> Arc<Self> {
        let reached = Arc::new(Self {
            customer: house.customer.clone(),
            is_silent: AtomicBool::new(false),
            checks: AtomicUsize::new(0),
            at_once: AtomicUsize::new(0),
            most_at_once: AtomicUsize::new(0),
        });
        Arc::get_mut(&mut house.app).unwrap().customer = reached.clone();
        reached
    }

    fn answers(&self) -> Result<(), CustomerError> {
        if self.is_silent.load(SeqCst) { Err(PortError::unavailable("cut off").into()) } else { Ok(()) }
    }
}

#[async_trait]
impl Customer for Reached {
    async fn check(&self, call: &CallContext, check: Check) -> Result<Decision, CustomerError> {
        self.checks.fetch_add(1, SeqCst);
        self.most_at_once.fetch_max(self.at_once.fetch_add(1, SeqCst) + 1, SeqCst);
        tokio::task::yield_now().await;
        self.at_once.fetch_sub(1, SeqCst);
        self.answers()?;
        self.customer.check(call, check).await
    }

    async fn network(
        &self,
        call: &CallContext,
        query: NetworkQuery,
    ) -> Result<Page<AccountId, AccountId>, CustomerError> {
        self.answers()?;
        self.customer.network(call, query).await
    }

    async fn head(&self, call: &CallContext, account: AccountId) -> Result<AccountId, CustomerError> {
        self.answers()?;
        self.customer.head(call, account).await
    }
}

/// Whether something waits as long as nothing happens that it waits for.
async fn is_held<T>(waiting: impl Future<Output = T>) -> bool {
    tokio::time::timeout(Duration::from_millis(200), waiting).await.is_err()
}

async fn leave(house: &House, who: &Principal) {
    leave_queue::run(&house.app, &house.call(who), who.account).await.unwrap();
}

async fn decline(house: &House, who: &Principal, id: PairingId) {
    answer_pairing::decline(&house.app, &house.call(who), who.account, id).await.unwrap();
}

/// Whether the last thing somebody was told is that its pairing ended and that it waits on.
async fn was_told_to_wait_on(house: &House, who: &Principal) -> bool {
    let notices = house.app.store.notices(who.account, 0, 100).await.unwrap();
    let last = notices.last().unwrap();
    assert_eq!(last.kind, "game_pairing_ended");
    last.body["waiting"] == serde_json::json!(true)
}

/// Lets time pass in which everybody looks at the queue now and then, as whoever waits does.
async fn wait(house: &House, people: &[Principal], seconds: u64) {
    for _ in 0..seconds / 30 {
        house.clock.advance(Duration::from_secs(30));
        words(house, people).await;
    }
    house.clock.advance(Duration::from_secs(seconds % 30));
}

/// What became of a pairing, and where its two stand now.
async fn end_of(
    house: &House,
    pairing: &Pairing,
    players: &[Principal; 2],
) -> (PairingState, Vec<&'static str>) {
    let over = house.app.store.pairing(pairing.id).await.unwrap().unwrap();
    (over.recorded, words(house, players).await)
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

    async fn nobody_joins_while_it_is_not_known_whom_it_may_play(db: TestDb) {
        let mut house = House::open(&db.db).await;
        let customer = Reached::from(&mut house);
        let players: [Principal; 2] = house.network("pair");
        customer.is_silent.store(true, SeqCst);
        assert!(join_for(&house, &players[0], wish()).await.is_err(), "it would wait where nobody looks for it");
        assert_eq!(words(&house, &players).await, ["idle", "idle"]);
        customer.is_silent.store(false, SeqCst);
        for who in &players {
            join(&house, who).await;
        }
        step(&house).await;
        assert_eq!(words(&house, &players).await, ["offered", "offered"]);
    }

    async fn whoever_joins_again_is_looked_for_in_the_network_it_is_in_now(db: TestDb) {
        let house = House::open(&db.db).await;
        let (head, [there]): (AccountId, [Principal; 1]) = (house.ids.next(), [house.person("there")]);
        let newcomer = house.person("newcomer");
        house.customer.relate(head, there.account);
        for who in [&there, &newcomer] {
            join(&house, who).await;
        }
        house.customer.relate(head, newcomer.account);
        step(&house).await;
        let both = [there, newcomer];
        assert_eq!(words(&house, &both).await, ["waiting", "waiting"]);
        let (_, joined) = join_for(&house, &both[1], wish()).await.unwrap();
        assert!(!joined);
        step(&house).await;
        assert_eq!(words(&house, &both).await, ["offered", "offered"]);
    }

    async fn who_is_online_is_asked_once_for_each_and_a_few_at_a_time(db: TestDb) {
        let mut house = House::open(&db.db).await;
        let customer = Reached::from(&mut house);
        let people: [Principal; 25] = house.network("net");
        for who in &people[1..] {
            preferences::choose(&house.app, &house.call(who), who.account, 0, seen_by_network()).await.unwrap().unwrap();
        }
        *house.connected.0.lock().unwrap() = people.iter().map(|who| who.account).collect();
        online::step(&house.app).await.unwrap();
        let mut expected: Vec<AccountId> = people[1..].iter().map(|who| who.account).collect();
        expected.sort_unstable();
        assert_eq!(who_is_online(&house, &people[0]).await, expected);
        assert_eq!(customer.checks.load(SeqCst), 24);
        let most = customer.most_at_once.load(SeqCst);
        assert!((2..=8).contains(&most), "{most} at once");
    }

    async fn two_of_whom_one_refused_are_not_offered_to_each_other_again_at_once(db: TestDb) {
        let house = House::open(&db.db).await;
        for timed_out in [false, true] {
            let (pairing, players) = paired(&house).await;
            if timed_out {
                accept(&house, &players[0], pairing.id, None).await.unwrap();
                house.clock.advance(pairing::LIFE);
                step(&house).await;
            } else {
                decline(&house, &players[1], pairing.id).await;
            }
            assert_eq!(words(&house, &players).await, ["waiting", "idle"]);
            join(&house, &players[1]).await;
            let head = house.customer.head(&house.call(&players[0]), players[0].account).await.unwrap();
            for seconds in [0, 120, 450] {
                wait(&house, &players, seconds).await;
                step(&house).await;
                assert_eq!(words(&house, &players).await, ["waiting", "waiting"], "{timed_out} {seconds}");
            }
            let third = house.person(if timed_out { "third" } else { "another" });
            house.customer.relate(head, third.account);
            join(&house, &third).await;
            step(&house).await;
            assert_eq!(words(&house, std::slice::from_ref(&third)).await, ["offered"], "another comes first");
            leave(&house, &third).await;
            assert_eq!(words(&house, &players).await, ["waiting", "waiting"]);
            wait(&house, &players, 30).await;
            step(&house).await;
            assert_eq!(words(&house, &players).await, ["offered", "offered"], "and later they may meet again");
        }
    }

    async fn a_doubt_about_two_is_no_refusal_and_is_over_when_it_is(db: TestDb) {
        let mut house = House::open(&db.db).await;
        let customer = Reached::from(&mut house);
        let players: [Principal; 2] = house.network("pair");
        for who in &players {
            join(&house, who).await;
        }
        customer.is_silent.store(true, SeqCst);
        step(&house).await;
        assert_eq!(words(&house, &players).await, ["waiting", "waiting"]);
        customer.is_silent.store(false, SeqCst);
        step(&house).await;
        assert_eq!(words(&house, &players).await, ["offered", "offered"]);
    }

    async fn an_offer_whose_time_is_over_has_run_out_for_whoever_comes_before_the_step_does(db: TestDb) {
        let house = House::open(&db.db).await;
        let overdue = async || {
            let (pairing, players) = paired(&house).await;
            accept(&house, &players[0], pairing.id, None).await.unwrap();
            house.clock.advance(pairing::LIFE);
            (pairing, players)
        };
        let (pairing, players) = overdue().await;
        assert_eq!(words(&house, &players).await, ["waiting", "idle"], "nothing is on offer any more");
        assert_eq!(end_of(&house, &pairing, &players).await.0, PairingState::Expired);

        let (pairing, players) = overdue().await;
        leave(&house, &players[0]).await;
        assert_eq!(end_of(&house, &pairing, &players).await, (PairingState::Expired, vec!["idle", "idle"]));
        assert!(!was_told_to_wait_on(&house, &players[1]).await, "it never answered");

        let (pairing, players) = overdue().await;
        leave(&house, &players[1]).await;
        assert_eq!(end_of(&house, &pairing, &players).await, (PairingState::Expired, vec!["waiting", "idle"]));

        let (pairing, players) = overdue().await;
        part::separate(&house.app, &house.call(&players[0]), players[0].account, players[1].account).await.unwrap();
        assert_eq!(end_of(&house, &pairing, &players).await, (PairingState::Expired, vec!["waiting", "idle"]));
        assert!(was_told_to_wait_on(&house, &players[0]).await);
        assert!(!was_told_to_wait_on(&house, &players[1]).await);
    }

    async fn a_choice_stands_even_if_it_cannot_be_shown_at_once(db: TestDb) {
        let house = House::open(&db.db).await;
        let who = house.person("open");
        house.connected.0.lock().unwrap().insert(who.account);
        let gone: Result<usize, StoreError> = write_one!(db.db, |c| {
            use diesel_async::RunQueryDsl;
            Ok(diesel::sql_query("DROP TABLE online_leases").execute(c).await?)
        });
        gone.unwrap();
        let chosen = preferences::choose(&house.app, &house.call(&who), who.account, 0, seen_by_network()).await;
        assert_eq!(chosen.unwrap().unwrap().version, 1);
        assert_eq!(preferences::get(&house.app, who.account).await.unwrap().preferences, seen_by_network());
    }

    async fn who_is_online_is_said_again_in_time_however_irregular_the_steps_are(db: TestDb) {
        let house = House::open(&db.db).await;
        let [viewer, open]: [Principal; 2] = house.network("net");
        preferences::choose(&house.app, &house.call(&open), open.account, 0, seen_by_network()).await.unwrap().unwrap();
        house.connected.0.lock().unwrap().insert(open.account);
        for seconds in [0, 1, 9, 10, 19, 5, 19, 9, 19] {
            house.clock.advance(Duration::from_secs(seconds));
            assert_eq!(who_is_online(&house, &viewer).await.len(), usize::from(seconds > 0), "after {seconds}");
            online::step(&house.app).await.unwrap();
        }
    }
}
