//! Events that cannot be handled, or not even read: their aggregate waits, everybody else goes on, and an operator sees it.

use std::time::Duration;

use platform::inbox::{self, ParkedAggregate, Progress};
use platform::testing::TestDb;

use crate::events::{Fault, assert_exactly_once_in_order, consumer, number_all, recorded};
use crate::notes::{MIGRATIONS, Store};

const NAME: &str = "notes.notes";
const PARKED: &str = "SELECT count(*) AS value FROM inbox_parked";

/// Makes what was announced about `future` unreadable, as a later release's event is.
async fn from_the_future(store: &Store) {
    let sql =
        "UPDATE outbox_events SET payload = '{\"type\": \"from_the_future\"}' WHERE aggregate = 'future'";
    store.execute(sql).await.unwrap();
}

fn shown(parked: &ParkedAggregate) -> (&str, i64, i64, i64) {
    (&parked.aggregate, parked.number, parked.attempts, parked.events)
}

platform::for_each_database! { MIGRATIONS;
    async fn a_failing_event_parks_its_aggregate_and_nobody_elses(test: TestDb) {
        let store = Store::new(&test.db);
        for aggregate in ["good", "bad", "good", "bad", "ignored", "good"] {
            store.announce(aggregate).await;
        }
        number_all(&test.db).await;
        let first = consumer(&store, |_, event| {
            if event.aggregate == "bad" { Fault::Poison } else { Fault::None }
        });
        let progress = first.round().await.unwrap();
        assert_eq!(progress, Progress { handled: 3, skipped: 1, parked: 2 });
        let parked = "SELECT count(*) AS value FROM inbox_parked";
        assert_eq!(store.scalar(parked).await, 2);
        // What comes for the parked aggregate waits too, even though the consumer is well again.
        store.announce("bad").await;
        store.announce("good").await;
        number_all(&test.db).await;
        let second = consumer(&store, |_, _| Fault::None);
        assert_eq!(second.round().await.unwrap(), Progress { handled: 1, skipped: 0, parked: 1 });
        assert_eq!(second.round().await.unwrap(), Progress::default(), "its time has not come");
        store.clock.advance(Duration::from_secs(2));
        for _ in 0..3 {
            assert_eq!(second.round().await.unwrap(), Progress { handled: 1, skipped: 0, parked: 0 });
        }
        assert_eq!(store.scalar(parked).await, 0);
        assert_exactly_once_in_order(&recorded(&test.db).await, &[1, 2, 3, 4, 6, 7, 8]);
    }

    async fn what_follows_a_failing_event_in_the_same_page_waits_for_it(test: TestDb) {
        let store = Store::new(&test.db);
        for aggregate in ["good", "bad", "bad", "good"] {
            store.announce(aggregate).await;
        }
        number_all(&test.db).await;
        let consumer = consumer(&store, |call, _| if call == 1 { Fault::Poison } else { Fault::None });
        let progress = consumer.round().await.unwrap();
        assert_eq!(progress, Progress { handled: 2, skipped: 0, parked: 2 }, "the second could be handled");
        store.clock.advance(Duration::from_secs(2));
        while consumer.round().await.unwrap() != Progress::default() {}
        assert_exactly_once_in_order(&recorded(&test.db).await, &[1, 2, 3, 4]);
    }

    async fn an_event_that_cannot_be_read_parks_its_aggregate_and_nobody_elses(test: TestDb) {
        let store = Store::new(&test.db);
        for aggregate in ["good", "future", "good", "future", "good"] {
            store.announce(aggregate).await;
        }
        from_the_future(&store).await;
        number_all(&test.db).await;
        let consumer = consumer(&store, |_, _| Fault::None);
        assert_eq!(consumer.round().await.unwrap(), Progress { handled: 3, skipped: 0, parked: 2 });
        store.clock.advance(Duration::from_secs(2));
        assert_eq!(consumer.round().await.unwrap(), Progress::default(), "it is still unreadable");
        let parked = inbox::parked(&test.db).await.unwrap();
        assert_eq!(parked.iter().map(shown).collect::<Vec<_>>(), [("future", 2, 2, 2)]);
        assert_eq!((parked[0].consumer.as_str(), parked[0].reason.as_str()), (NAME, "the event note.written cannot be decoded"));
        // The release that can read it runs.
        let readable = "UPDATE outbox_events SET payload = '{\"type\": \"written\", \"name\": \"n\"}'";
        store.execute(readable).await.unwrap();
        store.clock.advance(Duration::from_secs(10));
        while consumer.round().await.unwrap() != Progress::default() {}
        assert_exactly_once_in_order(&recorded(&test.db).await, &[1, 2, 3, 4, 5]);
        assert_eq!(inbox::parked(&test.db).await, Ok(Vec::new()));
    }

    async fn what_nobody_wants_once_it_can_be_read_is_let_go(test: TestDb) {
        let store = Store::new(&test.db);
        store.announce("future").await;
        from_the_future(&store).await;
        number_all(&test.db).await;
        let consumer = consumer(&store, |_, _| Fault::None);
        assert_eq!(consumer.round().await.unwrap().parked, 1);
        let unwanted = "UPDATE outbox_events SET aggregate = 'ignored', payload = '{\"type\": \"written\", \"name\": \"n\"}'";
        store.execute(unwanted).await.unwrap();
        store.clock.advance(Duration::from_secs(2));
        assert_eq!(consumer.round().await.unwrap(), Progress { handled: 1, skipped: 0, parked: 0 });
        assert_eq!((store.scalar(PARKED).await, recorded(&test.db).await.len()), (0, 0));
    }

    async fn many_that_fail_for_ever_keep_nobody_from_being_tried_again(test: TestDb) {
        let store = Store::new(&test.db);
        for number in 0..25 {
            store.announce(&format!("bad{number}")).await;
        }
        store.announce("unlucky").await;
        number_all(&test.db).await;
        let failing = consumer(&store, |_, _| Fault::Poison);
        assert_eq!(failing.round().await.unwrap().parked, 26);
        let better = consumer(&store, |_, event| {
            if event.aggregate == "unlucky" { Fault::None } else { Fault::Poison }
        });
        for _ in 0..2 {
            // Long enough for all of them to be due again.
            store.clock.advance(Duration::from_hours(2));
            better.round().await.unwrap();
        }
        assert_eq!(recorded(&test.db).await, [(26, "unlucky".to_owned())]);
    }

    async fn an_aggregate_waits_however_many_others_are_parked(test: TestDb) {
        let store = Store::new(&test.db);
        store.announce("bad").await;
        number_all(&test.db).await;
        let failing = consumer(&store, |_, _| Fault::Poison);
        failing.round().await.unwrap();
        // A flood of others, older than the one in question.
        let flood = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500) \
            INSERT INTO inbox_parked (consumer, number, aggregate, attempts, reason, parked_at, retry_at) \
            SELECT consumer, -n.i, 'other' || n.i, attempts, reason, parked_at, retry_at FROM inbox_parked, n";
        store.execute(flood).await.unwrap();
        store.announce("bad").await;
        store.announce("good").await;
        number_all(&test.db).await;
        let well = consumer(&store, |_, _| Fault::None);
        assert_eq!(well.round().await.unwrap(), Progress { handled: 1, skipped: 0, parked: 1 });
        assert_eq!(recorded(&test.db).await, [(3, "good".to_owned())]);
    }

    async fn an_operator_sees_what_is_parked_and_has_it_tried_at_once(test: TestDb) {
        let store = Store::new(&test.db);
        for aggregate in ["bad", "worse", "bad"] {
            store.announce(aggregate).await;
        }
        number_all(&test.db).await;
        let failing = consumer(&store, |_, _| Fault::Poison);
        failing.round().await.unwrap();
        for _ in 0..12 {
            store.clock.advance(Duration::from_hours(1));
            failing.round().await.unwrap();
        }
        let well = consumer(&store, |_, _| Fault::None);
        assert_eq!(well.round().await.unwrap(), Progress::default(), "an hour to wait");
        let parked = inbox::parked(&test.db).await.unwrap();
        assert_eq!(parked.iter().map(shown).collect::<Vec<_>>(), [("bad", 1, 13, 2), ("worse", 2, 13, 1)]);
        assert_eq!(inbox::retry(&test.db, "somebody.else", None, store.now()).await, Ok(0));
        assert_eq!(inbox::retry(&test.db, NAME, Some("worse"), store.now()).await, Ok(1));
        assert_eq!(well.round().await.unwrap().handled, 1);
        assert_eq!(inbox::retry(&test.db, NAME, None, store.now()).await, Ok(2));
        while well.round().await.unwrap() != Progress::default() {}
        assert_exactly_once_in_order(&recorded(&test.db).await, &[1, 2, 3]);
    }
}
