//! What has been revoked lately, in memory: asked for every request, fed by every local commit and by the log of the
//! other nodes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use kernel::id::{AccountId, SessionId, Uuid};
use kernel::{Clock, Timestamp};
use platform::db::StoreError;

use crate::domain::revocation::{Revocation, Revoked};
use crate::store::Store;

/// How long an entry matters: an access token lives 15 minutes at most, 5 unless told.
pub(crate) const REMEMBERED: Duration = Duration::from_mins(16);
/// How far the tail looks back behind the latest entry it knows: a slow transaction may commit behind a quick one.
const OVERLAP: Duration = Duration::from_secs(30);
/// How long a view may be unread before this node should not get traffic.
const STALE: Duration = Duration::from_secs(5);
/// Entries in one read.
const BATCH: i64 = 1_000;

/// Closes sockets. The root implements it over `platform::live`.
pub trait SocketCloser: Send + Sync {
    /// Closes every socket of the session.
    fn close_session(&self, session: SessionId);
    /// Closes every socket of the account, because it may not act any more.
    fn close_account(&self, account: AccountId);
}

/// What is known of an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct AccountMark {
    /// Tokens of an earlier epoch are void.
    pub(crate) epoch: i64,
    /// Grows whenever what is remembered of the account is out of date.
    pub(crate) changes: u64,
}

#[derive(Default)]
struct Known {
    entries: HashMap<Uuid, Timestamp>,
    sessions: HashMap<SessionId, Timestamp>,
    accounts: HashMap<AccountId, (AccountMark, Timestamp)>,
    latest: Option<Timestamp>,
}

/// The view.
pub(crate) struct RevocationView {
    known: RwLock<Known>,
    closer: Arc<dyn SocketCloser>,
    clock: Arc<dyn Clock>,
    read_at: AtomicI64,
}

impl RevocationView {
    pub(crate) fn new(closer: Arc<dyn SocketCloser>, clock: Arc<dyn Clock>) -> Self {
        Self { known: RwLock::default(), closer, clock, read_at: AtomicI64::new(i64::MIN) }
    }

    /// Whether the session was ended, and what is known of the account. Asked for every request.
    pub(crate) fn look(&self, account: AccountId, session: SessionId) -> (bool, AccountMark) {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let mark = known.accounts.get(&account).map_or_else(AccountMark::default, |(mark, _)| *mark);
        (known.sessions.contains_key(&session), mark)
    }

    /// Takes an entry in and closes the sockets it concerns; the same entry again does nothing.
    pub(crate) fn apply(&self, revocation: &Revocation) {
        let now = self.clock.now();
        {
            let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
            if known.entries.insert(revocation.id, revocation.at).is_some() {
                return;
            }
            known.latest = known.latest.max(Some(revocation.at));
            match revocation.what {
                Revoked::Session(session) => drop(known.sessions.insert(session, now)),
                Revoked::Suspension { epoch } => {
                    let (mark, at) = known.accounts.entry(revocation.account).or_default_at(now);
                    (mark.epoch, mark.changes, *at) = (mark.epoch.max(epoch), mark.changes + 1, now);
                }
                Revoked::Change => {
                    let (mark, at) = known.accounts.entry(revocation.account).or_default_at(now);
                    (mark.changes, *at) = (mark.changes + 1, now);
                }
            }
        }
        match revocation.what {
            Revoked::Session(session) => self.closer.close_session(session),
            Revoked::Suspension { .. } => self.closer.close_account(revocation.account),
            Revoked::Change => {}
        }
    }

