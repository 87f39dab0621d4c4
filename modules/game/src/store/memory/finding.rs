//! The queue, its pairings, preferences and who is online, in memory.

use std::time::Duration;

use async_trait::async_trait;
use game_api::GameEvent;
use game_engine::Seat;
use kernel::Timestamp;
use kernel::id::{AccountId, NodeId, PairingId};
use platform::idempotency::Claim;

use super::games::{Game, Line, Running};
use super::{Letters, MemoryStore, Tables, announcement, rows};
use crate::domain::notice::{Addressed, Notice};
use crate::domain::pairing::{Ended, Pairing, PairingState, Yes};
use crate::domain::preferences::{Preferences, PresenceChoice};
use crate::domain::queue::{Entry, LeaveCause, Waiter};
use crate::store::{
    Cancelling, Chosen, Joining, NewPairing, PairingBegin, PreferenceStore, QueueStore, Stamp, StoreError,
    Told,
};

/// How long a finished claim answers repeats.
const KEPT: Duration = Duration::from_hours(24);
/// Entries whose people have gone, told of in one transaction at most.
const GONE_AT_ONCE: usize = 100;

impl Tables {
    /// Whether a pairing is still as it was seen.
    fn is_as_seen(&self, seen: &Pairing) -> bool {
        let now = self.pairings.get(&seen.id);
        now.is_some_and(|now| now.recorded == PairingState::Offered && now.rev == seen.rev)
    }

    fn close_pairing(&mut self, mut pairing: Pairing, state: PairingState, at: Timestamp) {
        pairing.recorded = state;
        pairing.closed_at = Some(at);
        self.pairings.insert(pairing.id, pairing);
    }
}

fn place(waiter: &Waiter) -> (crate::domain::queue::Pool, AccountId, i32, AccountId) {
    (waiter.pool, waiter.circle, waiter.rating, waiter.account)
}

fn waiter(entry: &Entry) -> Waiter {
    let Entry { account, pool, circle, rating, since, .. } = *entry;
    Waiter { account, pool, circle, rating, since }
}

#[async_trait]
impl QueueStore for MemoryStore {
    async fn join_queue(&self, entry: Entry, claim: Claim, stamp: Stamp) -> Result<Joining, StoreError> {
        Ok(self.with(|tables| {
            let key = (claim.scope, claim.route, claim.key);
            if let Some((digest, _)) = tables.joins.get(&key).filter(|(_, until)| *until > claim.at) {
                let same = *digest == claim.body_digest;
                return if same { Joining::Repeated } else { Joining::KeyReused };
            }
            let there = tables.queue.get(&entry.account).map(|there| there.pool);
            if there.is_some_and(|pool| pool != entry.pool) {
                return Joining::Other;
            }
            tables.joins.insert(key, (claim.body_digest, claim.at.plus(KEPT)));
            if let Some(there) = tables.queue.get_mut(&entry.account) {
                there.circle = entry.circle;
                return Joining::Same;
            }
            tables.record(&self.ids, &stamp, "queue.join", entry.account.to_string(), |event| event);
            tables.queue.insert(entry.account, entry);
            Joining::Joined
        }))
    }

    async fn queue_entry(&self, account: AccountId) -> Result<Option<Entry>, StoreError> {
        Ok(self.with(|tables| tables.queue.get(&account).cloned()))
    }

    async fn keep_entries(&self, accounts: Vec<AccountId>, until: Timestamp) -> Result<(), StoreError> {
        self.with(|tables| {
            for account in accounts {
                if let Some(entry) = tables.queue.get_mut(&account) {
                    entry.seen_until = entry.seen_until.max(until);
                }
            }
        });
        Ok(())
    }

    async fn lapsing_entries(&self, before: Timestamp, limit: i64) -> Result<Vec<AccountId>, StoreError> {
        Ok(self.with(|tables| {
            let lapsing = tables.queue.values().filter(|entry| entry.seen_until < before);
            let mut lapsing: Vec<_> = lapsing.map(|entry| (entry.seen_until, entry.account)).collect();
            lapsing.sort_unstable();
            lapsing.into_iter().take(rows(limit)).map(|(_, account)| account).collect()
        }))
    }

