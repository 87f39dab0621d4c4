//! Bringing together who waits for the same: one bounded step, safe on every node at once and at any time again.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use game_engine::BySeat;
use kernel::id::AccountId;
use kernel::random::RandomExt;
use kernel::{CallContext, Timestamp};

use super::look_at_queue::FRESH;
use super::{leave_queue, part};
use crate::app::follow_identity::system_call;
use crate::app::{App, seed_context};
use crate::arrows;
use crate::domain::pairing::{Cause, LIFE, Pairing, PairingState, REFUSAL};
use crate::domain::queue::{LEASE, Line, Waiter};
use crate::domain::shuffle::{Commitment, Seed};
use crate::store::{NewPairing, StoreError};

/// On whose behalf pairings are offered.
pub(super) const NAME: &str = "game.pairing";
/// Those who wait and are looked at in one step.
const PAGE: usize = 2_000;
/// So many of a page's last are looked at again in the next: whom they fit may stand there.
const OVERLAP: usize = 64;
/// Pairs asked about in one step.
const QUESTIONS: u32 = 256;
/// A doubt counts as so many questions: who cannot answer now is soon left alone.
const DOUBT: u32 = 32;
/// How long one step asks. Whoever waits is looked after again then, whatever becomes of the answers.
const PATIENCE: Duration = Duration::from_secs(5);
/// Two who may not play each other are not asked about again for so long.
const REFUSED_FOR: Duration = Duration::from_secs(30);
/// Beyond so many refusals all are forgotten.
const REFUSALS: usize = 50_000;
/// Pairs that came to nothing and are remembered in one step, the latest of them.
const IN_VAIN: i64 = 10_000;
/// Overdue offers and lapsing entries seen to in one step.
const AT_ONCE: i64 = 500;

/// What a process remembers from step to step.
#[derive(Default)]
pub(crate) struct Pairer(Mutex<Memory>);

#[derive(Default)]
struct Memory {
    refused: HashMap<(AccountId, AccountId), Timestamp>,
    /// Where the next look begins, if the last one did not come to the end.
    from: Option<Waiter>,
}

impl Pairer {
    fn with<T>(&self, act: impl FnOnce(&mut Memory) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn refuse(&self, one: AccountId, other: AccountId, now: Timestamp) {
        self.with(|memory| {
            if memory.refused.len() >= REFUSALS {
                memory.refused.clear();
            }
            memory.refused.insert(unordered(one, other), now.plus(REFUSED_FOR));
        });
    }

    fn is_refused(&self, one: AccountId, other: AccountId, now: Timestamp) -> bool {
        let until = self.with(|memory| memory.refused.get(&unordered(one, other)).copied());
        until.is_some_and(|until| until > now)
    }
}

/// Ends what is overdue, lets go of those who have gone, and offers pairings to some of those who wait. Nothing of it
/// before a time without any node is made good: it would charge that time to whoever waits.
pub(crate) async fn step(app: &App) -> Result<(), StoreError> {
    app.aliveness.settled().await?;
    let call = system_call(app, NAME);
    for pairing in app.store.overdue_pairings(app.clock.now(), AT_ONCE).await? {
        part::end(app, app.stamp(&call), &pairing, Cause::Time).await?;
    }
    see_to_leases(app).await?;
    let from = app.finding.pairer.with(|memory| memory.from.take());
    let now = app.clock.now();
    let page = app.store.waiting(from, now, i64::try_from(PAGE).unwrap_or(i64::MAX)).await?;
    let in_vain = if page.len() > 1 { offered_in_vain(app, now).await? } else { HashSet::new() };
    let mut round = Round { app, call: &call, now, in_vain, taken: HashSet::new(), questions: QUESTIONS };
    round.along(&page, |waiter| (waiter.pool, waiter.circle)).await?;
    if app.policy.open_play {
        // Those of other networks too, for whoever has found nobody nearer.
        let left: Vec<Waiter> =
            page.iter().filter(|waiter| !round.taken.contains(&waiter.account)).copied().collect();
        round.along(&left, |waiter| waiter.pool).await?;
    }
    let next = match page.len().checked_sub(OVERLAP).filter(|_| page.len() >= PAGE) {
        // Whoever was not asked about in this step is in the next.
        _ if round.is_over() => from,
        Some(place) => page.get(place).copied(),
        None => None,
    };
    app.finding.pairer.with(|memory| memory.from = next);
    Ok(())
}

/// Who is not offered to whom for a while, because one of them has just refused or not answered: others come first.
async fn offered_in_vain(app: &App, now: Timestamp) -> Result<HashSet<(AccountId, AccountId)>, StoreError> {
    let pairs = app.store.refused_pairs(now.minus(REFUSAL), IN_VAIN).await?;
    Ok(pairs.into_iter().map(|(one, other)| unordered(one, other)).collect())
}

fn unordered(one: AccountId, other: AccountId) -> (AccountId, AccountId) {
    (one.min(other), one.max(other))
}

/// Whoever has a socket here stays; whoever was not heard of anywhere leaves.
async fn see_to_leases(app: &App) -> Result<(), StoreError> {
    let now = app.clock.now();
    let mut lapsing = app.store.lapsing_entries(now.plus(FRESH), AT_ONCE).await?;
    if lapsing.is_empty() {
        return Ok(());
    }
    let here = app.connected.accounts();
    lapsing.retain(|account| here.contains(account));
    if !lapsing.is_empty() {
        app.store.keep_entries(lapsing, now.plus(LEASE)).await?;
    }
    let told = app.store.drop_gone(now).await?;
    app.broadcast.notices(&told);
    Ok(())
}

/// One step's pairings.
struct Round<'a> {
    app: &'a App,
    call: &'a CallContext,
    now: Timestamp,
    in_vain: HashSet<(AccountId, AccountId)>,
    taken: HashSet<AccountId>,
    /// How many pairs may still be asked about.
    questions: u32,
}

