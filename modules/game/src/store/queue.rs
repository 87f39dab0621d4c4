//! The queue and its pairings at rest: one place for each account, one pairing at most, and each pairing one end.
//!
//! Rows are locked in one order everywhere: the pairing first, then places by account id, then inboxes.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use game_api::GameEvent;
use game_engine::{BySeat, Seat};
use kernel::Timestamp;
use kernel::id::{AccountId, PairingId};
use platform::db::StoreError;
use platform::idempotency::{self, Claim, Claimed};
use platform::sql::{Key, Ts, Word};
use platform::{read, write, write_one};

use super::begin::{Beginnings, Begun};
use super::diesel_store::{DieselStore, Undone, announce, audit, tell};
use super::finding_rows::{EntryRow, PairingRow, WaiterRow};
use super::rows::seat_number;
use super::schema::{game_seeds, pairings, queue_entries};
use super::{Cancelling, Stamp, Told};
use crate::domain::entry::Recorded;
use crate::domain::notice::{Addressed, Notice};
use crate::domain::pairing::{Ended, Pairing, PairingState, Yes};
use crate::domain::queue::{Entry, LeaveCause, Pool, Waiter};

/// Entries whose people have gone, told of in one transaction at most.
const GONE_AT_ONCE: i64 = 100;

/// What became of somebody who wants to join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Joining {
    Joined,
    /// The account is in the queue already, for the same. It waits on in the circle it has now.
    Same,
    /// The account is in the queue for something else.
    Other,
    /// The same key and body were used before.
    Repeated,
    KeyReused,
    InFlight,
}

/// Two entries that wait, about to be brought together.
#[derive(Debug, Clone)]
pub(crate) struct NewPairing {
    pub(crate) pairing: Pairing,
    pub(crate) sealed_seed: Vec<u8>,
    /// Both must still wait for this.
    pub(crate) pool: Pool,
}

/// A pairing about to become its game: the second of the two says yes.
#[derive(Debug, Clone)]
pub(crate) struct PairingBegin {
    /// With both answers.
    pub(crate) pairing: Pairing,
    pub(crate) lines: Vec<Recorded>,
    pub(crate) due_at: Option<Timestamp>,
    pub(crate) notices: Vec<Addressed>,
}

