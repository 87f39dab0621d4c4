//! The store as one process of a simulation reaches it: slow, refusing, or committing and losing the answer, and dead
//! once the process is. Behind it stands the one store in memory that outlives all processes.

use std::collections::HashMap;
use std::fmt::Display;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use game_engine::{BySeat, Seat};
use kernel::Timestamp;
use kernel::id::{AccountId, GameId, GameInviteId, NodeId, PairingId};
use platform::idempotency::Claim;
use tokio::sync::Notify;

use super::dice::Dice;
use crate::domain::invite::Invite;
use crate::domain::notice::Addressed;
use crate::domain::pairing::{Ended, Pairing, Yes};
use crate::domain::preferences::Preferences;
use crate::domain::queue::{Entry as QueueEntry, LeaveCause, Waiter};
use crate::domain::rating::{Change, Entry, Family, Standing};
use crate::domain::shuffle::Entropy;
use crate::domain::spectator::Spectator;
use crate::store::{
    Acceptance, Accepting, Append, BetweenQuery, BoardQuery, Cancelling, Closing, Creation, Cursor,
    EntriesQuery, GameStore, GamesQuery, InviteStore, InvitesQuery, Journal, Lease, Lines, MemoryStore,
    NewInvite, Noted, PairScore, PeopleStore, Place, PracticeStore, Proposing, RatingStore, ReconnectRow,
    Revocation, Sessions, SpectatorStore, Stamp, StoreError, Summary, TimeStore, Told, Turning, Uncounted,
};
use crate::store::{Chosen, Joining, NewPairing, PairingBegin, PreferenceStore, QueueStore};

/// Whether a process lives. A dead one does nothing more: whatever it waits for never comes.
#[derive(Clone, Default)]
pub(crate) struct Power(Arc<AtomicBool>);

