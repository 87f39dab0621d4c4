//! From the queue to a game, and every way in which it does not come to one; who is seen, and when it is quiet.

mod lasting;

use game_engine::BySeat;
use kernel::id::{AccountId, PairingId};
use kernel::{CallContext, Limit};

use super::*;
use crate::app::finding::answer_pairing::{self, Accepted, PairingError};
use crate::app::finding::join_queue::{self, JoinError};
use crate::app::finding::look_at_queue::{self, Standing};
use crate::app::finding::{leave_queue, online, pair_up, people, preferences};
use crate::domain::pairing::{self, Pairing, PairingClosed};
use crate::domain::preferences::{Preferences, PresenceChoice, QuietHours};
use crate::domain::queue::{LEASE, Wish};

fn wish() -> Wish {
    Wish { rules: classic(), rated: true }
}

async fn join_for(house: &House, who: &Principal, wish: Wish) -> Result<(Standing, bool), JoinError> {
    join_queue::run(&house.app, &house.call(who), who, house.claim(), wish).await
}

async fn join(house: &House, who: &Principal) {
    let (standing, joined) = join_for(house, who, wish()).await.unwrap();
    assert!(joined && matches!(standing, Standing::Waiting(_)), "{standing:?}");
}

async fn step(house: &House) {
    pair_up::step(&house.app).await.unwrap();
}

pub(super) async fn standing(house: &House, who: &Principal) -> Standing {
    look_at_queue::run(&house.app, who.account).await.unwrap()
}

async fn offer(house: &House, who: &Principal) -> Pairing {
    match standing(house, who).await {
        Standing::Offered(_, pairing) => *pairing,
        other => panic!("nothing is on offer: {other:?}"),
    }
}

fn word(standing: &Standing) -> &'static str {
    match standing {
        Standing::Idle => "idle",
        Standing::Waiting(_) => "waiting",
        Standing::Offered(..) => "offered",
    }
}

async fn words(house: &House, people: &[Principal]) -> Vec<&'static str> {
    let mut words = Vec::new();
    for who in people {
        words.push(word(&standing(house, who).await));
    }
    words
}

pub(super) async fn accept(
    house: &House,
    who: &Principal,
    id: PairingId,
    entropy: Option<[u8; 32]>,
) -> Result<Accepted, PairingError> {
    let entropy = entropy.map(Entropy::new);
    answer_pairing::accept(&house.app, &house.call(who), who.account, id, entropy).await
}

/// Two of one network whom the queue has brought together.
pub(super) async fn paired(house: &House) -> (Pairing, [Principal; 2]) {
    let players: [Principal; 2] = house.network("pair");
    for who in &players {
        join(house, who).await;
        house.clock.advance(Duration::from_millis(5));
    }
    step(house).await;
    (offer(house, &players[0]).await, players)
}

/// Everybody's place in the queue, held against everybody's pairing: no account has two, and both ends agree.
async fn nobody_sits_twice(house: &House, people: &[Principal]) {
    let mut seats: std::collections::BTreeMap<PairingId, Vec<AccountId>> = std::collections::BTreeMap::new();
    for who in people {
        let entry = house.app.store.queue_entry(who.account).await.unwrap();
        if let Some(id) = entry.and_then(|entry| entry.pairing) {
            seats.entry(id).or_default().push(who.account);
        }
    }
    for (id, accounts) in seats {
        let pairing = house.app.store.pairing(id).await.unwrap().unwrap();
        let BySeat { first, second } = pairing.players;
        let mut expected = vec![first, second];
        let mut found = accounts;
        expected.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, expected);
    }
}

async fn hear(house: &House, number: i64, event: customer_api::CustomerEvent) {
    let envelope =
        Envelope { number, id: house.ids.next(), aggregate: event.aggregate(), at: house.clock.now(), event };
    FollowCustomer(Arc::clone(&house.app)).handle(&envelope).await.unwrap();
}

fn system(house: &House, who: &Principal) -> CallContext {
    house.call(who)
}

fn seen_by_network() -> Preferences {
    Preferences { presence: PresenceChoice::Network, quiet: None }
}

