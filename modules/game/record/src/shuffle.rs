//! The fair shuffle: what is promised before a game, and what each round is dealt from (`docs/fair-shuffle.md`).
//!
//! Published, so that anyone can check a game offline with SHA-256 and HKDF alone. Changing a byte is a new version.
//! Server and verifier share these formulas; nothing here knows where a seed comes from or where it is kept.

use std::fmt;

use game_engine::{BySeat, RoundKey, Seat};
use hkdf::Hkdf;
use kernel::TypedId;
use kernel::id::{AccountId, GameId};
use sha2::{Digest, Sha256};
use zeroize::Zeroize;

/// The server's secret of one game. Nobody sees it before the match is over.
#[derive(Clone, PartialEq, Eq)]
pub struct Seed([u8; 32]);

impl Seed {
    /// A seed of these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// For sealing it at rest, and for revealing it once the match is over.
    pub fn reveal(&self) -> [u8; 32] {
        self.0
    }
}

impl Drop for Seed {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(secret)")
    }
}

/// A player's own 32 bytes. Hidden from the other until the first event of the journal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Entropy([u8; 32]);

impl Entropy {
    /// Entropy of these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub fn bytes(self) -> [u8; 32] {
        self.0
    }
}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entropy(hidden)")
    }
}

/// SHA-256 over everything that is fixed before anyone gives entropy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Commitment([u8; 32]);

impl Commitment {
    /// A commitment that was published as these bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub fn bytes(self) -> [u8; 32] {
        self.0
    }

    /// `SHA-256(frame("whot/commitment/v1") | frame(seed) | frame(game) | frame(rules) | frame(first) | frame(second))`,
    /// where `frame(x)` is the length of `x` as four bytes, big-endian, followed by `x`; ids are their 16 bytes, rules
    /// the canonical text in UTF-8, the first player is the one who invites.
    pub fn to(seed: &Seed, game: GameId, rules: &str, players: &BySeat<AccountId>) -> Self {
        let mut hash = Sha256::new();
        let ids = [game.uuid(), players.first.uuid(), players.second.uuid()];
        let [game, first, second] = ids.each_ref().map(|id| id.as_bytes().as_slice());
        for part in [b"whot/commitment/v1".as_slice(), &seed.0, game, rules.as_bytes(), first, second] {
            hash.update(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            hash.update(part);
        }
        Self(hash.finalize().into())
    }
}

/// Everything the rounds of one game are dealt from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shuffle {
    /// The server's secret.
    pub seed: Seed,
    /// What was promised of it.
    pub commitment: Commitment,
    /// `None` counts as 32 zero bytes, and the journal says so.
    pub entropy: BySeat<Option<Entropy>>,
}

impl Shuffle {
    /// `HKDF-SHA256(ikm = seed, salt = entropy of the first player | of the second, info = "whot/round/" + n in decimal)`,
    /// 32 bytes. What a round does with its key is the engine's published shuffle.
    pub fn round_key(&self, round: u32) -> RoundKey {
        let mut salt = [0; 64];
        for (half, seat) in salt.chunks_exact_mut(32).zip(Seat::ALL) {
            half.copy_from_slice(&self.entropy.get(*seat).map_or([0; 32], Entropy::bytes));
        }
        let mut key = [0; 32];
        // Fails only for outputs beyond 8,160 bytes.
        let _ = Hkdf::<Sha256>::new(Some(&salt), &self.seed.0)
            .expand_multi_info(&[b"whot/round/", round.to_string().as_bytes()], &mut key);
        RoundKey::new(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::id::Uuid;

    fn players() -> BySeat<AccountId> {
        BySeat::new(AccountId::from_uuid(Uuid::from_u128(1)), AccountId::from_uuid(Uuid::from_u128(2)))
    }

    fn hex(bytes: &[u8]) -> String {
        data_encoding::HEXLOWER.encode(bytes)
    }

    #[test]
    fn the_published_formulas_never_change() {
        let seed = Seed::new([7; 32]);
        let commitment = Commitment::to(&seed, GameId::from_uuid(Uuid::from_u128(3)), "rules", &players());
        assert_eq!(
            hex(&commitment.bytes()),
            "8ad41dfe653145414653cca61be8ea6e41c21030ab26dc695368b153b0324e44"
        );
        let shuffle = Shuffle { seed, commitment, entropy: BySeat::new(Some(Entropy::new([9; 32])), None) };
        assert_eq!(
            hex(shuffle.round_key(12).as_bytes()),
            "6a2e23e031cb6616566a3560d1171f23b47ad96f216af84fc37832d2fba1f97b"
        );
    }

    #[test]
    fn a_commitment_binds_each_of_its_parts() {
        let game = GameId::from_uuid(Uuid::from_u128(3));
        let (seed, swapped) = (Seed::new([7; 32]), BySeat::new(players().second, players().first));
        let all = [
            Commitment::to(&seed, game, "rules", &players()),
            Commitment::to(&Seed::new([8; 32]), game, "rules", &players()),
            Commitment::to(&seed, GameId::from_uuid(Uuid::from_u128(4)), "rules", &players()),
            Commitment::to(&seed, game, "rule", &players()),
            Commitment::to(&seed, game, "rules", &swapped),
        ];
        for (place, one) in all.iter().enumerate() {
            assert!(all.iter().skip(place + 1).all(|other| other != one));
        }
    }

    #[test]
    fn each_rounds_key_depends_on_the_seed_and_on_both_entropies() {
        let base = Shuffle {
            seed: Seed::new([1; 32]),
            commitment: Commitment([0; 32]),
            entropy: BySeat::new(Some(Entropy::new([2; 32])), Some(Entropy::new([3; 32]))),
        };
        let mut others = vec![base.clone(), base.clone(), base.clone(), base.clone()];
        others[0].seed = Seed::new([4; 32]);
        others[1].entropy.first = None;
        others[2].entropy.second = None;
        others[3].entropy = BySeat::new(base.entropy.second, base.entropy.first);
        for other in others {
            assert_ne!(base.round_key(1), other.round_key(1));
        }
        assert_ne!(base.round_key(1), base.round_key(2));
        assert_eq!(base.round_key(1), base.clone().round_key(1));
    }

    #[test]
    fn secrets_do_not_print() {
        assert!(!format!("{:?} {:?}", Seed::new([77; 32]), Entropy::new([77; 32])).contains("77"));
    }
}
