//! How often somebody may ask: named classes of routes, counted by address and by account, in bounded memory.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::hash::{BuildHasher, Hash, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::HeaderName;
use governor::RateLimiter;
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use kernel::id::AccountId;
use kernel::{Clock, Timestamp};
use serde::Deserialize;

use super::problem::Problem;

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Keys that one throttle remembers before strangers share buckets: about 8 MB at worst.
const MOST_KEYS: usize = 65_536;
/// Buckets that strangers share once it remembers no more.
const SHARED_KEYS: u64 = 4_096;
/// Checks between two sweeps; keys can exceed the bound by no more than this.
const CHECKS_PER_SWEEP: u32 = 4_096;

kernel::words! {
    /// A class of routes that share limits.
    pub enum Rate as "rate class" {
        /// Reads.
        Read = "read",
        /// Changes to one's own things.
        Write = "write",
        /// Makes things that others see or that last.
        Create = "create",
        /// Proves a credential: costs a password hash.
        SignIn = "sign_in",
        /// Renews tokens.
        Refresh = "refresh",
        /// Spends invites and links.
        Redeem = "redeem",
        /// Commands of a game.
        Play = "play",
        /// Opens sockets.
        Live = "live",
        /// Reached no route: no such path, or not this method.
        Unmatched = "unmatched",
        /// Health and the like: not counted.
        Unlimited = "unlimited",
    }
}

/// So many requests in so many seconds. All of them may come at once; then they come back evenly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quota {
    /// How many.
    pub requests: NonZeroU32,
    /// In how many seconds.
    pub seconds: NonZeroU32,
}

impl Quota {
    /// `requests` in `seconds`; zero counts as one.
    pub const fn per(requests: u32, seconds: u32) -> Self {
        Self { requests: at_least_one(requests), seconds: at_least_one(seconds) }
    }

    /// Time after which one spent request has come back.
    fn interval(self) -> Duration {
        Duration::from_secs(self.seconds.get().into()) / self.requests.get()
    }
}

const fn at_least_one(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}

/// The limits of one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassLimits {
    /// For one address, or one /64 of IPv6; many people can stand behind it.
    pub address: Quota,
    /// For one signed-in account.
    pub account: Quota,
}

/// The limits of every class; a class that is not named keeps its default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct LimitSettings(BTreeMap<Rate, ClassLimits>);

impl LimitSettings {
    /// The same limits, with one class changed.
    #[must_use]
    pub fn with(mut self, rate: Rate, limits: ClassLimits) -> Self {
        self.0.insert(rate, limits);
        self
    }

    /// The limits of a class.
    pub fn of(&self, rate: Rate) -> ClassLimits {
        self.0.get(&rate).copied().unwrap_or_else(|| {
            let (address, account) = match rate {
                Rate::Read | Rate::Play => (6_000, 600),
                Rate::Write => (3_000, 300),
                Rate::Create | Rate::Refresh => (600, 60),
                Rate::SignIn | Rate::Redeem => (60, 30),
                // No account is asked for where there is no route.
                Rate::Unmatched => (600, u32::MAX),
                Rate::Live => (600, 120),
                Rate::Unlimited => (u32::MAX, u32::MAX),
            };
            ClassLimits { address: Quota::per(address, 60), account: Quota::per(account, 60) }
        })
    }
}

/// What is left after a request that was let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// The quota it counted against.
    pub quota: Quota,
    /// Requests that may still come at once.
    pub remaining: u32,
}

/// A request that came too soon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many requests")]
pub struct Refusal {
    /// The quota it exceeds.
    pub quota: Quota,
    /// Time until one would be let through.
    pub wait: Duration,
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited")
            .detail("Too many requests. Wait as long as `Retry-After` says.")
            .retry_after(refusal.wait)
    }
}

#[derive(Clone)]
struct LimiterClock(Arc<dyn Clock>);

impl governor::clock::Clock for LimiterClock {
    type Instant = Duration;
    fn now(&self) -> Duration {
        self.0.now().since(Timestamp::UNIX_EPOCH)
    }
}

type Buckets = RateLimiter<u64, DashMapStateStore<u64>, LimiterClock, StateInformationMiddleware>;

