//! A small context with a store, as the real contexts have one.

use std::sync::Arc;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::id::{AccountId, EventId};
use kernel::{Clock, IdSource, ManualClock, SeededRandom, Timestamp};
use platform::db::{Db, Migrations, StoreError, embed_migrations};
use platform::outbox::{self, NewEvent};
use platform::sql::{Json, Key, Ts, Word};
use serde::{Deserialize, Serialize};

pub(crate) const MIGRATIONS: Migrations = Migrations {
    context: "notes",
    sqlite: embed_migrations!("tests/migrations/sqlite"),
    postgres: embed_migrations!("tests/migrations/postgres"),
};

diesel::table! {
    use platform::sql::prelude::*;
    notes (id) { id -> Uid, name -> Text, kind -> Text, body -> Doc, at -> Instant, edits -> BigInt, }
}
diesel::table! {
    use platform::sql::prelude::*;
    remarks (id) { id -> Uid, note_id -> Uid, }
}
diesel::table! {
    effects (place) { place -> BigInt, number -> BigInt, aggregate -> Text, }
}

kernel::words! {
    /// What a note is for.
    pub(crate) enum Kind as "kind of note" {
        /// Something to do.
        Todo = "todo",
        /// Something to keep.
        Keep = "keep",
    }
}

/// A note's content, as its JSON column holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Body {
    pub(crate) text: String,
    pub(crate) tags: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = notes)]
pub(crate) struct Note {
    pub(crate) id: Key,
    pub(crate) name: String,
    pub(crate) kind: Word<Kind>,
    pub(crate) body: Json<Body>,
    pub(crate) at: Ts,
    pub(crate) edits: i64,
}

platform::bulk!(Note => notes::table);

/// What the context announces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum NoteEvent {
    Written { name: String },
}

#[derive(Clone)]
pub(crate) struct Store {
    pub(crate) db: Db,
    pub(crate) ids: IdSource,
    pub(crate) clock: ManualClock,
}

impl Store {
    pub(crate) fn new(db: &Db) -> Self {
        let clock = ManualClock::default();
        let ids = IdSource::new(Arc::new(clock.clone()), Arc::new(SeededRandom::new(7)));
        Self { db: db.clone(), ids, clock }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn note(&self, name: &str) -> Note {
        Note {
            id: self.ids.next::<AccountId>().into(),
            name: name.to_owned(),
            kind: Word(Kind::Todo),
            body: Json(Body { text: "quote ' and \u{1F0A1}".to_owned(), tags: vec!["a".to_owned()] }),
            at: self.now().into(),
            edits: 0,
        }
    }

    pub(crate) fn event(&self, aggregate: &str) -> NewEvent {
        let event = NoteEvent::Written { name: aggregate.to_owned() };
        NewEvent::new(self.ids.next::<EventId>(), "note.written", aggregate, &event, self.now()).unwrap()
    }

    /// A note and its event, in one transaction.
    pub(crate) async fn add(&self, note: Note, event: NewEvent) -> Result<(), StoreError> {
        platform::write!(self.db, |c| {
            diesel::insert_into(notes::table).values(note).execute(c).await?;
            outbox::append(c, event).await
        })
    }

    pub(crate) async fn announce(&self, aggregate: &str) {
        let event = self.event(aggregate);
        let done: Result<(), StoreError> = platform::write!(self.db, |c| outbox::append(c, event).await);
        done.unwrap();
    }

    pub(crate) async fn count(&self) -> i64 {
        let count: Result<i64, StoreError> =
            platform::read!(self.db, |c| Ok(notes::table.count().get_result(c).await?));
        count.unwrap()
    }

    pub(crate) async fn names(&self) -> Vec<String> {
        let names: Result<Vec<String>, StoreError> = platform::read!(self.db, |c| {
            Ok(notes::table.select(notes::name).order(notes::name).load(c).await?)
        });
        names.unwrap()
    }

    pub(crate) async fn events(&self) -> i64 {
        self.scalar("SELECT count(*) AS value FROM outbox_events").await
    }

    /// The one number that `sql` calls `value`.
    pub(crate) async fn scalar(&self, sql: &'static str) -> i64 {
        let row: Result<Scalar, StoreError> =
            platform::read!(self.db, |c| Ok(diesel::sql_query(sql).get_result(c).await?));
        row.unwrap().value
    }

    /// Runs SQL as it stands.
    pub(crate) async fn execute(&self, sql: &'static str) -> Result<usize, StoreError> {
        platform::write!(self.db, |c| Ok(diesel::sql_query(sql).execute(c).await?))
    }
}

#[derive(QueryableByName)]
pub(crate) struct Scalar {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    pub(crate) value: i64,
}