impl Power {
    pub(super) fn fail(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_off(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    pub(super) async fn pause(&self, ms: u64) {
        if ms > 0 {
            tokio::time::sleep(Duration::from_millis(ms)).await;
        }
        if self.is_off() {
            std::future::pending::<()>().await;
        }
    }
}

/// How storage does just now.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Weather {
    pub(crate) refuse_percent: u64,
    pub(crate) lose_percent: u64,
    pub(crate) slow_ms: u64,
}

/// Holds back calls that a test names, one each.
#[derive(Clone, Default)]
pub(crate) struct Gates(Arc<Mutex<HashMap<&'static str, Arc<Held>>>>);

/// A call that is held back.
#[derive(Default)]
pub(crate) struct Held {
    arrived: Notify,
    open: Notify,
}

impl Gates {
    /// Holds back the next call of this name.
    pub(crate) fn hold(&self, what: &'static str) -> Arc<Held> {
        let held = Arc::<Held>::default();
        self.0.lock().unwrap().insert(what, held.clone());
        held
    }

    async fn pass(&self, what: &str) {
        let held = self.0.lock().unwrap().remove(what);
        if let Some(held) = held {
            held.arrived.notify_one();
            held.open.notified().await;
        }
    }
}

impl Held {
    /// Once somebody stands before it.
    pub(crate) async fn arrived(&self) {
        self.arrived.notified().await;
    }

    pub(crate) fn open(&self) {
        self.open.notify_one();
    }
}

/// One process's way to the store.
pub(crate) struct FaultyStore {
    pub(super) inner: MemoryStore,
    pub(super) power: Power,
    pub(super) weather: Arc<Mutex<Weather>>,
    pub(super) seed: u64,
    /// Which process this is.
    pub(super) name: String,
    pub(super) calls: Mutex<HashMap<String, u64>>,
    pub(super) gates: Gates,
}

impl FaultyStore {
    /// For tests that decide themselves what waits and what fails.
    pub(crate) fn over(inner: MemoryStore, gates: Gates, weather: Arc<Mutex<Weather>>) -> Self {
        let (name, calls) = (String::new(), Mutex::default());
        Self { inner, power: Power::default(), weather, seed: 0, name, calls, gates }
    }

    /// Calls about the same thing share a stream of luck; others do not change it.
    fn dice(&self, what: &str, about: &dyn Display) -> Dice {
        let name = format!("{} {what} {about}", self.name);
        let mut calls = self.calls.lock().unwrap();
        let number = calls.entry(name.clone()).or_default();
        *number += 1;
        Dice::of(self.seed, &format!("{name} {number}"))
    }

    async fn reach<T>(
        &self,
        what: &str,
        about: impl Display + Send + Sync,
        call: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let mut dice = self.dice(what, &about);
        let weather = *self.weather.lock().unwrap();
        let mut pause = || if dice.percent(40) { dice.below(3 + weather.slow_ms) } else { 0 };
        let (before, after) = (pause(), pause());
        self.power.pause(before).await;
        self.gates.pass(what).await;
        if dice.percent(weather.refuse_percent) {
            return Err(StoreError::Unavailable("no connection".to_owned()));
        }
        let answer = call.await;
        self.power.pause(after).await;
        if dice.percent(weather.lose_percent) {
            return Err(StoreError::Unavailable("the connection was lost".to_owned()));
        }
        answer
    }
}

#[async_trait]
impl InviteStore for FaultyStore {
    async fn create_invite(
        &self,
        new: NewInvite,
        claim: Claim,
        stamp: Stamp,
    ) -> Result<Creation, StoreError> {
        self.reach("create_invite", new.invite.id, self.inner.create_invite(new, claim, stamp)).await
    }
    async fn invite(&self, id: GameInviteId) -> Result<Option<Invite>, StoreError> {
        self.reach("invite", id, self.inner.invite(id)).await
    }
    async fn sealed_seed(&self, game: GameId) -> Result<Option<Vec<u8>>, StoreError> {
        self.reach("sealed_seed", game, self.inner.sealed_seed(game)).await
    }
    async fn invites(&self, query: InvitesQuery) -> Result<Vec<Invite>, StoreError> {
        self.reach("invites", query.account, self.inner.invites(query)).await
    }
    async fn put_entropy(
        &self,
        id: GameInviteId,
        entropy: Entropy,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.reach("put_entropy", id, self.inner.put_entropy(id, entropy, now)).await
    }
    async fn close_invite(&self, closing: Closing, stamp: Stamp) -> Result<Option<Vec<Told>>, StoreError> {
        self.reach("close_invite", closing.invite, self.inner.close_invite(closing, stamp)).await
    }
    async fn accept_invite(&self, acceptance: Acceptance, stamp: Stamp) -> Result<Accepting, StoreError> {
        self.reach("accept_invite", acceptance.invite.id, self.inner.accept_invite(acceptance, stamp)).await
    }
    async fn cancel_invites(
        &self,
        which: Cancelling,
        cursor: Option<Cursor>,
        stamp: Stamp,
    ) -> Result<Vec<Told>, StoreError> {
        self.reach("cancel_invites", "", self.inner.cancel_invites(which, cursor, stamp)).await
    }
    async fn record_expired(&self, now: Timestamp) -> Result<Vec<Told>, StoreError> {
        self.reach("record_expired", "", self.inner.record_expired(now)).await
    }
    async fn forget_invites(&self, before: Timestamp, rows: i64) -> Result<bool, StoreError> {
        self.reach("forget_invites", "", self.inner.forget_invites(before, rows)).await
    }
}

#[async_trait]
impl GameStore for FaultyStore {
    async fn journal(&self, game: GameId) -> Result<Option<Journal>, StoreError> {
        self.reach("journal", game, self.inner.journal(game)).await
    }
    async fn lines(&self, game: GameId, after: u64, limit: u32) -> Result<Option<Lines>, StoreError> {
        self.reach("lines", game, self.inner.lines(game, after, limit)).await
    }
    async fn heads(&self, games: Vec<GameId>) -> Result<Vec<(GameId, u64)>, StoreError> {
        let about = games.first().map(ToString::to_string).unwrap_or_default();
        self.reach("heads", about, self.inner.heads(games)).await
    }
    async fn append(&self, append: Append<'_>) -> Result<Option<Vec<Told>>, StoreError> {
        self.reach("append", append.game, self.inner.append(append)).await
    }
    async fn summary(&self, game: GameId) -> Result<Option<Summary>, StoreError> {
        self.reach("summary", game, self.inner.summary(game)).await
    }
    async fn seat(&self, game: GameId, account: AccountId) -> Result<Option<Seat>, StoreError> {
        self.reach("seat", account, self.inner.seat(game, account)).await
    }
    async fn games(&self, query: GamesQuery) -> Result<Vec<Summary>, StoreError> {
        self.reach("games", query.account, self.inner.games(query)).await
    }
    async fn pair_score(&self, players: BySeat<AccountId>) -> Result<PairScore, StoreError> {
        self.reach("pair_score", players.first, self.inner.pair_score(players)).await
    }
    async fn running(
        &self,
        of: Option<AccountId>,
        after: Option<GameId>,
        rows: i64,
    ) -> Result<Vec<GameId>, StoreError> {
        self.reach("running", "", self.inner.running(of, after, rows)).await
    }
}

#[async_trait]
impl SpectatorStore for FaultyStore {
    async fn propose_spectator(
        &self,
        new: Spectator,
        notices: Vec<Addressed>,
        stamp: Stamp,
    ) -> Result<Proposing, StoreError> {
        self.reach("propose_spectator", new.game, self.inner.propose_spectator(new, notices, stamp)).await
    }
    async fn turn_spectator(&self, turning: Turning, stamp: Stamp) -> Result<Option<Vec<Told>>, StoreError> {
        self.reach("turn_spectator", turning.game, self.inner.turn_spectator(turning, stamp)).await
    }
    async fn spectator(&self, game: GameId, account: AccountId) -> Result<Option<Spectator>, StoreError> {
        self.reach("spectator", game, self.inner.spectator(game, account)).await
    }
    async fn spectators(&self, game: GameId) -> Result<Vec<Spectator>, StoreError> {
        self.reach("spectators", game, self.inner.spectators(game)).await
    }
    async fn spectators_among(&self, which: Cancelling, rows: i64) -> Result<Vec<Spectator>, StoreError> {
        self.reach("spectators_among", "", self.inner.spectators_among(which, rows)).await
    }
    async fn lines_until(
        &self,
        game: GameId,
        after: u64,
        until: Timestamp,
        limit: u32,
    ) -> Result<Lines, StoreError> {
        self.reach("lines_until", game, self.inner.lines_until(game, after, until, limit)).await
    }
}

#[async_trait]
impl PracticeStore for FaultyStore {
    async fn awaiting_practice(&self, until: Timestamp, rows: i64) -> Result<Vec<GameId>, StoreError> {
        self.reach("awaiting_practice", "", self.inner.awaiting_practice(until, rows)).await
    }
}

#[async_trait]
impl RatingStore for FaultyStore {
    async fn uncounted(&self, after: Option<Uncounted>, rows: i64) -> Result<Vec<Uncounted>, StoreError> {
        self.reach("uncounted", "", self.inner.uncounted(after, rows)).await
    }
    async fn standings(
        &self,
        family: Family,
        accounts: Vec<AccountId>,
    ) -> Result<HashMap<AccountId, Standing>, StoreError> {
        self.reach("standings", family.as_str(), self.inner.standings(family, accounts)).await
    }
    async fn standings_of(&self, account: AccountId) -> Result<Vec<(Family, Standing)>, StoreError> {
        self.reach("standings_of", account, self.inner.standings_of(account)).await
    }
    async fn count_game(
        &self,
        game: GameId,
        changes: Vec<Change>,
        now: Timestamp,
    ) -> Result<Option<Vec<Told>>, StoreError> {
        self.reach("count_game", game, self.inner.count_game(game, changes, now)).await
    }
    async fn rating_entries(&self, query: EntriesQuery) -> Result<Vec<Entry>, StoreError> {
        self.reach("rating_entries", query.account, self.inner.rating_entries(query)).await
    }
    async fn entries_of_game(&self, game: GameId) -> Result<Vec<(AccountId, Entry)>, StoreError> {
        self.reach("entries_of_game", game, self.inner.entries_of_game(game)).await
    }
    async fn board(&self, query: BoardQuery) -> Result<Vec<(AccountId, Standing)>, StoreError> {
        self.reach("board", query.family.as_str(), self.inner.board(query)).await
    }
    async fn ahead(&self, family: Family, now: Timestamp, of: Place) -> Result<u64, StoreError> {
        self.reach("ahead", family.as_str(), self.inner.ahead(family, now, of)).await
    }
    async fn pair_families(
        &self,
        players: BySeat<AccountId>,
    ) -> Result<Vec<(Family, PairScore)>, StoreError> {
        self.reach("pair_families", players.first, self.inner.pair_families(players)).await
    }
    async fn games_between(&self, query: BetweenQuery) -> Result<Vec<Summary>, StoreError> {
        self.reach("games_between", query.one, self.inner.games_between(query)).await
    }
    async fn void_finished(
        &self,
        revocation: Revocation,
        stamp: Stamp,
    ) -> Result<Option<Vec<Told>>, StoreError> {
        self.reach("void_finished", revocation.game.game, self.inner.void_finished(revocation, stamp)).await
    }
}

#[async_trait]
impl TimeStore for FaultyStore {
    async fn due(&self, until: Timestamp, rows: i64) -> Result<Vec<(GameId, Timestamp)>, StoreError> {
        self.reach("due", "", self.inner.due(until, rows)).await
    }
    async fn lease(&self, node: NodeId, leases: Vec<Lease>) -> Result<(), StoreError> {
        self.reach("lease", "", self.inner.lease(node, leases)).await
    }
    async fn renew_leases(&self, node: NodeId, until: Timestamp) -> Result<(), StoreError> {
        self.reach("renew_leases", "", self.inner.renew_leases(node, until)).await
    }
    async fn lapsed(&self, now: Timestamp, rows: i64) -> Result<Vec<(GameId, Seat)>, StoreError> {
        self.reach("lapsed", "", self.inner.lapsed(now, rows)).await
    }
    async fn drop_lapsed(&self, game: GameId, seat: Seat, now: Timestamp) -> Result<(), StoreError> {
        self.reach("drop_lapsed", game, self.inner.drop_lapsed(game, seat, now)).await
    }
    async fn prolong_leases(&self, unexpired_at: Timestamp, until: Timestamp) -> Result<(), StoreError> {
        self.reach("prolong_leases", "", self.inner.prolong_leases(unexpired_at, until)).await
    }
    async fn beat(&self, node: NodeId, now: Timestamp) -> Result<(), StoreError> {
        self.reach("beat", "", self.inner.beat(node, now)).await
    }
    async fn last_alive(&self) -> Result<Option<Timestamp>, StoreError> {
        self.reach("last_alive", "", self.inner.last_alive()).await
    }
    async fn forget_nodes(&self, before: Timestamp) -> Result<(), StoreError> {
        self.reach("forget_nodes", "", self.inner.forget_nodes(before)).await
    }
}

#[async_trait]
impl PeopleStore for FaultyStore {
    async fn restricted_until(
        &self,
        account: AccountId,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        self.reach("restricted_until", account, self.inner.restricted_until(account, now)).await
    }
    async fn restrict(
        &self,
        account: AccountId,
        until: Option<Timestamp>,
        reason: String,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        self.reach("restrict", account, self.inner.restrict(account, until, reason, stamp)).await
    }
    async fn put_reconnect(
        &self,
        mac: [u8; 32],
        row: ReconnectRow,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.reach("put_reconnect", row.account, self.inner.put_reconnect(mac, row, now)).await
    }
    async fn take_reconnect(
        &self,
        mac: [u8; 32],
        now: Timestamp,
    ) -> Result<Option<ReconnectRow>, StoreError> {
        self.reach("take_reconnect", "", self.inner.take_reconnect(mac, now)).await
    }
    async fn notice_head(&self, account: AccountId) -> Result<u64, StoreError> {
        self.reach("notice_head", account, self.inner.notice_head(account)).await
    }
    async fn notices(&self, account: AccountId, after: u64, limit: u32) -> Result<Vec<Noted>, StoreError> {
        self.reach("notices", account, self.inner.notices(account, after, limit)).await
    }
    async fn advance(&self, cursor: Cursor) -> Result<(), StoreError> {
        self.reach("advance", "", self.inner.advance(cursor)).await
    }
    async fn drop_reconnects(&self, sessions: Sessions, cursor: Cursor) -> Result<(), StoreError> {
        self.reach("drop_reconnects", "", self.inner.drop_reconnects(sessions, cursor)).await
    }
}

#[async_trait]
impl QueueStore for FaultyStore {
    async fn join_queue(&self, entry: QueueEntry, claim: Claim, stamp: Stamp) -> Result<Joining, StoreError> {
        self.reach("join_queue", entry.account, self.inner.join_queue(entry, claim, stamp)).await
    }
    async fn queue_entry(&self, account: AccountId) -> Result<Option<QueueEntry>, StoreError> {
        self.reach("queue_entry", account, self.inner.queue_entry(account)).await
    }
    async fn keep_entries(&self, accounts: Vec<AccountId>, until: Timestamp) -> Result<(), StoreError> {
        self.reach("keep_entries", "", self.inner.keep_entries(accounts, until)).await
    }
    async fn lapsing_entries(&self, before: Timestamp, rows: i64) -> Result<Vec<AccountId>, StoreError> {
        self.reach("lapsing_entries", "", self.inner.lapsing_entries(before, rows)).await
    }
    async fn waiting(
        &self,
        from: Option<Waiter>,
        now: Timestamp,
        rows: i64,
    ) -> Result<Vec<Waiter>, StoreError> {
        self.reach("waiting", "", self.inner.waiting(from, now, rows)).await
    }
    async fn refused_pairs(
        &self,
        since: Timestamp,
        rows: i64,
    ) -> Result<Vec<(AccountId, AccountId)>, StoreError> {
        self.reach("refused_pairs", "", self.inner.refused_pairs(since, rows)).await
    }
    async fn leave_queue(
        &self,
        account: AccountId,
        cause: Option<LeaveCause>,
        stamp: Stamp,
    ) -> Result<Option<Vec<Told>>, StoreError> {
        self.reach("leave_queue", account, self.inner.leave_queue(account, cause, stamp)).await
    }
    async fn drop_gone(&self, now: Timestamp) -> Result<Vec<Told>, StoreError> {
        self.reach("drop_gone", "", self.inner.drop_gone(now)).await
    }
    async fn move_circle(&self, account: AccountId, circle: AccountId) -> Result<(), StoreError> {
        self.reach("move_circle", account, self.inner.move_circle(account, circle)).await
    }
    async fn offer_pairing(&self, new: NewPairing, stamp: Stamp) -> Result<Option<Vec<Told>>, StoreError> {
        self.reach("offer_pairing", new.pairing.id, self.inner.offer_pairing(new, stamp)).await
    }
    async fn pairing(&self, id: PairingId) -> Result<Option<Pairing>, StoreError> {
        self.reach("pairing", id, self.inner.pairing(id)).await
    }
    async fn answer_pairing(&self, seen: &Pairing, seat: Seat, yes: Yes) -> Result<bool, StoreError> {
        self.reach("answer_pairing", seen.id, self.inner.answer_pairing(seen, seat, yes)).await
    }
    async fn begin_pairing(
        &self,
        begin: PairingBegin,
        stamp: Stamp,
    ) -> Result<Option<Vec<Told>>, StoreError> {
        self.reach("begin_pairing", begin.pairing.id, self.inner.begin_pairing(begin, stamp)).await
    }
    async fn end_pairing(
        &self,
        seen: &Pairing,
        ended: Ended,
        stamp: Stamp,
    ) -> Result<Option<Vec<Told>>, StoreError> {
        self.reach("end_pairing", seen.id, self.inner.end_pairing(seen, ended, stamp)).await
    }
    async fn overdue_pairings(&self, now: Timestamp, rows: i64) -> Result<Vec<Pairing>, StoreError> {
        self.reach("overdue_pairings", "", self.inner.overdue_pairings(now, rows)).await
    }
    async fn offered_pairings(&self, which: Cancelling) -> Result<Vec<Pairing>, StoreError> {
        self.reach("offered_pairings", "", self.inner.offered_pairings(which)).await
    }
    async fn make_good_queue(
        &self,
        unexpired_at: Timestamp,
        entries_until: Timestamp,
        offers_until: Timestamp,
    ) -> Result<(), StoreError> {
        let done = self.inner.make_good_queue(unexpired_at, entries_until, offers_until);
        self.reach("make_good_queue", "", done).await
    }
    async fn forget_pairings(&self, before: Timestamp, rows: i64) -> Result<bool, StoreError> {
        self.reach("forget_pairings", "", self.inner.forget_pairings(before, rows)).await
    }
}

#[async_trait]
impl PreferenceStore for FaultyStore {
    async fn preferences(&self, account: AccountId) -> Result<Chosen, StoreError> {
        self.reach("preferences", account, self.inner.preferences(account)).await
    }
    async fn choose(
        &self,
        account: AccountId,
        seen: i64,
        preferences: Preferences,
        stamp: Stamp,
    ) -> Result<Option<Chosen>, StoreError> {
        self.reach("choose", account, self.inner.choose(account, seen, preferences, stamp)).await
    }
    async fn vouch(
        &self,
        node: NodeId,
        accounts: Vec<AccountId>,
        until: Timestamp,
    ) -> Result<Vec<AccountId>, StoreError> {
        self.reach("vouch", "", self.inner.vouch(node, accounts, until)).await
    }
    async fn withdraw(&self, node: NodeId, accounts: Vec<AccountId>) -> Result<(), StoreError> {
        self.reach("withdraw", "", self.inner.withdraw(node, accounts)).await
    }
    async fn online(&self, accounts: Vec<AccountId>, now: Timestamp) -> Result<Vec<AccountId>, StoreError> {
        self.reach("online", "", self.inner.online(accounts, now)).await
    }
    async fn forget_online(&self, now: Timestamp) -> Result<(), StoreError> {
        self.reach("forget_online", "", self.inner.forget_online(now)).await
    }
}
