//! Committed lines and notices on their way to sockets: each distinct body is encoded once.

use std::sync::Arc;

use game_engine::{BySeat, Event, Seat, State, legal};
use kernel::id::{AccountId, GameId};
use platform::live::{Body, Hub, Published, TopicKey, Viewer};

use super::inbox::notice_data;
use super::wire::EventData;
use super::{KIND, viewer_of};
use crate::app::broadcast::{Broadcast, Followers, Told};
use crate::domain::entry::{Entry, Recorded};

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

/// `after` is how the game stands, where nothing of the rules follows this line.
fn bodies(line: &Recorded, after: Option<&State>) -> Option<Bodies> {
    let may = |seat| after.map(|state| legal(state, seat)).filter(|may| !may.is_empty());
    let (first, second) = (may(Seat::First), may(Seat::Second));
    let same = !differs(&line.entry) && first.is_none() && second.is_none();
    let one = EventData::raw_with(line, Seat::First, first.as_deref())?;
    if same {
        Some(Bodies::Same(one))
    } else {
        Some(Bodies::Each(one, EventData::raw_with(line, Seat::Second, second.as_deref())?))
    }
}

/// The last of these lines that is an event of the rules.
pub(super) fn last_of_the_rules(lines: &[Recorded]) -> Option<u64> {
    lines.iter().rev().find(|line| line.entry.is_of_the_rules()).map(|line| line.seq)
}

/// One game's topic.
struct GameFollowers {
    hub: Arc<Hub>,
    topic: TopicKey,
    players: BySeat<AccountId>,
}

impl Followers for GameFollowers {
    fn lines(&self, lines: &[Recorded], after: &State) {
        if !Seat::ALL.iter().any(|seat| self.hub.follows(&self.topic, *self.players.get(*seat))) {
            return;
        }
        let last = last_of_the_rules(lines);
        for line in lines {
            // A line that is left out here is a gap that followers fill from storage.
            let Some(bodies) = bodies(line, Some(after).filter(|_| last == Some(line.seq))) else { continue };
            let (first, second) = (viewer_of(Seat::First), viewer_of(Seat::Second));
            match &bodies {
                Bodies::Same(body) => self.publish(line, &[(Viewer::ANYONE, body.as_ref())]),
                Bodies::Each(one, other) => {
                    self.publish(line, &[(first, one.as_ref()), (second, other.as_ref())]);
                }
            }
        }
    }
}

impl GameFollowers {
    fn publish(&self, line: &Recorded, bodies: &[(Viewer, &serde_json::value::RawValue)]) {
        self.hub.publish(&self.topic, &[Published { seq: line.seq, at: line.at, bodies }]);
    }
}

impl Broadcast for HubBroadcast {
    fn game(&self, game: GameId, players: BySeat<AccountId>) -> Box<dyn Followers> {
        Box::new(GameFollowers { hub: self.0.clone(), topic: TopicKey::new(KIND, game), players })
    }

    fn watched(&self, game: GameId, lines: &[Recorded]) {
        let topic = TopicKey::new(super::watch::KIND, game);
        for line in lines {
            let body = EventData::raw_watched(line);
            let bodies: Vec<_> = body.as_deref().map(|body| (Viewer::ANYONE, body)).into_iter().collect();
            self.0.publish(&topic, &[Published { seq: line.seq, at: line.at, bodies: &bodies }]);
        }
    }

    fn sent_away(&self, game: GameId, account: AccountId) {
        self.0.end_topic(&TopicKey::new(super::watch::KIND, game), Some(account), "not_available");
    }

    fn notices(&self, told: &[Told]) {
        for notice in told {
            if let Some(data) = notice_data(notice.kind, notice.body.clone()) {
                self.0.publish_inbox(super::inbox::CONTEXT, notice.to, notice.seq, notice.at, &data);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use game_engine::RuleSet;
    use platform::testing::TestDb;

    use crate::MIGRATIONS;
    use crate::house::House;

    platform::for_each_database! { MIGRATIONS;
        async fn what_both_are_told_in_one_body_is_what_each_may_see(db: TestDb) {
            let house = House::open(&db.db).await;
            let mut draws = 0;
            for name in RuleSet::PRESETS {
                let (game, players) = house.game(RuleSet::preset(name).unwrap()).await;
                house.play_out(game, &players).await;
                for line in house.journal(game).await {
                    // As in the middle of a command, where nobody is told what it may do.
                    let (one, other) = match bodies(&line, None).unwrap() {
                        Bodies::Same(both) => (both.clone(), both),
                        Bodies::Each(one, other) => (one, other),
                    };
                    for (seat, told) in [(Seat::First, one), (Seat::Second, other)] {
                        assert_eq!(told.get(), EventData::raw_with(&line, seat, None).unwrap().get(), "{name}: {seat:?}");
                    }
                    draws += usize::from(matches!(line.entry, Entry::Rules(Event::Drew { .. })));
                }
            }
            assert!(draws > 0);
        }
    }
}