/// Counts requests per key against one quota. Keys are hashed with a secret seed, so nobody can aim at another's bucket.
pub struct Throttle {
    quota: Quota,
    buckets: Buckets,
    clock: LimiterClock,
    hasher: RandomState,
    checks: AtomicU32,
    crowded: AtomicBool,
}

impl Throttle {
    /// A throttle with no memory yet.
    pub fn new(clock: Arc<dyn Clock>, quota: Quota) -> Self {
        let clock = LimiterClock(clock);
        let pace = governor::Quota::with_period(quota.interval())
            .unwrap_or_else(|| governor::Quota::per_second(NonZeroU32::MAX))
            .allow_burst(quota.requests);
        let buckets = Buckets::new(pace, DashMapStateStore::default(), clock.clone());
        let (checks, crowded) = (AtomicU32::new(0), AtomicBool::new(false));
        Self { quota, buckets, clock, hasher: RandomState::new(), checks, crowded }
    }

    /// Counts one request of `key`.
    pub fn check(&self, key: &impl Hash) -> Result<Allowance, Refusal> {
        self.sweep_sometimes();
        let hash = self.hasher.hash_one(key);
        let bucket = if self.crowded.load(Ordering::Relaxed) { hash % SHARED_KEYS } else { hash };
        match self.buckets.check_key(&bucket) {
            Ok(state) => Ok(Allowance { quota: self.quota, remaining: state.remaining_burst_capacity() }),
            Err(until) => {
                let wait = until.wait_time_from(governor::clock::Clock::now(&self.clock));
                Err(Refusal { quota: self.quota, wait })
            }
        }
    }

    /// Forgets keys that are as good as new. A flood of keys beyond the bound makes them share buckets until it ebbs.
    fn sweep_sometimes(&self) {
        if self.checks.fetch_add(1, Ordering::Relaxed) % CHECKS_PER_SWEEP != CHECKS_PER_SWEEP - 1 {
            return;
        }
        self.buckets.retain_recent();
        self.buckets.shrink_to_fit();
        self.crowded.store(self.buckets.len() > MOST_KEYS, Ordering::Relaxed);
    }

    #[cfg(test)]
    fn keys(&self) -> usize {
        self.buckets.len()
    }
}

struct Class {
    rate: Rate,
    address: Throttle,
    account: Throttle,
}

/// All classes, as the guard asks them.
pub(crate) struct Limiter(Vec<Class>);

impl Limiter {
    pub(crate) fn new(clock: &Arc<dyn Clock>, settings: &LimitSettings) -> Self {
        let class = |rate: &Rate| {
            let limits = settings.of(*rate);
            let throttle = |quota| Throttle::new(clock.clone(), quota);
            Class { rate: *rate, address: throttle(limits.address), account: throttle(limits.account) }
        };
        Self(Rate::ALL.iter().filter(|rate| **rate != Rate::Unlimited).map(class).collect())
    }

    fn class(&self, rate: Rate) -> Option<&Class> {
        self.0.iter().find(|class| class.rate == rate)
    }

    pub(crate) fn address(&self, rate: Rate, address: IpAddr) -> Option<Result<Allowance, Refusal>> {
        self.class(rate).map(|class| class.address.check(&network_of(address)))
    }

    pub(crate) fn account(&self, rate: Rate, account: AccountId) -> Option<Result<Allowance, Refusal>> {
        self.class(rate).map(|class| class.account.check(&account))
    }
}

/// Who counts as one: an IPv4 address, or a /64, since a household or phone has a whole one.
pub fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// The last limit a request was counted against, as its answer shows it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown {
    pub(crate) rate: Rate,
    pub(crate) quota: Quota,
    pub(crate) remaining: u32,
    pub(crate) wait: Duration,
}

impl Shown {
    pub(crate) fn new(rate: Rate, outcome: &Result<Allowance, Refusal>) -> Self {
        match outcome {
            Ok(Allowance { quota, remaining }) => {
                let spent = quota.requests.get().saturating_sub(*remaining);
                Self {
                    rate,
                    quota: *quota,
                    remaining: *remaining,
                    wait: quota.interval().saturating_mul(spent),
                }
            }
            Err(Refusal { quota, wait }) => Self { rate, quota: *quota, remaining: 0, wait: *wait },
        }
    }

