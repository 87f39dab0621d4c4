//! An email address: private, optional for players, and never confirmed to anyone.

use std::fmt;
use std::str::FromStr;

/// An address of at most 254 characters. It has no readable `Debug`: addresses do not belong in logs.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Email(String);

/// A text that cannot be an email address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an email address")]
pub(crate) struct InvalidEmail;

impl Email {
    /// As it was written.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// What is unique: the same for every spelling.
    pub(crate) fn key(&self) -> String {
        self.0.to_lowercase()
    }
}

impl FromStr for Email {
    type Err = InvalidEmail;
    fn from_str(text: &str) -> Result<Self, InvalidEmail> {
        let clean = !text.chars().any(|character| character.is_whitespace() || character.is_control());
        let shaped = text.rsplit_once('@').is_some_and(|(local, domain)| {
            let labels = domain.split('.').collect::<Vec<_>>();
            (1..=64).contains(&local.len())
                && !local.contains('@')
                && labels.len() >= 2
                && labels.iter().all(|label| !label.is_empty())
        });
        if text.len() <= 254 && clean && shaped { Ok(Self(text.to_owned())) } else { Err(InvalidEmail) }
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_compared_without_case_and_never_shown_in_debug_output() {
        let email: Email = "Ada@Example.org".parse().unwrap();
        assert_eq!(email.key(), "ada@example.org");
        assert_eq!(format!("{email:?}"), "Email(..)");
    }

    #[test]
    fn what_no_mail_could_reach_is_refused() {
        for bad in [
            "",
            "ada",
            "@example.org",
            "ada@",
            "ada@host",
            "a b@example.org",
            "a@b@example.org",
            "ada@example.",
        ] {
            assert!(bad.parse::<Email>().is_err(), "{bad:?}");
        }
    }
}
