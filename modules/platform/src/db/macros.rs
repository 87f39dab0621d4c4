//! The macros through which every query is written once and compiled for both databases.
//!
//! A body owns its arguments (they are moved in), awaits only its connection, opens no transaction of its own, and
//! never goes on after a database error, because PostgreSQL has given the transaction up by then.

/// Runs a body that only reads, on one connection and without a transaction.
///
/// `platform::read!(self.db, |c| { Ok(accounts::table.count().get_result::<i64>(c).await?) })`
#[macro_export]
macro_rules! read {
    ($db:expr, |$c:ident| $body:expr) => {
        match &$db {
            $crate::db::Db::Pg(db) => db.read(async move |$c: &mut $crate::db::PgConn| $body).await,
            $crate::db::Db::Lite(db) => db.read(async move |$c: &mut $crate::db::LiteConn| $body).await,
        }
    };
}

/// Runs a body as one transaction and returns after its commit. `Err` from the body rolls everything back.
///
/// Once handed over it completes, even if the caller goes away.
#[macro_export]
macro_rules! write {
    ($db:expr, |$c:ident| $body:expr) => {
        match &$db {
            $crate::db::Db::Pg(db) => db.write(async move |$c: &mut $crate::db::PgConn| $body).await,
            $crate::db::Db::Lite(db) => db.write(async move |$c: &mut $crate::db::LiteConn| $body).await,
        }
    };
}

/// Runs a single writing statement: without BEGIN and COMMIT round trips on PostgreSQL, as [`write!`](crate::write)
/// on SQLite. For statements that owe neither an audit row nor an event.
#[macro_export]
macro_rules! write_one {
    ($db:expr, |$c:ident| $body:expr) => {
        match &$db {
            $crate::db::Db::Pg(db) => db.write_one(async move |$c: &mut $crate::db::PgConn| $body).await,
            $crate::db::Db::Lite(db) => db.write(async move |$c: &mut $crate::db::LiteConn| $body).await,
        }
    };
}

/// Declares helpers that bodies call on their connection, written once: a trait, implemented for both connections.
///
/// ```ignore
/// platform::dual! {
///     pub(crate) trait Journal {
///         async fn append_events(c, rows: Vec<Row>) -> Result<(), StoreError> { ... }
///     }
/// }
/// // in a body: c.append_events(rows).await?
/// ```
#[macro_export]
macro_rules! dual {
    ($(#[$meta:meta])* $vis:vis trait $name:ident {$(
        $(#[$fn_meta:meta])*
        async fn $f:ident($c:ident $(, $arg:ident : $ty:ty)* $(,)?) -> $ret:ty $body:block
    )+}) => {
        $(#[$meta])*
        $vis trait $name: Send {$(
            $(#[$fn_meta])*
            fn $f(&mut self $(, $arg: $ty)*) -> impl ::core::future::Future<Output = $ret> + Send;
        )+}
        impl $name for $crate::db::PgConn {$(
            async fn $f(&mut self $(, $arg: $ty)*) -> $ret { let $c = self; $body }
        )+}
        impl $name for $crate::db::LiteConn {$(
            async fn $f(&mut self $(, $arg: $ty)*) -> $ret { let $c = self; $body }
        )+}
    };
}

/// Declares that rows of a type can be inserted many at once: `platform::bulk!(Row => table::path);`, then
/// `c.insert_all(rows).await?` with [`Bulk`](crate::db::Bulk) in scope.
#[macro_export]
macro_rules! bulk {
    ($($row:ty => $table:path),+ $(,)?) => {$(
        impl $crate::db::Bulk<$row> for $crate::db::PgConn {
            async fn insert_all(&mut self, rows: Vec<$row>) -> $crate::db::QueryResult<usize> {
                let mut count = 0;
                for part in rows.chunks($crate::db::BULK_CHUNK) {
                    let insert = $crate::db::diesel::insert_into($table).values(part);
                    count += $crate::db::diesel_async::RunQueryDsl::execute(insert, self).await?;
                }
                Ok(count)
            }
        }
        impl $crate::db::Bulk<$row> for $crate::db::LiteConn {
            async fn insert_all(&mut self, rows: Vec<$row>) -> $crate::db::QueryResult<usize> {
                let mut count = 0;
                for row in &rows {
                    let insert = $crate::db::diesel::insert_into($table).values(row);
                    count += $crate::db::diesel::RunQueryDsl::execute(insert, self.sync())?;
                }
                Ok(count)
            }
        }
    )+};
}
