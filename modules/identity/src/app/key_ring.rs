//! The ring of signing keys: kept in storage sealed, held in memory open, rotated without signing anyone out.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
    RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use kernel::random::RandomExt;
use kernel::{CallContext, Clock, Random, Timestamp};
use platform::crypto::Sealer;
use platform::db::StoreError;
use zeroize::Zeroizing;

use crate::domain::signing_key::{Algorithm, KeyStanding, KeyState, KeyStep, Occasion, plan};
use crate::store::{KeyChange, Stamp, Store, StoredKey};

/// How long a retiring key still verifies: far longer than any access token lives.
const RETIRE_FOR: Duration = Duration::from_hours(24);
/// How often an unknown `kid` may make us look into storage.
const RELOAD_PAUSE: Duration = Duration::from_secs(1);
/// How often another node may win before we give up.
const ATTEMPTS: u32 = 8;

/// Why there is no usable ring.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RingError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(
        "the stored signing keys cannot be opened: the root secret is not the one they were sealed under"
    )]
    Sealed,
    #[error("a signing key cannot be made or read")]
    Key,
    #[error("other nodes kept changing the ring")]
    Contended,
}

/// The private half, and its public one.
pub(crate) struct SigningKey {
    kid: String,
    pair: Pair,
}

enum Pair {
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

impl SigningKey {
    pub(crate) fn kid(&self) -> &str {
        &self.kid
    }

    pub(crate) fn algorithm(&self) -> Algorithm {
        match self.pair {
            Pair::Ec(_) => Algorithm::Es256,
            Pair::Ed(_) => Algorithm::EdDsa,
        }
    }

    /// The signature over `message`.
    pub(crate) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        match &self.pair {
            // The signing nonce is the library's own affair; no other source may be handed in.
            Pair::Ec(pair) => {
                pair.sign(&SystemRandom::new(), message).ok().map(|made| made.as_ref().to_vec())
            }
            Pair::Ed(pair) => Some(pair.sign(message).as_ref().to_vec()),
        }
    }
}

/// A public key as it is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PublicKey {
    pub(crate) kid: String,
    pub(crate) half: PublicHalf,
}

/// What verifies. An RSA key never signs here: it is somebody else's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PublicHalf {
    /// The uncompressed point on P-256.
    Ec(Vec<u8>),
    /// Ed25519's 32 bytes.
    Ed(Vec<u8>),
    /// Modulus and exponent, big-endian.
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

impl PublicKey {
    fn own(kid: &str, algorithm: Algorithm, bytes: Vec<u8>) -> Self {
        let half = match algorithm {
            Algorithm::Es256 => PublicHalf::Ec(bytes),
            Algorithm::EdDsa => PublicHalf::Ed(bytes),
        };
        Self { kid: kid.to_owned(), half }
    }

    /// The one algorithm by which this key verifies, by its JOSE name.
    pub(crate) fn alg(&self) -> &'static str {
        match self.half {
            PublicHalf::Ec(_) => Algorithm::Es256.as_str(),
            PublicHalf::Ed(_) => Algorithm::EdDsa.as_str(),
            PublicHalf::Rsa { .. } => "RS256",
        }
    }

    /// Whether `signature` over `message` is this key's.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.half {
            PublicHalf::Ec(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }
            PublicHalf::Ed(bytes) => UnparsedPublicKey::new(&ED25519, bytes).verify(message, signature),
            PublicHalf::Rsa { n, e } => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
        }
        .is_ok()
    }
}

/// The keys of one moment.
pub(crate) struct Ring {
    active: SigningKey,
    public: HashMap<String, PublicKey>,
}

impl Ring {
    pub(crate) fn active(&self) -> &SigningKey {
        &self.active
    }

    pub(crate) fn verifying(&self, kid: &str) -> Option<&PublicKey> {
        self.public.get(kid)
    }

    /// Every published key, in a stable order.
    pub(crate) fn published(&self) -> Vec<PublicKey> {
        let mut keys: Vec<PublicKey> = self.public.values().cloned().collect();
        keys.sort_by(|one, other| one.kid.cmp(&other.kid));
        keys
    }
}

/// What a rotation did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rotation {
    /// The key that signs now.
    pub(crate) active: String,
    /// Whether anything changed.
    pub(crate) changed: bool,
}

/// The ring in memory and how it is renewed.
pub(crate) struct KeyRing {
    current: RwLock<Arc<Ring>>,
    parts: RingParts,
    reloaded_at: AtomicI64,
}

