//! Journals as a fault of storage might leave them.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::id::GameId;
use platform::db::StoreError;
use platform::sql::Key;
use platform::testing::TestDb;
use platform::write_one;

diesel::table! {
    use platform::sql::prelude::*;
    journal (game, seq) { game -> Uid, seq -> BigInt, body -> Text, }
}

/// Makes a line of a journal illegible, as a fault of storage might.
pub(super) async fn blot(db: &TestDb, game: GameId, seq: i64) {
    let blotted: Result<usize, StoreError> = write_one!(db.db, |c| {
        let line = journal::table.find((Key::from(game), seq));
        Ok(diesel::update(line).set(journal::body.eq("{}")).execute(c).await?)
    });
    assert_eq!(blotted.unwrap(), 1);
}

/// Takes a line out of a journal.
pub(super) async fn tear(db: &TestDb, game: GameId, seq: i64) {
    let torn: Result<usize, StoreError> = write_one!(db.db, |c| {
        Ok(diesel::delete(journal::table.find((Key::from(game), seq))).execute(c).await?)
    });
    assert_eq!(torn.unwrap(), 1);
}
