//! Deadlines, leases and heartbeats in memory.

use async_trait::async_trait;
use game_engine::Seat;
use kernel::Timestamp;
use kernel::id::{GameId, NodeId};

use super::{MemoryStore, SeatLease, rows};
use crate::store::{Lease, StoreError, TimeStore};

#[async_trait]
impl TimeStore for MemoryStore {
    async fn due(&self, until: Timestamp, limit: i64) -> Result<Vec<(GameId, Timestamp)>, StoreError> {
        Ok(self.with(|tables| {
            let running = tables.running.iter();
            let mut due: Vec<(GameId, Timestamp)> = running
                .filter_map(|(game, running)| Some((*game, running.due_at.filter(|at| *at <= until)?)))
                .collect();
            due.sort_by_key(|(_, at)| *at);
            due.truncate(rows(limit));
            due
        }))
    }

    async fn lease(&self, node: NodeId, leases: Vec<Lease>) -> Result<(), StoreError> {
        self.with(|tables| {
            for Lease { game, account, held, until } in leases {
                let seat = tables.participants.get(&(account, game)).copied();
                let Some(seat) = seat.filter(|_| tables.running.contains_key(&game)) else { continue };
                tables.leases.insert((game, seat, node), SeatLease { held, seen_until: until });
            }
        });
        Ok(())
    }

    async fn renew_leases(&self, node: NodeId, until: Timestamp) -> Result<(), StoreError> {
        self.with(|tables| {
            let own = tables.leases.iter_mut().filter(|((.., holder), lease)| *holder == node && lease.held);
            own.for_each(|(_, lease)| lease.seen_until = until);
        });
        Ok(())
    }

    async fn lapsed(&self, now: Timestamp, limit: i64) -> Result<Vec<(GameId, Seat)>, StoreError> {
        Ok(self.with(|tables| {
            let lasts = |game, seat| {
                let mut leases =
                    tables.leases.iter().filter(|((of, held, _), _)| (*of, *held) == (game, seat));
                leases.any(|(_, lease)| lease.seen_until > now)
            };
            let mut lapsed: Vec<(GameId, Seat)> =
                tables.leases.keys().map(|(game, seat, _)| (*game, *seat)).collect();
            lapsed.dedup();
            lapsed.retain(|(game, seat)| !lasts(*game, *seat));
            lapsed.truncate(rows(limit));
            lapsed
        }))
    }

    async fn drop_lapsed(&self, game: GameId, seat: Seat, now: Timestamp) -> Result<(), StoreError> {
        let over = |held: &(GameId, Seat, NodeId), lease: &SeatLease| {
            (held.0, held.1) == (game, seat) && lease.seen_until <= now
        };
        self.with(|tables| tables.leases.retain(|held, lease| !over(held, lease)));
        Ok(())
    }

    async fn prolong_leases(&self, unexpired_at: Timestamp, until: Timestamp) -> Result<(), StoreError> {
        self.with(|tables| {
            let lasting = tables.leases.values_mut().filter(|lease| lease.seen_until >= unexpired_at);
            lasting.for_each(|lease| lease.seen_until = lease.seen_until.max(until));
        });
        Ok(())
    }

    async fn beat(&self, node: NodeId, now: Timestamp) -> Result<(), StoreError> {
        self.with(|tables| tables.nodes.insert(node, now));
        Ok(())
    }

    async fn last_alive(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.with(|tables| tables.nodes.values().max().copied()))
    }

    async fn forget_nodes(&self, before: Timestamp) -> Result<(), StoreError> {
        self.with(|tables| tables.nodes.retain(|_, alive_at| *alive_at >= before));
        Ok(())
    }
}
