//! What the databases themselves say about the boundaries between contexts, and about the two dialects.

use std::collections::BTreeSet;
use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_async::{AsyncConnection, RunQueryDsl};
use kernel::Clock;
use platform::clock::SystemClock;
use platform::db::{
    Db, Dialect, Migrations, PgConn, StoreError, connection_limits, embed_migrations, migrate,
};
use platform::testing::{self, TestDb};

use crate::notes::MIGRATIONS;

const NEIGHBOUR: Migrations = Migrations {
    context: "neighbour",
    sqlite: embed_migrations!("tests/migrations/sqlite"),
    postgres: embed_migrations!("tests/migrations/postgres"),
};

#[test]
fn no_schema_refers_to_another_and_planted_references_are_found() {
    testing::run(Dialect::Postgres, &MIGRATIONS, async |test| {
        let url = test.settings.url.postgres().unwrap().to_owned();
        migrate(&test.settings, &NEIGHBOUR).await.unwrap();
        assert_eq!(testing::boundary_violations(&url).await, Vec::<String>::new());
        for (plant, found) in [
            (
                "ALTER TABLE notes.remarks ADD FOREIGN KEY (note_id) REFERENCES neighbour.notes (id)",
                "foreign key",
            ),
            ("CREATE VIEW notes.spy AS SELECT id FROM neighbour.notes", "view"),
            ("CREATE TABLE public.shared (id int)", "public"),
        ] {
            testing::execute(&url, plant).await;
            let violations = testing::boundary_violations(&url).await;
            assert!(violations.iter().any(|violation| violation.contains(found)), "{plant}: {violations:?}");
        }
    });
}

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    name: String,
}

async fn columns(db: &Db, sql: &'static str) -> BTreeSet<String> {
    let rows: Result<Vec<Column>, StoreError> =
        platform::read!(*db, |c| Ok(diesel::sql_query(sql).load(c).await?));
    rows.unwrap().into_iter().map(|column| column.name).collect()
}

#[test]
fn both_dialects_have_the_same_tables_and_columns() {
    const SQLITE: &str = "SELECT t.name || '.' || c.name AS name FROM sqlite_master t, pragma_table_info(t.name) c \
        WHERE t.type = 'table' AND t.name NOT LIKE '\\_\\_%' ESCAPE '\\'";
    const POSTGRES: &str = "SELECT (table_name || '.' || column_name)::text AS name FROM information_schema.columns \
        WHERE table_schema = 'notes' AND left(table_name, 2) <> '__'";
    testing::run(Dialect::Postgres, &MIGRATIONS, async |test| {
        let sqlite = TestDb::fresh(Dialect::Sqlite, &MIGRATIONS).await.unwrap();
        let (lite, mut pg) = (columns(&sqlite.db, SQLITE).await, columns(&test.db, POSTGRES).await);
        for only_postgres in ["outbox_events.position", "outbox_head.single", "outbox_head.number"] {
            assert!(pg.remove(only_postgres), "{only_postgres}");
        }
        assert_eq!(lite, pg);
        assert!(lite.contains("audit_events.leaf_index"));
        sqlite.remove().await;
    });
}

#[test]
fn a_serving_connection_sees_its_own_schema_only() {
    testing::run(Dialect::Postgres, &MIGRATIONS, async |test| {
        let path = columns(&test.db, "SELECT current_setting('search_path') AS name").await;
        assert_eq!(path.into_iter().collect::<Vec<_>>(), ["notes"]);
        let mut c = PgConn::establish(test.settings.url.postgres().unwrap()).await.unwrap();
        let outside = diesel::sql_query("SELECT count(*) FROM outbox_events").execute(&mut c).await;
        assert!(outside.is_err(), "the control: without the search path the table is not found");
    });
}

#[test]
fn an_operator_learns_the_servers_limits_and_time() {
    testing::run(Dialect::Postgres, &MIGRATIONS, async |test| {
        let limits = connection_limits(&test.settings).await.unwrap().unwrap();
        assert!(limits.max > limits.reserved && limits.taken >= 1, "{limits:?}");
        let (server, own) = (test.db.server_time().await.unwrap().unwrap(), SystemClock::new().now());
        assert!(own.since(server).max(server.since(own)) < Duration::from_mins(1), "{server} {own}");
        let sqlite = TestDb::fresh(Dialect::Sqlite, &MIGRATIONS).await.unwrap();
        assert_eq!(connection_limits(&sqlite.settings).await, Ok(None));
        assert_eq!(sqlite.db.server_time().await, Ok(None));
        sqlite.remove().await;
    });
}
