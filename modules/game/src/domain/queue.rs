//! The open queue: who waits for whom, and how far apart two ratings may be. The longer somebody waits, the wider.

use std::time::Duration;

use kernel::Timestamp;
use kernel::id::{AccountId, PairingId};

use game_engine::RuleSet;

/// How far apart ratings may be at first, in points.
const FIRST: u32 = 100;
/// By how many points that grows every [`EVERY`].
const STEP: u32 = 50;
const EVERY: Duration = Duration::from_secs(10);
/// Whoever has waited so long takes anybody.
const ANYBODY_AFTER: Duration = Duration::from_mins(2);
/// Neighbours on a line that one entry looks at in one step.
const REACH: usize = 32;
/// How long an entry stays without a sign of life from its person, at most: a sign that comes soon after another is not
/// written down.
pub(crate) const LEASE: Duration = Duration::from_secs(90);

kernel::words! {
    /// Why somebody left the queue without having asked to.
    pub(crate) enum LeaveCause as "cause of leaving the queue" {
        /// Neither a socket nor a look at the entry for as long as a lease lasts.
        Gone = "gone",
        /// The person may not play now. It does not say why.
        NotAvailable = "not_available",
    }
}

/// What somebody waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) rules: RuleSet,
    pub(crate) rated: bool,
}

/// Those who wish for the same, whatever they are called: a digest of rules text and rating.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Pool(pub(crate) [u8; 32]);

/// One account's place in the queue. There is one for each account, and it is in one pairing at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) account: AccountId,
    pub(crate) wish: Wish,
    pub(crate) pool: Pool,
    /// The head of the account's network when it came: those of one network are looked at first.
    pub(crate) circle: AccountId,
    /// Its rating when it came, in whole points.
    pub(crate) rating: i32,
    pub(crate) since: Timestamp,
    /// It leaves by itself when nothing has been heard of its person by then.
    pub(crate) seen_until: Timestamp,
    pub(crate) pairing: Option<PairingId>,
}

/// An entry that waits, as far as pairing needs to know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Waiter {
    pub(crate) account: AccountId,
    pub(crate) pool: Pool,
    pub(crate) circle: AccountId,
    pub(crate) rating: i32,
    pub(crate) since: Timestamp,
}

/// How far from one's own a rating may be after waiting so long; `None` means any.
pub(crate) fn width(waited: Duration) -> Option<u32> {
    if waited >= ANYBODY_AFTER {
        return None;
    }
    let steps = u32::try_from(waited.as_secs() / EVERY.as_secs()).unwrap_or(u32::MAX);
    Some(FIRST.saturating_add(STEP.saturating_mul(steps)))
}

impl Waiter {
    fn takes(&self, rating: i32, now: Timestamp) -> bool {
        width(now.since(self.since)).is_none_or(|width| self.rating.abs_diff(rating) <= width)
    }

    /// Whether the two wish for the same, and each is near enough for the other.
    pub(crate) fn fits(&self, other: &Self, now: Timestamp) -> bool {
        self.pool == other.pool
            && self.account != other.account
            && self.takes(other.rating, now)
            && other.takes(self.rating, now)
    }
}

/// A line of waiters of one pool, by rating.
pub(crate) struct Line(Vec<Waiter>);

impl Line {
    /// Those of one pool, in any order.
    pub(crate) fn of(mut waiters: Vec<Waiter>) -> Self {
        waiters.sort_by_key(|waiter| (waiter.rating, waiter.account));
        Self(waiters)
    }

    /// Whoever waits longest chooses first.
    pub(crate) fn in_turn(&self) -> Vec<Waiter> {
        let mut turns = self.0.clone();
        turns.sort_by_key(|waiter| (waiter.since, waiter.account));
        turns
    }