/// What a ring stands on.
pub(crate) struct RingParts {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) sealer: Sealer,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) clock: Arc<dyn Clock>,
    /// How new keys sign.
    pub(crate) algorithm: Algorithm,
    /// Keys of somebody else's that verify beside the ring's own.
    pub(crate) foreign: Vec<PublicKey>,
}

impl KeyRing {
    /// Opens the ring, making its first keys or rotating old ones on the way.
    pub(crate) async fn open(
        parts: RingParts,
        call: &CallContext,
        every: Duration,
    ) -> Result<Self, RingError> {
        let (ring, _) = parts.bring_up_to_date(call, Occasion::Routine(every)).await?;
        let reloaded_at = AtomicI64::new(parts.clock.now().micros());
        Ok(Self { current: RwLock::new(Arc::new(ring)), parts, reloaded_at })
    }

    /// The keys of this moment.
    pub(crate) fn ring(&self) -> Arc<Ring> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Rotates: because somebody asked, or if it is time.
    pub(crate) async fn rotate(&self, call: &CallContext, occasion: Occasion) -> Result<Rotation, RingError> {
        let (ring, changed) = self.parts.bring_up_to_date(call, occasion).await?;
        let active = ring.active.kid.clone();
        self.replace(ring);
        Ok(Rotation { active, changed })
    }

    /// Reads what other nodes made of the ring.
    pub(crate) async fn reload(&self) -> Result<(), RingError> {
        let ring = self.parts.open_ring(self.parts.store.signing_keys().await?)?;
        self.replace(ring);
        Ok(())
    }

    /// The same because of an unknown `kid`, at most once a second; says whether it looked.
    pub(crate) async fn reload_for_unknown(&self) -> bool {
        let (now, before) = (self.parts.clock.now(), self.reloaded_at.load(Ordering::Acquire));
        let due = now.since(Timestamp::from_micros(before)) >= RELOAD_PAUSE;
        let ours = due
            && self
                .reloaded_at
                .compare_exchange(before, now.micros(), Ordering::AcqRel, Ordering::Acquire)
                .is_ok();
        ours && self.reload().await.is_ok()
    }

    fn replace(&self, ring: Ring) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
    }
}

