//! Making creating requests repeatable: the first claims its key, a repeat finds what the first one made.
//!
//! The kept value refers to the result by ids. It is never a secret: those are issued anew for a repeat.

use std::time::Duration;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::Timestamp;
use serde_json::Value;

use crate::db::{Db, StoreError};
use crate::sql::{Json, Ts};
use crate::tables::idempotency_keys;

/// How long a finished claim answers repeats.
const KEPT: Duration = Duration::from_hours(24);
/// How long a claim without a value blocks others: longer than any request lasts, short enough after a crash.
const IN_FLIGHT: Duration = Duration::from_mins(1);
/// Keys that one transaction deletes, unless more expired at the very same instant.
const BATCH: i64 = 1_000;

/// One use of an `Idempotency-Key`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// To whom the key is bound: an account, or for anonymous requests a MAC of what they present.
    pub scope: String,
    /// The route's method and path pattern.
    pub route: String,
    /// The key as it was sent.
    pub key: String,
    /// A digest of the body, so that another body under the same key is noticed.
    pub body_digest: [u8; 32],
    /// When the request came.
    pub at: Timestamp,
}

/// What became of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// The key is this request's: do the work and [`store`] a reference to its result.
    New,
    /// The work was done before; this refers to its result.
    Repeat(Value),
    /// Another request with this key is still at work.
    InFlight,
    /// The key was used with another body.
    Conflict,
}

crate::dual! {
    /// A connection on which keys can be claimed; both are.
    #[doc(hidden)]
    pub trait IdempotencyConn {
        /// See [`claim`].
        async fn claim_key(c, claim: &Claim) -> Result<Claimed, StoreError> {
            use idempotency_keys::dsl;
            let row = (
                dsl::scope.eq(&claim.scope),
                dsl::route.eq(&claim.route),
                dsl::key.eq(&claim.key),
                dsl::body_digest.eq(claim.body_digest.as_slice()),
                dsl::claimed_at.eq(Ts(claim.at)),
                dsl::expires_at.eq(Ts(claim.at.plus(IN_FLIGHT))),
            );
            let insert = diesel::insert_into(dsl::idempotency_keys)
                .values(row)
                .on_conflict((dsl::scope, dsl::route, dsl::key))
                .do_update()
                .set((
                    dsl::body_digest.eq(claim.body_digest.as_slice()),
                    dsl::claimed_at.eq(Ts(claim.at)),
                    dsl::expires_at.eq(Ts(claim.at.plus(IN_FLIGHT))),
                    dsl::value.eq(None::<Json<Value>>),
                ));
            let claimed = diesel::query_dsl::methods::FilterDsl::filter(insert, dsl::expires_at.le(Ts(claim.at))).execute(c).await?;
            if claimed == 1 {
                return Ok(Claimed::New);
            }
            let (digest, value): (Vec<u8>, Option<Json<Value>>) = dsl::idempotency_keys
                .find((&claim.scope, &claim.route, &claim.key))
                .select((dsl::body_digest, dsl::value))
                .first(c)
                .await?;
            Ok(match value {
                _ if digest != claim.body_digest => Claimed::Conflict,
                Some(Json(value)) => Claimed::Repeat(value),
                None => Claimed::InFlight,
            })
        }

        /// See [`store`].
        async fn store_result(c, claim: &Claim, result: Value) -> Result<(), StoreError> {
            use idempotency_keys::dsl;
            let own = dsl::idempotency_keys
                .find((&claim.scope, &claim.route, &claim.key))
                .filter(dsl::claimed_at.eq(Ts(claim.at)))
                .filter(dsl::body_digest.eq(claim.body_digest.as_slice()))
                .filter(dsl::value.is_null());
            let stored = diesel::update(own)
                .set((dsl::value.eq(Some(Json(result))), dsl::expires_at.eq(Ts(claim.at.plus(KEPT)))))
                .execute(c)
                .await?;
            // The claim ran out and another request has it now: this one's work must not stand beside that one's.
            if stored == 1 { Ok(()) } else { Err(StoreError::LostRace) }
        }

        /// See [`release`].
        async fn release_key(c, claim: &Claim) -> Result<(), StoreError> {
            use idempotency_keys::dsl;
            let own = dsl::idempotency_keys
                .find((&claim.scope, &claim.route, &claim.key))
                .filter(dsl::claimed_at.eq(Ts(claim.at)))
                .filter(dsl::value.is_null());
            diesel::delete(own).execute(c).await?;
            Ok(())
        }
    }
}

/// Claims a key inside a write body. Where the whole work is one transaction, [`store`] follows in the same body.
pub async fn claim<C: IdempotencyConn>(c: &mut C, claim: &Claim) -> Result<Claimed, StoreError> {
    c.claim_key(claim).await
}

/// Keeps a reference to the result for repeats, inside the write body that makes it.
pub async fn store<C: IdempotencyConn>(c: &mut C, claim: &Claim, result: Value) -> Result<(), StoreError> {
    c.store_result(claim, result).await
}

/// Gives a claimed key back when the work failed before it changed anything.
pub async fn release<C: IdempotencyConn>(c: &mut C, claim: &Claim) -> Result<(), StoreError> {
    c.release_key(claim).await
}

/// Deletes expired keys, in transactions of a bounded size, and says how many. A job's work.
pub async fn purge(db: &Db, now: Timestamp) -> Result<usize, StoreError> {
    let mut purged = 0;
    loop {
        let batch: Result<usize, StoreError> = crate::write!(*db, |c| {
            use idempotency_keys::dsl;
            let expired = dsl::idempotency_keys.filter(dsl::expires_at.le(Ts(now))).order(dsl::expires_at);
            let found: Vec<Ts> = expired.limit(BATCH).select(dsl::expires_at).load(c).await?;
            let Some(last) = found.last() else { return Ok(0) };
            Ok(diesel::delete(dsl::idempotency_keys.filter(dsl::expires_at.le(*last))).execute(c).await?)
        });
        match batch? {
            0 => return Ok(purged),
            some => purged += some,
        }
    }
}
