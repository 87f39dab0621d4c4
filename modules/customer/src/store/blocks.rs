//! Blocks: adding, lifting and listing them.

use async_trait::async_trait;
use customer_api::CustomerEvent;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::Limit;
use kernel::id::AccountId;
use platform::audit;
use platform::db::StoreError;
use platform::sql::{Key, Ts};

use super::record::{Record, Scribe};
use super::rows::BlockRow;
use super::schema::blocks;
use super::{Act, BlockStore, DieselStore, Posted, Stop, TooManyBlocks};
use crate::domain::block::Block;
use crate::domain::notice::Notice;

#[async_trait]
impl BlockStore for DieselStore {
    async fn block(
        &self,
        by: AccountId,
        blocked: AccountId,
        most: i64,
        act: Act,
    ) -> Result<Vec<Posted>, Stop<TooManyBlocks>> {
        let scribe = self.scribe(act);
        platform::write!(self.db, |c| {
            let row = BlockRow { blocker: by.into(), blocked: blocked.into(), at: Ts::from(scribe.at()) };
            let added =
                diesel::insert_into(blocks::table).values(row).on_conflict_do_nothing().execute(c).await?;
            if added == 0 {
                return Ok(Vec::new());
            }
            let own = blocks::table.filter(blocks::blocker.eq(Key::from(by)));
            let count: i64 = own.count().get_result(c).await?;
            if count > most {
                return Err(Stop::Rule(TooManyBlocks));
            }
            c.announce_event(scribe.clone(), CustomerEvent::BlockAdded { by, blocked }).await?;
            Ok(c.block_step(scribe, "block.add", by, blocked).await?)
        })
    }

    async fn unblock(&self, by: AccountId, blocked: AccountId, act: Act) -> Result<Vec<Posted>, StoreError> {
        let scribe = self.scribe(act);
        platform::write!(self.db, |c| {
            let lifted =
                diesel::delete(blocks::table.find((Key::from(by), Key::from(blocked)))).execute(c).await?;
            if lifted == 0 {
                return Ok(Vec::new());
            }
            c.announce_event(scribe.clone(), CustomerEvent::BlockRemoved { by, blocked }).await?;
            c.block_step(scribe, "block.lift", by, blocked).await
        })
    }

    async fn blocks(
        &self,
        by: AccountId,
        after: Option<AccountId>,
        limit: Limit,
    ) -> Result<Vec<Block>, StoreError> {
        platform::read!(self.db, |c| {
            let mut rows = blocks::table
                .filter(blocks::blocker.eq(Key::from(by)))
                .select(BlockRow::as_select())
                .order(blocks::blocked)
                .limit(limit.rows() + 1)
                .into_boxed();
            if let Some(after) = after {
                rows = rows.filter(blocks::blocked.gt(Key::from(after)));
            }
            let rows: Vec<BlockRow> = rows.load(c).await?;
            Ok(rows.into_iter().map(Block::from).collect())
        })
    }
}

platform::dual! {
    trait Blocking {
        /// The audit row and both notices of a block's step. Neither notice says who did what.
        async fn block_step(
            c,
            scribe: Scribe,
            what: &'static str,
            by: AccountId,
            blocked: AccountId,
        ) -> Result<Vec<Posted>, StoreError> {
            audit::record(c, scribe.audit(what, blocked).related("blocker", by)).await?;
            let to = [(by, blocked), (blocked, by)].map(|(to, with)| (to, Notice::Entitlement { with }));
            c.post(scribe, to.to_vec()).await
        }
    }
}