#[async_trait]
pub(crate) trait QueueStore: Send + Sync {
    async fn join_queue(&self, entry: Entry, claim: Claim, stamp: Stamp) -> Result<Joining, StoreError>;
    async fn queue_entry(&self, account: AccountId) -> Result<Option<Entry>, StoreError>;
    /// Notes signs of life: these entries last until then at least.
    async fn keep_entries(&self, accounts: Vec<AccountId>, until: Timestamp) -> Result<(), StoreError>;
    /// Whose entries lapse before an instant unless something is heard of them, the first first.
    async fn lapsing_entries(&self, before: Timestamp, rows: i64) -> Result<Vec<AccountId>, StoreError>;
    /// Those who wait and have not gone, from the place of one of them on, by pool, circle, rating and account.
    async fn waiting(
        &self,
        from: Option<Waiter>,
        now: Timestamp,
        rows: i64,
    ) -> Result<Vec<Waiter>, StoreError>;
    /// Of those who wait now, who was offered to whom in vain since an instant, because one refused or the time ran out;
    /// the latest first.
    async fn refused_pairs(
        &self,
        since: Timestamp,
        rows: i64,
    ) -> Result<Vec<(AccountId, AccountId)>, StoreError>;
    /// Removes an entry that waits. `None` if there was none: it is in a pairing, or nowhere.
    async fn leave_queue(
        &self,
        account: AccountId,
        cause: Option<LeaveCause>,
        stamp: Stamp,
    ) -> Result<Option<Vec<Told>>, StoreError>;
    /// Removes entries that wait and whose people have gone; some of them at a time.
    async fn drop_gone(&self, now: Timestamp) -> Result<Vec<Told>, StoreError>;
    /// Whom an account is in one network with has changed: its circle.
    async fn move_circle(&self, account: AccountId, circle: AccountId) -> Result<(), StoreError>;
    /// `None` if one of the two does not wait for that any more; nothing changed then.
    async fn offer_pairing(&self, new: NewPairing, stamp: Stamp) -> Result<Option<Vec<Told>>, StoreError>;
    async fn pairing(&self, id: PairingId) -> Result<Option<Pairing>, StoreError>;
    /// The first of the two says yes. Whether the pairing was still open and as it was seen.
    async fn answer_pairing(&self, seen: &Pairing, seat: Seat, yes: Yes) -> Result<bool, StoreError>;
    /// `None` if it was not open any more or as it was seen; nothing changed then.
    async fn begin_pairing(&self, begin: PairingBegin, stamp: Stamp)
    -> Result<Option<Vec<Told>>, StoreError>;
    /// Ends a pairing as it was seen. `None` if it is another by now; nothing changed then.
    async fn end_pairing(
        &self,
        seen: &Pairing,
        ended: Ended,
        stamp: Stamp,
    ) -> Result<Option<Vec<Told>>, StoreError>;
    /// Offers whose time is over.
    async fn overdue_pairings(&self, now: Timestamp, rows: i64) -> Result<Vec<Pairing>, StoreError>;
    /// Offers that concern a pair or a person.
    async fn offered_pairings(&self, which: Cancelling) -> Result<Vec<Pairing>, StoreError>;
    /// After a time without any node: what had not run out when it began lasts until then.
    async fn make_good_queue(
        &self,
        unexpired_at: Timestamp,
        entries_until: Timestamp,
        offers_until: Timestamp,
    ) -> Result<(), StoreError>;
    /// Forgets pairings that were closed before an instant; whether there may be more.
    async fn forget_pairings(&self, before: Timestamp, rows: i64) -> Result<bool, StoreError>;
}

#[async_trait]
impl QueueStore for DieselStore {
    async fn join_queue(&self, entry: Entry, claim: Claim, stamp: Stamp) -> Result<Joining, StoreError> {
        let ids = self.ids.clone();
        let outcome: Result<Joining, Undone<Joining>> = write!(self.db, |c| {
            match idempotency::claim(c, &claim).await? {
                Claimed::New => {}
                Claimed::Conflict => return Err(Undone::Not(Joining::KeyReused)),
                Claimed::InFlight => return Err(Undone::Not(Joining::InFlight)),
                Claimed::Repeat(_) => return Err(Undone::Not(Joining::Repeated)),
            }
            let joined = diesel::insert_into(queue_entries::table)
                .values(EntryRow::from(&entry))
                .on_conflict_do_nothing()
                .execute(c)
                .await?;
            if joined == 1 {
                audit(c, &ids, &stamp, "queue.join", entry.account.to_string(), |event| event).await?;
            } else {
                let there = queue_entries::table.find(Key::from(entry.account)).select(queue_entries::pool);
                let there: Option<Vec<u8>> = there.first(c).await.optional()?;
                // It was there a moment ago, and has left.
                let pool = there.ok_or(Undone::Failed(StoreError::LostRace))?;
                if pool != entry.pool.0 {
                    return Err(Undone::Not(Joining::Other));
                }
                diesel::update(queue_entries::table.find(Key::from(entry.account)))
                    .set(queue_entries::circle.eq(Key::from(entry.circle)))
                    .execute(c)
                    .await?;
            }
            idempotency::store(c, &claim, serde_json::json!({})).await?;
            Ok(if joined == 1 { Joining::Joined } else { Joining::Same })
        });
        match outcome {
            Ok(joining) | Err(Undone::Not(joining)) => Ok(joining),
            Err(Undone::Failed(error)) => Err(error),
        }
    }

