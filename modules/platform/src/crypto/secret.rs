//! Secret bytes: wiped when dropped, never printed, compared in constant time.

use kernel::Random;
use zeroize::Zeroizing;

/// `N` secret bytes. There is no `Debug`, `Display` or `Serialize`, on purpose.
#[derive(Clone)]
pub struct SecretBytes<const N: usize>(Zeroizing<[u8; N]>);

impl<const N: usize> SecretBytes<N> {
    /// Fresh ones.
    pub fn random(random: &dyn Random) -> Self {
        let mut bytes = Zeroizing::new([0; N]);
        random.fill(&mut *bytes);
        Self(bytes)
    }

    /// The bytes, for an algorithm.
    pub fn expose(&self) -> &[u8; N] {
        &self.0
    }
}

impl<const N: usize> From<[u8; N]> for SecretBytes<N> {
    fn from(bytes: [u8; N]) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

impl<const N: usize> TryFrom<&[u8]> for SecretBytes<N> {
    type Error = std::array::TryFromSliceError;
    fn try_from(bytes: &[u8]) -> Result<Self, Self::Error> {
        <[u8; N]>::try_from(bytes).map(Self::from)
    }
}

impl<const N: usize> PartialEq for SecretBytes<N> {
    fn eq(&self, other: &Self) -> bool {
        super::same(self.expose(), other.expose())
    }
}

impl<const N: usize> Eq for SecretBytes<N> {}