impl RingParts {
    async fn bring_up_to_date(
        &self,
        call: &CallContext,
        occasion: Occasion,
    ) -> Result<(Ring, bool), RingError> {
        let mut changed = false;
        let mut occasion = occasion;
        for _ in 0..ATTEMPTS {
            let keys = self.store.signing_keys().await?;
            let now = self.clock.now();
            let standings: Vec<KeyStanding> = keys.iter().map(standing).collect();
            let steps = plan(&standings, occasion, RETIRE_FOR, now);
            if steps.is_empty() {
                return Ok((self.open_ring(keys)?, changed));
            }
            let stamp = Stamp { call: call.clone(), at: now };
            match self.store.change_keys(stamp, self.changes(steps, &standings, now)?).await {
                Ok(()) => {
                    changed = true;
                    // What was asked for is done; what remains is to read the result.
                    occasion = Occasion::Routine(Duration::MAX);
                }
                // Another node was faster: whatever it did is looked at anew.
                Err(StoreError::Conflict(_) | StoreError::LostRace) => {
                    occasion = Occasion::Routine(Duration::MAX);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(RingError::Contended)
    }

    fn changes(
        &self,
        steps: Vec<KeyStep>,
        standings: &[KeyStanding],
        now: Timestamp,
    ) -> Result<Vec<KeyChange>, RingError> {
        steps
            .into_iter()
            .map(|step| match step {
                KeyStep::Make(state) => Ok(KeyChange::Insert(self.make(state, now)?)),
                KeyStep::Move(kid, to) => {
                    let from = standings.iter().find(|key| key.kid == kid).ok_or(RingError::Key)?.state;
                    Ok(KeyChange::Move { kid, from, to })
                }
            })
            .collect()
    }

    fn make(&self, state: KeyState, now: Timestamp) -> Result<StoredKey, RingError> {
        let kid = data_encoding::BASE64URL_NOPAD.encode(&self.random.bytes::<12>());
        let (private, public_key) = generate(self.algorithm).ok_or(RingError::Key)?;
        let sealed = self.sealer.seal(&*self.random, &private, kid.as_bytes());
        let algorithm = self.algorithm;
        Ok(StoredKey { kid, algorithm, state, public_key, sealed: Some(sealed), created_at: now, since: now })
    }

    fn open_ring(&self, keys: Vec<StoredKey>) -> Result<Ring, RingError> {
        open_ring(keys, &self.sealer, &self.foreign)
    }
}

fn standing(key: &StoredKey) -> KeyStanding {
    KeyStanding { kid: key.kid.clone(), state: key.state, since: key.since }
}

/// A new pair: PKCS #8, and the public half as it is published. Made by the library's own source of randomness.
fn generate(algorithm: Algorithm) -> Option<(Zeroizing<Vec<u8>>, Vec<u8>)> {
    match algorithm {
        Algorithm::Es256 => {
            let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).ok()?;
            let private = Zeroizing::new(pair.to_pkcs8v1().ok()?.as_ref().to_vec());
            Some((private, pair.public_key().as_ref().to_vec()))
        }
        Algorithm::EdDsa => {
            let pair = Ed25519KeyPair::generate().ok()?;
            let private = Zeroizing::new(pair.to_pkcs8().ok()?.as_ref().to_vec());
            Some((private, pair.public_key().as_ref().to_vec()))
        }
    }
}

fn open_ring(keys: Vec<StoredKey>, sealer: &Sealer, foreign: &[PublicKey]) -> Result<Ring, RingError> {
    let mut active = None;
    // Our own come after: nobody else's key takes the name of one.
    let mut public: HashMap<String, PublicKey> =
        foreign.iter().map(|key| (key.kid.clone(), key.clone())).collect();
    for key in keys {
        if key.state == KeyState::Active {
            let kept = key.sealed.as_deref().ok_or(RingError::Sealed)?;
            let private = sealer.open(kept, key.kid.as_bytes()).map_err(|_| RingError::Sealed)?;
            active = Some(SigningKey { kid: key.kid.clone(), pair: pair_of(key.algorithm, &private)? });
        }
        let published = PublicKey::own(&key.kid, key.algorithm, key.public_key);
        public.insert(key.kid, published);
    }
    Ok(Ring { active: active.ok_or(RingError::Key)?, public })
}

fn pair_of(algorithm: Algorithm, private: &[u8]) -> Result<Pair, RingError> {
    match algorithm {
        Algorithm::Es256 => EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, private)
            .map(Pair::Ec)
            .map_err(|_| RingError::Key),
        Algorithm::EdDsa => Ed25519KeyPair::from_pkcs8(private).map(Pair::Ed).map_err(|_| RingError::Key),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use kernel::SeededRandom;
    use platform::crypto::SecretBytes;

    /// A ring with one active key.
    pub(crate) fn ring() -> Ring {
        ring_of(Algorithm::Es256)
    }

    /// A ring with one active key of this algorithm.
    pub(crate) fn ring_of(algorithm: Algorithm) -> Ring {
        ring_with(algorithm, &[])
    }

    /// The same ring with keys of somebody else's.
    pub(crate) fn ring_with(algorithm: Algorithm, foreign: &[PublicKey]) -> Ring {
        let sealer = Sealer::new(&SecretBytes::from([1; 32]));
        open_ring(vec![stored(algorithm, &sealer)], &sealer, foreign).unwrap()
    }

    fn stored(algorithm: Algorithm, sealer: &Sealer) -> StoredKey {
        let (private, public_key) = generate(algorithm).unwrap();
        StoredKey {
            kid: "one".to_owned(),
            algorithm,
            state: KeyState::Active,
            public_key,
            sealed: Some(sealer.seal(&SeededRandom::new(1), &private, b"one")),
            created_at: Timestamp::UNIX_EPOCH,
            since: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_sealed_key_opens_under_its_own_root_and_name_only() {
        let sealer = Sealer::new(&SecretBytes::from([1; 32]));
        let key = stored(Algorithm::Es256, &sealer);
        assert!(open_ring(vec![key.clone()], &sealer, &[]).is_ok());
        let other = Sealer::new(&SecretBytes::from([2; 32]));
        assert!(matches!(open_ring(vec![key.clone()], &other, &[]), Err(RingError::Sealed)));
        let renamed = StoredKey { kid: "two".to_owned(), ..key };
        assert!(matches!(open_ring(vec![renamed], &sealer, &[]), Err(RingError::Sealed)));
    }

    #[test]
    fn somebody_elses_key_never_takes_the_place_of_our_own() {
        let foreign = PublicKey { kid: "one".to_owned(), half: PublicHalf::Rsa { n: vec![1], e: vec![3] } };
        let ring = ring_with(Algorithm::Es256, &[foreign]);
        assert_eq!(ring.verifying("one").unwrap().alg(), "ES256");
    }
}
