//! The access token: a JWT in the profile of RFC 9068, written and read by hand so that the order of the checks is the
//! one of DOMAIN.md 5 and nothing in the header is ever followed.

use data_encoding::BASE64URL_NOPAD;
use kernel::id::{AccountId, SessionId};
use kernel::random::RandomExt;
use kernel::{Permission, Random, Timestamp};
use serde_json::{Map, Value, json};

use super::key_ring::Ring;
use crate::domain::account::Account;
use crate::domain::session::Session;

/// Longer than any token we make.
const LONGEST: usize = 4_096;
/// The header's `typ`.
const TYPE: &str = "at+jwt";
/// What a token of a full session may do. Other scopes open other, narrower doors, and not this one.
const SCOPE: &str = "full";

/// Whom tokens are made by and for.
#[derive(Debug, Clone)]
pub(crate) struct Audience {
    pub(crate) issuer: String,
    pub(crate) audience: String,
}

/// What a genuine token says, as far as anybody acts on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Claims {
    pub(crate) account: AccountId,
    pub(crate) session: SessionId,
    pub(crate) epoch: i64,
    /// The refresh generation it was issued with, from `jti`.
    pub(crate) generation: i32,
    pub(crate) not_before: i64,
    pub(crate) expires: i64,
}

/// Why a token is not good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("length")]
    Length,
    #[error("form")]
    Form,
    #[error("type")]
    Type,
    #[error("key")]
    UnknownKey,
    #[error("algorithm")]
    Algorithm,
    #[error("signature")]
    Signature,
    #[error("claims")]
    Claims,
    #[error("not_yet")]
    NotYet,
    #[error("expired")]
    Expired,
}

/// Writes the token of a session's present generation.
pub(crate) fn write(
    ring: &Ring,
    audience: &Audience,
    random: &dyn Random,
    account: &Account,
    session: &Session,
    issued: Timestamp,
    expires: Timestamp,
) -> Option<String> {
    let unique = data_encoding::HEXLOWER.encode(&random.bytes::<12>());
    let mut claims = json!({
        "iss": audience.issuer,
        "sub": account.id,
        "aud": audience.audience,
        "exp": expires.seconds(),
        "iat": issued.seconds(),
        "nbf": issued.seconds(),
        "jti": format!("{}.{unique}", session.generation),
        "sid": session.id,
        "ver": account.epoch,
        "role": account.roles().to_string(),
        "account_type": account.account_type,
        "vip_enabled": account.vip,
        "scope": SCOPE,
        "amr": session.amr.split(' ').collect::<Vec<_>>(),
        "auth_time": session.auth_time.seconds(),
    });
    if let (Some(distributor), Some(claims)) = (account.distributor_id(), claims.as_object_mut()) {
        claims.insert("distributor_id".to_owned(), json!(distributor));
    }
    let key = ring.active();
    let header = json!({ "alg": key.algorithm().as_str(), "typ": TYPE, "kid": key.kid() });
    let encode = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let signed = format!("{}.{}", encode(&header), encode(&claims));
    let signature = key.sign(signed.as_bytes())?;
    Some(format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature)))
}

/// Checks form, type, key, algorithm, signature and the required claims, in that order. Time is [`in_time`]'s.
pub(crate) fn read(ring: &Ring, audience: &Audience, token: &str) -> Result<Claims, Fault> {
    if token.len() > LONGEST {
        return Err(Fault::Length);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(Fault::Form)?;
    let (header, claims) = signed.split_once('.').ok_or(Fault::Form)?;
    let header = object(header)?;
    if text(&header, "typ") != Some(TYPE) || header.contains_key("crit") {
        return Err(Fault::Type);
    }
    let key = text(&header, "kid").and_then(|kid| ring.verifying(kid)).ok_or(Fault::UnknownKey)?;
    if text(&header, "alg") != Some(key.alg()) {
        return Err(Fault::Algorithm);
    }
    let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).map_err(|_| Fault::Form)?;
    if !key.verify(signed.as_bytes(), &signature) {
        return Err(Fault::Signature);
    }
    claims_of(&object(claims)?, audience).ok_or(Fault::Claims)
}

