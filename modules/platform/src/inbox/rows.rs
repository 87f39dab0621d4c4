//! The rows of the inbox: cursors and parked events.

use std::collections::HashSet;

use diesel::dsl::{count_star, min};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::Timestamp;

use crate::db::{Db, StoreError};
use crate::sql::Ts;
use crate::tables::{inbox_cursors, inbox_parked};

crate::dual! {
    /// A connection on which a cursor can be moved; both are.
    #[doc(hidden)]
    pub trait InboxConn {
        /// See [`advance`](super::advance).
        async fn advance_cursor(c, consumer: &'static str, number: i64) -> Result<(), StoreError> {
            c.skip_to(consumer, number.saturating_sub(1), number).await
        }

        /// Moves the cursor from exactly `from` to `to`, or else unparks the event `to`.
        async fn skip_to(c, consumer: &'static str, from: i64, to: i64) -> Result<(), StoreError> {
            let cursor = inbox_cursors::table.find(consumer).filter(inbox_cursors::number.eq(from));
            if diesel::update(cursor).set(inbox_cursors::number.eq(to)).execute(c).await? == 1 {
                return Ok(());
            }
            let parked = diesel::delete(inbox_parked::table.find((consumer, to))).execute(c).await?;
            if parked == 1 { Ok(()) } else { Err(StoreError::LostRace) }
        }
    }
}

/// An event that waits for a human or for better days.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = inbox_parked)]
#[expect(clippy::struct_field_names, reason = "the field is named after its column")]
pub(super) struct Parked {
    pub(super) consumer: String,
    pub(super) number: i64,
    pub(super) aggregate: String,
    pub(super) attempts: i64,
    pub(super) reason: String,
    pub(super) parked_at: Ts,
    pub(super) retry_at: Ts,
}

/// Where a consumer stands.
pub(super) struct Standing {
    pub(super) cursor: i64,
    /// How many events are parked.
    pub(super) parked: i64,
    /// The oldest of them.
    pub(super) oldest_parked: Option<i64>,
    /// Of aggregates whose time has come, the event that the others wait for; the longest overdue first.
    pub(super) due: Vec<Parked>,
}

/// Parked events tried in one round at most.
const RETRIES: i64 = 20;

pub(super) async fn standing(
    db: &Db,
    consumer: &'static str,
    now: Timestamp,
) -> Result<Option<Standing>, StoreError> {
    crate::read!(*db, |c| {
        let Some(cursor) =
            inbox_cursors::table.find(consumer).select(inbox_cursors::number).first(c).await.optional()?
        else {
            return Ok(None);
        };
        let own = inbox_parked::table.filter(inbox_parked::consumer.eq(consumer));
        let (parked, oldest_parked): (i64, Option<i64>) =
            own.select((count_star(), min(inbox_parked::number))).first(c).await?;
        let due = if parked == 0 {
            Vec::new()
        } else {
            let before = diesel::alias!(inbox_parked as before);
            own.filter(inbox_parked::retry_at.le(Ts(now)))
                .filter(diesel::dsl::not(diesel::dsl::exists(
                    before
                        .filter(before.field(inbox_parked::consumer).eq(inbox_parked::consumer))
                        .filter(before.field(inbox_parked::aggregate).eq(inbox_parked::aggregate))
                        .filter(before.field(inbox_parked::number).lt(inbox_parked::number)),
                )))
                .order((inbox_parked::retry_at, inbox_parked::number))
                .limit(RETRIES)
                .select(Parked::as_select())
                .load(c)
                .await?
        };
        Ok(Some(Standing { cursor, parked, oldest_parked, due }))
    })
}

/// Which of these aggregates have parked events, so that what follows waits.
pub(super) async fn waiting(
    db: &Db,
    consumer: &'static str,
    aggregates: Vec<String>,
) -> Result<HashSet<String>, StoreError> {
    let found: Result<Vec<String>, StoreError> = crate::read!(*db, |c| {
        let own = inbox_parked::table.filter(inbox_parked::consumer.eq(consumer));
        let among = own.filter(inbox_parked::aggregate.eq_any(aggregates));
        Ok(among.select(inbox_parked::aggregate).distinct().load(c).await?)
    });
    Ok(found?.into_iter().collect())
}

/// The cursor of a consumer that begins, after the event `number`.
pub(super) async fn begin(db: &Db, consumer: &'static str, number: i64) -> Result<(), StoreError> {
    crate::write_one!(*db, |c| {
        diesel::insert_into(inbox_cursors::table)
            .values((inbox_cursors::consumer.eq(consumer), inbox_cursors::number.eq(number)))
            .on_conflict_do_nothing()
            .execute(c)
            .await?;
        Ok(())
    })
}

pub(super) async fn skip(db: &Db, consumer: &'static str, from: i64, to: i64) -> Result<(), StoreError> {
    crate::write!(*db, |c| { c.skip_to(consumer, from, to).await })
}

/// Parks an event and moves the cursor past it.
pub(super) async fn park(db: &Db, consumer: &'static str, parked: Parked) -> Result<(), StoreError> {
    crate::write!(*db, |c| {
        c.advance_cursor(consumer, parked.number).await?;
        diesel::insert_into(inbox_parked::table).values(parked).execute(c).await?;
        Ok(())
    })
}

/// Takes back that an event is parked, without an effect: nobody wants it.
pub(super) async fn unpark(db: &Db, consumer: &'static str, number: i64) -> Result<(), StoreError> {
    crate::write_one!(*db, |c| {
        diesel::delete(inbox_parked::table.find((consumer, number))).execute(c).await?;
        Ok(())
    })
}

pub(super) async fn put_off(
    db: &Db,
    parked: Parked,
    reason: String,
    until: Timestamp,
) -> Result<(), StoreError> {
    crate::write_one!(*db, |c| {
        diesel::update(inbox_parked::table.find((parked.consumer, parked.number)))
            .set((
                inbox_parked::attempts.eq(parked.attempts + 1),
                inbox_parked::reason.eq(reason),
                inbox_parked::retry_at.eq(Ts(until)),
            ))
            .execute(c)
            .await?;
        Ok(())
    })
}
