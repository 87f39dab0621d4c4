//! What an operator may set for identity, and what production must not leave as it is.

use std::path::PathBuf;
use std::time::Duration;

use kernel::Timestamp;
use platform::web::Quota;
use serde::Deserialize;

use crate::domain::distributor::People;
use crate::domain::session::{Lifetime, Lifetimes};
use crate::domain::signing_key::Algorithm;

/// Identity's configuration. Unknown keys are an error.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// `aud` of every token.
    pub audience: String,
    /// How long an access token lasts, in seconds: 60 to 900.
    pub access_token_seconds: u32,
    /// How new signing keys sign: `ES256` or `EdDSA`.
    pub signing_algorithm: SigningAlgorithm,
    /// A file with a JWK set of RSA public keys: access tokens that these signed by RS256 are good too. None unless set.
    pub verification_keys: Option<PathBuf>,
    /// After how many days the signing key is rotated by itself: 1 to 365.
    pub key_rotation_days: u32,
    /// Whether staff and distributors need a second factor. Production: `required`.
    pub second_factor: SecondFactor,
    /// Whether one person may both request and approve a distributor. Audited each time.
    pub one_person_mode: bool,
    /// Whether anybody may register as a player without an invite.
    pub open_registration: bool,
    /// How long a distributor's activation link is good, in hours: 1 to 720.
    pub activation_hours: u32,
    /// How long a staff enrolment token is good, in hours: 1 to 720.
    pub enrolment_hours: u32,
    /// How long a registration waits for its relationship before it answers 202, in milliseconds: 0 to 5,000.
    pub registration_wait_ms: u32,
    /// How long a refused sign-in takes at least, in milliseconds: 0 to 5,000. It hides what the work itself would
    /// tell, for instance that a name belongs to staff, whose passwords cost more.
    pub refusal_ms: u32,
    /// The cost of passwords, and how much of it at once.
    pub passwords: Passwords,
    /// How long sessions last.
    pub sessions: Sessions,
    /// How often a password may be tried.
    pub throttles: Throttles,
}

/// How new signing keys sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum SigningAlgorithm {
    /// ECDSA on P-256 with SHA-256.
    #[serde(rename = "ES256")]
    Es256,
    /// Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
}

/// Whether staff and distributors need a second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecondFactor {
    /// They do; as long as none can be enrolled, they cannot sign in.
    Required,
    /// They do not: development and tests.
    Relaxed,
}

/// The cost of argon2id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// Memory in KiB: 64 to 262,144.
    pub memory_kib: u32,
    /// Passes over it: 1 to 10.
    pub passes: u32,
    /// Lanes: 1 to 8.
    pub lanes: u32,
}

/// The cost of passwords, and how much of it at once.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Passwords {
    /// For everybody but staff.
    pub standard: Cost,
    /// For staff.
    pub staff: Cost,
    /// Hashes at once; 0 means one less than there are cores.
    pub at_once: u32,
    /// Requests that may wait for their turn.
    pub waiting: u32,
    /// How long one waits at most, in milliseconds.
    pub wait_ms: u32,
}

/// How long sessions last.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sessions {
    /// Days without a refresh, for everybody but staff.
    pub idle_days: u32,
    /// Days at all, for everybody but staff.
    pub absolute_days: u32,
    /// Minutes without a refresh, for staff.
    pub staff_idle_minutes: u32,
    /// Hours at all, for staff.
    pub staff_absolute_hours: u32,
}

/// How often a password may be tried. Each counts on its own; a device the account knows has a bucket of its own, so
/// that nobody can lock its owner out.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Throttles {
    /// One name, from unknown devices.
    pub account: Quota,
    /// One name from one address.
    pub pair: Quota,
    /// One name from one known device.
    pub device: Quota,
    /// Names tried with one redemption ticket.
    pub registration: Quota,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            audience: "whot".to_owned(),
            access_token_seconds: 300,
            signing_algorithm: SigningAlgorithm::Es256,
            verification_keys: None,
            key_rotation_days: 30,
            second_factor: SecondFactor::Required,
            one_person_mode: false,
            open_registration: false,
            activation_hours: 72,
            enrolment_hours: 24,
            registration_wait_ms: 2_000,
            refusal_ms: 400,
            passwords: Passwords::default(),
            sessions: Sessions::default(),
            throttles: Throttles::default(),
        }
    }
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            standard: Cost { memory_kib: 19_456, passes: 2, lanes: 1 },
            staff: Cost { memory_kib: 65_536, passes: 3, lanes: 1 },
            at_once: 0,
            waiting: 64,
            wait_ms: 2_000,
        }
    }
}

impl Default for Sessions {
    fn default() -> Self {
        Self { idle_days: 30, absolute_days: 90, staff_idle_minutes: 30, staff_absolute_hours: 12 }
    }
}

impl Default for Throttles {
    fn default() -> Self {
        Self {
            account: Quota::per(30, 300),
            pair: Quota::per(10, 60),
            device: Quota::per(10, 60),
            registration: Quota::per(30, 60),
        }
    }
}

impl Cost {
    fn is_sane(self) -> bool {
        (64..=262_144).contains(&self.memory_kib)
            && (1..=10).contains(&self.passes)
            && (1..=8).contains(&self.lanes)
            && self.memory_kib >= 8 * self.lanes
    }

