//! The web floor: one table of routes that is mounted, guarded and documented from the same rows; problems, extractors,
//! limits, cursors. It knows no context.
//!
//! A context declares rows; everything else follows from them:
//!
//! ```
//! use kernel::Permission;
//! use platform::web::{Access, Answer, Caller, Info, Route, Routes, Table};
//!
//! async fn me(caller: Caller) -> Answer<String> {
//!     Answer::ok(caller.principal.account.to_string())
//! }
//!
//! let identity = Routes::of("identity").add(
//!     Route::get("/api/v1/users/me", Access::Permission(Permission::ProfileRead), me)
//!         .summary("One's own profile")
//!         .answers::<String>(200),
//! );
//! let table = Table::new([identity])?;
//! let document = table.openapi(&Info { title: "Whot", version: "1", description: "" });
//! assert_eq!(document["paths"]["/api/v1/users/me"]["get"]["x-permission"][0], "profile:read");
//! # Ok::<(), platform::web::TableError>(())
//! ```

mod access;
mod answer;
mod app;
mod body;
mod caller;
mod canonical;
mod cors;
mod cursor;
mod docs;
mod edge;
mod from_store;
mod guard;
mod headers;
mod json_error;
mod limit;
mod observe;
mod openapi;
mod params;
mod problem;
mod request;
mod route;
pub mod schema;
mod table;

pub use access::{Access, AuthFailure, Authenticator};
pub use answer::{Answer, NoContent};
pub use app::{Web, WebSettings};
pub use body::{Body, ClaimParts, Keyed};
pub use caller::{Anonymous, Caller, MaybeCaller};
pub use cursor::{Cursor, List};
pub use edge::{Edge, Edged};
pub use limit::{Allowance, ClassLimits, LimitSettings, Quota, Rate, Refusal, Throttle, network_of};
pub use openapi::Info;
pub use params::{IdempotencyKey, IfMatch, PathId, PathIds, PathSecret, Query};
pub use problem::{PROBLEM_JSON, Problem};
pub use request::Client;
pub use route::{Idempotent, Route, Routes};
pub use table::{Table, TableError};

/// The state of a context or of the floor, as handlers take it.
pub type State<T> = actix_web::web::Data<T>;
