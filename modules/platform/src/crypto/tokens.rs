//! One-time tokens that people carry: a prefix that says the kind, 160 random bits and 30 check bits, so that junk is
//! refused before a database is asked. What is stored is a MAC of the bytes, never the token.

use kernel::Random;
use kernel::random::RandomExt;
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::{crockford, sha256};

const RANDOM_BYTES: usize = 20;
const RANDOM_DIGITS: usize = 32;
const CHECK_DIGITS: usize = 6;

/// The random part of a genuine-looking token.
#[derive(Clone)]
pub struct TokenBytes(Zeroizing<[u8; RANDOM_BYTES]>);

impl TokenBytes {
    /// The bytes, for a MAC.
    pub fn as_bytes(&self) -> &[u8; RANDOM_BYTES] {
        &self.0
    }
}

/// A fresh token: `civ` makes `civ_` and 38 digits.
pub fn mint(prefix: &str, random: &dyn Random) -> (SecretString, TokenBytes) {
    let bytes = TokenBytes(Zeroizing::new(random.bytes()));
    (write(prefix, &bytes), bytes)
}

/// The token with these bytes.
pub fn write(prefix: &str, bytes: &TokenBytes) -> SecretString {
    format!("{prefix}_{}{}", crockford::encode(bytes.as_bytes()), check(prefix, bytes.as_bytes())).into()
}

/// The bytes of a token of this kind; nothing if it is mistyped, cut, or of another kind.
pub fn parse(prefix: &str, text: &str) -> Option<TokenBytes> {
    let digits = text.trim().strip_prefix(prefix)?.strip_prefix('_')?;
    if digits.len() != RANDOM_DIGITS + CHECK_DIGITS || !digits.is_ascii() {
        return None;
    }
    let (random, checked) = digits.split_at_checked(RANDOM_DIGITS)?;
    let bytes = Zeroizing::new(crockford::decode(random)?);
    let bytes = Zeroizing::new(<[u8; RANDOM_BYTES]>::try_from(bytes.as_slice()).ok()?);
    (normal(checked) == check(prefix, &bytes)).then_some(TokenBytes(bytes))
}

/// 30 bits that find typing errors. No secret goes in but the token itself, so it proves nothing.
fn check(prefix: &str, bytes: &[u8; RANDOM_BYTES]) -> String {
    let digest = sha256(&[b"whot token check\0", prefix.as_bytes(), b"\0", bytes]);
    crockford::encode(&digest).chars().take(CHECK_DIGITS).collect()
}

fn normal(digits: &str) -> String {
    let forgive = |letter: char| match letter.to_ascii_lowercase() {
        'o' => '0',
        'i' | 'l' => '1',
        other => other,
    };
    digits.chars().map(forgive).collect()
}

#[cfg(test)]
mod tests {
    use kernel::SeededRandom;
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_token_reads_back_however_people_type_it() {
        let (token, bytes) = mint("civ", &SeededRandom::new(1));
        let token = token.expose_secret();
        assert_eq!(token.len(), 4 + 38);
        let digits = &token[4..];
        for typed in [
            token.to_owned(),
            format!(" {token}\n"),
            format!("civ_{}", digits.to_uppercase().replace('0', "O")),
        ] {
            assert_eq!(parse("civ", &typed).map(|found| *found.as_bytes()), Some(*bytes.as_bytes()));
        }
    }

    #[test]
    fn a_token_with_any_one_digit_changed_is_junk() {
        let (token, _) = mint("civ", &SeededRandom::new(2));
        let token = token.expose_secret();
        for place in 4..token.len() {
            for digit in ["2", "3"] {
                let mut typed = token.to_owned();
                typed.replace_range(place..=place, digit);
                assert!(typed == *token || parse("civ", &typed).is_none(), "{place}");
            }
        }
    }

    #[test]
    fn a_token_is_of_one_kind_only() {
        let (token, bytes) = mint("civ", &SeededRandom::new(3));
        let digits = &token.expose_secret()[4..];
        assert!(parse("act", &format!("act_{digits}")).is_none(), "the check digits bind the kind");
        assert!(parse("act", write("act", &bytes).expose_secret()).is_some());
        for junk in ["", "civ_", "civ", digits, &format!("civ_{digits}0"), &format!("civ_{}é", &digits[..36])]
        {
            assert!(parse("civ", junk).is_none());
        }
    }
}
