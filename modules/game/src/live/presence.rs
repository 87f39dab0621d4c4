//! Who follows which game in this process, on its way to the leases of seats.

use std::sync::Arc;

use kernel::id::{AccountId, GameId};
use platform::live::{Presence, TopicKey};

use crate::app::presence::Presences;

/// Notes who comes and goes. Followers of a game are its players: nobody else is let in.
pub(crate) struct SeatWatch(pub(crate) Arc<Presences>);

impl SeatWatch {
    fn note(&self, topic: &TopicKey, account: AccountId, there: bool) {
        if let Ok(game) = topic.id().parse::<GameId>() {
            self.0.note(game, account, there);
        }
    }
}

impl Presence for SeatWatch {
    fn followed(&self, topic: &TopicKey, account: AccountId) {
        self.note(topic, account, true);
    }

    fn unfollowed(&self, topic: &TopicKey, account: AccountId) {
        self.note(topic, account, false);
    }
}
