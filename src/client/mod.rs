//! A client of the public API: what the demo and the benchmarks drive a server with, and the black-box tests too.
//!
//! It knows the wire and nothing else: no context, no store, no engine.

mod http;
mod people;
mod socket;
mod table;

pub use http::{Answer, Api, ClientError, fresh_id};
pub use people::{House, Person};
pub use socket::{Frame, Socket};
pub use table::{Answered, Seen, Table};
