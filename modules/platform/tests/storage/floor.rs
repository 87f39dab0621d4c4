//! Idempotency keys, the audit log and notices.

use std::time::Duration;

use futures_util::future::join_all;
use kernel::id::{AccountId, AuditId, PersonId, SessionId};
use kernel::page::Limit;
use kernel::{Actor, CallContext, Role, Timestamp};
use platform::audit::{self, AuditEvent};
use platform::db::{Db, StoreError};
use platform::idempotency::{self, Claim, Claimed};
use platform::notices;
use platform::testing::TestDb;
use serde_json::json;

use crate::notes::{MIGRATIONS, Store};

fn claim_of(key: &str, body: u8, at: Timestamp) -> Claim {
    Claim {
        scope: "acc_1".to_owned(),
        route: "POST /api/v1/notes".to_owned(),
        key: key.to_owned(),
        body_digest: [body; 32],
        at,
    }
}

/// Claims a key and, if it is new, does the work in the same transaction.
async fn request(db: &Db, claim: Claim, result: i64) -> Result<Claimed, StoreError> {
    platform::write!(*db, |c| {
        let claimed = idempotency::claim(c, &claim).await?;
        if claimed == Claimed::New {
            idempotency::store(c, &claim, json!({ "id": result })).await?;
        }
        Ok(claimed)
    })
}

async fn claim_only(db: &Db, claim: Claim) -> Result<Claimed, StoreError> {
    platform::write!(*db, |c| idempotency::claim(c, &claim).await)
}

async fn store_only(db: &Db, claim: Claim) -> Result<(), StoreError> {
    platform::write!(*db, |c| idempotency::store(c, &claim, json!(1)).await)
}

platform::for_each_database! { MIGRATIONS;
    async fn of_many_requests_with_one_key_one_does_the_work(test: TestDb) {
        let store = Store::new(&test.db);
        let all = join_all((0..20).map(|number| request(&test.db, claim_of("k", 1, store.now()), number))).await;
        let results: Vec<Claimed> = all.into_iter().map(Result::unwrap).collect();
        assert_eq!(results.iter().filter(|claimed| **claimed == Claimed::New).count(), 1);
        let winner = results.iter().position(|claimed| *claimed == Claimed::New).unwrap();
        let repeats = results.iter().filter(|claimed| **claimed == Claimed::Repeat(json!({ "id": winner })));
        assert_eq!(repeats.count(), 19, "{results:?}");
        assert_eq!(request(&test.db, claim_of("k", 2, store.now()), 0).await, Ok(Claimed::Conflict));
        assert_eq!(request(&test.db, claim_of("other", 2, store.now()), 0).await, Ok(Claimed::New));
    }

    async fn a_key_is_free_again_after_a_day_and_after_a_crash(test: TestDb) {
        let store = Store::new(&test.db);
        let first = claim_of("k", 1, store.now());
        assert_eq!(claim_only(&test.db, first.clone()).await, Ok(Claimed::New));
        assert_eq!(claim_only(&test.db, claim_of("k", 1, store.now())).await, Ok(Claimed::InFlight));
        store.clock.advance(Duration::from_secs(61));
        let second = claim_of("k", 1, store.now());
        assert_eq!(claim_only(&test.db, second.clone()).await, Ok(Claimed::New), "the first one died");
        assert_eq!(store_only(&test.db, first).await, Err(StoreError::LostRace), "and must not come back");
        assert_eq!(store_only(&test.db, second).await, Ok(()));
        store.clock.advance(Duration::from_secs(24 * 3_600 - 1));
        assert_eq!(idempotency::purge(&test.db, store.now()).await, Ok(0));
        assert_eq!(claim_only(&test.db, claim_of("k", 1, store.now())).await, Ok(Claimed::Repeat(json!(1))));
        store.clock.advance(Duration::from_secs(1));
        assert_eq!(idempotency::purge(&test.db, store.now()).await, Ok(1));
        assert_eq!(claim_only(&test.db, claim_of("k", 9, store.now())).await, Ok(Claimed::New));
        let again = claim_of("r", 1, store.now());
        assert_eq!(claim_only(&test.db, again.clone()).await, Ok(Claimed::New));
        let released: Result<(), StoreError> =
            platform::write!(test.db, |c| idempotency::release(c, &again).await);
        assert_eq!(released, Ok(()));
        assert_eq!(claim_only(&test.db, claim_of("r", 2, store.now())).await, Ok(Claimed::New));
    }

    async fn the_audit_log_is_written_once(test: TestDb) {
        let store = Store::new(&test.db);
        let actor = Actor::Account {
            account: store.ids.next::<AccountId>(),
            person: store.ids.next::<PersonId>(),
            session: store.ids.next::<SessionId>(),
            roles: [Role::Admin].into_iter().collect(),
        };
        let mut call = CallContext::new(actor, "req-1".parse().unwrap(), store.now(), Duration::from_secs(5));
        for actor in [call.actor.clone(), Actor::Anonymous, Actor::system("notes.sweep")] {
            call.actor = actor;
            let event = AuditEvent::new(store.ids.next::<AuditId>(), store.now(), &call, "note.write", "note_1")
                .reason("test")
                .digest("body", &[1, 2, 255]);
            let done: Result<(), StoreError> = platform::write!(test.db, |c| audit::record(c, event).await);
            done.unwrap();
        }
        assert_eq!(store.scalar("SELECT count(*) AS value FROM audit_events WHERE leaf_index IS NULL").await, 3);
        for (sql, allowed) in [
            ("DELETE FROM audit_events", false),
            ("UPDATE audit_events SET action = 'other'", false),
            ("UPDATE audit_events SET actor_roles = 'auditor' WHERE actor_roles IS NOT NULL", false),
            ("UPDATE audit_events SET leaf_index = 1", false),
            ("UPDATE audit_events SET leaf_index = 1, leaf_hash = '' WHERE actor_kind = 'anonymous' AND 1 = 0", true),
        ] {
            assert_eq!(store.execute(sql).await.is_ok(), allowed, "{sql}");
        }
        assert_eq!(store.scalar("SELECT count(*) AS value FROM audit_events WHERE action = 'note.write'").await, 3);
    }

    async fn notices_of_an_account_are_numbered_without_gaps(test: TestDb) {
        let store = Store::new(&test.db);
        let (one, two) = (store.ids.next::<AccountId>(), store.ids.next::<AccountId>());
        assert_eq!(notices::head(&test.db, one).await, Ok(0));
        let all = join_all((0..40).map(|number| {
            let (db, at) = (test.db.clone(), store.now());
            let account = if number % 2 == 0 { one } else { two };
            async move {
                let seq: Result<i64, StoreError> = platform::write!(db, |c| {
                    let seq = notices::append(c, account, "note.shared", json!({ "n": number }), at).await?;
                    if number % 8 == 0 { Err(StoreError::LostRace) } else { Ok(seq) }
                });
                seq
            }
        })).await;
        assert_eq!(all.iter().filter(|seq| seq.is_err()).count(), 5);
        assert_eq!((notices::head(&test.db, one).await, notices::head(&test.db, two).await), (Ok(15), Ok(20)));
        let page = notices::after(&test.db, one, 10, Limit::default()).await.unwrap();
        assert_eq!(page.iter().map(|notice| notice.seq).collect::<Vec<_>>(), [11, 12, 13, 14, 15]);
        assert!(page.iter().all(|notice| notice.kind == "note.shared" && notice.at == store.now()));
    }
}
