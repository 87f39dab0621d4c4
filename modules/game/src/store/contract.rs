//! What every implementation of the store does: one text, run in memory and on both databases.

mod finding;
mod games;
mod invites;
mod people;
mod practice;
mod ratings;
mod spectators;
mod time;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use game_api::GameEvent;
use game_engine::{RuleSet, Seat};
use kernel::id::{GameId, Uuid};
use kernel::{Clock, Principal};
use platform::db::Db;
use platform::sql::Json;
use platform::{read, write_one};
use serde_json::Value;

use super::{Append, Finish, MemoryStore, Stamp, Store, StoreError};
use crate::domain::command::{Act, Asked};
use crate::domain::ending::Ending;
use crate::domain::plan::Plan;
use crate::domain::table::Table;
use crate::house::House;

/// Declares tests that run on every implementation, each on a fresh store.
macro_rules! for_each_store {
    ($(async fn $name:ident($stage:ident: Stage) $body:block)+) => {$(
        mod $name {
            #[allow(unused_imports, reason = "a test may need nothing from its surroundings")]
            use super::*;

            async fn case($stage: Stage) $body

            #[test]
            fn in_memory() {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                runtime.unwrap().block_on(async { case(Stage::in_memory().await).await });
            }

            #[test]
            fn on_sqlite() {
                platform::testing::run(platform::db::Dialect::Sqlite, &crate::MIGRATIONS, |fresh| async move {
                    case(Stage::on(&fresh.db).await).await;
                });
            }

            #[test]
            fn on_postgresql() {
                platform::testing::run(platform::db::Dialect::Postgres, &crate::MIGRATIONS, |fresh| async move {
                    case(Stage::on(&fresh.db).await).await;
                });
            }
        }
    )+};
}
use for_each_store;

/// A fresh store, a house over it, and a way to look at what its transactions leave behind.
struct Stage {
    house: House,
    ledger: Ledger,
}

enum Ledger {
    Sql(Db),
    Memory(MemoryStore),
}

diesel::table! {
    audit_events (object) { action -> Text, reason -> Nullable<Text>, object -> Text, }
}
diesel::table! {
    use platform::sql::prelude::*;
    outbox_events (aggregate) { aggregate -> Text, payload -> Doc, }
}
diesel::table! {
    inbox_cursors (consumer) { consumer -> Text, number -> BigInt, }
}

/// An audit row: what was done, to what, and why.
type Audited = (String, String, Option<String>);

impl Stage {
    async fn on(db: &Db) -> Self {
        Self { house: House::open(db).await, ledger: Ledger::Sql(db.clone()) }
    }

    async fn in_memory() -> Self {
        let mut made = None;
        let store = |ids| {
            let store = MemoryStore::new(ids);
            made = Some(store.clone());
            std::sync::Arc::new(store) as std::sync::Arc<dyn Store>
        };
        let house = House::over(store, true).await;
        Self { house, ledger: Ledger::Memory(made.unwrap()) }
    }

    fn store(&self) -> &dyn Store {
        self.house.app.store.as_ref()
    }

    fn now(&self) -> kernel::Timestamp {
        self.house.clock.now()
    }

    fn stamp(&self, who: &Principal) -> Stamp {
        Stamp { call: self.house.call(who), at: self.now() }
    }

    /// The audit rows about these objects, sorted.
    async fn audited(&self, object: impl ToString) -> Vec<Audited> {
        let object = object.to_string();
        let mut rows: Vec<Audited> = match &self.ledger {
            Ledger::Memory(store) => store.with(|tables| {
                let about = tables.audit.iter().filter(|event| event.object == object);
                about
                    .map(|event| (event.action.to_owned(), event.object.clone(), event.reason.clone()))
                    .collect()
            }),
            Ledger::Sql(db) => {
                let rows: Result<Vec<Audited>, StoreError> = read!(db, |c| {
                    let about = audit_events::table.filter(audit_events::object.eq(object));
                    let columns = (audit_events::action, audit_events::object, audit_events::reason);
                    Ok(about.select(columns).load(c).await?)
                });
                rows.unwrap()
            }
        };
        rows.sort();
        rows
    }

