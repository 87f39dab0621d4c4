//! The topic `watch`: a game as its spectators see it, a minute late and without hands.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kernel::id::{AccountId, GameId};
use kernel::{Actor, CallContext, Permission, Principal, RequestId};
use platform::live::{
    CatchUp, Command, Event, Presence, Reply, SNAP_BEYOND, TopicError, TopicKey, TopicSource, Viewer, Viewing,
};

use super::inbox::unavailable;
use super::wire::{EventData, WatchSnapshot};
use crate::app::spectate::Watching;
use crate::app::{App, spectate};

/// The kind of topic, as it stands in `{"watch":"gam_.."}`.
pub(crate) const KIND: &str = "watch";

/// How long learning names may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// All spectators see the same.
const EYES: Viewer = Viewer(0);

/// Games as spectators follow them.
pub(crate) struct WatchTopic(pub(crate) Arc<App>);

fn game_of(id: &str) -> Result<GameId, TopicError> {
    id.parse().map_err(|_| TopicError::NotFound)
}

#[async_trait]
impl TopicSource for WatchTopic {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn open(&self, principal: &Principal, id: &str) -> Result<Viewer, TopicError> {
        let game = game_of(id)?;
        if !principal.may(Permission::GamePlay) {
            return Err(TopicError::Refused("forbidden"));
        }
        let watches = spectate::watches(&self.0, principal.account, game).await.map_err(unavailable)?;
        if watches { Ok(EYES) } else { Err(TopicError::NotFound) }
    }

    async fn catch_up(
        &self,
        viewing: &Viewing,
        after: Option<u64>,
        limit: u32,
    ) -> Result<CatchUp, TopicError> {
        let game = game_of(viewing.topic.id())?;
        let account = viewing.principal.account;
        if !spectate::watches(&self.0, account, game).await.map_err(unavailable)? {
            return Err(TopicError::NotFound);
        }
        let Some(after) = after else { return self.snapshot(viewing, game).await };
        let missed = spectate::lines(&self.0, game, after, limit).await.map_err(unavailable)?;
        if after > missed.head || missed.head - after > SNAP_BEYOND {
            return self.snapshot(viewing, game).await;
        }
        let event = |line: &crate::domain::entry::Recorded| Event {
            seq: line.seq,
            at: line.at,
            body: EventData::raw_watched(line),
        };
        Ok(CatchUp::Events { events: missed.lines.iter().map(event).collect(), head: missed.head })
    }

    async fn heads(&self, topics: &[TopicKey]) -> Result<Vec<u64>, TopicError> {
        let mut heads = Vec::with_capacity(topics.len());
        for topic in topics {
            let part = spectate::lines(&self.0, game_of(topic.id())?, u64::MAX, 1).await;
            heads.push(part.map_err(unavailable)?.head);
        }
        Ok(heads)
    }

    async fn command(&self, _: &Viewing, _: Command) -> Reply {
        Reply::refused("forbidden")
    }
}

impl WatchTopic {
    async fn snapshot(&self, viewing: &Viewing, game: GameId) -> Result<CatchUp, TopicError> {
        let view = spectate::view(&self.0, game).await.map_err(|_| TopicError::Unavailable)?;
        let actor = Actor::from(viewing.principal.as_ref());
        let request = RequestId::fresh(self.0.random.as_ref());
        let call = CallContext::new(actor, request, self.0.clock.now(), PATIENCE);
        let names = self.0.names.of(&call, [view.players.first, view.players.second]).await;
        let data = serde_json::value::to_raw_value(&WatchSnapshot::of(&view, &names));
        Ok(CatchUp::Snapshot { seq: view.seq, data: data.map_err(|_| TopicError::Unavailable)? })
    }
}

/// Notes which spectators come and go.
pub(crate) struct Gallery(pub(crate) Arc<Watching>);

impl Gallery {
    fn note(&self, topic: &TopicKey, account: AccountId, there: bool) {
        if let Ok(game) = topic.id().parse::<GameId>() {
            self.0.note(game, account, there);
        }
    }
}

impl Presence for Gallery {
    fn followed(&self, topic: &TopicKey, account: AccountId) {
        self.note(topic, account, true);
    }

    fn unfollowed(&self, topic: &TopicKey, account: AccountId) {
        self.note(topic, account, false);
    }
}