    async fn waiting(
        &self,
        from: Option<Waiter>,
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<Waiter>, StoreError> {
        Ok(self.with(|tables| {
            let waits = |entry: &&Entry| entry.pairing.is_none() && entry.seen_until > now;
            let mut all: Vec<Waiter> = tables.queue.values().filter(waits).map(waiter).collect();
            all.sort_by_key(place);
            all.retain(|waiter| from.is_none_or(|from| place(waiter) >= place(&from)));
            all.truncate(rows(limit));
            all
        }))
    }

    async fn refused_pairs(
        &self,
        since: Timestamp,
        limit: i64,
    ) -> Result<Vec<(AccountId, AccountId)>, StoreError> {
        Ok(self.with(|tables| {
            let waits = |account| tables.queue.get(&account).is_some_and(|entry| entry.pairing.is_none());
            let refused = |pairing: &&Pairing| {
                matches!(pairing.recorded, PairingState::Declined | PairingState::Expired)
                    && pairing.closed_at.is_some_and(|at| at > since)
                    && waits(pairing.players.first)
                    && waits(pairing.players.second)
            };
            let mut refused: Vec<&Pairing> = tables.pairings.values().filter(refused).collect();
            refused.sort_by_key(|pairing| std::cmp::Reverse(pairing.closed_at));
            let players = |pairing: &Pairing| (pairing.players.first, pairing.players.second);
            refused.into_iter().take(rows(limit)).map(players).collect()
        }))
    }

    async fn leave_queue(
        &self,
        account: AccountId,
        cause: Option<LeaveCause>,
        stamp: Stamp,
    ) -> Result<Option<Vec<Told>>, StoreError> {
        let notice = cause.map(|cause| Addressed { to: account, notice: Notice::QueueLeft { cause } });
        let letters = Letters::of(notice.into_iter().collect())?;
        Ok(self.with(|tables| {
            tables.queue.get(&account).filter(|entry| entry.pairing.is_none())?;
            tables.queue.remove(&account);
            let reason = cause.map_or("asked", LeaveCause::as_str);
            tables
                .record(&self.ids, &stamp, "queue.leave", account.to_string(), |event| event.reason(reason));
            Some(tables.tell(letters, stamp.at))
        }))
    }

    async fn drop_gone(&self, now: Timestamp) -> Result<Vec<Told>, StoreError> {
        self.with(|tables| {
            let waits = |entry: &&Entry| entry.pairing.is_none() && entry.seen_until <= now;
            let mut gone: Vec<_> =
                tables.queue.values().filter(waits).map(|entry| (entry.seen_until, entry.account)).collect();
            gone.sort_unstable();
            gone.truncate(GONE_AT_ONCE);
            let notice = |to| Addressed { to, notice: Notice::QueueLeft { cause: LeaveCause::Gone } };
            let letters = Letters::of(gone.iter().map(|(_, account)| notice(*account)).collect())?;
            for (_, account) in gone {
                tables.queue.remove(&account);
            }
            Ok(tables.tell(letters, now))
        })
    }

    async fn move_circle(&self, account: AccountId, circle: AccountId) -> Result<(), StoreError> {
        self.with(|tables| {
            if let Some(entry) = tables.queue.get_mut(&account) {
                entry.circle = circle;
            }
        });
        Ok(())
    }

    async fn offer_pairing(&self, new: NewPairing, stamp: Stamp) -> Result<Option<Vec<Told>>, StoreError> {
        let pairing = new.pairing;
        let letters = Letters::of(pairing.offers())?;
        Ok(self.with(|tables| {
            let both = [pairing.players.first, pairing.players.second];
            let waits = |entry: &Entry| {
                entry.pairing.is_none() && entry.pool == new.pool && entry.seen_until > stamp.at
            };
            if !both.iter().all(|account| tables.queue.get(account).is_some_and(waits)) {
                return None;
            }
            for account in both {
                if let Some(entry) = tables.queue.get_mut(&account) {
                    entry.pairing = Some(pairing.id);
                }
            }
            tables.seeds.insert(pairing.game, new.sealed_seed);
            tables.record(&self.ids, &stamp, "pairing.offer", pairing.id.to_string(), |event| {
                event.related("game", pairing.game).digest("commitment", &pairing.commitment.bytes())
            });
            tables.pairings.insert(pairing.id, pairing);
            Some(tables.tell(letters, stamp.at))
        }))
    }

    async fn pairing(&self, id: PairingId) -> Result<Option<Pairing>, StoreError> {
        Ok(self.with(|tables| tables.pairings.get(&id).cloned()))
    }

    async fn answer_pairing(&self, seen: &Pairing, seat: Seat, yes: Yes) -> Result<bool, StoreError> {
        Ok(self.with(|tables| {
            if !tables.is_as_seen(seen) || seen.expires_at <= yes.at {
                return false;
            }
            if let Some(pairing) = tables.pairings.get_mut(&seen.id) {
                match seat {
                    Seat::First => pairing.answers.first = Some(yes),
                    Seat::Second => pairing.answers.second = Some(yes),
                }
                pairing.rev += 1;
            }
            true
        }))
    }

    async fn begin_pairing(
        &self,
        begin: PairingBegin,
        stamp: Stamp,
    ) -> Result<Option<Vec<Told>>, StoreError> {
        let PairingBegin { pairing, lines, due_at, notices } = begin;
        let (game, players) = (pairing.game, pairing.players);
        let seq = lines.last().map_or(0, |line| line.seq);
        let (lines, letters) = (Line::all(&lines)?, Letters::of(notices)?);
        let event = GameEvent::GameStarted { game, players: [players.first, players.second] };
        let event = announcement(&self.ids, &event, stamp.at)?;
        Ok(self.with(|tables| {
            if !tables.is_as_seen(&pairing) || pairing.expires_at <= stamp.at {
                return None;
            }
            for seat in Seat::ALL {
                tables.queue.remove(players.get(*seat));
                tables.participants.insert((*players.get(*seat), game), *seat);
            }
            tables.games.insert(game, Game::begun(&pairing.as_invite(), stamp.at, lines));
            tables.running.insert(game, Running { seq, due_at, practice_since: None });
            tables.record(&self.ids, &stamp, "game.start", game.to_string(), |event| {
                event.related("pairing", pairing.id)
            });
            tables.outbox.push(event);
            tables.close_pairing(pairing, PairingState::Begun, stamp.at);
            Some(tables.tell(letters, stamp.at))
        }))
    }

    async fn end_pairing(
        &self,
        seen: &Pairing,
        ended: Ended,
        stamp: Stamp,
    ) -> Result<Option<Vec<Told>>, StoreError> {
        let letters = Letters::of(ended.notices)?;
        Ok(self.with(|tables| {
            if !tables.is_as_seen(seen) {
                return None;
            }
            for seat in Seat::ALL {
                let account = seen.players.get(*seat);
                if !*ended.waits.get(*seat) {
                    tables.queue.remove(account);
                } else if let Some(entry) = tables.queue.get_mut(account) {
                    entry.pairing = None;
                }
            }
            tables.seeds.remove(&seen.game);
            tables.record(&self.ids, &stamp, "pairing.end", seen.id.to_string(), |event| {
                event.reason(ended.state.as_str())
            });
            if let Some(pairing) = tables.pairings.get(&seen.id).cloned() {
                tables.close_pairing(pairing, ended.state, stamp.at);
            }
            Some(tables.tell(letters, stamp.at))
        }))
    }

    async fn overdue_pairings(&self, now: Timestamp, limit: i64) -> Result<Vec<Pairing>, StoreError> {
        Ok(self.with(|tables| {
            let overdue =
                |pairing: &&Pairing| pairing.recorded == PairingState::Offered && pairing.expires_at <= now;
            let mut overdue: Vec<Pairing> = tables.pairings.values().filter(overdue).cloned().collect();
            overdue.sort_by_key(|pairing| pairing.expires_at);
            overdue.truncate(rows(limit));
            overdue
        }))
    }

    async fn offered_pairings(&self, which: Cancelling) -> Result<Vec<Pairing>, StoreError> {
        let concerns = |pairing: &&Pairing| {
            let has = |account| pairing.seat_of(account).is_some();
            pairing.recorded == PairingState::Offered
                && match which {
                    Cancelling::Between(one, other) => has(one) && has(other),
                    Cancelling::AllOf(account) => has(account),
                }
        };
        Ok(self.with(|tables| tables.pairings.values().filter(concerns).cloned().collect()))
    }

    async fn make_good_queue(
        &self,
        unexpired_at: Timestamp,
        entries_until: Timestamp,
        offers_until: Timestamp,
    ) -> Result<(), StoreError> {
        self.with(|tables| {
            for pairing in tables.pairings.values_mut() {
                if pairing.recorded == PairingState::Offered && pairing.expires_at > unexpired_at {
                    pairing.expires_at = pairing.expires_at.max(offers_until);
                }
            }
            for entry in tables.queue.values_mut().filter(|entry| entry.seen_until > unexpired_at) {
                entry.seen_until = entry.seen_until.max(entries_until);
            }
        });
        Ok(())
    }

    async fn forget_pairings(&self, before: Timestamp, limit: i64) -> Result<bool, StoreError> {
        Ok(self.with(|tables| {
            let closed = |pairing: &&Pairing| pairing.closed_at.is_some_and(|at| at < before);
            let old: Vec<PairingId> =
                tables.pairings.values().filter(closed).take(rows(limit)).map(|pairing| pairing.id).collect();
            for id in &old {
                tables.pairings.remove(id);
            }
            old.len() == rows(limit)
        }))
    }
}

#[async_trait]
impl PreferenceStore for MemoryStore {
    async fn preferences(&self, account: AccountId) -> Result<Chosen, StoreError> {
        Ok(self.with(|tables| tables.preferences.get(&account).cloned().unwrap_or_default()))
    }

