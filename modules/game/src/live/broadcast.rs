//! Committed lines and notices on their way to sockets: each distinct body is encoded once.

use std::sync::Arc;

use game_engine::{BySeat, Event, Seat};
use kernel::id::{AccountId, GameId};
use platform::live::{Body, Hub, Published, TopicKey, Viewer};

use super::inbox::notice_data;
use super::wire::EventData;
use super::{KIND, viewer_of};
use crate::app::broadcast::Broadcast;
use crate::domain::entry::{Entry, Recorded};
use crate::store::Told;

/// Publishes through the hub of this process.
pub(crate) struct HubBroadcast(pub(crate) Arc<Hub>);

/// One line's bodies: the same for both, or one for each seat.
enum Bodies {
    Same(Body),
    Each(Body, Body),
}

/// Whether the seats see it differently.
fn differs(entry: &Entry) -> bool {
    matches!(entry, Entry::Rules(Event::Dealt(_) | Event::Drew { .. }))
}

fn bodies(line: &Recorded) -> Option<Bodies> {
    let first = EventData::raw(line, Seat::First)?;
    if differs(&line.entry) {
        Some(Bodies::Each(first, EventData::raw(line, Seat::Second)?))
    } else {
        Some(Bodies::Same(first))
    }
}

impl Broadcast for HubBroadcast {
    fn lines(&self, game: GameId, players: &BySeat<AccountId>, lines: &[Recorded]) {
        let topic = TopicKey::new(KIND, game);
        if !Seat::ALL.iter().any(|seat| self.0.follows(&topic, *players.get(*seat))) {
            return;
        }
        for line in lines {
            // A line that is left out here is a gap that followers fill from storage.
            let Some(bodies) = bodies(line) else { continue };
            let (first, second) = (viewer_of(Seat::First), viewer_of(Seat::Second));
            match &bodies {
                Bodies::Same(body) => self.publish(&topic, line, &[(Viewer::ANYONE, body.as_ref())]),
                Bodies::Each(one, other) => {
                    self.publish(&topic, line, &[(first, one.as_ref()), (second, other.as_ref())]);
                }
            }
        }
    }

    fn notices(&self, told: &[Told]) {
        for notice in told {
            if let Some(data) = notice_data(notice.kind, notice.body.clone()) {
                self.0.publish_inbox(super::inbox::CONTEXT, notice.to, notice.seq, notice.at, &data);
            }
        }
    }
}

impl HubBroadcast {
    fn publish(&self, topic: &TopicKey, line: &Recorded, bodies: &[(Viewer, &serde_json::value::RawValue)]) {
        self.0.publish(topic, &[Published { seq: line.seq, at: line.at, bodies }]);
    }
}
