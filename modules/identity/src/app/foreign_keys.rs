//! RSA keys of somebody else's, whose tokens are good too: read from a JWK set, checked before anything is verified.

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Map, Value};

use super::key_ring::{PublicHalf, PublicKey};

/// Keys in a set at most.
const MOST: usize = 64;
/// The shortest and the longest modulus, in bits.
const MODULUS: std::ops::RangeInclusive<usize> = 2_048..=8_192;
/// Members that only a secret key has.
const SECRET: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// The keys of a set (RFC 7517), or what is wrong with it. The reason never repeats a member's value but a `kid`.
pub(crate) fn read(text: &str) -> Result<Vec<PublicKey>, String> {
    let set: Map<String, Value> =
        serde_json::from_str(text).map_err(|_| "it is not a JSON object".to_owned())?;
    let listed = set.get("keys").and_then(Value::as_array).ok_or("it has no `keys`")?;
    if listed.len() > MOST {
        return Err(format!("it has more than {MOST} keys"));
    }
    let mut keys: Vec<PublicKey> = Vec::with_capacity(listed.len());
    for entry in listed {
        let key = key(entry)?;
        if keys.iter().any(|other| other.kid == key.kid) {
            return Err(format!("{} is there twice", key.kid));
        }
        keys.push(key);
    }
    Ok(keys)
}

fn key(entry: &Value) -> Result<PublicKey, String> {
    let entry = entry.as_object().ok_or("a key is not an object")?;
    let text = |name: &str| entry.get(name).and_then(Value::as_str);
    let kid =
        text("kid").filter(|kid| is_name(kid)).ok_or("a key has no `kid` of 1 to 64 A-Z a-z 0-9 . _ -")?;
    let refused = |why: &str| Err(format!("{kid}: {why}"));
    if SECRET.iter().any(|member| entry.contains_key(*member)) {
        return refused("it holds a secret key, and only the public one belongs here");
    }
    if text("kty") != Some("RSA") || text("alg") != Some("RS256") {
        return refused("only `kty` RSA with `alg` RS256 is accepted");
    }
    if text("use").is_some_and(|usage| usage != "sig") {
        return refused("it is not for signatures");
    }
    let number =
        |name: &str| BASE64URL_NOPAD.decode(text(name)?.as_bytes()).ok().filter(|bytes| is_odd(bytes));
    let (Some(n), Some(e)) = (number("n"), number("e")) else {
        return refused("`n` and `e` are odd numbers in base64url");
    };
    if !MODULUS.contains(&bits(&n)) {
        return refused("it has fewer than 2048 or more than 8192 bits");
    }
    if !(17..=64).contains(&bits(&e)) {
        return refused("`e` is less than 65537, or too large");
    }
    Ok(PublicKey { kid: kid.to_owned(), half: PublicHalf::Rsa { n, e } })
}

fn is_name(kid: &str) -> bool {
    (1..=64).contains(&kid.len())
        && kid.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

/// An odd number without leading zeros.
fn is_odd(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|first| *first != 0) && bytes.last().is_some_and(|last| last % 2 == 1)
}

fn bits(bytes: &[u8]) -> usize {
    let leading = bytes.first().map_or(0, |first| first.leading_zeros());
    (bytes.len() * 8).saturating_sub(usize::try_from(leading).unwrap_or(0))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use serde_json::json;

    fn set(changes: &Value) -> String {
        let mut modulus = vec![0xff; 256];
        modulus[0] = 0x80;
        let mut key = json!({"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "old-1", "e": "AQAB",
            "n": BASE64URL_NOPAD.encode(&modulus), "x5t": "ignored"});
        for (name, value) in changes.as_object().unwrap() {
            key[name] = value.clone();
        }
        json!({ "keys": [key] }).to_string()
    }

    fn modulus(bits: usize) -> Value {
        let mut bytes = vec![0xff; bits.div_ceil(8)];
        bytes[0] = 0xff >> (bytes.len() * 8 - bits);
        json!(BASE64URL_NOPAD.encode(&bytes))
    }

    #[test]
    fn a_public_rsa_key_of_2048_bits_or_more_is_read() {
        for n in [2_048, 2_049, 4_096, 8_192] {
            let keys = read(&set(&json!({ "n": modulus(n) }))).unwrap();
            assert_eq!((keys.len(), keys[0].kid.as_str(), keys[0].alg()), (1, "old-1", "RS256"), "{n}");
        }
        assert_eq!(read(r#"{"keys": []}"#), Ok(Vec::new()));
    }

    #[test]
    fn anything_else_is_refused_by_name() {
        for (changes, why) in [
            (json!({ "n": modulus(2_047) }), "2048"),
            (json!({ "n": modulus(1_024) }), "2048"),
            (json!({ "n": modulus(8_193) }), "8192"),
            (json!({ "n": "AAAA" }), "odd"),
            (json!({ "n": 7 }), "odd"),
            (json!({ "e": "Aw" }), "65537"),
            (json!({ "e": "AQAC" }), "odd"),
            (json!({ "alg": "PS256" }), "RS256"),
            (json!({ "alg": "HS256", "kty": "oct" }), "RS256"),
            (json!({ "alg": null }), "RS256"),
            (json!({ "kty": "EC" }), "RSA"),
            (json!({ "use": "enc" }), "signatures"),
            (json!({ "d": "AQ" }), "secret"),
            (json!({ "kid": "" }), "kid"),
            (json!({ "kid": "a b" }), "kid"),
        ] {
            let refused = read(&set(&changes)).unwrap_err();
            assert!(refused.contains(why), "{changes}: {refused}");
        }
        for text in ["", "[]", "{}", r#"{"keys": 1}"#, r#"{"keys": [1]}"#] {
            assert!(read(text).is_err(), "{text}");
        }
        let mut twice: Value = serde_json::from_str(&set(&json!({}))).unwrap();
        let again = twice["keys"][0].clone();
        twice["keys"].as_array_mut().unwrap().push(again);
        assert!(read(&twice.to_string()).unwrap_err().contains("twice"));
    }
}
