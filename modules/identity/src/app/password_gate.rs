//! Hashing passwords: argon2id with a pepper, behind a gate that lets few work, few wait, and sends the rest away. The
//! permit lives in the hashing task, so that a caller who leaves frees nothing that is still at work.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use kernel::Random;
use kernel::random::RandomExt;
use platform::crypto::RootSecret;
use secrecy::{ExposeSecret, SecretString};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use crate::config;
use crate::domain::password::{self, Refused, Standing};
use crate::domain::username::Username;
use crate::store::Credential;

/// Which pepper new hashes get.
const PEPPER: u16 = 1;
/// No stored hash makes us work harder than this, whoever wrote it.
const MOST_MEMORY_KIB: u32 = 262_144;
const MOST_PASSES: u32 = 10;
const MOST_LANES: u32 = 8;

/// Whose password it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// Everybody's.
    Standard,
    /// Staff's.
    Staff,
}

/// There is more to hash than can be hashed now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are being checked")]
pub(crate) struct Busy;

/// Why a password was not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SetError {
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error(transparent)]
    Busy(#[from] Busy),
}

/// Whether a password was the right one.
#[derive(Clone)]
pub(crate) enum Checked {
    Wrong,
    Right {
        /// A better hash of the same password, when the stored one is not what a new one would be.
        better: Option<Credential>,
    },
}

/// The gate and what is behind it.
pub(crate) struct Passwords {
    hasher: Arc<Hasher>,
    permits: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    most_waiting: usize,
    patience: Duration,
    runtime: Handle,
}

impl Passwords {
    pub(crate) fn new(
        settings: &config::Passwords,
        root: RootSecret,
        random: Arc<dyn Random>,
        runtime: Handle,
    ) -> Result<Self, argon2::Error> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
        let at_once = match usize::try_from(settings.at_once).unwrap_or(0) {
            0 => cores.saturating_sub(1).max(1),
            told => told,
        };
        Ok(Self {
            hasher: Arc::new(Hasher {
                root,
                random,
                standard: params(settings.standard)?,
                staff: params(settings.staff)?,
            }),
            permits: Arc::new(Semaphore::new(at_once)),
            waiting: Arc::new(AtomicUsize::new(0)),
            most_waiting: usize::try_from(settings.waiting).unwrap_or(64),
            patience: Duration::from_millis(u64::from(settings.wait_ms)),
            runtime,
        })
    }

    /// Hashes a password to be set, if it may be: long enough, and none that is tried first.
    pub(crate) async fn set(
        &self,
        password: SecretString,
        class: Class,
        username: &Username,
    ) -> Result<Credential, SetError> {
        password::check_length(&password, Standing::Alone)?;
        let context = username.as_str().to_owned();
        let set = move |hasher: &Hasher| {
            password::check_guesses(&password, &[&context])?;
            hasher.hash(&password, class).ok_or(SetError::Busy(Busy))
        };
        self.behind_the_gate(set).await?
    }

    /// Hashes any password.
    #[cfg(test)]
    pub(crate) async fn hash(&self, password: SecretString, class: Class) -> Result<Credential, Busy> {
        self.behind_the_gate(move |hasher| hasher.hash(&password, class)).await?.ok_or(Busy)
    }

    /// Checks a password. Without a credential the same work is done, and the answer is `Wrong`.
    pub(crate) async fn check(
        &self,
        password: SecretString,
        credential: Option<Credential>,
        class: Class,
    ) -> Result<Checked, Busy> {
        self.behind_the_gate(move |hasher| hasher.check(&password, credential.as_ref(), class)).await
    }

    async fn behind_the_gate<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Hasher) -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let place = Place::take(&self.waiting, self.most_waiting)?;
        // How long somebody really waits, so real time: a test's clock must not decide it.
        let permit = tokio::time::timeout(self.patience, self.permits.clone().acquire_owned()).await;
        drop(place);
        let Ok(Ok(permit)) = permit else {
            metrics::counter!("identity_password_hashes_shed_total").increment(1);
            return Err(Busy);
        };
        let hasher = self.hasher.clone();
        let task = self.runtime.spawn_blocking(move || {
            let _permit = permit;
            work(&hasher)
        });
        task.await.map_err(|_| Busy)
    }
}

/// A place in the queue, given back when dropped.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(waiting: &Arc<AtomicUsize>, most: usize) -> Result<Self, Busy> {
        let place = Self(waiting.clone());
        if waiting.fetch_add(1, Ordering::AcqRel) < most {
            return Ok(place);
        }
        metrics::counter!("identity_password_hashes_shed_total").increment(1);
        Err(Busy)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

struct Hasher {
    root: RootSecret,
    random: Arc<dyn Random>,
    standard: Params,
    staff: Params,
}

fn params(cost: config::Cost) -> Result<Params, argon2::Error> {
    Params::new(cost.memory_kib, cost.passes, cost.lanes, None)
}

impl Hasher {
    fn params(&self, class: Class) -> &Params {
        match class {
            Class::Standard => &self.standard,
            Class::Staff => &self.staff,
        }
    }