    async fn choose(
        &self,
        account: AccountId,
        seen: i64,
        preferences: Preferences,
        stamp: Stamp,
    ) -> Result<Option<Chosen>, StoreError> {
        Ok(self.with(|tables| {
            if tables.preferences.get(&account).map_or(0, |chosen| chosen.version) != seen {
                return None;
            }
            if preferences.presence == PresenceChoice::Off {
                tables.online.retain(|(held, _), _| *held != account);
            }
            let chosen = Chosen { version: seen + 1, preferences };
            tables.preferences.insert(account, chosen.clone());
            tables.record(&self.ids, &stamp, "preferences.choose", account.to_string(), |event| event);
            Some(chosen)
        }))
    }

    async fn vouch(
        &self,
        node: NodeId,
        accounts: Vec<AccountId>,
        until: Timestamp,
    ) -> Result<Vec<AccountId>, StoreError> {
        Ok(self.with(|tables| {
            let mut wanting = accounts;
            wanting.retain(|account| tables.wants_to_be_seen(*account));
            wanting.sort_unstable();
            for account in &wanting {
                tables.online.insert((*account, node), until);
            }
            wanting
        }))
    }

    async fn withdraw(&self, node: NodeId, accounts: Vec<AccountId>) -> Result<(), StoreError> {
        self.with(|tables| {
            for account in accounts {
                tables.online.remove(&(account, node));
            }
        });
        Ok(())
    }

    async fn online(&self, accounts: Vec<AccountId>, now: Timestamp) -> Result<Vec<AccountId>, StoreError> {
        Ok(self.with(|tables| {
            let mut online = accounts;
            online.sort_unstable();
            online.dedup();
            online.retain(|account| {
                let mut leases = tables.online.iter().filter(|((held, _), _)| held == account);
                leases.any(|(_, until)| *until > now) && tables.wants_to_be_seen(*account)
            });
            online
        }))
    }

    async fn forget_online(&self, now: Timestamp) -> Result<(), StoreError> {
        self.with(|tables| tables.online.retain(|_, until| *until > now));
        Ok(())
    }
}

impl Tables {
    fn wants_to_be_seen(&self, account: AccountId) -> bool {
        let chosen = self.preferences.get(&account);
        chosen.is_some_and(|chosen| chosen.preferences.presence == PresenceChoice::Network)
    }
}
