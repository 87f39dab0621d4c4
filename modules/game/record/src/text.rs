//! How the engine's words stand in JSON: each by its own text. The engine itself knows no serialisation.

use std::borrow::Cow;
use std::fmt::Display;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A value written as its `Display` and read by its `FromStr`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text<T>(
    /// The value.
    pub T,
);

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de, T: FromStr> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<T>(PhantomData<T>);
        impl<T: FromStr> serde::de::Visitor<'_> for Visitor<T> {
            type Value = Text<T>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a known word")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Text<T>, E> {
                text.parse().map(Text).map_err(|_| E::custom("an unknown word"))
            }
        }
        deserializer.deserialize_str(Visitor(PhantomData))
    }
}

/// 32 bytes as base64url without padding: 43 characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bytes32(
    /// The bytes.
    pub [u8; 32],
);

impl Serialize for Bytes32 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Display for Bytes32 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        data_encoding::BASE64URL_NOPAD.encode_display(&self.0).fmt(f)
    }
}

/// A text that is not 43 characters of base64url.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected 32 bytes as base64url without padding")]
pub struct NotBytes32;

impl FromStr for Bytes32 {
    type Err = NotBytes32;

    fn from_str(text: &str) -> Result<Self, NotBytes32> {
        let bytes = data_encoding::BASE64URL_NOPAD.decode(text.as_bytes()).ok();
        bytes.and_then(|bytes| bytes.try_into().ok()).map(Self).ok_or(NotBytes32)
    }
}

impl<'de> Deserialize<'de> for Bytes32 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use game_engine::Card;

    #[test]
    fn a_word_reads_back_as_it_was_written_and_nothing_else_does() {
        let json = serde_json::to_string(&Text(Card::WHOT)).unwrap();
        assert_eq!(json, "\"whot-20\"");
        assert_eq!(serde_json::from_str::<Text<Card>>(&json).unwrap(), Text(Card::WHOT));
        assert!(serde_json::from_str::<Text<Card>>("\"whot-21\"").is_err());
        assert!(serde_json::from_str::<Text<Card>>("20").is_err());
    }

    #[test]
    fn entropy_is_43_characters_of_base64url_and_nothing_else() {
        let json = serde_json::to_string(&Bytes32([255; 32])).unwrap();
        assert_eq!(json.len(), 45);
        assert_eq!(serde_json::from_str::<Bytes32>(&json).unwrap(), Bytes32([255; 32]));
        for bad in
            ["\"\"", "\"AAAA\"", &format!("\"{}=\"", "A".repeat(43)), &format!("\"{}\"", "+".repeat(43))]
        {
            assert!(serde_json::from_str::<Bytes32>(bad).is_err(), "{bad}");
        }
    }
}
