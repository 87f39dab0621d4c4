//! How storage fails. No error here ever carries the value of a row: PostgreSQL's DETAIL is dropped, and quoted
//! input is cut out of messages.

use std::borrow::Cow;

use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind as Kind, Error};
use kernel::PortError;

/// How a query or a transaction fails.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A unique constraint refused the row: the constraint's name, `<table>_<columns>_key`.
    #[error("unique constraint violated: {0}")]
    Conflict(String),
    /// A row is not what the code relies on: missing, undecodable, or refused by a check or a reference.
    #[error("inconsistent data: {0}")]
    Inconsistent(Cow<'static, str>),
    /// Another writer was faster; loading again and deciding again may work.
    #[error("lost a race against another writer")]
    LostRace,
    /// The database cannot answer now; trying again later may work.
    #[error("storage is unavailable: {0}")]
    Unavailable(String),
    /// The query itself failed. A defect, or a database that is not what the code was built for.
    #[error("storage failed: {0}")]
    Failed(String),
}

impl StoreError {
    /// A row is not what the code relies on. `what` names the row's kind, never its content.
    #[must_use]
    pub const fn inconsistent(what: &'static str) -> Self {
        Self::Inconsistent(Cow::Borrowed(what))
    }

    /// Whether this is a violation of the unique constraint called `name`.
    ///
    /// Unique constraints and indexes are called `<table>_<column>[_<column>]_key` on PostgreSQL; SQLite reports
    /// columns, from which the same name is built. A primary key is `<table>_pkey` on PostgreSQL only, so a store
    /// that expects such a conflict uses `ON CONFLICT DO NOTHING` instead.
    #[must_use]
    pub fn conflicts_on(&self, name: &str) -> bool {
        matches!(self, Self::Conflict(constraint) if constraint == name)
    }

    /// Whether the same call may succeed when it is made again.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::LostRace | Self::Unavailable(_))
    }
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        match error {
            Error::DatabaseError(kind, info) => from_database(kind, info.as_ref()),
            Error::NotFound => Self::inconsistent("a row that must exist is missing"),
            // The inner text may quote the value that did not decode.
            Error::DeserializationError(_) => Self::inconsistent("a column did not decode"),
            Error::SerializationError(_) => Self::Failed("a value could not be encoded".to_owned()),
            Error::QueryBuilderError(_) => Self::Failed("a query could not be built".to_owned()),
            Error::RollbackErrorOnCommit { commit_error, .. } => Self::from(*commit_error),
            Error::RollbackTransaction => Self::LostRace,
            other => Self::Failed(without_values(&other.to_string())),
        }
    }
}

impl From<StoreError> for PortError {
    fn from(error: StoreError) -> Self {
        Self::unavailable(error)
    }
}

fn from_database(kind: Kind, info: &dyn DatabaseErrorInformation) -> StoreError {
    let named = || info.constraint_name().map_or_else(|| without_values(info.message()), str::to_owned);
    match kind {
        Kind::UniqueViolation => StoreError::Conflict(unique_constraint(info)),
        Kind::ForeignKeyViolation
        | Kind::NotNullViolation
        | Kind::CheckViolation
        | Kind::RestrictViolation
        | Kind::ExclusionViolation => StoreError::Inconsistent(Cow::Owned(named())),
        Kind::SerializationFailure => StoreError::LostRace,
        Kind::ClosedConnection | Kind::UnableToSendCommand => {
            StoreError::Unavailable(without_values(info.message()))
        }
        _ => from_message(info.message()),
    }
}

/// Neither driver keeps the error code of these, so they are known by their fixed texts.
fn from_message(message: &str) -> StoreError {
    const TRANSIENT: &[&str] = &[
        "database is locked",
        "database table is locked",
        "database or disk is full",
        "disk I/O error",
        "terminating connection",
        "the database system is",
        "canceling statement due to",
        "too many connections",
        "too many clients",
        "remaining connection slots",
        "connection closed",
    ];
    if message.contains("deadlock detected") {
        StoreError::LostRace
    } else if TRANSIENT.iter().any(|text| message.contains(text)) {
        StoreError::Unavailable(without_values(message))
    } else {
        StoreError::Failed(without_values(message))
    }
}

