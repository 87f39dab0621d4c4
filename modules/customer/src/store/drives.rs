//! Owed steps: which are due, who works on one, and when it is no longer owed.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::Timestamp;
use kernel::id::Uuid;
use platform::db::StoreError;
use platform::sql::{Key, Ts, Word};

use super::record::Record;
use super::rows::{DriveRow, RelationshipRow};
use super::schema::{drives, relationships};
use super::{Act, DieselStore, DriveStore, Posted};
use crate::domain::drive::Drive;
use crate::domain::notice::Notice;
use crate::domain::relationship::RelationshipState;

diesel::alias!(drives as earlier: Earlier);

#[async_trait]
impl DriveStore for DieselStore {
    async fn due(&self, now: Timestamp, limit: i64) -> Result<Vec<Drive>, StoreError> {
        platform::read!(self.db, |c| {
            let before_it = earlier
                .filter(earlier.field(drives::account).eq(drives::account))
                .filter(earlier.field(drives::id).lt(drives::id));
            let rows: Vec<DriveRow> = drives::table
                .filter(drives::next_at.le(Ts::from(now)))
                .filter(diesel::dsl::not(diesel::dsl::exists(before_it)))
                .select(DriveRow::as_select())
                .order(drives::id)
                .limit(limit)
                .load(c)
                .await?;
            Ok(rows.into_iter().map(Drive::from).collect())
        })
    }

    async fn lease(&self, drive: &Drive, until: Timestamp) -> Result<bool, StoreError> {
        let (id, seen) = (Key(drive.id), Ts::from(drive.next_at));
        platform::write_one!(self.db, |c| {
            let changed = diesel::update(drives::table.find(id))
                .filter(drives::next_at.eq(seen))
                .set((drives::next_at.eq(Ts::from(until)), drives::attempts.eq(drives::attempts + 1)))
                .execute(c)
                .await?;
            Ok(changed == 1)
        })
    }

    async fn acknowledge(&self, drive: Uuid) -> Result<(), StoreError> {
        platform::write_one!(self.db, |c| {
            diesel::delete(drives::table.find(Key(drive))).execute(c).await?;
            Ok(())
        })
    }

    async fn postpone(&self, drive: Uuid, at: Timestamp) -> Result<(), StoreError> {
        platform::write_one!(self.db, |c| {
            diesel::update(drives::table.find(Key(drive)))
                .set(drives::next_at.eq(Ts::from(at)))
                .execute(c)
                .await?;
            Ok(())
        })
    }

    async fn announce(&self, drive: Drive, limit: i64, act: Act) -> Result<Vec<Posted>, StoreError> {
        let scribe = self.scribe(act);
        platform::write!(self.db, |c| {
            let of = Key::from(drive.account);
            let mut rows = relationships::table
                .filter(relationships::customer.eq(of).or(relationships::distributor.eq(of)))
                .filter(relationships::state.ne(Word(RelationshipState::Ended)))
                .select(RelationshipRow::as_select())
                .order(relationships::id)
                .limit(limit)
                .into_boxed();
            if let Some(cursor) = drive.cursor {
                rows = rows.filter(relationships::id.gt(Key::from(cursor)));
            }
            let rows: Vec<RelationshipRow> = rows.load(c).await?;
            let last = rows.last().map(|row| row.id);
            let full = i64::try_from(rows.len()).is_ok_and(|count| count >= limit);
            let both =
                |row: &RelationshipRow| [(row.customer, row.distributor), (row.distributor, row.customer)];
            let told = rows.iter().flat_map(both);
            let told = told.map(|(to, with)| (to.id(), Notice::Entitlement { with: with.id() })).collect();
            let posted = c.post(scribe.clone(), told).await?;
            if full {
                diesel::update(drives::table.find(Key(drive.id)))
                    .set((drives::cursor.eq(last), drives::next_at.eq(Ts::from(scribe.at()))))
                    .execute(c)
                    .await?;
            } else {
                diesel::delete(drives::table.find(Key(drive.id))).execute(c).await?;
            }
            Ok(posted)
        })
    }

    async fn owed(&self) -> Result<i64, StoreError> {
        platform::read!(self.db, |c| { Ok(drives::table.count().get_result(c).await?) })
    }
}