async fn who_is_online(house: &House, viewer: &Principal) -> Vec<AccountId> {
    let call = house.call(viewer);
    let page = people::list(&house.app, &call, viewer.account, None, Limit::MAX).await.unwrap();
    page.items.into_iter().filter(|one| one.online).map(|one| one.account).collect()
}

platform::for_each_database! { MIGRATIONS;
    async fn two_who_wait_are_paired_and_play_once_both_have_accepted(db: TestDb) {
        let house = House::open(&db.db).await;
        let (pairing, players) = paired(&house).await;
        assert_eq!(pairing.players, BySeat::new(players[0].account, players[1].account), "whoever waited longer sits first");
        assert_eq!(offer(&house, &players[1]).await, pairing);
        for who in &players {
            assert_eq!(house.heard.kinds_for(who.account), ["game_pairing_offered"]);
        }
        let half = accept(&house, &players[1], pairing.id, Some([2; 32])).await.unwrap();
        assert_eq!(half, Accepted { game: pairing.game, begun: false });
        let again = accept(&house, &players[1], pairing.id, Some([9; 32])).await.unwrap();
        assert_eq!(again, half, "the entropy of the first yes counts");
        let whole = accept(&house, &players[0], pairing.id, Some([1; 32])).await.unwrap();
        assert_eq!(whole, Accepted { game: pairing.game, begun: true });
        for who in &players {
            assert_eq!(accept(&house, who, pairing.id, None).await.unwrap(), whole);
            assert_eq!(house.heard.kinds_for(who.account), ["game_pairing_offered", "game_started"]);
        }
        assert_eq!(words(&house, &players).await, ["idle", "idle"]);
        let journal = house.journal(pairing.game).await;
        let Some(Entry::Started(started)) = journal.first().map(|line| &line.entry) else { panic!() };
        assert_eq!((started.players, started.commitment), (pairing.players, pairing.commitment));
        assert_eq!(started.entropy, BySeat::new(Some(Entropy::new([1; 32])), Some(Entropy::new([2; 32]))));
        house.move_somehow(pairing.game, &players).await;
    }

    async fn whoever_declines_leaves_and_the_other_waits_on_from_where_it_was(db: TestDb) {
        let house = House::open(&db.db).await;
        let (pairing, players) = paired(&house).await;
        let Standing::Offered(before, _) = standing(&house, &players[0]).await else { panic!() };
        accept(&house, &players[0], pairing.id, None).await.unwrap();
        house.clock.advance(Duration::from_secs(7));
        let call = house.call(&players[1]);
        for _ in 0..2 {
            answer_pairing::decline(&house.app, &call, players[1].account, pairing.id).await.unwrap();
        }
        let Standing::Waiting(after) = standing(&house, &players[0]).await else { panic!() };
        assert_eq!(after.since, before.since);
        assert_eq!(words(&house, &players).await, ["waiting", "idle"]);
        let late = accept(&house, &players[0], pairing.id, None).await;
        assert!(matches!(late, Err(PairingError::Closed(PairingClosed::Declined))));
        step(&house).await;
        assert_eq!(words(&house, &players).await, ["waiting", "idle"]);
        join(&house, &players[1]).await;
        for _ in 0..pairing::REFUSAL.as_secs() / 60 {
            step(&house).await;
            assert_eq!(words(&house, &players).await, ["waiting", "waiting"], "not at once");
            house.clock.advance(Duration::from_mins(1));
        }
        words(&house, &players).await;
        step(&house).await;
        assert_ne!(offer(&house, &players[1]).await.id, pairing.id, "with a promise of its own");
    }

    async fn whoever_lets_the_time_run_out_leaves_and_whoever_accepted_waits_on(db: TestDb) {
        let house = House::open(&db.db).await;
        let (pairing, players) = paired(&house).await;
        accept(&house, &players[1], pairing.id, None).await.unwrap();
        house.clock.advance(pairing::LIFE);
        let late = accept(&house, &players[0], pairing.id, None).await;
        assert!(matches!(late, Err(PairingError::Closed(PairingClosed::Expired))));
        step(&house).await;
        assert_eq!(words(&house, &players).await, ["idle", "waiting"]);
        let late = answer_pairing::decline(&house.app, &house.call(&players[0]), players[0].account, pairing.id).await;
        assert!(matches!(late, Err(PairingError::Closed(PairingClosed::Expired))));
        for who in &players {
            assert_eq!(house.heard.kinds_for(who.account), ["game_pairing_offered", "game_pairing_ended"]);
        }
    }

    async fn leaving_the_queue_declines_what_is_on_offer(db: TestDb) {
        let house = House::open(&db.db).await;
        let (pairing, players) = paired(&house).await;
        for _ in 0..2 {
            leave_queue::run(&house.app, &house.call(&players[0]), players[0].account).await.unwrap();
        }
        assert_eq!(words(&house, &players).await, ["idle", "waiting"]);
        let late = accept(&house, &players[1], pairing.id, None).await;
        assert!(matches!(late, Err(PairingError::Closed(PairingClosed::Declined))));
        leave_queue::run(&house.app, &house.call(&players[1]), players[1].account).await.unwrap();
        assert_eq!(words(&house, &players).await, ["idle", "idle"]);
    }

    async fn a_pairing_is_nobody_elses(db: TestDb) {
        let house = House::open(&db.db).await;
        let (pairing, _) = paired(&house).await;
        let stranger = house.person("stranger");
        assert!(matches!(accept(&house, &stranger, pairing.id, None).await, Err(PairingError::NotFound)));
        let declined = answer_pairing::decline(&house.app, &house.call(&stranger), stranger.account, pairing.id).await;
        assert!(matches!(declined, Err(PairingError::NotFound)));
        assert!(matches!(accept(&house, &stranger, house.ids.next(), None).await, Err(PairingError::NotFound)));
    }

    async fn whoever_waits_for_something_else_waits_on(db: TestDb) {
        let house = House::open(&db.db).await;
        let people: [Principal; 3] = house.network("pool");
        join(&house, &people[0]).await;
        join_for(&house, &people[1], Wish { rated: false, ..wish() }).await.unwrap();
        join_for(&house, &people[2], Wish { rules: RuleSet::quick(), ..wish() }).await.unwrap();
        step(&house).await;
        assert_eq!(words(&house, &people).await, ["waiting"; 3]);
        let other = join_for(&house, &people[0], Wish { rated: false, ..wish() }).await;
        assert!(matches!(other, Err(JoinError::WaitsForOther)));
        let (_, joined) = join_for(&house, &people[0], wish()).await.unwrap();
        assert!(!joined);
    }

    async fn only_those_are_paired_who_may_play_each_other(db: TestDb) {
        let house = House::open(&db.db).await;
        let [one, two, three]: [Principal; 3] = house.network("near");
        let [far]: [Principal; 1] = house.network("far");
        house.customer.block(two.account, one.account);
        for who in [&one, &two, &far] {
            join(&house, who).await;
            house.clock.advance(Duration::from_millis(5));
        }
        house.clock.advance(Duration::from_secs(50));
        let everybody = [one.clone(), two.clone(), far.clone()];
        words(&house, &everybody).await;
        for _ in 0..3 {
            step(&house).await;
        }
        assert_eq!(words(&house, &everybody).await, ["waiting"; 3], "blocked, and in other networks");
        join(&house, &three).await;
        step(&house).await;
        assert_eq!(words(&house, &[one, two, three, far]).await, ["offered", "waiting", "offered", "waiting"]);
    }

    async fn whoever_may_not_play_is_let_go_of_and_does_not_come_in(db: TestDb) {
        let house = House::open(&db.db).await;
        let (pairing, players) = paired(&house).await;
        let until = house.clock.now().plus(Duration::from_mins(5));
        restrict::run(&house.app, &system(&house, &players[0]), players[0].account, Some(until), "case".to_owned())
            .await
            .unwrap();
        assert_eq!(words(&house, &players).await, ["idle", "waiting"]);
        let late = accept(&house, &players[1], pairing.id, None).await;
        assert!(matches!(late, Err(PairingError::Closed(PairingClosed::Cancelled))));
        assert!(matches!(join_for(&house, &players[0], wish()).await, Err(JoinError::Restricted(at)) if at == until));
        restrict::run(&house.app, &system(&house, &players[0]), players[1].account, Some(until), "case".to_owned())
            .await
            .unwrap();
        assert_eq!(words(&house, &players).await, ["idle", "idle"]);
        assert_eq!(house.heard.kinds_for(players[1].account).last(), Some(&"game_queue_left"));
    }

    async fn whoever_was_restricted_behind_the_queues_back_is_not_paired(db: TestDb) {
        let house = House::open(&db.db).await;
        let players: [Principal; 2] = house.network("pair");
        for who in &players {
            join(&house, who).await;
        }
        let (until, stamp) = (house.clock.now().plus(Duration::from_mins(5)), house.app.stamp(&house.call(&players[0])));
        house.app.store.restrict(players[1].account, Some(until), "case".to_owned(), stamp).await.unwrap();
        step(&house).await;
        assert_eq!(words(&house, &players).await, ["waiting", "idle"]);
    }

    async fn play_is_asked_for_again_when_a_pairing_is_accepted(db: TestDb) {
        let house = House::open(&db.db).await;
        let (pairing, players) = paired(&house).await;
        accept(&house, &players[0], pairing.id, None).await.unwrap();
        house.customer.block(players[0].account, players[1].account);
        assert!(matches!(accept(&house, &players[1], pairing.id, None).await, Err(PairingError::NotAvailable)));
        assert!(house.app.store.summary(pairing.game).await.unwrap().is_none());
        assert_eq!(words(&house, &players).await, ["waiting", "waiting"]);
        step(&house).await;
        assert_eq!(words(&house, &players).await, ["waiting", "waiting"]);
    }

    async fn a_block_ends_what_is_on_offer_between_the_two(db: TestDb) {
        let house = House::open(&db.db).await;
        begin_consumer(&db, follow_customer::CONSUMER).await;
        let (pairing, players) = paired(&house).await;
        let (by, blocked) = (players[1].account, players[0].account);
        house.customer.block(by, blocked);
        hear(&house, 1, customer_api::CustomerEvent::BlockAdded { by, blocked }).await;
        assert_eq!(words(&house, &players).await, ["waiting", "waiting"]);
        let over = house.app.store.pairing(pairing.id).await.unwrap().unwrap();
        assert_eq!(over.recorded, pairing::PairingState::Cancelled);
        let notices = house.app.store.notices(blocked, 0, 10).await.unwrap();
        assert_eq!(notices[1].body["reason"], "not_available", "it does not say why");
    }

    async fn whoever_loses_its_network_leaves_the_queue(db: TestDb) {
        let house = House::open(&db.db).await;
        begin_consumer(&db, follow_customer::CONSUMER).await;
        let (_, players) = paired(&house).await;
        let [waits]: [Principal; 1] = house.network("other");
        join(&house, &waits).await;
        let ended = |customer| customer_api::CustomerEvent::RelationshipEnded {
            relationship: house.ids.next(),
            distributor: house.ids.next(),
            customer,
        };
        hear(&house, 1, ended(players[0].account)).await;
        hear(&house, 2, ended(waits.account)).await;
        assert_eq!(words(&house, &players).await, ["idle", "waiting"]);
        assert_eq!(words(&house, &[waits]).await, ["idle"]);
    }

    async fn a_stopped_account_leaves_the_queue(db: TestDb) {
        let house = House::open(&db.db).await;
        begin_consumer(&db, follow_identity::CONSUMER).await;
        let (_, players) = paired(&house).await;
        let event = IdentityEvent::AccountSuspended { account: players[0].account };
        let envelope = Envelope {
            number: 1,
            id: house.ids.next(),
            aggregate: players[0].account.to_string(),
            at: house.clock.now(),
            event,
        };
        FollowIdentity(Arc::clone(&house.app)).handle(&envelope).await.unwrap();
        assert_eq!(words(&house, &players).await, ["idle", "waiting"]);
    }

    async fn whoever_is_not_heard_of_leaves_and_whoever_looks_or_has_a_socket_stays(db: TestDb) {
        let house = House::open(&db.db).await;
        let [gone, looks, connected]: [Principal; 3] = house.network("lone");
        // Nobody of them is paired: each of them waits for something else.
        let rules = [classic(), RuleSet::quick(), classic().customised()];
        for (number, who) in [&gone, &looks, &connected].into_iter().enumerate() {
            let rated = number == 0;
            join_for(&house, who, Wish { rules: rules[number], rated }).await.unwrap();
        }
        house.connected.0.lock().unwrap().insert(connected.account);
        for _ in 0..4 {
            house.clock.advance(Duration::from_secs(25));
            standing(&house, &looks).await;
            step(&house).await;
        }
        assert!(LEASE < Duration::from_secs(100));
        assert_eq!(words(&house, &[gone.clone(), looks, connected]).await, ["idle", "waiting", "waiting"]);
        assert_eq!(house.heard.kinds_for(gone.account), ["game_queue_left"]);
    }

    async fn of_64_who_join_at_once_everybody_is_paired_once_whichever_node_does_it(db: TestDb) {
        let house = House::open(&db.db).await;
        let other = house.next().await;
        let people: [Principal; 64] = house.network("many");
        let nodes = [&house, &other];
        let joins = people.iter().enumerate().map(|(number, who)| join_for(nodes[number % 2], who, wish()));
        assert!(join_all(joins).await.into_iter().all(|joined| joined.is_ok()));
        for _ in 0..6 {
            let (one, two) = tokio::join!(pair_up::step(&house.app), pair_up::step(&other.app));
            one.unwrap();
            two.unwrap();
        }
        assert_eq!(words(&house, &people).await, ["offered"; 64]);
        nobody_sits_twice(&house, &people).await;
        let offers = people.iter().map(|who| async { offer(&house, who).await.id });
        let offers: BTreeSet<PairingId> = join_all(offers).await.into_iter().collect();
        assert_eq!(offers.len(), 32);
        let told = |who: &Principal| {
            let kinds = [house.heard.kinds_for(who.account), other.heard.kinds_for(who.account)].concat();
            assert_eq!(kinds, ["game_pairing_offered"], "each of them is asked once");
        };
        people.iter().for_each(told);
    }

    async fn whatever_is_answered_at_once_a_pairing_has_one_end(db: TestDb) {
        let house = House::open(&db.db).await;
        let other = house.next().await;
        for round in 0..6_u32 {
            let (pairing, players) = paired(&house).await;
            if round % 3 == 2 {
                house.clock.advance(pairing::LIFE.checked_sub(Duration::from_micros(1)).unwrap());
            }
            let (one, two) = (&players[0], &players[1]);
            let (call, leaving) = (other.call(two), house.call(one));
            let late = round % 3 == 2;
            let expiry = async {
                if late {
                    house.clock.advance(Duration::from_micros(1));
                }
                pair_up::step(&other.app).await
            };
            let decline = async {
                if round % 3 == 1 {
                    let _ = answer_pairing::decline(&other.app, &call, two.account, pairing.id).await;
                    let _ = leave_queue::run(&house.app, &leaving, one.account).await;
                }
            };
            let yes = [accept(&house, one, pairing.id, None), accept(&other, two, pairing.id, None),
                accept(&other, one, pairing.id, None), accept(&house, two, pairing.id, None)];
            let (yes, (), expired) = tokio::join!(join_all(yes), decline, expiry);
            expired.unwrap();
            pair_up::step(&house.app).await.unwrap();
            let over = house.app.store.pairing(pairing.id).await.unwrap().unwrap();
            let begun = house.app.store.summary(pairing.game).await.unwrap().is_some();
            assert_eq!(begun, over.recorded == pairing::PairingState::Begun, "{over:?}");
            if round % 3 == 0 {
                assert!(begun && yes.iter().filter(|yes| matches!(yes, Ok(Accepted { begun: true, .. }))).count() >= 1);
            }
            let started = |who: &Principal| {
                let kinds = [house.heard.kinds_for(who.account), other.heard.kinds_for(who.account)].concat();
                kinds.iter().filter(|kind| **kind == "game_started").count()
            };
            for who in &players {
                assert_eq!(started(who), usize::from(begun), "one game, or none");
            }
            nobody_sits_twice(&house, &players).await;
            for who in &players {
                leave_queue::run(&house.app, &house.call(who), who.account).await.unwrap();
            }
            assert_eq!(words(&house, &players).await, ["idle", "idle"]);
        }
    }

    async fn near_ratings_are_paired_first_and_far_ones_only_after_a_while(db: TestDb) {
        let house = House::open(&db.db).await;
        let people: [Principal; 3] = house.network("apart");
        let at = |account, rating| {
            let wish = wish();
            let entry = crate::domain::queue::Entry {
                account,
                wish,
                pool: crate::domain::queue::Pool([0; 32]),
                circle: account,
                rating,
                since: house.clock.now(),
                seen_until: house.clock.now().plus(Duration::from_hours(1)),
                pairing: None,
            };
            let claim = platform::idempotency::Claim {
                scope: account.to_string(),
                route: "queue".to_owned(),
                key: "key".to_owned(),
                body_digest: [0; 32],
                at: house.clock.now(),
            };
            (entry, claim)
        };
        let circle = people[0].account;
        for (who, rating) in people.iter().zip([1_400, 1_700, 1_750]) {
            let (mut entry, claim) = at(who.account, rating);
            entry.circle = circle;
            house.app.store.join_queue(entry, claim, house.app.stamp(&house.call(who))).await.unwrap();
        }
        step(&house).await;
        assert_eq!(words(&house, &people).await, ["waiting", "offered", "offered"]);
        let pairing = offer(&house, &people[2]).await;
        answer_pairing::decline(&house.app, &house.call(&people[2]), people[2].account, pairing.id).await.unwrap();
        for (seconds, expected) in [(29, "waiting"), (10, "waiting"), (1, "offered")] {
            house.clock.advance(Duration::from_secs(seconds));
            step(&house).await;
            assert_eq!(words(&house, &people[..2]).await, [expected; 2], "{seconds}");
        }
    }

    async fn what_two_nodes_and_a_restart_leave_is_picked_up(db: TestDb) {
        let house = House::open(&db.db).await;
        let (pairing, players) = paired(&house).await;
        accept(&house, &players[0], pairing.id, Some([1; 32])).await.unwrap();
        house.clock.advance(Duration::from_secs(200));
        // Nobody was alive meanwhile: nobody's time has passed.
        let next = house.next().await;
        step(&next).await;
        assert_eq!(words(&next, &players).await, ["offered", "offered"]);
        assert!(accept(&next, &players[1], pairing.id, None).await.unwrap().begun);
        let journal = next.journal(pairing.game).await;
        let Some(Entry::Started(started)) = journal.first().map(|line| &line.entry) else { panic!() };
        assert_eq!(started.entropy, BySeat::new(Some(Entropy::new([1; 32])), None));
    }

    async fn those_are_seen_online_who_want_it_by_those_who_may_play_them(db: TestDb) {
        let house = House::open(&db.db).await;
        let [viewer, open, closed, blocked]: [Principal; 4] = house.network("net");
        let [far]: [Principal; 1] = house.network("far");
        for who in [&open, &blocked, &far] {
            preferences::choose(&house.app, &house.call(who), who.account, 0, seen_by_network()).await.unwrap().unwrap();
        }
        house.customer.block(blocked.account, viewer.account);
        let here = |all: &[&Principal]| {
            *house.connected.0.lock().unwrap() = all.iter().map(|who| who.account).collect();
        };
        here(&[&viewer, &open, &closed, &blocked, &far]);
        online::step(&house.app).await.unwrap();
        assert_eq!(who_is_online(&house, &viewer).await, [open.account]);
        assert_eq!(who_is_online(&house, &far).await, [], "of one's own network alone");
        let next = house.next().await;
        assert_eq!(who_is_online(&next, &viewer).await, [open.account], "on every node");
        here(&[&viewer, &closed]);
        online::step(&house.app).await.unwrap();
        assert_eq!(who_is_online(&house, &viewer).await, []);
        here(&[&open]);
        online::step(&house.app).await.unwrap();
        assert_eq!(who_is_online(&house, &viewer).await, [open.account]);
        preferences::choose(&house.app, &house.call(&open), open.account, 1, Preferences::default()).await.unwrap().unwrap();
        assert_eq!(who_is_online(&house, &viewer).await, []);
        online::step(&house.app).await.unwrap();
        assert_eq!(who_is_online(&house, &viewer).await, []);
        let seen = preferences::choose(&house.app, &house.call(&open), open.account, 2, seen_by_network()).await.unwrap();
        assert_eq!(seen.unwrap().version, 3);
        assert_eq!(who_is_online(&house, &viewer).await, [open.account], "at once, where one is connected");
        house.clock.advance(Duration::from_secs(31));
        assert_eq!(who_is_online(&house, &viewer).await, [], "nobody vouches any more");
    }

    async fn whoever_hides_and_whoever_is_away_look_alike(db: TestDb) {
        let house = House::open(&db.db).await;
        let [viewer, hides, away]: [Principal; 3] = house.network("net");
        preferences::choose(&house.app, &house.call(&away), away.account, 0, seen_by_network()).await.unwrap().unwrap();
        house.connected.0.lock().unwrap().insert(hides.account);
        online::step(&house.app).await.unwrap();
        let call = house.call(&viewer);
        let page = people::list(&house.app, &call, viewer.account, None, Limit::MAX).await.unwrap();
        let seen = |who: &Principal| page.items.iter().find(|one| one.account == who.account).unwrap().online;
        assert_eq!((seen(&hides), seen(&away)), (false, false));
    }

    async fn an_invite_in_quiet_hours_says_so_and_one_outside_does_not(db: TestDb) {
        let house = House::open(&db.db).await;
        let [one, two]: [Principal; 2] = house.network("pair");
        let quiet = QuietHours::new("22:00".parse().unwrap(), "07:00".parse().unwrap(), "Africa/Lagos").unwrap();
        let wanted = Preferences { presence: PresenceChoice::Off, quiet: Some(quiet) };
        preferences::choose(&house.app, &house.call(&two), two.account, 0, wanted).await.unwrap().unwrap();
        // From whatever the time is to the next night and the next noon in Lagos, which is an hour ahead.
        let day = 24 * 60 * 60;
        let until = |hour: i64| {
            let now = house.clock.now().seconds();
            u64::try_from((hour * 3_600 - now).rem_euclid(day)).unwrap()
        };
        for (hour, expected) in [(22, serde_json::json!(true)), (12, serde_json::Value::Null)] {
            house.clock.advance(Duration::from_secs(until(hour)));
            house.invite(&one, "pair1", classic()).await.unwrap();
            let notices = house.app.store.notices(two.account, 0, 10).await.unwrap();
            let last = notices.last().unwrap();
            assert_eq!((last.kind.as_str(), &last.body["quiet"]), ("game_invited", &expected), "{hour}");
        }
        house.invite(&two, "pair0", classic()).await.unwrap();
        let notices = house.app.store.notices(one.account, 0, 10).await.unwrap();
        assert_eq!(notices.last().unwrap().body.get("quiet"), None, "who chose nothing is never quiet");
    }
}

/// In memory alone: what is held here is how pairing does with many, not how storage does.
#[tokio::test]
async fn thousands_who_wait_are_all_paired_in_bounded_steps() {
    let store = |ids| Arc::new(crate::store::MemoryStore::new(ids)) as Arc<dyn crate::store::Store>;
    let house = House::over(store, true).await;
    let mut everybody = Vec::new();
    for number in 0..1_250 {
        let pair: [Principal; 2] = house.network(&format!("n{number}_"));
        everybody.extend(pair);
    }
    for who in &everybody {
        join(&house, who).await;
    }
    let mut steps = 0;
    let waits = || async { house.app.store.waiting(None, house.clock.now(), 5_000).await.unwrap().len() };
    let mut left = waits().await;
    assert_eq!(left, 2_500);
    while left > 0 {
        step(&house).await;
        steps += 1;
        let now = waits().await;
        assert!(left - now <= 512, "one step did too much: {left} to {now}");
        assert!(now < left || steps < 3, "no step is in vain");
        left = now;
    }
    assert!((5..=12).contains(&steps), "{steps}");
    nobody_sits_twice(&house, &everybody[..200]).await;
}