    /// What was announced about a game, in the order of the events' names.
    async fn announced(&self, game: GameId) -> Vec<GameEvent> {
        let aggregate = game.to_string();
        let payloads: Vec<Value> = match &self.ledger {
            Ledger::Memory(store) => store.with(|tables| {
                let about = tables.outbox.iter().filter(|event| event.aggregate == aggregate);
                about.map(|event| event.payload.clone()).collect()
            }),
            Ledger::Sql(db) => {
                let rows: Result<Vec<Json<Value>>, StoreError> = read!(db, |c| {
                    let about = outbox_events::table.filter(outbox_events::aggregate.eq(aggregate));
                    Ok(about.select(outbox_events::payload).load(c).await?)
                });
                rows.unwrap().into_iter().map(|payload| payload.0).collect()
            }
        };
        let read = payloads.into_iter().map(|payload| serde_json::from_value(payload).unwrap());
        let mut events: Vec<GameEvent> = read.collect();
        events.sort_by_key(GameEvent::kind);
        events
    }

    /// Lets a consumer begin, as it does when a node starts.
    async fn begin(&self, consumer: &'static str) {
        if let Ledger::Sql(db) = &self.ledger {
            let begun: Result<usize, StoreError> = write_one!(db, |c| {
                let row = (inbox_cursors::consumer.eq(consumer), inbox_cursors::number.eq(0));
                Ok(diesel::insert_into(inbox_cursors::table).values(row).execute(c).await?)
            });
            begun.unwrap();
        }
    }

    /// The kinds of an account's notices, whose numbers have no gap.
    async fn notices(&self, who: &Principal) -> Vec<String> {
        let notices = self.store().notices(who.account, 0, 100).await.unwrap();
        let numbers: Vec<u64> = notices.iter().map(|notice| notice.seq).collect();
        assert_eq!(numbers, (1..=notices.len() as u64).collect::<Vec<_>>());
        assert_eq!(self.store().notice_head(who.account).await.unwrap(), notices.len() as u64);
        notices.into_iter().map(|notice| notice.kind).collect()
    }

    async fn table(&self, game: GameId) -> Table {
        crate::app::hot::load(self.store(), &self.house.app.keys, game).await.unwrap()
    }

    /// A game that has just begun, and its table.
    async fn game(&self) -> (Table, [Principal; 2]) {
        let (game, players) = self.house.game(RuleSet::naija_classic()).await;
        (self.table(game).await, players)
    }

    fn draw(&self, table: &Table, cid: Uuid) -> Plan {
        let asked = Asked { cid, base: None, act: Act::Draw };
        table.play(table.state.turn().unwrap(), &asked, self.now()).unwrap()
    }

    fn resign(&self, table: &Table, seat: Seat) -> Plan {
        let asked = Asked { cid: self.house.cid(), base: None, act: Act::Resign };
        table.play(seat, &asked, self.now()).unwrap()
    }

    /// What ends with a plan that ends the match.
    fn finish(&self, table: &Table, plan: &Plan, who: &Principal, reason: &str) -> Box<Finish> {
        Box::new(Finish {
            ending: Ending::of(plan.outcome().unwrap(), reason),
            players: table.players,
            rounds: plan.state.round(),
            points: plan.state.scores(),
            wins: plan.state.wins(),
            stamp: self.stamp(who),
        })
    }
}

fn append<'a>(table: &Table, plan: &'a Plan) -> Append<'a> {
    let due_at = plan.clock.next(plan.state.rules().clock).map(|deadline| deadline.at);
    Append {
        game: table.game,
        expected: table.head,
        lines: &plan.lines,
        due_at,
        practice_since: None,
        away: None,
        finish: None,
    }
}
