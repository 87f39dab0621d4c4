//! The public, unique name of an account. It compares without regard to case and keeps the spelling it was given.

use std::fmt;
use std::str::FromStr;

/// 3 to 32 characters of `A-Z a-z 0-9 _ . -`, beginning with a letter or digit. Never contains `@`, so that a name
/// can be told from an email address at sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Username(String);

/// A text that cannot be a username.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a username has 3 to 32 characters of A-Z a-z 0-9 _ . - and begins with a letter or digit")]
pub(crate) struct InvalidUsername;

impl Username {
    /// As it was written.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// What is unique: the same for every spelling.
    pub(crate) fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl FromStr for Username {
    type Err = InvalidUsername;
    fn from_str(text: &str) -> Result<Self, InvalidUsername> {
        let fits = (3..=32).contains(&text.len())
            && text.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'));
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidUsername) }
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_spelling_and_compares_without_case() {
        let name: Username = "Ada.Obi".parse().unwrap();
        assert_eq!((name.as_str(), name.key().as_str()), ("Ada.Obi", "ada.obi"));
    }

    #[test]
    fn what_could_be_taken_for_something_else_is_no_name() {
        for bad in ["ab", "", "_ada", "ada obi", "ada@obi", "adà", "a/b", &"a".repeat(33)] {
            assert_eq!(bad.parse::<Username>(), Err(InvalidUsername), "{bad:?}");
        }
    }
}