    fn is_at_least(self, memory_kib: u32, passes: u32) -> bool {
        self.memory_kib >= memory_kib && self.passes >= passes
    }
}

impl Config {
    /// Whether every value is within its range.
    pub fn validate(&self) -> Result<(), String> {
        let ranges = [
            ("access_token_seconds", self.access_token_seconds, 60, 900),
            ("key_rotation_days", self.key_rotation_days, 1, 365),
            ("activation_hours", self.activation_hours, 1, 720),
            ("enrolment_hours", self.enrolment_hours, 1, 720),
            ("registration_wait_ms", self.registration_wait_ms, 0, 5_000),
            ("refusal_ms", self.refusal_ms, 0, 5_000),
            ("sessions.idle_days", self.sessions.idle_days, 1, 365),
            ("sessions.absolute_days", self.sessions.absolute_days, 1, 3_650),
            ("sessions.staff_idle_minutes", self.sessions.staff_idle_minutes, 5, 1_440),
            ("sessions.staff_absolute_hours", self.sessions.staff_absolute_hours, 1, 168),
            ("passwords.at_once", self.passwords.at_once, 0, 256),
            ("passwords.waiting", self.passwords.waiting, 1, 1_024),
            ("passwords.wait_ms", self.passwords.wait_ms, 1, 30_000),
        ];
        for (name, value, least, most) in ranges {
            if !(least..=most).contains(&value) {
                return Err(format!("identity.{name} is {value}; it lies between {least} and {most}"));
            }
        }
        if !self.passwords.standard.is_sane() || !self.passwords.staff.is_sane() {
            return Err(
                "identity.passwords: memory_kib 64 to 262144, passes 1 to 10, lanes 1 to 8".to_owned()
            );
        }
        if self.audience.is_empty() {
            return Err("identity.audience is empty".to_owned());
        }
        Ok(())
    }

    /// Why production must not start with this. Empty when it may.
    #[must_use]
    pub fn production_faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        match self.second_factor {
            SecondFactor::Relaxed => faults.push(
                "identity.second_factor is `relaxed`: staff and distributors could sign in with a password alone"
                    .to_owned(),
            ),
            SecondFactor::Required => faults.push(
                "identity.second_factor is `required`, and this version cannot enrol second factors yet: no staff \
                 could sign in and no distributor could be activated; run the development or test profile"
                    .to_owned(),
            ),
        }
        if !self.passwords.standard.is_at_least(19_456, 2) || !self.passwords.staff.is_at_least(65_536, 3) {
            faults.push(
                "identity.passwords costs less than 19 MiB and 2 passes (staff: 64 MiB and 3)".to_owned(),
            );
        }
        faults
    }

    pub(crate) fn access_lifetime(&self) -> Duration {
        Duration::from_secs(u64::from(self.access_token_seconds))
    }

    pub(crate) fn activation_until(&self, now: Timestamp) -> Timestamp {
        now.plus(hours(self.activation_hours))
    }

    pub(crate) fn enrolment_until(&self, now: Timestamp) -> Timestamp {
        now.plus(hours(self.enrolment_hours))
    }

    pub(crate) fn rotation(&self) -> Duration {
        days(self.key_rotation_days)
    }

    pub(crate) const fn people(&self) -> People {
        if self.one_person_mode { People::One } else { People::Two }
    }

    pub(crate) const fn algorithm(&self) -> Algorithm {
        match self.signing_algorithm {
            SigningAlgorithm::Es256 => Algorithm::Es256,
            SigningAlgorithm::EdDsa => Algorithm::EdDsa,
        }
    }

    pub(crate) fn lifetimes(&self) -> Lifetimes {
        Lifetimes {
            people: Lifetime {
                idle: days(self.sessions.idle_days),
                absolute: days(self.sessions.absolute_days),
            },
            staff: Lifetime {
                idle: Duration::from_secs(u64::from(self.sessions.staff_idle_minutes) * 60),
                absolute: hours(self.sessions.staff_absolute_hours),
            },
        }
    }
}

fn hours(count: u32) -> Duration {
    Duration::from_secs(u64::from(count) * 3_600)
}

fn days(count: u32) -> Duration {
    hours(count.saturating_mul(24))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_within_their_ranges() {
        assert_eq!(Config::default().validate(), Ok(()));
    }

    #[test]
    fn a_value_out_of_range_is_named() {
        let config = Config { access_token_seconds: 3_600, ..Config::default() };
        assert!(config.validate().unwrap_err().contains("access_token_seconds"));
        let config = Config { audience: String::new(), ..Config::default() };
        assert!(config.validate().unwrap_err().contains("audience"));
    }

    #[test]
    fn production_refuses_whatever_the_second_factor_is_set_to_until_there_is_one() {
        for second_factor in [SecondFactor::Required, SecondFactor::Relaxed] {
            let faults = Config { second_factor, ..Config::default() }.production_faults();
            assert_eq!(faults.len(), 1, "{faults:?}");
            assert!(faults[0].contains("second_factor"));
        }
        let standard = Cost { memory_kib: 64, passes: 1, lanes: 1 };
        let cheap = Config { passwords: Passwords { standard, ..Passwords::default() }, ..Config::default() };
        assert_eq!(cheap.production_faults().len(), 2, "and passwords cost next to nothing");
    }
}
