//! Typed ids: UUIDv7 (RFC 9562), written as a prefix and 26 characters of Crockford base32, as the `TypeID` form does.

use std::sync::Arc;

pub use uuid::Uuid;

use crate::random::RandomExt;
use crate::{Clock, Random};

/// An id that knows what it names.
pub trait TypedId:
    Copy + Eq + Ord + std::hash::Hash + std::fmt::Debug + std::fmt::Display + Send + Sync + 'static
{
    /// What stands before the underscore on the wire, for example `acc`.
    const PREFIX: &'static str;
    /// The id around a UUID that storage held.
    fn from_uuid(uuid: Uuid) -> Self;
    /// The bare UUID, as storage holds it.
    fn uuid(self) -> Uuid;
}

/// Why a string is not the id that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected an id of the form {prefix}_ followed by 26 base32 characters")]
pub struct InvalidId {
    /// The prefix that was expected.
    pub prefix: &'static str,
}

/// Makes ids from a clock and a random source. Cheap to clone.
///
/// ```
/// use std::sync::Arc;
/// use kernel::id::AccountId;
/// use kernel::{IdSource, ManualClock, SeededRandom};
///
/// let ids = IdSource::new(Arc::new(ManualClock::default()), Arc::new(SeededRandom::new(1)));
/// let id: AccountId = ids.next();
/// assert!(id.to_string().starts_with("acc_"));
/// assert_eq!(id.to_string().parse(), Ok(id));
/// ```
#[derive(Clone)]
pub struct IdSource {
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl IdSource {
    /// A source over the given clock and randomness.
    pub fn new(clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self { clock, random }
    }

    /// A fresh id of any kind.
    pub fn next<T: TypedId>(&self) -> T {
        T::from_uuid(self.uuid())
    }

    /// A fresh bare UUIDv7, for rows that never leave their store.
    pub fn uuid(&self) -> Uuid {
        uuid::Builder::from_unix_timestamp_millis(self.clock.now().unix_millis(), &self.random.bytes())
            .into_uuid()
    }
}

/// Writes `prefix_` and the UUID's 128 bits as 26 Crockford digits, most significant first.
#[doc(hidden)]
pub fn write(prefix: &str, uuid: Uuid, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
    const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let value = uuid.as_u128();
    f.write_str(prefix)?;
    f.write_str("_")?;
    (0..26u32).rev().try_for_each(|place| {
        let digit = usize::try_from((value >> (place * 5)) & 31).unwrap_or(0);
        std::fmt::Write::write_char(f, char::from(DIGITS.get(digit).copied().unwrap_or(b'0')))
    })
}

/// Reads what [`write`] wrote; only the canonical lower-case form is accepted.
#[doc(hidden)]
pub fn read(prefix: &'static str, text: &str) -> Result<Uuid, InvalidId> {
    let digits = text
        .strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('_'))
        .filter(|digits| digits.len() == 26 && matches!(digits.as_bytes().first(), Some(b'0'..=b'7')))
        .ok_or(InvalidId { prefix })?;
    digits
        .bytes()
        .try_fold(0u128, |value, byte| Some((value << 5) | u128::from(digit(byte)?)))
        .map(Uuid::from_u128)
        .ok_or(InvalidId { prefix })
}

fn digit(byte: u8) -> Option<u8> {
    Some(match byte {
        b'0'..=b'9' => byte - b'0',
        b'a'..=b'h' => byte - b'a' + 10,
        b'j' | b'k' => byte - b'j' + 18,
        b'm' | b'n' => byte - b'm' + 20,
        b'p'..=b't' => byte - b'p' + 22,
        b'v'..=b'z' => byte - b'v' + 27,
        _ => return None,
    })
}

macro_rules! typed_ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl TypedId for $name {
            const PREFIX: &'static str = $prefix;
            fn from_uuid(uuid: Uuid) -> Self { Self(uuid) }
            fn uuid(self) -> Uuid { self.0 }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { write($prefix, self.0, f) }
        }
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { write($prefix, self.0, f) }
        }
        impl std::str::FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> { read($prefix, text).map(Self) }
        }
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}

typed_ids! {
    /// A human being behind accounts (identity).
    PersonId = "per";
    /// An account that signs in (identity).
    AccountId = "acc";
    /// A signed-in session, which is also a refresh family (identity).
    SessionId = "ses";
    /// A request to provision a distributor (identity).
    ProvisioningId = "prv";
    /// A distributor's invite to a customer (customer).
    InviteId = "inv";
    /// One attempt to redeem an invite; keys the whole saga (customer, identity).
    RedemptionId = "red";
    /// The relationship of a distributor and its customer (customer).
    RelationshipId = "rel";
    /// One answer to "is this pair entitled" (customer).
    DecisionId = "dec";
    /// An invite to a game (game).
    GameInviteId = "giv";
    /// Two people whom the queue has brought together, until both have answered (game).
    PairingId = "pai";
    /// A game, which is a whole match (game).
    GameId = "gam";
    /// An event in an outbox.
    EventId = "evt";
    /// A background job.
    JobId = "job";
    /// A record of the audit log.
    AuditId = "aud";
    /// A node: one run of one process.
    NodeId = "nod";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ManualClock, SeededRandom};

    fn source() -> IdSource {
        IdSource::new(Arc::new(ManualClock::default()), Arc::new(SeededRandom::new(1)))
    }

    #[test]
    fn an_id_reads_back_as_it_was_written() {
        let ids = source();
        for _ in 0..1_000 {
            let id: AccountId = ids.next();
            assert_eq!(id.to_string().parse::<AccountId>(), Ok(id));
            assert_eq!(id.uuid().get_version_num(), 7);
        }
        for uuid in [Uuid::nil(), Uuid::max()] {
            let id = GameId::from_uuid(uuid);
            assert_eq!(id.to_string().parse::<GameId>(), Ok(id));
        }
    }

    #[test]
    fn only_the_canonical_form_of_the_right_kind_is_read() {
        let id = source().next::<AccountId>().to_string();
        assert!(id.parse::<GameId>().is_err());
        assert!(id.to_uppercase().parse::<AccountId>().is_err());
        assert!(id[..29].parse::<AccountId>().is_err());
        assert!(format!("{id}0").parse::<AccountId>().is_err());
        assert!(format!("acc_8{}", "0".repeat(25)).parse::<AccountId>().is_err(), "more than 128 bits");
        assert!(
            "acc_0123456789abcdefghijklmnop".parse::<AccountId>().is_err(),
            "i, l, o and u are no digits"
        );
    }

    #[test]
    fn text_order_is_uuid_order() {
        let ids = source();
        let mut all: Vec<AccountId> = (0..100).map(|_| ids.next()).collect();
        all.sort();
        let mut texts: Vec<String> = all.iter().map(ToString::to_string).collect();
        texts.sort();
        assert_eq!(texts, all.iter().map(ToString::to_string).collect::<Vec<_>>());
    }
}
