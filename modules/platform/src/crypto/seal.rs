//! Sealing small secrets at rest: AES-256-GCM with a random nonce. For key rings, not for bulk: a key may seal 2^32 times.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use kernel::Random;
use kernel::random::RandomExt;
use zeroize::Zeroizing;

use super::SecretBytes;

/// The form of what is sealed; another algorithm gets another number.
const VERSION: u8 = 1;

/// Seals and opens under one key.
pub struct Sealer(LessSafeKey);

/// Something that was not sealed by this key with this context, or was changed since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cannot be opened: another key, another context, or changed since it was sealed")]
pub struct CannotOpen;

impl Sealer {
    /// The sealer under this key.
    pub fn new(key: &SecretBytes<32>) -> Self {
        match UnboundKey::new(&AES_256_GCM, key.expose()) {
            Ok(key) => Self(LessSafeKey::new(key)),
            // Fails for a wrong length only, and the type fixes the length.
            Err(_) => std::process::abort(),
        }
    }

    /// Seals. `context` is not stored, and has to be the same when it is opened: it binds the text to its place.
    pub fn seal(&self, random: &dyn Random, plain: &[u8], context: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE_LEN] = random.bytes();
        let mut body = plain.to_vec();
        let once = Nonce::assume_unique_for_key(nonce);
        if self.0.seal_in_place_append_tag(once, Aad::from(context), &mut body).is_err() {
            // Only a text of 64 GiB can fail; half-sealed text must not go on.
            std::process::abort();
        }
        [&[VERSION], nonce.as_slice(), &body].concat()
    }

    /// Opens what [`Sealer::seal`] made.
    pub fn open(&self, sealed: &[u8], context: &[u8]) -> Result<Zeroizing<Vec<u8>>, CannotOpen> {
        let (version, rest) = sealed.split_first().ok_or(CannotOpen)?;
        let (nonce, body) = rest.split_at_checked(NONCE_LEN).ok_or(CannotOpen)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| CannotOpen)?;
        if *version != VERSION {
            return Err(CannotOpen);
        }
        let mut body = Zeroizing::new(body.to_vec());
        let length =
            self.0.open_in_place(nonce, Aad::from(context), &mut body).map_err(|_| CannotOpen)?.len();
        body.truncate(length);
        Ok(body)
    }
}

#[cfg(test)]
mod tests {
    use kernel::SeededRandom;

    use super::*;

    #[test]
    fn what_is_sealed_opens_only_unchanged_in_its_context_and_under_its_key() {
        let random = SeededRandom::new(1);
        let sealer = Sealer::new(&SecretBytes::from([1; 32]));
        let text = sealer.seal(&random, b"a signing key", b"ring/1");
        assert_eq!(sealer.open(&text, b"ring/1").unwrap().as_slice(), b"a signing key");
        assert_eq!(sealer.open(&text, b"ring/2"), Err(CannotOpen));
        assert_eq!(Sealer::new(&SecretBytes::from([2; 32])).open(&text, b"ring/1"), Err(CannotOpen));
        for place in 0..text.len() {
            let mut changed = text.clone();
            changed[place] ^= 1;
            assert_eq!(sealer.open(&changed, b"ring/1"), Err(CannotOpen), "byte {place}");
            assert_eq!(sealer.open(&text[..place], b"ring/1"), Err(CannotOpen), "cut at {place}");
        }
    }

    #[test]
    fn the_same_text_is_never_sealed_the_same_way_twice() {
        let random = SeededRandom::new(1);
        let sealer = Sealer::new(&SecretBytes::from([1; 32]));
        assert_ne!(sealer.seal(&random, b"x", b""), sealer.seal(&random, b"x", b""));
    }
}
