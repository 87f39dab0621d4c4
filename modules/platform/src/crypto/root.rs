//! The one root secret of a deployment. Every other key derives from it by HKDF-SHA256 (RFC 5869), named and versioned,
//! so that one purpose can be rotated without touching another.

use aws_lc_rs::hkdf;
use data_encoding::BASE64URL_NOPAD;
use kernel::Random;
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::SecretBytes;

/// What stands before the encoded secret, so that scanners and people recognise it.
const PREFIX: &str = "whot_root_1_";

/// The root secret.
#[derive(Clone)]
pub struct RootSecret(SecretBytes<32>);

/// Text that is no root secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a root secret is what `whot secrets init` wrote: whot_root_1_ and 43 characters")]
pub struct NotARootSecret;

impl RootSecret {
    /// A fresh one.
    pub fn generate(random: &dyn Random) -> Self {
        Self(SecretBytes::random(random))
    }

    /// The one with these bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes.into())
    }

    /// Reads what [`RootSecret::to_text`] wrote; white space around it is ignored.
    pub fn parse(text: &str) -> Result<Self, NotARootSecret> {
        let encoded = text.trim().strip_prefix(PREFIX).ok_or(NotARootSecret)?;
        let bytes = Zeroizing::new(BASE64URL_NOPAD.decode(encoded.as_bytes()).map_err(|_| NotARootSecret)?);
        SecretBytes::try_from(bytes.as_slice()).map(Self).map_err(|_| NotARootSecret)
    }

    /// The text an operator keeps.
    pub fn to_text(&self) -> SecretString {
        format!("{PREFIX}{}", BASE64URL_NOPAD.encode(self.0.expose())).into()
    }

    /// The key for one purpose, for example `customer.invite`. Another version is an unrelated key.
    pub fn derive<const N: usize>(&self, purpose: &str, version: u16) -> SecretBytes<N> {
        const { assert!(N <= 255 * 32, "HKDF-SHA256 gives no more") };
        let mut key = Zeroizing::new([0; N]);
        let version = version.to_be_bytes();
        let info: [&[u8]; 3] = [b"whot key v1\0", &version, purpose.as_bytes()];
        let filled = hkdf::Salt::new(hkdf::HKDF_SHA256, b"whot root secret")
            .extract(self.0.expose())
            .expand(&info, Length(N))
            .and_then(|material| material.fill(&mut *key));
        // The length is checked when this is compiled, and nothing else can fail. A key of zeros would be a
        // catastrophe in silence, so the impossible ends the process instead.
        if filled.is_err() {
            std::process::abort();
        }
        SecretBytes::from(*key)
    }
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use kernel::SeededRandom;
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn the_same_root_gives_the_same_keys_and_every_purpose_and_version_its_own() {
        let root = RootSecret::from_bytes([7; 32]);
        let key = |purpose, version| *root.derive::<32>(purpose, version).expose();
        assert_eq!(key("a", 1), key("a", 1));
        assert_ne!(key("a", 1), key("a", 2));
        assert_ne!(key("a", 1), key("b", 1));
        assert_ne!(key("a", 1), *RootSecret::from_bytes([8; 32]).derive::<32>("a", 1).expose());
        assert_ne!(key("a", 1), [0; 32]);
    }

    #[test]
    fn derivation_never_changes_between_releases() {
        // Peppers and MACs at rest depend on it: a change here locks everybody out.
        let key = RootSecret::from_bytes([7; 32]).derive::<16>("identity.pepper", 1);
        assert_eq!(data_encoding::HEXLOWER.encode(key.expose()), "d39a1b1575a2187f28397983dadedafd");
    }

    #[test]
    fn a_root_secret_reads_back_and_anything_else_is_refused() {
        let root = RootSecret::generate(&SeededRandom::new(1));
        let text = root.to_text();
        let again = RootSecret::parse(&format!(" {}\n", text.expose_secret())).ok().unwrap();
        assert!(again.0 == root.0);
        for bad in ["", "whot_root_1_", "whot_root_1_AAAA", &text.expose_secret()[1..]] {
            assert!(RootSecret::parse(bad).is_err());
        }
    }
}