/// Whether the token is within its time: not before `nbf`, and before `exp`. One second is forgiven at the beginning,
/// because another node's clock may be that far ahead.
pub(crate) fn in_time(claims: &Claims, now: Timestamp) -> Result<(), Fault> {
    if now.seconds() >= claims.expires {
        return Err(Fault::Expired);
    }
    if now.seconds() + 1 < claims.not_before {
        return Err(Fault::NotYet);
    }
    Ok(())
}

fn object(part: &str) -> Result<Map<String, Value>, Fault> {
    let bytes = BASE64URL_NOPAD.decode(part.as_bytes()).map_err(|_| Fault::Form)?;
    serde_json::from_slice(&bytes).map_err(|_| Fault::Form)
}

fn text<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    object.get(name).and_then(Value::as_str)
}

fn number(object: &Map<String, Value>, name: &str) -> Option<i64> {
    object.get(name).and_then(Value::as_i64)
}

fn claims_of(claims: &Map<String, Value>, audience: &Audience) -> Option<Claims> {
    let for_us = text(claims, "iss")? == audience.issuer
        && text(claims, "aud")? == audience.audience
        && text(claims, "scope")? == SCOPE;
    if !for_us {
        return None;
    }
    let (generation, _) = text(claims, "jti")?.split_once('.')?;
    Some(Claims {
        account: text(claims, "sub")?.parse().ok()?,
        session: text(claims, "sid")?.parse().ok()?,
        epoch: number(claims, "ver")?,
        generation: generation.parse().ok()?,
        not_before: number(claims, "nbf")?,
        expires: number(claims, "exp")?,
    })
}