/// `UNIQUE constraint failed: t.a, t.b` becomes `t_a_b_key`, which is what PostgreSQL would call it.
fn unique_constraint(info: &dyn DatabaseErrorInformation) -> String {
    if let Some(name) = info.constraint_name() {
        return name.to_owned();
    }
    let Some((_, columns)) = info.message().split_once("failed: ") else { return String::new() };
    if let Some(index) = columns.strip_prefix("index '") {
        return index.trim_end_matches('\'').to_owned();
    }
    let mut name = String::new();
    for column in columns.split(", ") {
        let Some((table, column)) = column.split_once('.') else { continue };
        if name.is_empty() {
            name.push_str(table);
        }
        name.push('_');
        name.push_str(column);
    }
    name + "_key"
}

/// PostgreSQL quotes offending input as `...: "input"` or `value "input" ...`; nothing after that is kept.
fn without_values(message: &str) -> String {
    let end = [": \"", ": '", "value \"", "value '"].iter().filter_map(|mark| message.find(mark)).min();
    let kept = end.and_then(|end| message.get(..end)).unwrap_or(message);
    kept.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Info {
        message: &'static str,
        constraint: Option<&'static str>,
    }
    impl DatabaseErrorInformation for Info {
        fn message(&self) -> &str {
            self.message
        }
        fn details(&self) -> Option<&str> {
            Some("Key (email)=(ada@example.org) already exists.")
        }
        fn hint(&self) -> Option<&str> {
            None
        }
        fn table_name(&self) -> Option<&str> {
            None
        }
        fn column_name(&self) -> Option<&str> {
            None
        }
        fn constraint_name(&self) -> Option<&str> {
            self.constraint
        }
        fn statement_position(&self) -> Option<i32> {
            None
        }
    }
    fn error(kind: Kind, message: &'static str, constraint: Option<&'static str>) -> StoreError {
        Error::DatabaseError(kind, Box::new(Info { message, constraint })).into()
    }

    #[test]
    fn a_conflict_has_the_same_name_on_both_databases() {
        let sqlite =
            error(Kind::UniqueViolation, "UNIQUE constraint failed: accounts.email, accounts.kind", None);
        let postgres = error(
            Kind::UniqueViolation,
            "duplicate key value violates unique constraint",
            Some("accounts_email_kind_key"),
        );
        assert_eq!(sqlite, postgres);
        assert!(sqlite.conflicts_on("accounts_email_kind_key") && !sqlite.conflicts_on("accounts_email_key"));
        let index =
            error(Kind::UniqueViolation, "UNIQUE constraint failed: index 'accounts_lower_key'", None);
        assert!(index.conflicts_on("accounts_lower_key"));
    }

    #[test]
    fn no_error_repeats_a_value() {
        for message in [
            "invalid input syntax for type uuid: \"ada@example.org\"",
            "value \"ada@example.org\" is out of range for type integer",
            "duplicate key value violates unique constraint",
        ] {
            for kind in [Kind::Unknown, Kind::UniqueViolation, Kind::CheckViolation] {
                let error = error(kind, message, None);
                assert!(!format!("{error} {error:?}").contains("ada"), "{error:?}");
            }
        }
        let decode = StoreError::from(Error::DeserializationError("unknown variant `ada`".into()));
        assert!(!format!("{decode:?}").contains("ada"));
    }

    #[test]
    fn what_may_pass_is_told_from_what_may_not() {
        assert!(error(Kind::Unknown, "database is locked", None).is_transient());
        assert!(
            error(Kind::Unknown, "terminating connection due to administrator command", None).is_transient()
        );
        assert_eq!(error(Kind::Unknown, "deadlock detected", None), StoreError::LostRace);
        let missing = error(Kind::Unknown, "no such table: accounts", None);
        assert_eq!(missing, StoreError::Failed("no such table: accounts".to_owned()));
    }
}
