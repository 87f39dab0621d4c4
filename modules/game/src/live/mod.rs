//! Games over sockets: the topic `game`, its part of the inbox, and who is there. Wire types of play live here.

mod broadcast;
pub(crate) mod command;
mod inbox;
mod presence;
mod sockets;
mod topic;
mod watch;
pub(crate) mod wire;

pub(crate) use broadcast::HubBroadcast;
pub(crate) use inbox::GameInbox;
pub(crate) use presence::SeatWatch;
pub(crate) use sockets::Sockets;
pub(crate) use topic::GameTopic;
pub(crate) use watch::{Gallery, WatchTopic};

use game_engine::Seat;
use platform::live::Viewer;

/// The kind of topic, as it stands in `{"game":"gam_.."}`.
pub(crate) const KIND: &str = "game";

/// With whose eyes a seat looks.
fn viewer_of(seat: Seat) -> Viewer {
    match seat {
        Seat::First => Viewer(0),
        Seat::Second => Viewer(1),
    }
}

fn seat_of(viewer: Viewer) -> Option<Seat> {
    match viewer {
        Viewer(0) => Some(Seat::First),
        Viewer(1) => Some(Seat::Second),
        Viewer(_) => None,
    }
}