impl Round<'_> {
    /// Pairs within each line of those who share a key.
    async fn along<K: Ord>(&mut self, page: &[Waiter], key: impl Fn(&Waiter) -> K) -> Result<(), StoreError> {
        let mut lines: BTreeMap<K, Vec<Waiter>> = BTreeMap::new();
        for waiter in page {
            lines.entry(key(waiter)).or_default().push(*waiter);
        }
        for waiters in lines.into_values().filter(|waiters| waiters.len() > 1) {
            let line = Line::of(waiters);
            for waiter in line.in_turn() {
                self.find_for(&line, &waiter).await?;
            }
        }
        Ok(())
    }

    /// Whether enough was asked for one step.
    fn is_over(&self) -> bool {
        self.questions == 0 || self.app.clock.now() >= self.now.plus(PATIENCE)
    }

    async fn find_for(&mut self, line: &Line, waiter: &Waiter) -> Result<(), StoreError> {
        if self.taken.contains(&waiter.account) || self.is_over() {
            return Ok(());
        }
        let (taken, pairer, now) = (&self.taken, &self.app.finding.pairer, self.now);
        let open = |other: &Waiter| {
            !taken.contains(&other.account)
                && !self.in_vain.contains(&unordered(waiter.account, other.account))
                && !pairer.is_refused(waiter.account, other.account, now)
        };
        for other in line.choices(waiter, now, open) {
            if self.is_over() || self.taken.contains(&waiter.account) {
                break;
            }
            self.questions -= 1;
            match self.app.knows_to_play(self.call, waiter.account, other.account).await {
                Some(true) => {
                    if self.offer(waiter, &other).await? {
                        break;
                    }
                }
                Some(false) => pairer.refuse(waiter.account, other.account, now),
                None => self.questions = self.questions.saturating_sub(DOUBT),
            }
        }
        Ok(())
    }

    /// Whether it was offered; if not, one of them does not wait for that any more.
    async fn offer(&mut self, waiter: &Waiter, other: &Waiter) -> Result<bool, StoreError> {
        for one in [waiter, other] {
            if self.app.is_restricted(one.account).await? {
                leave_queue::stop(self.app, self.call, one.account).await?;
                self.taken.insert(one.account);
                return Ok(false);
            }
        }
        let offered = offer(self.app, self.call, waiter, other).await?;
        if offered {
            self.taken.extend([waiter.account, other.account]);
        }
        Ok(offered)
    }
}

/// Promises a game to the two: allocates it and commits to its shuffle, before anyone gives entropy.
async fn offer(app: &App, call: &CallContext, waiter: &Waiter, other: &Waiter) -> Result<bool, StoreError> {
    let Some(entry) = app.store.queue_entry(waiter.account).await? else { return Ok(false) };
    let stamp = app.stamp(call);
    let (game, seed) = (app.ids.next(), Seed::new(app.random.bytes()));
    let players = BySeat::new(waiter.account, other.account);
    let rules = entry.wish.rules;
    let pairing = Pairing {
        id: app.ids.next(),
        game,
        players,
        rules,
        rated: entry.wish.rated,
        commitment: Commitment::to(&seed, game, &rules.canonical(), &players),
        answers: BySeat::new(None, None),
        rev: 0,
        recorded: PairingState::Offered,
        created_at: stamp.at,
        expires_at: stamp.at.plus(LIFE),
        closed_at: None,
    };
    let sealed_seed = app.keys.seeds.seal(app.random.as_ref(), &seed.reveal(), &seed_context(game));
    let new = NewPairing { pairing, sealed_seed, pool: waiter.pool };
    let Some(told) = app.store.offer_pairing(new, stamp).await? else { return Ok(false) };
    (app.reach)(arrows::OFFERED);
    app.broadcast.notices(&told);
    Ok(true)
}
