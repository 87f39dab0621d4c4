//! Migrations: one of many runs them, what is applied is what is embedded, and the serving role defines nothing.

use futures_util::future::join_all;
use platform::db::{Db, Dialect, StoreError, migrate, migration_state};
use platform::testing::{self, TestDb};

use crate::notes::{MIGRATIONS, Store};

platform::for_each_database! { MIGRATIONS;
    async fn what_is_applied_is_what_is_embedded(test: TestDb) {
        let state = migration_state(&test.settings, &MIGRATIONS).await.unwrap();
        assert_eq!((state.pending, state.unknown), (vec![], vec![]));
        assert_eq!(state.applied, ["00000000000001", "00000000000002", "20261120000001"], "platform's first");
        assert_eq!(migrate(&test.settings, &MIGRATIONS).await, Ok(0));
    }

    async fn of_eight_that_start_at_once_one_migrates(test: TestDb) {
        let mut settings = test.settings.clone();
        // A directory, or a schema, that nobody has touched yet.
        let elsewhere = tempfile::tempdir().unwrap();
        settings.data_dir = elsewhere.path().join("new");
        if test.db.dialect() == Dialect::Postgres {
            let url = settings.url.postgres().unwrap().to_owned();
            testing::execute(&url, "DROP SCHEMA notes CASCADE").await;
        }
        let before = migration_state(&settings, &MIGRATIONS).await.unwrap();
        assert_eq!((before.applied.len(), before.pending.len()), (0, 3));
        let all = join_all((0..8).map(|_| {
            let settings = settings.clone();
            tokio::spawn(async move { migrate(&settings, &MIGRATIONS).await })
        }));
        let mut applied: Vec<usize> =
            all.await.into_iter().map(|outcome| outcome.unwrap().unwrap()).collect();
        applied.sort_unstable();
        assert_eq!(applied, [0, 0, 0, 0, 0, 0, 0, 3]);
        assert_eq!(migration_state(&settings, &MIGRATIONS).await.unwrap().pending, Vec::<String>::new());
    }
}

#[test]
fn migrations_run_on_a_single_threaded_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        for dialect in [Dialect::Sqlite, Dialect::Postgres] {
            if let Some(test) = TestDb::fresh(dialect, &MIGRATIONS).await {
                assert_eq!(Store::new(&test.db).count().await, 0);
                test.remove().await;
            }
        }
    });
}

#[test]
fn a_serving_role_has_data_rights_in_its_own_schema_only() {
    testing::run(Dialect::Postgres, &MIGRATIONS, async |test| {
        let admin = test.settings.url.postgres().unwrap().to_owned();
        let (owner, app) = (testing::role_url(&admin, "owner").await, testing::role_url(&admin, "app").await);
        testing::execute(&admin, "DROP SCHEMA notes CASCADE").await;
        let owner_name = testing::role_name(&owner);
        testing::execute(
            &admin,
            &format!(
                "CREATE SCHEMA notes AUTHORIZATION {owner_name}; CREATE SCHEMA other; \
                 CREATE TABLE other.secrets (id int); REVOKE ALL ON SCHEMA public FROM PUBLIC"
            ),
        )
        .await;
        let mut settings = test.settings.clone();
        settings.owner_url = Some(testing::database_url(&owner));
        settings.url = testing::database_url(&app);
        let db = Db::open(&settings, &MIGRATIONS).await.unwrap();
        let store = Store::new(&db);
        store.add(store.note("n"), store.event("n")).await.unwrap();
        for (sql, allowed) in [
            ("INSERT INTO inbox_cursors VALUES ('x', 0)", true),
            ("UPDATE audit_events SET leaf_index = 1, leaf_hash = '' WHERE false", true),
            ("UPDATE audit_events SET action = 'x' WHERE false", false),
            ("DELETE FROM audit_events WHERE false", false),
            ("DELETE FROM __diesel_schema_migrations", false),
            ("CREATE TABLE more (id int)", false),
            ("DROP TABLE notes", false),
            ("SELECT * FROM other.secrets", false),
            ("CREATE TABLE public.more (id int)", false),
        ] {
            let outcome = store.execute(sql).await;
            assert_eq!(outcome.is_ok(), allowed, "{sql}: {outcome:?}");
            assert!(allowed || matches!(outcome, Err(StoreError::Failed(_))), "{sql}: {outcome:?}");
        }
        db.close().await;
        // The next start needs no owner, because nothing is pending.
        settings.owner_url = None;
        let db = Db::open(&settings, &MIGRATIONS).await.unwrap();
        assert_eq!(Store::new(&db).count().await, 1);
        db.close().await;
        testing::execute(&admin, "DROP SCHEMA notes CASCADE; DROP SCHEMA other CASCADE").await;
        for url in [&owner, &app] {
            let role = testing::role_name(url);
            testing::execute(&admin, &format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
        }
    });
}