    async fn queue_entry(&self, account: AccountId) -> Result<Option<Entry>, StoreError> {
        let row: Result<Option<EntryRow>, StoreError> = read!(self.db, |c| {
            let row = queue_entries::table.find(Key::from(account)).select(EntryRow::as_select());
            Ok(row.first(c).await.optional()?)
        });
        row?.map(Entry::try_from).transpose()
    }

    async fn keep_entries(&self, mut accounts: Vec<AccountId>, until: Timestamp) -> Result<(), StoreError> {
        accounts.sort_unstable();
        write!(self.db, |c| {
            for account in accounts {
                diesel::update(queue_entries::table.find(Key::from(account)))
                    .filter(queue_entries::seen_until.lt(Ts(until)))
                    .set(queue_entries::seen_until.eq(Ts(until)))
                    .execute(c)
                    .await?;
            }
            Ok(())
        })
    }

    async fn lapsing_entries(&self, before: Timestamp, rows: i64) -> Result<Vec<AccountId>, StoreError> {
        let accounts: Result<Vec<Key>, StoreError> = read!(self.db, |c| {
            let lapsing = queue_entries::table
                .filter(queue_entries::seen_until.lt(Ts(before)))
                .order(queue_entries::seen_until)
                .limit(rows)
                .select(queue_entries::account);
            Ok(lapsing.load(c).await?)
        });
        Ok(accounts?.into_iter().map(Key::id).collect())
    }

    async fn waiting(
        &self,
        from: Option<Waiter>,
        now: Timestamp,
        rows: i64,
    ) -> Result<Vec<Waiter>, StoreError> {
        let found: Result<Vec<WaiterRow>, StoreError> = read!(self.db, |c| {
            use queue_entries::{account, circle, pairing, pool, rating, seen_until};
            let mut all = queue_entries::table
                .filter(pairing.is_null())
                .filter(seen_until.gt(Ts(now)))
                .select(WaiterRow::as_select())
                .into_boxed();
            if let Some(from) = from {
                let (p, c, a) = (from.pool.0.to_vec(), Key::from(from.circle), Key::from(from.account));
                let here = rating.gt(from.rating).or(rating.eq(from.rating).and(account.ge(a)));
                let here = circle.gt(c).or(circle.eq(c).and(here));
                all = all.filter(pool.gt(p.clone()).or(pool.eq(p).and(here)));
            }
            Ok(all.order((pool, circle, rating, account)).limit(rows).load(c).await?)
        });
        found?.into_iter().map(Waiter::try_from).collect()
    }

    async fn refused_pairs(
        &self,
        since: Timestamp,
        rows: i64,
    ) -> Result<Vec<(AccountId, AccountId)>, StoreError> {
        let pairs: Result<Vec<(Key, Key)>, StoreError> = read!(self.db, |c| {
            let waiting = || {
                queue_entries::table.filter(queue_entries::pairing.is_null()).select(queue_entries::account)
            };
            let refused = pairings::table
                .filter(pairings::closed_at.gt(Ts(since)))
                .filter(pairings::state.eq_any([Word(PairingState::Declined), Word(PairingState::Expired)]))
                .filter(pairings::first_player.eq_any(waiting()))
                .filter(pairings::second_player.eq_any(waiting()))
                .order(pairings::closed_at.desc());
            let players = (pairings::first_player, pairings::second_player);
            Ok(refused.limit(rows).select(players).load(c).await?)
        });
        Ok(pairs?.into_iter().map(|(first, second)| (first.id(), second.id())).collect())
    }

    async fn leave_queue(
        &self,
        account: AccountId,
        cause: Option<LeaveCause>,
        stamp: Stamp,
    ) -> Result<Option<Vec<Told>>, StoreError> {
        let ids = self.ids.clone();
        write!(self.db, |c| {
            let waiting =
                queue_entries::table.find(Key::from(account)).filter(queue_entries::pairing.is_null());
            if diesel::delete(waiting).execute(c).await? == 0 {
                return Ok(None);
            }
            let reason = cause.map_or("asked", LeaveCause::as_str);
            audit(c, &ids, &stamp, "queue.leave", account.to_string(), |event| event.reason(reason)).await?;
            let notice = cause.map(|cause| Addressed { to: account, notice: Notice::QueueLeft { cause } });
            Ok(Some(tell(c, notice.into_iter().collect(), stamp.at).await?))
        })
    }

