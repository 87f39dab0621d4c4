//! From an outbox to a consumer: every committed event exactly once, in order, whatever breaks on the way.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures_util::future::join_all;
use kernel::page::Limit;
use kernel::{Envelope, EventFeed};
use platform::clock::SystemClock;
use platform::db::{Db, StoreError};
use platform::inbox::{self, Consumer, HandleError, Handler, Progress};
use platform::lifecycle::Tasks;
use platform::outbox::{self, Feed, Relay};
use platform::testing::TestDb;

use crate::notes::{MIGRATIONS, NoteEvent, Store, effects};

const NAME: &str = "notes.notes";

/// Writes one row per event, and fails as it is told.
struct Recorder {
    db: Db,
    calls: AtomicU64,
    /// What to do on the nth call.
    fault: fn(u64, &Envelope<NoteEvent>) -> Fault,
}

pub(crate) enum Fault {
    None,
    /// The process dies before the commit.
    Before,
    /// The process dies after the commit, before it can know.
    After,
    /// The event cannot be handled.
    Poison,
}

#[async_trait]
impl Handler<NoteEvent> for Recorder {
    fn wants(&self, event: &Envelope<NoteEvent>) -> bool {
        event.aggregate != "ignored"
    }

    async fn handle(&self, event: &Envelope<NoteEvent>) -> Result<(), HandleError> {
        let fault = (self.fault)(self.calls.fetch_add(1, Ordering::SeqCst), event);
        match fault {
            Fault::Before => return Err(HandleError::Retry("crashed before the commit".to_owned())),
            Fault::Poison => return Err(HandleError::Poison("refused".to_owned())),
            Fault::None | Fault::After => {}
        }
        let (number, aggregate) = (event.number, event.aggregate.clone());
        let done: Result<(), StoreError> = platform::write!(self.db, |c| {
            inbox::advance(c, NAME, number).await?;
            diesel::insert_into(effects::table)
                .values((effects::number.eq(number), effects::aggregate.eq(aggregate)))
                .execute(c)
                .await?;
            Ok(())
        });
        done?;
        if matches!(fault, Fault::After) {
            return Err(HandleError::Retry("crashed after the commit".to_owned()));
        }
        Ok(())
    }
}

pub(crate) fn consumer(store: &Store, fault: fn(u64, &Envelope<NoteEvent>) -> Fault) -> Consumer<NoteEvent> {
    let handler = Recorder { db: store.db.clone(), calls: AtomicU64::new(0), fault };
    let feed = Arc::new(feed_of(store));
    Consumer::new(store.db.clone(), NAME, feed, Arc::new(store.clock.clone()), Arc::new(handler))
}

pub(crate) fn feed_of(store: &Store) -> Feed<NoteEvent> {
    Feed::new(store.db.clone(), Arc::new(store.clock.clone()))
}

pub(crate) async fn number_all(db: &Db) {
    if let Some(relay) = Relay::new(db) {
        while relay.number_some().await.unwrap() > 0 {}
    }
}

pub(crate) async fn recorded(db: &Db) -> Vec<(i64, String)> {
    let rows: Result<Vec<(i64, String)>, StoreError> = platform::read!(*db, |c| {
        Ok(effects::table.order(effects::place).select((effects::number, effects::aggregate)).load(c).await?)
    });
    rows.unwrap()
}

/// Every event of `expected` numbers, each once, in order within each aggregate.
pub(crate) fn assert_exactly_once_in_order(recorded: &[(i64, String)], expected: &[i64]) {
    let mut numbers: Vec<i64> = recorded.iter().map(|(number, _)| *number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, expected);
    for (place, (number, aggregate)) in recorded.iter().enumerate() {
        let later = recorded[place..].iter().filter(|(_, other)| other == aggregate);
        assert!(later.clone().all(|(other, _)| other >= number), "{aggregate} out of order: {recorded:?}");
    }
}

platform::for_each_database! { MIGRATIONS;
    async fn committed_events_are_numbered_densely_and_rolled_back_ones_never(test: TestDb) {
        let store = Store::new(&test.db);
        let relays: Vec<_> = (0..3).map(|_| {
            let db = test.db.clone();
            tokio::spawn(async move {
                for _ in 0..50 {
                    number_all(&db).await;
                    tokio::task::yield_now().await;
                }
            })
        }).collect();
        join_all((0..200).map(|number| {
            let store = store.clone();
            async move {
                let note = store.note(&format!("n{}", number % 150));
                let _ = store.add(note, store.event("n")).await;
            }
        })).await;
        join_all(relays).await;
        number_all(&test.db).await;
        let feed = feed_of(&store);
        let mut numbers = Vec::new();
        while let Some(last) = {
            let page = feed.events_after(numbers.last().copied().unwrap_or(0), Limit::default()).await.unwrap();
            numbers.extend(page.iter().map(|event| event.number));
            page.last().map(|event| event.number)
        } {
            assert_eq!(Some(&last), numbers.last());
        }
        assert_eq!(numbers, (1..=150).collect::<Vec<i64>>(), "fifty conflicted and left no gap");
    }

    async fn each_event_is_handled_once_in_order_in_spite_of_crashes(test: TestDb) {
        let store = Store::new(&test.db);
        for number in 0..60 {
            store.announce(&format!("a{}", number % 7)).await;
        }
        number_all(&test.db).await;
        // Two nodes run the same consumer; each dies now and then, before or after a commit.
        let nodes = (0..2).map(|node| {
            let consumer = consumer(&store, |call, _| match call % 9 {
                4 => Fault::Before,
                7 => Fault::After,
                _ => Fault::None,
            });
            async move {
                let mut idle = 0;
                while idle < 3 {
                    match consumer.round().await {
                        Ok(progress) if progress == Progress::default() => idle += 1,
                        Ok(_) | Err(HandleError::Retry(_)) => {}
                        Err(poison) => panic!("node {node}: {poison}"),
                    }
                }
            }
        });
        join_all(nodes).await;
        assert_exactly_once_in_order(&recorded(&test.db).await, &(1..=60).collect::<Vec<i64>>());
    }

    async fn what_the_handler_does_not_want_moves_the_cursor_all_the_same(test: TestDb) {
        let store = Store::new(&test.db);
        for _ in 0..3 {
            store.announce("ignored").await;
        }
        number_all(&test.db).await;
        let consumer = consumer(&store, |_, _| Fault::None);
        assert_eq!(consumer.round().await.unwrap().skipped, 3);
        assert_eq!(consumer.round().await.unwrap(), Progress::default());
        assert_eq!(store.scalar("SELECT number AS value FROM inbox_cursors").await, 3);
    }

    async fn a_commit_wakes_the_relay_and_the_relay_wakes_the_consumer(test: TestDb) {
        let store = Store::new(&test.db);
        let tasks = Tasks::new();
        let (feed, bell) = outbox::publish::<NoteEvent>(&test.db, Arc::new(SystemClock::new()), &tasks);
        let handler = Arc::new(Recorder { db: test.db.clone(), calls: AtomicU64::new(0), fault: |_, _| Fault::None });
        Consumer::new(test.db.clone(), NAME, feed, Arc::new(SystemClock::new()), handler).start(bell, &tasks);
        for round in 1..=20 {
            store.announce("n").await;
            let mut waited = 0;
            while store.scalar("SELECT count(*) AS value FROM effects").await < round {
                tokio::time::sleep(Duration::from_millis(2)).await;
                waited += 1;
                assert!(waited < 5_000, "event {round} never arrived");
            }
        }
        assert!(tasks.stop(Duration::from_secs(30)).await);
    }
}