    /// Runs `work` with argon2id under the pepper of this version.
    fn with_argon2<T>(
        &self,
        pepper: u16,
        params: Params,
        work: impl FnOnce(&Argon2<'_>) -> Option<T>,
    ) -> Option<T> {
        let pepper = self.root.derive::<32>("identity.pepper", pepper);
        let argon2 =
            Argon2::new_with_secret(pepper.expose(), Algorithm::Argon2id, Version::V0x13, params).ok()?;
        work(&argon2)
    }

    fn hash(&self, password: &SecretString, class: Class) -> Option<Credential> {
        let salt: [u8; 16] = self.random.bytes();
        self.with_argon2(PEPPER, self.params(class).clone(), |argon2| {
            let hash = argon2.hash_password_with_salt(password.expose_secret().as_bytes(), &salt).ok()?;
            Some(Credential { phc: hash.to_string().into(), pepper_version: i32::from(PEPPER) })
        })
    }

    fn check(&self, password: &SecretString, credential: Option<&Credential>, class: Class) -> Checked {
        let Some(credential) = credential else {
            // The same work as for an account that exists; what it gives is of no interest.
            let _ = self.hash(password, class);
            return Checked::Wrong;
        };
        if !self.is_right(password, credential) {
            return Checked::Wrong;
        }
        let better = if self.is_current(credential, class) { None } else { self.hash(password, class) };
        Checked::Right { better }
    }

    fn is_right(&self, password: &SecretString, credential: &Credential) -> bool {
        let Ok(hash) = PasswordHash::new(credential.phc.expose_secret()) else { return false };
        let Ok(params) = Params::try_from(&hash) else { return false };
        let Ok(pepper) = u16::try_from(credential.pepper_version) else { return false };
        let bounded = params.m_cost() <= MOST_MEMORY_KIB
            && params.t_cost() <= MOST_PASSES
            && params.p_cost() <= MOST_LANES;
        bounded
            && self
                .with_argon2(pepper, params, |argon2| {
                    argon2.verify_password(password.expose_secret().as_bytes(), &hash).ok()
                })
                .is_some()
    }

    /// Whether a new hash would be made with the same cost and pepper.
    fn is_current(&self, credential: &Credential, class: Class) -> bool {
        let Ok(hash) = PasswordHash::new(credential.phc.expose_secret()) else { return false };
        let wanted = self.params(class);
        let same_cost = Params::try_from(&hash).is_ok_and(|params| {
            (params.m_cost(), params.t_cost(), params.p_cost())
                == (wanted.m_cost(), wanted.t_cost(), wanted.p_cost())
        });
        same_cost && credential.pepper_version == i32::from(PEPPER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::SeededRandom;

    const CHEAP: config::Cost = config::Cost { memory_kib: 64, passes: 1, lanes: 1 };

    fn passwords(settings: &config::Passwords, root: u8) -> Passwords {
        let random = Arc::new(SeededRandom::new(1));
        Passwords::new(settings, RootSecret::from_bytes([root; 32]), random, Handle::current()).unwrap()
    }

    fn cheap() -> config::Passwords {
        config::Passwords { standard: CHEAP, staff: CHEAP, ..config::Passwords::default() }
    }

    fn secret(text: &str) -> SecretString {
        text.to_owned().into()
    }

    #[tokio::test]
    async fn a_password_is_right_under_its_own_pepper_only() {
        let here = passwords(&cheap(), 1);
        let stored = here.hash(secret("quiet lagoon"), Class::Standard).await.unwrap();
        assert!(stored.phc.expose_secret().starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
        let right = here.check(secret("quiet lagoon"), Some(stored.clone()), Class::Standard).await.unwrap();
        assert!(matches!(right, Checked::Right { better: None }));
        let wrong = here.check(secret("quiet lagoom"), Some(stored.clone()), Class::Standard).await.unwrap();
        assert!(matches!(wrong, Checked::Wrong));
        let elsewhere =
            passwords(&cheap(), 2).check(secret("quiet lagoon"), Some(stored), Class::Standard).await;
        assert!(matches!(elsewhere, Ok(Checked::Wrong)));
    }

    #[tokio::test]
    async fn a_hash_of_another_cost_is_replaced_when_the_password_proves_right() {
        let before = passwords(&cheap(), 1);
        let stored = before.hash(secret("quiet lagoon"), Class::Standard).await.unwrap();
        let dearer = config::Passwords { standard: config::Cost { memory_kib: 128, ..CHEAP }, ..cheap() };
        let now = passwords(&dearer, 1);
        let Ok(Checked::Right { better: Some(better) }) =
            now.check(secret("quiet lagoon"), Some(stored), Class::Standard).await
        else {
            panic!("right, and to be replaced");
        };
        assert!(better.phc.expose_secret().contains("m=128"));
    }

    #[tokio::test]
    async fn a_stored_hash_cannot_make_us_work_without_bound() {
        let here = passwords(&cheap(), 1);
        let stored = here.hash(secret("quiet lagoon"), Class::Standard).await.unwrap();
        let monstrous = stored.phc.expose_secret().replace("m=64", "m=4194304");
        let stored = Credential { phc: monstrous.into(), ..stored };
        let checked = here.check(secret("quiet lagoon"), Some(stored), Class::Standard).await;
        assert!(matches!(checked, Ok(Checked::Wrong)));
    }

    #[tokio::test]
    async fn without_a_credential_no_password_is_right() {
        let checked = passwords(&cheap(), 1).check(secret("quiet lagoon"), None, Class::Standard).await;
        assert!(matches!(checked, Ok(Checked::Wrong)));
    }

    #[tokio::test]
    async fn who_finds_the_queue_full_or_waits_too_long_is_sent_away() {
        let narrow = config::Passwords { at_once: 1, waiting: 1, wait_ms: 1, ..cheap() };
        let gate = passwords(&narrow, 1);
        let held = gate.permits.clone().acquire_owned().await.unwrap();
        assert!(matches!(gate.hash(secret("x"), Class::Standard).await, Err(Busy)), "waited too long");
        let place = Place::take(&gate.waiting, 1).unwrap();
        assert!(Place::take(&gate.waiting, 1).is_err(), "no place in the queue");
        drop((held, place));
        assert!(gate.hash(secret("x"), Class::Standard).await.is_ok());
    }
}