    async fn drop_gone(&self, now: Timestamp) -> Result<Vec<Told>, StoreError> {
        write!(self.db, |c| {
            let gone = queue_entries::table
                .filter(queue_entries::pairing.is_null())
                .filter(queue_entries::seen_until.le(Ts(now)))
                .order(queue_entries::seen_until)
                .limit(GONE_AT_ONCE)
                .select(queue_entries::account);
            let mut gone: Vec<Key> = gone.load(c).await?;
            gone.sort_unstable();
            let mut notices = Vec::with_capacity(gone.len());
            for account in gone {
                let still = queue_entries::table
                    .find(account)
                    .filter(queue_entries::pairing.is_null())
                    .filter(queue_entries::seen_until.le(Ts(now)));
                if diesel::delete(still).execute(c).await? == 1 {
                    let notice = Notice::QueueLeft { cause: LeaveCause::Gone };
                    notices.push(Addressed { to: account.id(), notice });
                }
            }
            tell(c, notices, now).await
        })
    }

    async fn move_circle(&self, account: AccountId, circle: AccountId) -> Result<(), StoreError> {
        write_one!(self.db, |c| {
            diesel::update(queue_entries::table.find(Key::from(account)))
                .set(queue_entries::circle.eq(Key::from(circle)))
                .execute(c)
                .await?;
            Ok(())
        })
    }

    async fn offer_pairing(&self, new: NewPairing, stamp: Stamp) -> Result<Option<Vec<Told>>, StoreError> {
        let ids = self.ids.clone();
        let outcome: Result<Vec<Told>, Undone<()>> = write!(self.db, |c| {
            let pairing = &new.pairing;
            for (account, seat) in in_order(pairing) {
                let waits = queue_entries::table
                    .find(account)
                    .filter(queue_entries::pairing.is_null())
                    .filter(queue_entries::pool.eq(new.pool.0.to_vec()))
                    .filter(queue_entries::seen_until.gt(Ts(stamp.at)));
                let taken = diesel::update(waits)
                    .set((
                        queue_entries::pairing.eq(Some(Key::from(pairing.id))),
                        queue_entries::seat.eq(Some(seat_number(seat))),
                    ))
                    .execute(c)
                    .await?;
                if taken == 0 {
                    return Err(Undone::Not(()));
                }
            }
            diesel::insert_into(pairings::table).values(PairingRow::from(pairing)).execute(c).await?;
            diesel::insert_into(game_seeds::table)
                .values((
                    game_seeds::game.eq(Key::from(pairing.game)),
                    game_seeds::sealed.eq(&new.sealed_seed),
                ))
                .execute(c)
                .await?;
            audit(c, &ids, &stamp, "pairing.offer", pairing.id.to_string(), |event| {
                event.related("game", pairing.game).digest("commitment", &pairing.commitment.bytes())
            })
            .await?;
            Ok(tell(c, pairing.offers(), stamp.at).await?)
        });
        match outcome {
            Ok(told) => Ok(Some(told)),
            Err(Undone::Not(())) => Ok(None),
            Err(Undone::Failed(error)) => Err(error),
        }
    }

    async fn pairing(&self, id: PairingId) -> Result<Option<Pairing>, StoreError> {
        let row: Result<Option<PairingRow>, StoreError> = read!(self.db, |c| {
            let row = pairings::table.find(Key::from(id)).select(PairingRow::as_select());
            Ok(row.first(c).await.optional()?)
        });
        row?.map(Pairing::try_from).transpose()
    }

