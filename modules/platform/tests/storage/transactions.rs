//! What a write promises: all or nothing, answered after the commit, and never its neighbours' business.

use std::sync::mpsc;
use std::time::Duration;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use platform::db::{Bulk, Db, Dialect, StoreError};
use platform::testing::{self, TestDb};

use crate::notes::{MIGRATIONS, Note, Store, notes, remarks};

platform::for_each_database! { MIGRATIONS;
    async fn what_is_written_reads_back_in_every_type(test: TestDb) {
        let store = Store::new(&test.db);
        let note = store.note("first");
        store.add(note.clone(), store.event("first")).await.unwrap();
        let id = note.id;
        let found: Result<Option<Note>, StoreError> = platform::read!(store.db, |c| {
            Ok(notes::table.find(id).select(Note::as_select()).first(c).await.optional()?)
        });
        assert_eq!(found, Ok(Some(note)));
        let other = store.note("second").id;
        let missing: Result<Option<Note>, StoreError> = platform::read!(store.db, |c| {
            Ok(notes::table.find(other).select(Note::as_select()).first(c).await.optional()?)
        });
        assert_eq!(missing, Ok(None));
    }

    async fn an_error_takes_the_whole_body_back_and_rings_no_bell(test: TestDb) {
        let store = Store::new(&test.db);
        let mut bell = test.db.bell();
        store.add(store.note("taken"), store.event("taken")).await.unwrap();
        bell.wait().await;
        let failed = store.add(store.note("taken"), store.event("taken")).await;
        assert!(failed.unwrap_err().conflicts_on("notes_name_key"));
        let (event, note) = (store.event("own"), store.note("own"));
        let refused: Result<(), StoreError> = platform::write!(store.db, |c| {
            platform::outbox::append(c, event).await?;
            diesel::insert_into(notes::table).values(note).execute(c).await?;
            Err(StoreError::LostRace)
        });
        assert_eq!(refused, Err(StoreError::LostRace));
        assert_eq!((store.count().await, store.events().await), (1, 1));
        assert!(bell.wait().now_or_never().is_none());
    }

    async fn a_panicking_body_hurts_nobody_else(test: TestDb) {
        let store = Store::new(&test.db);
        let all = (0..60).map(|number| {
            let (db, note) = (store.db.clone(), store.note(&format!("n{number:02}")));
            async move {
                let done: Result<(), StoreError> = platform::write!(db, |c| {
                    diesel::insert_into(notes::table).values(note).execute(c).await?;
                    assert!(number % 5 != 0, "every fifth body panics");
                    Ok(())
                });
                done
            }
        });
        let outcomes = join_all(all).await;
        for (number, outcome) in outcomes.iter().enumerate() {
            assert_eq!(outcome.is_err(), number % 5 == 0, "{number}: {outcome:?}");
        }
        assert_eq!(store.count().await, 48);
        store.add(store.note("later"), store.event("later")).await.unwrap();
    }

    async fn writes_of_callers_that_go_away_complete(test: TestDb) {
        let store = Store::new(&test.db);
        let callers = (0..800u64).map(|number| {
            let store = store.clone();
            async move {
                let add = store.add(store.note(&format!("n{number}")), store.event("n"));
                // Each caller loses patience at another moment, many while their write is under way.
                let _ = tokio::time::timeout(Duration::from_micros(number % 40 * 50), add).await;
            }
        });
        join_all(callers).await;
        settle(&store, 800).await;
        assert_eq!((store.count().await, store.events().await), (800, 800));
    }

    async fn many_rows_are_inserted_at_once(test: TestDb) {
        let store = Store::new(&test.db);
        let rows: Vec<Note> = (0..1_203).map(|number| store.note(&format!("n{number}"))).collect();
        let written: Result<usize, StoreError> =
            platform::write!(store.db, |c| Ok(c.insert_all(rows).await?));
        assert_eq!(written, Ok(1_203));
        assert_eq!(store.count().await, 1_203);
    }

    async fn a_refused_commit_is_an_error_and_changes_nothing(test: TestDb) {
        let store = Store::new(&test.db);
        let (note, remark) = (store.note("n"), store.note("r").id);
        let done: Result<(), StoreError> = platform::write!(store.db, |c| {
            diesel::insert_into(notes::table).values(note).execute(c).await?;
            // The reference is checked at the commit, and points nowhere.
            let row = (remarks::id.eq(remark), remarks::note_id.eq(remark));
            diesel::insert_into(remarks::table).values(row).execute(c).await?;
            Ok(())
        });
        assert!(done.is_err());
        assert_eq!(store.count().await, 0);
        store.add(store.note("n"), store.event("n")).await.unwrap();
    }

    async fn the_database_outlives_the_web_workers_that_use_it(test: TestDb) {
        let store = Store::new(&test.db);
        for round in 0..3 {
            let store = store.clone();
            let worker = std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    store.add(store.note(&format!("n{round}")), store.event("n")).await.unwrap();
                    assert_eq!(store.count().await, round + 1);
                    // A request that is dropped in the middle of a query.
                    let _ = tokio::time::timeout(Duration::from_nanos(1), store.count()).await;
                });
            });
            tokio::task::spawn_blocking(move || worker.join().unwrap()).await.unwrap();
        }
        assert_eq!(store.count().await, 3);
    }

    async fn a_closed_database_refuses_work(test: TestDb) {
        let store = Store::new(&test.db);
        test.db.ping().await.unwrap();
        test.db.close().await;
        assert!(matches!(test.db.ping().await, Err(StoreError::Unavailable(_))));
        let refused = store.add(store.note("n"), store.event("n")).await;
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    }
}

