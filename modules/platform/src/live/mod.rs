//! Live sockets, protocol `whot.v1`: sessions, topics, queues, limits and one heartbeat for all of them.
//!
//! Contexts implement [`TopicSource`] and [`InboxSource`] and call [`Hub::publish`] after each commit; the root mounts
//! [`Door`]. Nothing here knows a game or a message, stores anything, or trusts its memory: catch-up is always read
//! from the source. The session logic knows no web framework either; [`transport::Transport`] is all it needs.

mod actix;
mod attach;
mod auth;
mod close;
mod door;
mod errand;
pub mod frames;
mod hub;
mod inbox;
mod rate;
mod session;
mod settings;
mod socket;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod topic;
pub mod transport;
mod wheel;

#[cfg(test)]
mod tests;

pub use attach::{Arrival, Epoch, NoRoom};
pub use auth::{LiveAuth, Ticketed};
pub use close::Close;
pub use door::Door;
pub use hub::{Hub, HubParts};
pub use inbox::InboxSource;
pub use session::Session;
pub use settings::LiveSettings;
pub use topic::{
    Body, CatchUp, Command, Event, Presence, Published, Reply, SNAP_BEYOND, TopicError, TopicKey,
    TopicSource, Viewer, Viewing,
};
