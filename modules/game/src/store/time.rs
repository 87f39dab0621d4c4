//! Deadlines, leases and heartbeats at rest: what any node needs to notice that time has passed.

use async_trait::async_trait;
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use game_engine::Seat;
use kernel::Timestamp;
use kernel::id::{AccountId, GameId, NodeId};
use platform::db::StoreError;
use platform::sql::{Key, Ts};
use platform::{read, write, write_one};

use super::diesel_store::DieselStore;
use super::rows::{seat, seat_number};
use super::schema::{nodes, participants, running_games, seat_leases};

/// What a node says of one seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lease {
    pub(crate) game: GameId,
    pub(crate) account: AccountId,
    /// Whether somebody is there; if not, the lease runs out at `until` and is not renewed.
    pub(crate) held: bool,
    pub(crate) until: Timestamp,
}

#[async_trait]
pub(crate) trait TimeStore: Send + Sync {
    /// Games whose deadline lies at or before an instant, the earliest first.
    async fn due(&self, until: Timestamp, rows: i64) -> Result<Vec<(GameId, Timestamp)>, StoreError>;
    /// Takes or gives back leases of this node. Only for games that are being played.
    async fn lease(&self, node: NodeId, leases: Vec<Lease>) -> Result<(), StoreError>;
    /// Prolongs everything this node holds.
    async fn renew_leases(&self, node: NodeId, until: Timestamp) -> Result<(), StoreError>;
    /// Seats without any lease that lasts.
    async fn lapsed(&self, now: Timestamp, rows: i64) -> Result<Vec<(GameId, Seat)>, StoreError>;
    /// Forgets the lapsed leases of a seat that is known to be away.
    async fn drop_lapsed(&self, game: GameId, seat: Seat, now: Timestamp) -> Result<(), StoreError>;
    /// After a gap: leases that had not run out when it began last until `until`.
    async fn prolong_leases(&self, unexpired_at: Timestamp, until: Timestamp) -> Result<(), StoreError>;
    async fn beat(&self, node: NodeId, now: Timestamp) -> Result<(), StoreError>;
    /// When any node was last alive.
    async fn last_alive(&self) -> Result<Option<Timestamp>, StoreError>;
    /// Forgets nodes not heard of since `before`.
    async fn forget_nodes(&self, before: Timestamp) -> Result<(), StoreError>;
}

#[async_trait]
impl TimeStore for DieselStore {
    async fn due(&self, until: Timestamp, rows: i64) -> Result<Vec<(GameId, Timestamp)>, StoreError> {
        let rows: Result<Vec<(Key, Option<Ts>)>, StoreError> = read!(self.db, |c| {
            let due = running_games::table
                .filter(running_games::due_at.le(Ts(until)))
                .order(running_games::due_at)
                .limit(rows)
                .select((running_games::game, running_games::due_at));
            Ok(due.load(c).await?)
        });
        Ok(rows?.into_iter().filter_map(|(game, at)| Some((game.id(), at?.time()))).collect())
    }

    async fn lease(&self, node: NodeId, leases: Vec<Lease>) -> Result<(), StoreError> {
        write!(self.db, |c| {
            let node = Key::from(node);
            for lease in leases {
                let game = Key::from(lease.game);
                let seat: Option<i16> = participants::table
                    .inner_join(running_games::table.on(running_games::game.eq(participants::game)))
                    .filter(participants::account.eq(Key::from(lease.account)))
                    .filter(participants::game.eq(game))
                    .select(participants::seat)
                    .first(c)
                    .await
                    .optional()?;
                let Some(seat) = seat else { continue };
                let until = Ts(lease.until);
                diesel::insert_into(seat_leases::table)
                    .values((
                        seat_leases::game.eq(game),
                        seat_leases::seat.eq(seat),
                        seat_leases::node.eq(node),
                        seat_leases::held.eq(lease.held),
                        seat_leases::seen_until.eq(until),
                    ))
                    .on_conflict((seat_leases::game, seat_leases::seat, seat_leases::node))
                    .do_update()
                    .set((seat_leases::held.eq(lease.held), seat_leases::seen_until.eq(until)))
                    .execute(c)
                    .await?;
            }
            Ok(())
        })
    }

    async fn renew_leases(&self, node: NodeId, until: Timestamp) -> Result<(), StoreError> {
        write_one!(self.db, |c| {
            diesel::update(seat_leases::table)
                .filter(seat_leases::node.eq(Key::from(node)))
                .filter(seat_leases::held.eq(true))
                .set(seat_leases::seen_until.eq(Ts(until)))
                .execute(c)
                .await?;
            Ok(())
        })
    }

    async fn lapsed(&self, now: Timestamp, rows: i64) -> Result<Vec<(GameId, Seat)>, StoreError> {
        let rows: Result<Vec<(Key, i16)>, StoreError> = read!(self.db, |c| {
            let elsewhere = diesel::alias!(seat_leases as elsewhere);
            let lasting = elsewhere
                .filter(elsewhere.field(seat_leases::game).eq(seat_leases::game))
                .filter(elsewhere.field(seat_leases::seat).eq(seat_leases::seat))
                .filter(elsewhere.field(seat_leases::seen_until).gt(Ts(now)));
            let lapsed = seat_leases::table
                .filter(seat_leases::seen_until.le(Ts(now)))
                .filter(not(exists(lasting)))
                .limit(rows)
                .select((seat_leases::game, seat_leases::seat))
                .distinct();
            Ok(lapsed.load(c).await?)
        });
        rows?.into_iter().map(|(game, number)| Ok((game.id(), seat(number)?))).collect()
    }

    async fn drop_lapsed(&self, game: GameId, seat: Seat, now: Timestamp) -> Result<(), StoreError> {
        write_one!(self.db, |c| {
            diesel::delete(seat_leases::table)
                .filter(seat_leases::game.eq(Key::from(game)))
                .filter(seat_leases::seat.eq(seat_number(seat)))
                .filter(seat_leases::seen_until.le(Ts(now)))
                .execute(c)
                .await?;
            Ok(())
        })
    }

    async fn prolong_leases(&self, unexpired_at: Timestamp, until: Timestamp) -> Result<(), StoreError> {
        write_one!(self.db, |c| {
            diesel::update(seat_leases::table)
                .filter(seat_leases::seen_until.ge(Ts(unexpired_at)))
                .filter(seat_leases::seen_until.lt(Ts(until)))
                .set(seat_leases::seen_until.eq(Ts(until)))
                .execute(c)
                .await?;
            Ok(())
        })
    }

    async fn beat(&self, node: NodeId, now: Timestamp) -> Result<(), StoreError> {
        write_one!(self.db, |c| {
            diesel::insert_into(nodes::table)
                .values((nodes::id.eq(Key::from(node)), nodes::alive_at.eq(Ts(now))))
                .on_conflict(nodes::id)
                .do_update()
                .set(nodes::alive_at.eq(Ts(now)))
                .execute(c)
                .await?;
            Ok(())
        })
    }

    async fn last_alive(&self) -> Result<Option<Timestamp>, StoreError> {
        let last: Result<Option<Ts>, StoreError> = read!(self.db, |c| {
            let last = nodes::table.order(nodes::alive_at.desc()).select(nodes::alive_at);
            Ok(last.first(c).await.optional()?)
        });
        Ok(last?.map(Ts::time))
    }

    async fn forget_nodes(&self, before: Timestamp) -> Result<(), StoreError> {
        write_one!(self.db, |c| {
            diesel::delete(nodes::table.filter(nodes::alive_at.lt(Ts(before)))).execute(c).await?;
            Ok(())
        })
    }
}
