//! The vocabulary that every context shares: ids, time, randomness, access, calls, pages and events.
//!
//! Nothing here does I/O, knows a database, a web framework or an async runtime, or belongs to one context alone.
#![deny(missing_docs)]

// `words!` names serde through here, so that its users need not depend on it by that name.
#[doc(hidden)]
pub use serde;
#[doc(hidden)]
pub use serde_json;

pub mod access;
pub mod call;
pub mod event;
pub mod id;
pub mod page;
pub mod port;
pub mod random;
pub mod time;

pub use access::{AccountType, Permission, Principal, Role, Roles};
pub use call::{Actor, CallContext, PortError, RequestId};
pub use event::{Carried, Envelope, EventFeed, Unreadable};
pub use id::{IdSource, TypedId};
pub use page::{Limit, Page};
pub use random::{Random, SeededRandom};
pub use time::{Clock, ManualClock, Timestamp};