/// What the roles of an account permit, for its own profile.
pub(crate) fn permissions_of(account: &Account) -> Vec<Permission> {
    let roles = account.roles();
    Permission::ALL.iter().copied().filter(|permission| roles.may(*permission)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::foreign_keys;
    use crate::app::key_ring::tests::{ring, ring_of, ring_with};
    use crate::app::key_ring::{PublicHalf, PublicKey};
    use crate::domain::account::AccountState;
    use crate::domain::session::Device;
    use crate::domain::signing_key::Algorithm;
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::rsa;
    use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding};
    use identity_api::AccountStatus;
    use kernel::id::{PersonId, Uuid};
    use kernel::{AccountType, Roles, SeededRandom, TypedId};

    fn audience() -> Audience {
        Audience { issuer: "https://whot.example".to_owned(), audience: "whot".to_owned() }
    }

    fn account(account_type: AccountType) -> Account {
        Account {
            id: AccountId::from_uuid(Uuid::from_u128(1)),
            person: PersonId::from_uuid(Uuid::from_u128(2)),
            username: "ada".parse().unwrap(),
            email: None,
            account_type,
            state: AccountState::of(AccountStatus::Active, None),
            staff_roles: Roles::NONE,
            epoch: 7,
            vip: true,
            relationship: None,
            created_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn session() -> Session {
        Session {
            id: SessionId::from_uuid(Uuid::from_u128(3)),
            account: AccountId::from_uuid(Uuid::from_u128(1)),
            generation: 5,
            device: Device::default(),
            amr: "pwd".to_owned(),
            auth_time: Timestamp::from_seconds(90),
            created_at: Timestamp::UNIX_EPOCH,
            last_used_at: Timestamp::UNIX_EPOCH,
            idle_expires_at: Timestamp::UNIX_EPOCH,
            expires_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn token(ring: &Ring, account_type: AccountType) -> String {
        let (from, to) = (Timestamp::from_seconds(100), Timestamp::from_seconds(400));
        write(ring, &audience(), &SeededRandom::new(1), &account(account_type), &session(), from, to).unwrap()
    }

    fn part(token: &str, index: usize) -> Map<String, Value> {
        object(token.split('.').nth(index).unwrap()).unwrap()
    }

    fn with_part(token: &str, index: usize, change: impl FnOnce(&mut Map<String, Value>)) -> String {
        let mut value = part(token, index);
        change(&mut value);
        let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
        parts[index] = BASE64URL_NOPAD.encode(Value::Object(value).to_string().as_bytes());
        parts.join(".")
    }

    #[test]
    fn a_token_carries_exactly_the_documented_claims() {
        let token = token(&ring(), AccountType::Distributor);
        let names: Vec<String> = part(&token, 1).keys().cloned().collect();
        let mut expected = [
            "iss",
            "sub",
            "aud",
            "exp",
            "iat",
            "nbf",
            "jti",
            "sid",
            "ver",
            "role",
            "account_type",
            "distributor_id",
            "vip_enabled",
            "scope",
            "amr",
            "auth_time",
        ];
        expected.sort_unstable();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, expected);
        assert_eq!(part(&token, 0)["typ"], "at+jwt");
        assert!(!part(&self::token(&ring(), AccountType::Player), 1).contains_key("distributor_id"));
    }

    #[test]
    fn a_token_reads_back_under_either_algorithm() {
        for ring in [ring_of(Algorithm::Es256), ring_of(Algorithm::EdDsa)] {
            let claims = read(&ring, &audience(), &token(&ring, AccountType::Player)).unwrap();
            assert_eq!((claims.epoch, claims.generation, claims.expires), (7, 5, 400));
            assert_eq!(claims.session, session().id);
        }
    }

    #[test]
    fn a_header_that_names_another_type_key_or_algorithm_is_refused_before_the_signature() {
        let ring = ring();
        let token = token(&ring, AccountType::Player);
        let read = |token: &str| read(&ring, &audience(), token);
        let changed = |name: &'static str, value: &'static str| {
            with_part(&token, 0, |header| drop(header.insert(name.to_owned(), json!(value))))
        };
        assert_eq!(read(&changed("typ", "JWT")), Err(Fault::Type));
        assert_eq!(read(&changed("crit", "exp")), Err(Fault::Type));
        assert_eq!(read(&changed("kid", "other")), Err(Fault::UnknownKey));
        for algorithm in ["none", "HS256", "RS256", "EdDSA", "es256"] {
            assert_eq!(read(&changed("alg", algorithm)), Err(Fault::Algorithm), "{algorithm}");
        }
        for ignored in ["jku", "jwk", "x5u"] {
            assert_eq!(read(&changed(ignored, "https://evil.example")), Err(Fault::Signature), "{ignored}");
        }
    }

    /// An RSA key of somebody else's, and the public half as a set that names it `old-1`.
    fn foreign() -> (rsa::KeyPair, PublicKey) {
        let pair = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).unwrap();
        let encode = |number: &[u8]| BASE64URL_NOPAD.encode(number);
        let n = encode(pair.public_key().modulus().big_endian_without_leading_zero());
        let e = encode(pair.public_key().exponent().big_endian_without_leading_zero());
        let set = json!({"keys": [{"kty": "RSA", "alg": "RS256", "kid": "old-1", "n": n, "e": e}]});
        let key = foreign_keys::read(&set.to_string()).unwrap().remove(0);
        (pair, key)
    }

    /// `token` with another header and a signature of `sign` over it.
    fn signed(token: &str, alg: &str, kid: &str, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
        let renamed = with_part(token, 0, |header| {
            header.insert("alg".to_owned(), json!(alg));
            header.insert("kid".to_owned(), json!(kid));
        });
        let (signed, _) = renamed.rsplit_once('.').unwrap();
        format!("{signed}.{}", BASE64URL_NOPAD.encode(&sign(signed.as_bytes())))
    }

    fn rsa_signature(pair: &rsa::KeyPair, how: &'static dyn RsaEncoding, message: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(how, &SystemRandom::new(), message, &mut signature).unwrap();
        signature
    }

    #[test]
    fn a_known_rsa_key_verifies_by_rs256_alone_and_signs_nothing() {
        let (pair, key) = foreign();
        let ring = ring_with(Algorithm::Es256, &[key]);
        let own = token(&ring, AccountType::Player);
        assert_eq!(part(&own, 0)["alg"], "ES256", "our own are signed as before");
        let read = |token: &str| read(&ring, &audience(), token);
        let rs256 = |message: &[u8]| rsa_signature(&pair, &RSA_PKCS1_SHA256, message);
        let good = signed(&own, "RS256", "old-1", rs256);
        assert_eq!(read(&good).unwrap().session, session().id);
        let promoted = with_part(&good, 1, |claims| drop(claims.insert("ver".to_owned(), json!(9))));
        assert_eq!(read(&promoted), Err(Fault::Signature));
        let (other, _) = foreign();
        let stranger = |message: &[u8]| rsa_signature(&other, &RSA_PKCS1_SHA256, message);
        assert_eq!(read(&signed(&own, "RS256", "old-1", stranger)), Err(Fault::Signature));
        assert_eq!(read(&signed(&own, "RS256", "old-2", rs256)), Err(Fault::UnknownKey));
    }

    #[test]
    fn no_key_is_taken_for_one_of_another_algorithm() {
        let (pair, key) = foreign();
        let PublicHalf::Rsa { n, .. } = key.half.clone() else { panic!("an RSA key") };
        let ring = ring_with(Algorithm::Es256, &[key]);
        let (own, own_kid) = (token(&ring, AccountType::Player), ring.active().kid().to_owned());
        let read = |token: &str| read(&ring, &audience(), token);
        let rs256 = |message: &[u8]| rsa_signature(&pair, &RSA_PKCS1_SHA256, message);
        let es256 = |message: &[u8]| ring.active().sign(message).unwrap();
        // A public key as the secret of a MAC: everybody knows it.
        let mac = |secret: &[u8], message: &[u8]| {
            let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret);
            aws_lc_rs::hmac::sign(&key, message).as_ref().to_vec()
        };
        let pss = |message: &[u8]| rsa_signature(&pair, &RSA_PSS_SHA256, message);
        for alg in ["ES256", "EdDSA", "HS256", "PS256", "RS384", "RS512", "none", "rs256", ""] {
            assert_eq!(read(&signed(&own, alg, "old-1", rs256)), Err(Fault::Algorithm), "{alg}");
            let keyed = signed(&own, alg, "old-1", |message| mac(&n, message));
            assert_eq!(read(&keyed), Err(Fault::Algorithm), "{alg}");
        }
        for alg in ["RS256", "HS256", "PS256", "none"] {
            assert_eq!(read(&signed(&own, alg, &own_kid, es256)), Err(Fault::Algorithm), "{alg}");
            assert_eq!(read(&signed(&own, alg, &own_kid, rs256)), Err(Fault::Algorithm), "{alg}");
        }
        for forged in [
            signed(&own, "ES256", &own_kid, rs256),
            signed(&own, "RS256", "old-1", es256),
            signed(&own, "RS256", "old-1", pss),
            signed(&own, "RS256", "old-1", |message| mac(&n, message)),
            signed(&own, "RS256", "old-1", |_| Vec::new()),
        ] {
            assert_eq!(read(&forged), Err(Fault::Signature));
        }
    }

    #[test]
    fn a_token_changed_anywhere_is_refused() {
        let ring = ring();
        let token = token(&ring, AccountType::Player);
        let promoted = with_part(&token, 1, |claims| drop(claims.insert("role".to_owned(), json!("admin"))));
        assert_eq!(read(&ring, &audience(), &promoted), Err(Fault::Signature));
        for cut in [0, 1, token.len() / 2, token.len() - 1] {
            assert!(read(&ring, &audience(), &token[..cut]).is_err());
        }
        assert_eq!(read(&ring, &audience(), &"a".repeat(5_000)), Err(Fault::Length));
        let (body, _) = token.rsplit_once('.').unwrap();
        assert!(read(&ring, &audience(), &format!("{body}.")).is_err());
    }

    #[test]
    fn a_token_of_another_issuer_or_for_another_audience_is_refused() {
        let ring = ring();
        let token = token(&ring, AccountType::Player);
        for other in [
            Audience { issuer: "https://other.example".to_owned(), ..audience() },
            Audience { audience: "chat".to_owned(), ..audience() },
        ] {
            assert_eq!(read(&ring, &other, &token), Err(Fault::Claims));
        }
    }

    #[test]
    fn a_token_is_good_from_its_beginning_until_the_second_it_expires() {
        let ring = ring();
        let claims = read(&ring, &audience(), &token(&ring, AccountType::Player)).unwrap();
        let at = |seconds| in_time(&claims, Timestamp::from_seconds(seconds));
        assert_eq!(at(98), Err(Fault::NotYet));
        assert_eq!((at(99), at(100), at(399)), (Ok(()), Ok(()), Ok(())));
        assert_eq!(at(400), Err(Fault::Expired));
    }
}
