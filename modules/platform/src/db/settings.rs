//! Where a context's database is and how it is used.

use std::fmt;
use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// Where one context keeps its rows.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseSettings {
    /// `sqlite`, or a `postgres://` URL; the schema is always the context's name.
    pub url: DatabaseUrl,
    /// A PostgreSQL URL of the role that owns the schema and runs its migrations. Without it, `url` does both.
    pub owner_url: Option<DatabaseUrl>,
    /// The directory of the SQLite files, one per context.
    pub data_dir: PathBuf,
    /// PostgreSQL connections at most; they are opened when first needed.
    pub pool_size: usize,
    /// SQLite reader threads.
    pub readers: usize,
    /// How durable a SQLite commit is.
    pub synchronous: Synchronous,
}

impl Default for DatabaseSettings {
    fn default() -> Self {
        Self {
            url: DatabaseUrl::sqlite(),
            owner_url: None,
            data_dir: PathBuf::from("data"),
            pool_size: 6,
            readers: 2,
            synchronous: Synchronous::Full,
        }
    }
}

/// What SQLite's `synchronous` pragma is set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Synchronous {
    /// Every commit survives a power cut. Group commit makes it cheap.
    Full,
    /// A power cut may take the last commits, never the consistency.
    Normal,
}

impl Synchronous {
    pub(super) const fn pragma(self) -> &'static str {
        match self {
            Self::Full => "PRAGMA synchronous=FULL;",
            Self::Normal => "PRAGMA synchronous=NORMAL;",
        }
    }
}

/// `sqlite` or a PostgreSQL URL. It may hold a password, so it prints neither in `Debug` nor anywhere else.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct DatabaseUrl(Option<SecretString>);

/// A database URL that is neither `sqlite` nor PostgreSQL's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a database URL is `sqlite` or begins with postgres://")]
pub struct InvalidDatabaseUrl;

impl DatabaseUrl {
    /// The embedded database.
    #[must_use]
    pub const fn sqlite() -> Self {
        Self(None)
    }

    /// The PostgreSQL URL, unless it is the embedded database.
    #[must_use]
    pub fn postgres(&self) -> Option<&str> {
        self.0.as_ref().map(ExposeSecret::expose_secret)
    }
}

impl TryFrom<String> for DatabaseUrl {
    type Error = InvalidDatabaseUrl;
    fn try_from(url: String) -> Result<Self, InvalidDatabaseUrl> {
        if url == "sqlite" {
            Ok(Self(None))
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Ok(Self(Some(url.into())))
        } else {
            Err(InvalidDatabaseUrl)
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "postgres://***" } else { "sqlite" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_a_url_is_never_printed() {
        let settings: DatabaseSettings =
            serde_json::from_str(r#"{"url":"postgres://whot:hunter2@db/whot","pool_size":3}"#).unwrap();
        assert_eq!(settings.pool_size, 3);
        assert!(!format!("{settings:?}").contains("hunter2"));
        assert!(settings.url.postgres().unwrap().contains("hunter2"));
        assert!(serde_json::from_str::<DatabaseSettings>(r#"{"url":"mysql://x"}"#).is_err());
        assert!(serde_json::from_str::<DatabaseSettings>(r#"{"pools":3}"#).is_err());
    }
}