    /// `RateLimit` and `RateLimit-Policy` as the IETF draft (httpapi-ratelimit-headers-10) writes them.
    pub(crate) fn headers(&self) -> [(HeaderName, String); 2] {
        let (mut limit, mut policy) = (String::new(), String::new());
        let name = self.rate;
        let seconds = self.wait.as_secs() + u64::from(self.wait.subsec_nanos() > 0);
        // Writing to a string cannot fail.
        let _ = write!(limit, "\"{name}\";r={};t={seconds}", self.remaining);
        let _ = write!(policy, "\"{name}\";q={};w={}", self.quota.requests, self.quota.seconds);
        [(RATE_LIMIT, limit), (RATE_LIMIT_POLICY, policy)]
    }
}

#[cfg(test)]
mod tests {
    use kernel::ManualClock;

    use super::*;

    fn throttle(quota: Quota) -> (ManualClock, Throttle) {
        let clock = ManualClock::default();
        (clock.clone(), Throttle::new(Arc::new(clock), quota))
    }

    #[test]
    fn a_burst_passes_then_requests_come_back_one_by_one() {
        let (clock, throttle) = throttle(Quota::per(3, 30));
        let left: Vec<_> =
            (0..3).map(|_| throttle.check(&"a").map(|allowance| allowance.remaining)).collect();
        assert_eq!(left, [Ok(2), Ok(1), Ok(0)]);
        assert_eq!(throttle.check(&"a").unwrap_err().wait, Duration::from_secs(10));
        assert!(throttle.check(&"b").is_ok(), "somebody else");
        clock.advance(Duration::from_secs(10));
        assert!(throttle.check(&"a").is_ok());
        assert!(throttle.check(&"a").is_err());
    }

    #[test]
    fn keys_as_good_as_new_are_forgotten() {
        let (clock, throttle) = throttle(Quota::per(1, 1));
        for key in 0..3_000 {
            throttle.check(&key).unwrap();
        }
        assert_eq!(throttle.keys(), 3_000);
        clock.advance(Duration::from_secs(5));
        for key in 0..CHECKS_PER_SWEEP {
            let _ = throttle.check(&(1_000_000 + key));
        }
        assert!(throttle.keys() <= CHECKS_PER_SWEEP as usize, "{}", throttle.keys());
    }

    #[test]
    fn a_flood_of_keys_cannot_grow_the_memory_without_bound() {
        let (_, throttle) = throttle(Quota::per(1_000_000, 3_600));
        for key in 0..200_000 {
            let _ = throttle.check(&key);
        }
        assert!(throttle.keys() <= MOST_KEYS + 2 * CHECKS_PER_SWEEP as usize, "{}", throttle.keys());
    }

    #[test]
    fn one_64_of_ipv6_counts_as_one_and_mapped_ipv4_as_ipv4() {
        let network = |text: &str| network_of(text.parse().unwrap());
        assert_eq!(network("2001:db8:1:2:3::4"), network("2001:db8:1:2:ffff::9"));
        assert_ne!(network("2001:db8:1:2::4"), network("2001:db8:1:3::4"));
        assert_eq!(network("::ffff:192.0.2.7"), network("192.0.2.7"));
        assert_ne!(network("192.0.2.7"), network("192.0.2.8"));
    }

    #[test]
    fn a_class_that_settings_do_not_name_keeps_its_default() {
        let text = r#"{"sign_in": {"address": {"requests": 2, "seconds": 5}, "account": {"requests": 1, "seconds": 5}}}"#;
        let settings: LimitSettings = serde_json::from_str(text).unwrap();
        assert_eq!(settings.of(Rate::SignIn).address, Quota::per(2, 5));
        assert_eq!(settings.of(Rate::Read), LimitSettings::default().of(Rate::Read));
        assert!(serde_json::from_str::<LimitSettings>(r#"{"sing_in": {}}"#).is_err());
    }
}
