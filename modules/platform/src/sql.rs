//! The column types that differ between the two databases, each one SQL type with both metadata and one Rust type.
//!
//! No queries and no table of a context live here.

use std::fmt::{Debug, Display};
use std::io::Write;
use std::str::FromStr;

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{BigInt, Text};
use diesel::sqlite::Sqlite;
use kernel::{Timestamp, TypedId};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

/// SQL types with metadata for both databases.
pub mod types {
    use diesel::query_builder::QueryId;
    use diesel::sql_types::SqlType;

    /// `uuid` on PostgreSQL, a `BLOB` of 16 bytes on SQLite.
    #[derive(Debug, Clone, Copy, Default, QueryId, SqlType)]
    #[diesel(postgres_type(oid = 2950, array_oid = 2951))]
    #[diesel(sqlite_type(name = "Binary"))]
    pub struct Uid;

    /// `timestamptz` on PostgreSQL, an `INTEGER` of microseconds since 1970 on SQLite.
    #[derive(Debug, Clone, Copy, Default, QueryId, SqlType)]
    #[diesel(postgres_type(oid = 1184, array_oid = 1185))]
    #[diesel(sqlite_type(name = "Long"))]
    pub struct Instant;

    /// `jsonb` on PostgreSQL, `TEXT` on SQLite.
    #[derive(Debug, Clone, Copy, Default, QueryId, SqlType)]
    #[diesel(postgres_type(oid = 3802, array_oid = 3807))]
    #[diesel(sqlite_type(name = "Text"))]
    pub struct Doc;
}

/// Everything a `diesel::table!` needs: `use platform::sql::prelude::*;`.
pub mod prelude {
    pub use super::types::{Doc, Instant, Uid};
    pub use diesel::sql_types::*;
}

type SqliteValue<'a> = <Sqlite as Backend>::RawValue<'a>;

/// A UUID in a column; every typed id travels as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = types::Uid)]
pub struct Key(pub Uuid);

impl Key {
    /// The typed id this key stands for.
    #[must_use]
    pub fn id<T: TypedId>(self) -> T {
        T::from_uuid(self.0)
    }
}

impl<T: TypedId> From<T> for Key {
    fn from(id: T) -> Self {
        Self(id.uuid())
    }
}

impl ToSql<types::Uid, Pg> for Key {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(self.0.as_bytes())?;
        Ok(IsNull::No)
    }
}
impl FromSql<types::Uid, Pg> for Key {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(Uuid::from_slice(value.as_bytes())?))
    }
}
impl ToSql<types::Uid, Sqlite> for Key {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.as_bytes().as_slice());
        Ok(IsNull::No)
    }
}
impl FromSql<types::Uid, Sqlite> for Key {
    fn from_sql(mut value: SqliteValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(Uuid::from_slice(value.read_blob())?))
    }
}

/// An instant in a column, to the microsecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = types::Instant)]
pub struct Ts(pub Timestamp);

/// 2000-01-01T00:00:00Z, where PostgreSQL begins to count.
const PG_EPOCH_MICROS: i64 = 946_684_800_000_000;

impl Ts {
    /// The instant.
    #[must_use]
    pub fn time(self) -> Timestamp {
        self.0
    }
}

impl From<Timestamp> for Ts {
    fn from(at: Timestamp) -> Self {
        Self(at)
    }
}

impl From<Ts> for Timestamp {
    fn from(at: Ts) -> Self {
        at.0
    }
}

impl ToSql<types::Instant, Pg> for Ts {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(&self.0.micros().saturating_sub(PG_EPOCH_MICROS).to_be_bytes())?;
        Ok(IsNull::No)
    }
}
impl FromSql<types::Instant, Pg> for Ts {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let micros = <i64 as FromSql<BigInt, Pg>>::from_sql(value)?;
        Ok(Self(Timestamp::from_micros(micros.saturating_add(PG_EPOCH_MICROS))))
    }
}
impl ToSql<types::Instant, Sqlite> for Ts {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.micros());
        Ok(IsNull::No)
    }
}
impl FromSql<types::Instant, Sqlite> for Ts {
    fn from_sql(mut value: SqliteValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(Timestamp::from_micros(value.read_long())))
    }
}

/// A typed JSON document in a column.
#[derive(Debug, Clone, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = types::Doc)]
pub struct Json<T: Debug>(pub T);

/// The version byte in front of PostgreSQL's binary `jsonb`.
const JSONB_VERSION: u8 = 1;

impl<T: Serialize + Debug> ToSql<types::Doc, Pg> for Json<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(&[JSONB_VERSION])?;
        serde_json::to_writer(out, &self.0)?;
        Ok(IsNull::No)
    }
}
impl<T: DeserializeOwned + Debug> FromSql<types::Doc, Pg> for Json<T> {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        match value.as_bytes() {
            [JSONB_VERSION, document @ ..] => Ok(Self(serde_json::from_slice(document)?)),
            _ => Err("unsupported jsonb version".into()),
        }
    }
}
impl<T: Serialize + Debug> ToSql<types::Doc, Sqlite> for Json<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(serde_json::to_string(&self.0)?);
        Ok(IsNull::No)
    }
}
impl<T: DeserializeOwned + Debug> FromSql<types::Doc, Sqlite> for Json<T> {
    fn from_sql(mut value: SqliteValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(serde_json::from_str(value.read_text())?))
    }
}

/// A JSON document that may be damaged: a row that holds one is read all the same.
#[derive(Debug, Clone, PartialEq, Eq, FromSqlRow)]
#[diesel(sql_type = types::Doc)]
pub(crate) struct Loose(pub(crate) Option<serde_json::Value>);

impl FromSql<types::Doc, Pg> for Loose {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let document = <Json<serde_json::Value> as FromSql<types::Doc, Pg>>::from_sql(value);
        Ok(Self(document.ok().map(|Json(document)| document)))
    }
}
impl FromSql<types::Doc, Sqlite> for Loose {
    fn from_sql(value: SqliteValue<'_>) -> deserialize::Result<Self> {
        let document = <Json<serde_json::Value> as FromSql<types::Doc, Sqlite>>::from_sql(value);
        Ok(Self(document.ok().map(|Json(document)| document)))
    }
}

/// One of a closed set of words (a `kernel::words!` enum) in a `Text` column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct Word<T: Debug>(pub T);

impl<T: Display + Debug> ToSql<Text, Pg> for Word<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        write!(out, "{}", self.0)?;
        Ok(IsNull::No)
    }
}
impl<T: FromStr + Debug> FromSql<Text, Pg> for Word<T> {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        word(std::str::from_utf8(value.as_bytes())?)
    }
}
impl<T: Display + Debug> ToSql<Text, Sqlite> for Word<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.to_string());
        Ok(IsNull::No)
    }
}
impl<T: FromStr + Debug> FromSql<Text, Sqlite> for Word<T> {
    fn from_sql(mut value: SqliteValue<'_>) -> deserialize::Result<Self> {
        word(value.read_text())
    }
}

fn word<T: FromStr + Debug>(text: &str) -> deserialize::Result<Word<T>> {
    text.parse().map(Word).map_err(|_| "an unknown word in a column".into())
}
