//! The name of a rule set: short, plain text that fits in the value itself.

use std::fmt;
use std::str::FromStr;

use crate::words::UnknownWord;

/// The most bytes a name has.
const MOST: usize = 24;

/// The name of a rule set: a lower-case letter, then lower-case letters, digits and `_`, at most 24 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RuleName {
    bytes: [u8; MOST],
    len: u8,
}

impl RuleName {
    /// The name of a preset whose toggles were changed.
    pub const CUSTOM: Self = Self::known("custom");

    /// A name written in this crate; what does not fit is cut.
    pub(crate) const fn known(text: &str) -> Self {
        let mut bytes = [0; MOST];
        let mut rest = text.as_bytes();
        let mut room = bytes.as_mut_slice();
        let mut len = 0;
        while let (Some((byte, after)), Some((slot, more))) = (rest.split_first(), room.split_first_mut()) {
            *slot = *byte;
            rest = after;
            room = more;
            len += 1;
        }
        Self { bytes, len }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.bytes.get(..usize::from(self.len)).and_then(|b| std::str::from_utf8(b).ok()).unwrap_or("")
    }
}

impl FromStr for RuleName {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let begins = text.starts_with(|c: char| c.is_ascii_lowercase());
        let plain = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if begins && plain && text.len() <= MOST {
            Ok(Self::known(text))
        } else {
            Err(UnknownWord { what: "rule set name" })
        }
    }
}

impl fmt::Display for RuleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for RuleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_plain_lower_case_text_of_at_most_24_bytes() {
        for good in ["a", "naija_classic", "friday_club2", "abcdefghijklmnopqrstuvwx"] {
            assert_eq!(good.parse::<RuleName>().map(|name| name.to_string()), Ok(good.to_owned()));
        }
        for bad in ["", "_a", "1a", "Naija", "a-b", "a b", "ä", "abcdefghijklmnopqrstuvwxy"] {
            assert!(bad.parse::<RuleName>().is_err(), "{bad}");
        }
    }
}