    /// Reads what the log has beyond what is known.
    pub(crate) async fn catch_up(&self, store: &dyn Store) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let latest = self.known.read().unwrap_or_else(PoisonError::into_inner).latest;
        let since = latest.map_or(now.minus(REMEMBERED), |latest| latest.minus(OVERLAP));
        let (mut after, mut count) = (None, 0);
        loop {
            let batch = store.revocations(since, after, BATCH).await?;
            for revocation in &batch {
                self.apply(revocation);
            }
            count += batch.len();
            after = batch.last().map(|last| (last.at, last.id));
            if i64::try_from(batch.len()).unwrap_or(BATCH) < BATCH {
                break;
            }
        }
        self.read_at.store(now.micros(), Ordering::Release);
        self.forget(now);
        Ok(count)
    }

    /// Whether the log was read lately enough for this node to get traffic.
    pub(crate) fn is_fresh(&self) -> bool {
        let read_at = Timestamp::from_micros(self.read_at.load(Ordering::Acquire));
        self.clock.now().since(read_at) <= STALE
    }

    fn forget(&self, now: Timestamp) {
        let before = now.minus(REMEMBERED);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.entries.retain(|_, at| *at >= before);
        known.sessions.retain(|_, at| *at >= before);
        known.accounts.retain(|_, (_, at)| *at >= before);
    }
}

trait OrDefaultAt<'a> {
    fn or_default_at(self, now: Timestamp) -> &'a mut (AccountMark, Timestamp);
}

impl<'a> OrDefaultAt<'a> for std::collections::hash_map::Entry<'a, AccountId, (AccountMark, Timestamp)> {
    fn or_default_at(self, now: Timestamp) -> &'a mut (AccountMark, Timestamp) {
        self.or_insert((AccountMark::default(), now))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use kernel::{ManualClock, TypedId};
    use std::sync::Mutex;

    /// Remembers what it was told to close.
    #[derive(Default)]
    pub(crate) struct Closings(pub(crate) Mutex<Vec<String>>);

    impl SocketCloser for Closings {
        fn close_session(&self, session: SessionId) {
            self.0.lock().unwrap().push(session.to_string());
        }
        fn close_account(&self, account: AccountId) {
            self.0.lock().unwrap().push(account.to_string());
        }
    }

    fn revocation(id: u128, what: Revoked, at: Timestamp) -> Revocation {
        Revocation { id: Uuid::from_u128(id), account: account(), what, at }
    }

    fn account() -> AccountId {
        AccountId::from_uuid(Uuid::from_u128(1))
    }

    fn session() -> SessionId {
        SessionId::from_uuid(Uuid::from_u128(2))
    }

    fn view() -> (ManualClock, Arc<Closings>, RevocationView) {
        let (clock, closings) = (ManualClock::default(), Arc::new(Closings::default()));
        (clock.clone(), closings.clone(), RevocationView::new(closings, Arc::new(clock)))
    }

    #[test]
    fn an_entry_takes_effect_and_closes_sockets_once_however_often_it_is_heard() {
        let (clock, closings, view) = view();
        assert_eq!(view.look(account(), session()), (false, AccountMark::default()));
        for _ in 0..2 {
            view.apply(&revocation(10, Revoked::Session(session()), clock.now()));
            view.apply(&revocation(11, Revoked::Suspension { epoch: 4 }, clock.now()));
        }
        assert_eq!(view.look(account(), session()), (true, AccountMark { epoch: 4, changes: 1 }));
        assert_eq!(*closings.0.lock().unwrap(), [session().to_string(), account().to_string()]);
    }

    #[test]
    fn an_older_epoch_heard_late_does_not_lower_the_newer_one() {
        let (clock, _, view) = view();
        view.apply(&revocation(10, Revoked::Suspension { epoch: 5 }, clock.now()));
        view.apply(&revocation(11, Revoked::Suspension { epoch: 3 }, clock.now()));
        assert_eq!(view.look(account(), session()).1.epoch, 5);
    }

    #[test]
    fn what_no_living_token_can_meet_is_forgotten() {
        let (clock, _, view) = view();
        view.apply(&revocation(10, Revoked::Session(session()), clock.now()));
        clock.advance(REMEMBERED);
        view.forget(clock.now());
        assert!(view.look(account(), session()).0, "still within its time");
        clock.advance(Duration::from_secs(1));
        view.forget(clock.now());
        assert!(!view.look(account(), session()).0);
    }

    #[test]
    fn a_view_that_was_never_read_is_not_fresh() {
        let (clock, _, view) = view();
        assert!(!view.is_fresh());
        view.read_at.store(clock.now().micros(), Ordering::Release);
        assert!(view.is_fresh());
        clock.advance(Duration::from_secs(6));
        assert!(!view.is_fresh());
    }
}
