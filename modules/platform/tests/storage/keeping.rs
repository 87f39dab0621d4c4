//! What has had its time goes, in order and without a gap; what somebody still needs stays, and nobody misses it unnoticed.

use std::sync::Arc;
use std::time::Duration;

use kernel::EventFeed;
use kernel::id::{AccountId, NodeId};
use kernel::page::Limit;
use platform::db::{Db, StoreError};
use platform::idempotency::{self, Claim};
use platform::inbox::HandleError;
use platform::jobs::{self, Job, Progress, Ran, Runner};
use platform::notices;
use platform::testing::TestDb;
use platform::upkeep::{self, Retention};
use serde_json::json;

use crate::events::{Fault, consumer, feed_of, number_all, recorded};
use crate::notes::{MIGRATIONS, Store};

const NAME: &str = "notes.retention";
const DAY: Duration = Duration::from_hours(24);

/// Runs the job as a process would that has been up for an hour.
async fn prune(store: &Store) {
    let began = store.now().minus(Duration::from_hours(1));
    run(store, upkeep::job(NAME, &store.db, Retention::default(), began)).await;
}

async fn run(store: &Store, job: Job) {
    let name = job.name();
    let clock = Arc::new(store.clock.clone());
    let runner = Runner::new(store.db.clone(), clock, store.ids.next::<NodeId>(), vec![job]);
    assert_eq!(runner.run_once(name).await, Ok(Ran::Finished));
}

async fn announce(store: &Store, count: usize) {
    for _ in 0..count {
        store.announce("n").await;
    }
    number_all(&store.db).await;
}

async fn kept(store: &Store) -> Vec<i64> {
    let events = feed_of(store).events_after(0, Limit::MAX).await.unwrap();
    events.iter().map(|event| event.number).collect()
}

async fn notify(store: &Store, account: AccountId, count: usize) {
    for _ in 0..count {
        let at = store.now();
        let done: Result<i64, StoreError> =
            platform::write!(store.db, |c| notices::append(c, account, "note.shared", json!({}), at).await);
        done.unwrap();
    }
}

async fn seqs(db: &Db, account: AccountId, after: i64) -> Vec<i64> {
    let found = notices::after(db, account, after, Limit::MAX).await.unwrap();
    found.iter().map(|notice| notice.seq).collect()
}

fn claim(number: usize, store: &Store) -> Claim {
    let (scope, route) = ("acc_1".to_owned(), "POST /notes".to_owned());
    Claim { scope, route, key: number.to_string(), body_digest: [1; 32], at: store.now() }
}