    async fn answer_pairing(&self, seen: &Pairing, seat: Seat, yes: Yes) -> Result<bool, StoreError> {
        let (id, rev) = (Key::from(seen.id), seen.rev);
        write_one!(self.db, |c| {
            let open = pairings::table
                .find(id)
                .filter(pairings::state.eq(Word(PairingState::Offered)))
                .filter(pairings::rev.eq(rev))
                .filter(pairings::expires_at.gt(Ts(yes.at)));
            let (at, entropy) = (Some(Ts(yes.at)), yes.entropy.map(|entropy| entropy.bytes().to_vec()));
            let changed = match seat {
                Seat::First => {
                    let said = (pairings::first_yes_at.eq(at), pairings::first_entropy.eq(entropy));
                    diesel::update(open).set((said, pairings::rev.eq(rev + 1))).execute(c).await?
                }
                Seat::Second => {
                    let said = (pairings::second_yes_at.eq(at), pairings::second_entropy.eq(entropy));
                    diesel::update(open).set((said, pairings::rev.eq(rev + 1))).execute(c).await?
                }
            };
            Ok(changed == 1)
        })
    }

    async fn begin_pairing(
        &self,
        accepted: PairingBegin,
        stamp: Stamp,
    ) -> Result<Option<Vec<Told>>, StoreError> {
        let ids = self.ids.clone();
        let PairingBegin { pairing, lines, due_at, notices } = accepted;
        let begun = Begun::of(pairing.as_invite(), &lines, due_at, None, stamp.at)?;
        let row = PairingRow::from(&pairing);
        write!(self.db, |c| {
            let open = pairings::table
                .find(Key::from(pairing.id))
                .filter(pairings::state.eq(Word(PairingState::Offered)))
                .filter(pairings::rev.eq(pairing.rev))
                .filter(pairings::expires_at.gt(Ts(stamp.at)));
            let changed = diesel::update(open)
                .set((row.answers(), pairings::state.eq(Word(PairingState::Begun)), closed(&stamp)))
                .execute(c)
                .await?;
            if changed == 0 {
                return Ok(None);
            }
            for (account, _) in in_order(&pairing) {
                let place = queue_entries::table.find(account);
                diesel::delete(place.filter(queue_entries::pairing.eq(Key::from(pairing.id))))
                    .execute(c)
                    .await?;
            }
            let (game, players) = (pairing.game, pairing.players);
            c.begin_game(begun).await?;
            audit(c, &ids, &stamp, "game.start", game.to_string(), |event| {
                event.related("pairing", pairing.id)
            })
            .await?;
            let event = GameEvent::GameStarted { game, players: [players.first, players.second] };
            announce(c, &ids, &event, stamp.at).await?;
            Ok(Some(tell(c, notices, stamp.at).await?))
        })
    }

    async fn end_pairing(
        &self,
        seen: &Pairing,
        ended: Ended,
        stamp: Stamp,
    ) -> Result<Option<Vec<Told>>, StoreError> {
        let (ids, pairing) = (self.ids.clone(), seen.clone());
        write!(self.db, |c| {
            let open = pairings::table
                .find(Key::from(pairing.id))
                .filter(pairings::state.eq(Word(PairingState::Offered)))
                .filter(pairings::rev.eq(pairing.rev));
            let set = (pairings::state.eq(Word(ended.state)), closed(&stamp));
            if diesel::update(open).set(set).execute(c).await? == 0 {
                return Ok(None);
            }
            for (account, seat) in in_order(&pairing) {
                let place = queue_entries::table
                    .find(account)
                    .filter(queue_entries::pairing.eq(Key::from(pairing.id)));
                if *ended.waits.get(seat) {
                    diesel::update(place)
                        .set((queue_entries::pairing.eq(None::<Key>), queue_entries::seat.eq(None::<i16>)))
                        .execute(c)
                        .await?;
                } else {
                    diesel::delete(place).execute(c).await?;
                }
            }
            c.drop_seeds(vec![Key::from(pairing.game)]).await?;
            audit(c, &ids, &stamp, "pairing.end", pairing.id.to_string(), |event| {
                event.reason(ended.state.as_str())
            })
            .await?;
            Ok(Some(tell(c, ended.notices, stamp.at).await?))
        })
    }