async fn settle(store: &Store, expected: i64) {
    for _ in 0..1_000 {
        if store.count().await >= expected {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn on_sqlite<Fut: Future<Output = ()>>(test: impl FnOnce(TestDb) -> Fut) {
    testing::run(Dialect::Sqlite, &MIGRATIONS, test);
}

#[test]
fn connections_that_the_server_killed_are_replaced() {
    testing::run(Dialect::Postgres, &MIGRATIONS, async |test| {
        let store = Store::new(&test.db);
        store.add(store.note("before"), store.event("n")).await.unwrap();
        let url = test.settings.url.postgres().unwrap().to_owned();
        testing::execute(
            &url,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .await;
        // The pool may find out by the first query it tries, which then says that it may be tried again.
        let mut attempts = 0;
        while let Err(error) = store.add(store.note("after"), store.event("n")).await {
            assert!(error.is_transient(), "{error:?}");
            attempts += 1;
            assert!(attempts < 20, "{error:?}");
        }
        assert_eq!(store.names().await, ["after", "before"]);
    });
}

/// Keeps the writer busy until told, so that what is handed over meanwhile forms one group.
async fn hold_the_writer(db: &Db) -> mpsc::Sender<()> {
    let (release, released) = mpsc::channel();
    let (entered, inside) = tokio::sync::oneshot::channel();
    let db = db.clone();
    tokio::spawn(async move {
        let _: Result<(), StoreError> = platform::write!(db, |_c| {
            let _ = entered.send(());
            let _ = released.recv();
            Ok(())
        });
    });
    inside.await.unwrap();
    release
}

/// A write that has been handed over: the first poll does that.
fn handed_over<T>(write: impl Future<Output = T> + Send + 'static) -> BoxFuture<'static, T> {
    let mut write = write.boxed();
    assert!((&mut write).now_or_never().is_none(), "it waits for the writer");
    write
}

#[test]
fn nobody_is_answered_before_the_group_is_committed() {
    on_sqlite(async |test| {
        let store = Store::new(&test.db);
        let release = hold_the_writer(&test.db).await;
        let (note, event, adder) = (store.note("first"), store.event("first"), store.clone());
        let mut first = handed_over(async move { adder.add(note, event).await });
        // The second job of the same group stops in its body, after the first has run.
        let (entered, inside) = tokio::sync::oneshot::channel();
        let (go, going) = mpsc::channel::<()>();
        let db = test.db.clone();
        let second = handed_over::<Result<(), StoreError>>(async move {
            platform::write!(db, |_c| {
                let _ = entered.send(());
                let _ = going.recv();
                Ok(())
            })
        });
        release.send(()).unwrap();
        inside.await.unwrap();
        assert!((&mut first).now_or_never().is_none(), "answered before the commit");
        assert_eq!(store.count().await, 0, "visible before the commit");
        go.send(()).unwrap();
        first.await.unwrap();
        second.await.unwrap();
        assert_eq!(store.names().await, ["first"]);
    });
}

#[test]
fn in_one_group_each_job_conflicts_alone() {
    on_sqlite(async |test| {
        let store = Store::new(&test.db);
        let release = hold_the_writer(&test.db).await;
        let group = (0..40).map(|number| {
            let (note, event, store) =
                (store.note(&format!("n{}", number / 2)), store.event("n"), store.clone());
            handed_over(async move { store.add(note, event).await })
        });
        let group: Vec<_> = group.collect();
        release.send(()).unwrap();
        let outcomes = join_all(group).await;
        let conflicts = outcomes
            .iter()
            .filter(|outcome| matches!(outcome, Err(error) if error.conflicts_on("notes_name_key")))
            .count();
        assert_eq!((conflicts, outcomes.iter().filter(|outcome| outcome.is_ok()).count()), (20, 20));
        assert_eq!((store.count().await, store.events().await), (20, 20));
    });
}

#[test]
fn a_failed_commit_fails_the_whole_group() {
    on_sqlite(async |test| {
        let store = Store::new(&test.db);
        let release = hold_the_writer(&test.db).await;
        let mut group: Vec<_> = (0..10)
            .map(|number| {
                let (note, event, store) =
                    (store.note(&format!("n{number}")), store.event("n"), store.clone());
                handed_over(async move { store.add(note, event).await })
            })
            .collect();
        let (db, dangling) = (test.db.clone(), store.note("r").id);
        group.push(handed_over(async move {
            platform::write!(db, |c| {
                let row = (remarks::id.eq(dangling), remarks::note_id.eq(dangling));
                diesel::insert_into(remarks::table).values(row).execute(c).await?;
                Ok(())
            })
        }));
        release.send(()).unwrap();
        for outcome in join_all(group).await {
            assert!(outcome.is_err(), "somebody was told of a commit that failed");
        }
        assert_eq!((store.count().await, store.events().await), (0, 0));
        store.add(store.note("later"), store.event("later")).await.unwrap();
    });
}

#[test]
fn a_reading_body_cannot_write() {
    on_sqlite(async |test| {
        let store = Store::new(&test.db);
        let note = store.note("n");
        let written: Result<(), StoreError> = platform::read!(store.db, |c| {
            diesel::insert_into(notes::table).values(note).execute(c).await?;
            Ok(())
        });
        assert!(written.is_err());
        assert_eq!(store.count().await, 0);
    });
}

#[test]
fn a_body_that_awaits_anything_but_its_connection_is_taken_back() {
    on_sqlite(async |test| {
        let store = Store::new(&test.db);
        let note = store.note("n");
        let written: Result<(), StoreError> = platform::write!(store.db, |c| {
            diesel::insert_into(notes::table).values(note).execute(c).await?;
            tokio::task::yield_now().await;
            Ok(())
        });
        assert!(written.is_err());
        assert_eq!(store.count().await, 0);
    });
}