platform::for_each_database! { MIGRATIONS;
    async fn old_events_that_every_consumer_is_past_go_and_numbers_go_on(test: TestDb) {
        let store = Store::new(&test.db);
        announce(&store, 10).await;
        let feed = feed_of(&store);
        store.clock.advance(DAY * 8);
        announce(&store, 2).await;
        for (consumer, number) in [("one", 12), ("two", 5), ("two", 3)] {
            feed.acknowledge(consumer, number).await.unwrap();
        }
        prune(&store).await;
        assert_eq!(kept(&store).await, (6..=12).collect::<Vec<_>>(), "what `two` has not passed stays");
        feed.acknowledge("two", 12).await.unwrap();
        store.clock.advance(DAY);
        prune(&store).await;
        assert_eq!(kept(&store).await, [11, 12], "the young stay");
        store.clock.advance(DAY * 8);
        prune(&store).await;
        assert_eq!(kept(&store).await, [12], "the newest stays, however old");
        announce(&store, 1).await;
        assert_eq!(kept(&store).await, [12, 13]);
    }

    async fn without_a_consumer_age_alone_decides_in_as_many_batches_as_it_takes(test: TestDb) {
        let store = Store::new(&test.db);
        for _ in 0..3 {
            let events: Vec<_> = (0..500).map(|_| store.event("n")).collect();
            let done: Result<(), StoreError> = platform::write!(test.db, |c| {
                for event in events {
                    platform::outbox::append(c, event).await?;
                }
                Ok(())
            });
            done.unwrap();
        }
        number_all(&test.db).await;
        prune(&store).await;
        assert_eq!(store.events().await, 1_500);
        store.clock.advance(DAY * 8);
        prune(&store).await;
        assert_eq!(kept(&store).await, [1_500]);
    }

    async fn a_process_that_has_just_started_waits_until_its_consumers_have_spoken(test: TestDb) {
        let store = Store::new(&test.db);
        announce(&store, 3).await;
        store.clock.advance(DAY * 8);
        let began = store.now();
        let job = || upkeep::job(NAME, &test.db, Retention::default(), began);
        run(&store, job()).await;
        assert_eq!(kept(&store).await, [1, 2, 3]);
        store.clock.advance(Duration::from_hours(1));
        run(&store, job()).await;
        assert_eq!(kept(&store).await, [3]);
    }

    async fn a_consumer_says_how_far_it_is_and_keeps_what_it_has_parked(test: TestDb) {
        let store = Store::new(&test.db);
        for aggregate in ["good", "bad", "good", "good"] {
            store.announce(aggregate).await;
        }
        number_all(&test.db).await;
        let failing = consumer(&store, |_, event| {
            if event.aggregate == "bad" { Fault::Poison } else { Fault::None }
        });
        failing.round().await.unwrap();
        store.clock.advance(DAY * 8);
        failing.round().await.unwrap();
        prune(&store).await;
        assert_eq!(kept(&store).await, [2, 3, 4], "the parked one will be asked for again");
        store.clock.advance(DAY);
        let well = consumer(&store, |_, _| Fault::None);
        assert_eq!(well.round().await.unwrap().handled, 1);
        store.clock.advance(Duration::from_hours(1));
        well.round().await.unwrap();
        prune(&store).await;
        assert_eq!(kept(&store).await, [4]);
    }

    async fn a_consumer_that_missed_events_stops_there_and_one_that_joins_late_does_not(test: TestDb) {
        let store = Store::new(&test.db);
        announce(&store, 2).await;
        let slow = consumer(&store, |_, _| Fault::None);
        slow.round().await.unwrap();
        announce(&store, 3).await;
        // So long that it counts as gone.
        store.clock.advance(DAY * 61);
        prune(&store).await;
        assert_eq!(kept(&store).await, [5]);
        for _ in 0..2 {
            let missed = slow.round().await;
            assert!(matches!(&missed, Err(HandleError::Retry(text)) if text.starts_with("2 events after 2")), "{missed:?}");
        }
        assert_eq!(recorded(&test.db).await.len(), 2);
        store.execute("DELETE FROM inbox_cursors").await.unwrap();
        let missed = consumer(&store, |_, _| Fault::None).round().await;
        assert!(matches!(missed, Err(HandleError::Retry(_))), "a new one does not skip the beginning either");
        store.execute("DELETE FROM inbox_cursors").await.unwrap();
        let late = consumer(&store, |_, _| Fault::None).joins_late();
        assert_eq!(late.round().await.unwrap().handled, 1);
        assert_eq!(recorded(&test.db).await.last(), Some(&(5, "n".to_owned())));
    }

    async fn old_notices_go_from_the_beginning_and_numbers_go_on(test: TestDb) {
        let store = Store::new(&test.db);
        let [one, two, three] = [(); 3].map(|()| store.ids.next::<AccountId>());
        notify(&store, one, 700).await;
        notify(&store, two, 3).await;
        store.clock.advance(DAY * 31);
        notify(&store, one, 2).await;
        notify(&store, three, 2).await;
        prune(&store).await;
        assert_eq!(seqs(&test.db, one, 0).await, [701, 702]);
        assert_eq!(seqs(&test.db, two, 0).await, [3], "the latest stays, so that a reader sees what it missed");
        assert_eq!(seqs(&test.db, three, 0).await, [1, 2]);
        assert_eq!(notices::head(&test.db, two).await, Ok(3));
        notify(&store, two, 1).await;
        assert_eq!(seqs(&test.db, two, 1).await, [3, 4]);
        store.clock.advance(DAY * 31);
        prune(&store).await;
        assert_eq!(seqs(&test.db, two, 1).await, [4]);
    }

    async fn expired_keys_go_in_batches_and_jobs_of_earlier_releases_with_them(test: TestDb) {
        let store = Store::new(&test.db);
        let gone = Job::every("notes.of_an_earlier_release", Duration::from_hours(1), |_| async { Ok(Progress::Done) });
        run(&store, gone).await;
        let expired: Vec<Claim> = (0..1_500).map(|number| {
            store.clock.advance(Duration::from_micros(1));
            claim(number, &store)
        }).collect();
        store.clock.advance(DAY * 8);
        let fresh = claim(1_500, &store);
        let done: Result<(), StoreError> = platform::write!(test.db, |c| {
            for claim in expired.iter().chain([&fresh]) {
                idempotency::claim(c, claim).await?;
            }
            Ok(())
        });
        done.unwrap();
        prune(&store).await;
        assert_eq!(store.scalar("SELECT count(*) AS value FROM idempotency_keys").await, 1);
        let names: Vec<String> = jobs::list(&test.db).await.unwrap().into_iter().map(|job| job.name).collect();
        assert_eq!(names, [NAME]);
    }
}