    async fn overdue_pairings(&self, now: Timestamp, rows: i64) -> Result<Vec<Pairing>, StoreError> {
        let rows: Result<Vec<PairingRow>, StoreError> = read!(self.db, |c| {
            let overdue = pairings::table
                .filter(pairings::state.eq(Word(PairingState::Offered)))
                .filter(pairings::expires_at.le(Ts(now)))
                .order(pairings::expires_at)
                .limit(rows)
                .select(PairingRow::as_select());
            Ok(overdue.load(c).await?)
        });
        rows?.into_iter().map(Pairing::try_from).collect()
    }

    async fn offered_pairings(&self, which: Cancelling) -> Result<Vec<Pairing>, StoreError> {
        let rows: Result<Vec<PairingRow>, StoreError> = read!(self.db, |c| {
            // An account is in one pairing at most.
            let (one, other) = match which {
                Cancelling::Between(one, other) => (one, Some(other)),
                Cancelling::AllOf(account) => (account, None),
            };
            let (one, other) = (Key::from(one), other.map(Key::from));
            let offered = queue_entries::table
                .inner_join(pairings::table.on(queue_entries::pairing.eq(pairings::id.nullable())))
                .filter(queue_entries::account.eq(one))
                .select(PairingRow::as_select());
            let mut rows: Vec<PairingRow> = offered.load(c).await?;
            rows.retain(|row| other.is_none_or(|other| row.has(other)));
            Ok(rows)
        });
        rows?.into_iter().map(Pairing::try_from).collect()
    }

    async fn make_good_queue(
        &self,
        unexpired_at: Timestamp,
        entries_until: Timestamp,
        offers_until: Timestamp,
    ) -> Result<(), StoreError> {
        write!(self.db, |c| {
            diesel::update(pairings::table)
                .filter(pairings::state.eq(Word(PairingState::Offered)))
                .filter(pairings::expires_at.gt(Ts(unexpired_at)))
                .filter(pairings::expires_at.lt(Ts(offers_until)))
                .set(pairings::expires_at.eq(Ts(offers_until)))
                .execute(c)
                .await?;
            diesel::update(queue_entries::table)
                .filter(queue_entries::seen_until.gt(Ts(unexpired_at)))
                .filter(queue_entries::seen_until.lt(Ts(entries_until)))
                .set(queue_entries::seen_until.eq(Ts(entries_until)))
                .execute(c)
                .await?;
            Ok(())
        })
    }

    async fn forget_pairings(&self, before: Timestamp, rows: i64) -> Result<bool, StoreError> {
        write!(self.db, |c| {
            let old =
                pairings::table.filter(pairings::closed_at.lt(Ts(before))).limit(rows).select(pairings::id);
            let old: Vec<Key> = old.load(c).await?;
            let found = i64::try_from(old.len()).unwrap_or(i64::MAX);
            diesel::delete(pairings::table.filter(pairings::id.eq_any(old))).execute(c).await?;
            Ok(found == rows)
        })
    }
}

/// The two and their seats, by account id.
fn in_order(pairing: &Pairing) -> [(Key, Seat); 2] {
    let BySeat { first, second } = pairing.players;
    let mut both = [(Key::from(first), Seat::First), (Key::from(second), Seat::Second)];
    both.sort_unstable_by_key(|(account, _)| *account);
    both
}

fn closed(stamp: &Stamp) -> diesel::dsl::Eq<pairings::closed_at, Option<Ts>> {
    pairings::closed_at.eq(Some(Ts(stamp.at)))
}