    /// Whom one of them might play, the nearest rating first; a bounded number of those that are `open`.
    pub(crate) fn choices(&self, of: &Waiter, now: Timestamp, open: impl Fn(&Waiter) -> bool) -> Vec<Waiter> {
        let split =
            self.0.partition_point(|waiter| (waiter.rating, waiter.account) < (of.rating, of.account));
        let (below, above) = self.0.split_at(split);
        let near = |waiter: &&Waiter| of.takes(waiter.rating, now);
        let wanted = |waiter: &&Waiter| of.fits(waiter, now) && open(waiter);
        let below = below.iter().rev().take_while(near).filter(wanted).take(REACH);
        let above = above.iter().take_while(near).filter(wanted).take(REACH);
        let mut choices: Vec<Waiter> = below.chain(above).copied().collect();
        choices.sort_by_key(|waiter| (waiter.rating.abs_diff(of.rating), waiter.since, waiter.account));
        choices.truncate(REACH);
        choices
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::TypedId;
    use kernel::id::Uuid;

    fn waiter(number: u128, rating: i32, waited_s: i64) -> Waiter {
        let account = AccountId::from_uuid(Uuid::from_u128(number));
        let since = Timestamp::from_seconds(1_000 - waited_s);
        Waiter { account, pool: Pool([0; 32]), circle: account, rating, since }
    }

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn now() -> Timestamp {
        NOW.plus(Duration::from_secs(1_000))
    }

    #[test]
    fn the_width_grows_by_fifty_every_ten_seconds_until_anybody_will_do() {
        for (waited_ms, expected) in [
            (0, Some(100)),
            (9_999, Some(100)),
            (10_000, Some(150)),
            (25_000, Some(200)),
            (119_999, Some(650)),
            (120_000, None),
            (9_000_000, None),
        ] {
            assert_eq!(width(Duration::from_millis(waited_ms)), expected, "{waited_ms} ms");
        }
    }

    #[test]
    fn both_must_be_near_enough_for_the_other() {
        let (patient, fresh) = (waiter(1, 1_500, 300), waiter(2, 1_601, 0));
        assert!(patient.takes(fresh.rating, now()) && !fresh.takes(patient.rating, now()));
        assert!(!patient.fits(&fresh, now()) && !fresh.fits(&patient, now()));
        let nearer = waiter(3, 1_600, 0);
        assert!(patient.fits(&nearer, now()) && nearer.fits(&patient, now()));
        let elsewhere = Waiter { pool: Pool([1; 32]), ..nearer };
        assert!(!patient.fits(&elsewhere, now()), "who wishes for something else");
        assert!(!patient.fits(&patient, now()), "nobody plays against oneself");
    }

    #[test]
    fn the_nearest_rating_is_chosen_first_and_whoever_waits_longest_chooses_first() {
        let all = [waiter(1, 1_500, 5), waiter(2, 1_420, 9), waiter(3, 1_530, 2), waiter(4, 1_700, 1)];
        let line = Line::of(all.to_vec());
        let turns: Vec<_> = line.in_turn().iter().map(|waiter| waiter.rating).collect();
        assert_eq!(turns, [1_420, 1_500, 1_530, 1_700]);
        let choices = |of: &Waiter| -> Vec<i32> {
            line.choices(of, now(), |_| true).iter().map(|waiter| waiter.rating).collect()
        };
        assert_eq!(choices(&all[0]), [1_530, 1_420]);
        assert_eq!(choices(&all[3]), [0; 0], "nobody is near");
        let open = line.choices(&all[0], now(), |waiter| waiter.rating != 1_530);
        assert_eq!(open, [all[1]]);
    }

    #[test]
    fn one_entry_looks_at_a_bounded_number_of_others_however_many_wait() {
        let many = (0..5_000).map(|number| waiter(number, 1_500 + i32::try_from(number % 7).unwrap(), 0));
        let line = Line::of(many.collect());
        let turns = line.in_turn();
        assert_eq!(turns.len(), 5_000);
        for of in turns.iter().step_by(500) {
            let choices = line.choices(of, now(), |_| true);
            assert_eq!(choices.len(), REACH);
            assert!(choices.iter().all(|choice| of.fits(choice, now())));
        }
    }

    /// Against looking at everybody: whoever fits is found, and in the right order, for random lines.
    #[test]
    fn on_a_short_line_the_choices_are_all_that_fit() {
        let mut state = 7_u64;
        let mut dice = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % below
        };
        for _ in 0..300 {
            let count = 2 + dice(12);
            let line: Vec<Waiter> = (0..count)
                .map(|number| {
                    let rating = 1_300 + i32::try_from(dice(500)).unwrap();
                    waiter(u128::from(number), rating, i64::try_from(dice(150)).unwrap())
                })
                .collect();
            for of in &line {
                let mut expected: Vec<Waiter> =
                    line.iter().filter(|other| of.fits(other, now())).copied().collect();
                expected.sort_by_key(|one| (one.rating.abs_diff(of.rating), one.since, one.account));
                assert_eq!(Line::of(line.clone()).choices(of, now(), |_| true), expected);
            }
        }
    }
}
