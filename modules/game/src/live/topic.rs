//! The topic `game`: who may follow, what they missed, and their commands.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kernel::id::GameId;
use kernel::{Actor, CallContext, Permission, Principal, RequestId};
use platform::live::{
    Body, CatchUp, Command, Event, Reply, SNAP_BEYOND, TopicError, TopicKey, TopicSource, Viewer, Viewing,
};

use super::broadcast::last_of_the_rules;
use super::command::Do;
use super::inbox::unavailable;
use super::wire::{EventData, Snapshot};
use super::{KIND, seat_of, viewer_of};
use crate::app::hot::{Answer, Trouble, Why};
use crate::app::{App, look, play};
use crate::domain::command::Asked;
use crate::domain::view::GameView;

/// How long learning names may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Games as live topics.
pub(crate) struct GameTopic(pub(crate) Arc<App>);

#[async_trait]
impl TopicSource for GameTopic {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn open(&self, principal: &Principal, id: &str) -> Result<Viewer, TopicError> {
        let game: GameId = id.parse().map_err(|_| TopicError::NotFound)?;
        if !principal.may(Permission::GamePlay) {
            return Err(TopicError::Refused("forbidden"));
        }
        let seat = look::seat(&self.0, principal.account, game).await.map_err(unavailable)?;
        seat.map(viewer_of).ok_or(TopicError::NotFound)
    }

    async fn catch_up(
        &self,
        viewing: &Viewing,
        after: Option<u64>,
        limit: u32,
    ) -> Result<CatchUp, TopicError> {
        let game = game_of(&viewing.topic)?;
        let Some(after) = after else { return self.snapshot(viewing, game).await };
        let missed =
            look::lines(&self.0, game, after, limit).await.map_err(|trouble| trouble_of(&trouble))?;
        if after > missed.head || missed.head - after > SNAP_BEYOND {
            return self.snapshot(viewing, game).await;
        }
        let seat = seat_of(viewing.viewer).ok_or(TopicError::NotFound)?;
        // What may be done now goes with the newest event of the rules, as it does when that is published.
        let newest = match missed.lines.last() {
            Some(last) if last.seq == missed.head => last_of_the_rules(&missed.lines),
            _ => None,
        };
        let view = match newest {
            Some(_) => look::snapshot(&self.0, viewing.principal.account, game).await.ok(),
            None => None,
        };
        let view = view.filter(|view| view.seq == missed.head);
        let event = |line: &crate::domain::entry::Recorded| {
            let here = view.as_ref().filter(|view| newest == Some(line.seq) && !view.legal.is_empty());
            let body = EventData::raw_with(line, seat, here.map(|view| view.legal.as_slice()));
            Event { seq: line.seq, at: line.at, body }
        };
        Ok(CatchUp::Events { events: missed.lines.iter().map(event).collect(), head: missed.head })
    }

    async fn heads(&self, topics: &[TopicKey]) -> Result<Vec<u64>, TopicError> {
        let games: Vec<GameId> = topics.iter().map(game_of).collect::<Result<_, _>>()?;
        let mut heads: HashMap<GameId, u64> = HashMap::with_capacity(games.len());
        // Twice, for a game that ended between the two places where a head can stand.
        for _ in 0..2 {
            let missing: Vec<GameId> =
                games.iter().copied().filter(|game| !heads.contains_key(game)).collect();
            if missing.is_empty() {
                break;
            }
            heads.extend(look::heads(&self.0, missing).await.map_err(unavailable)?);
        }
        Ok(games.iter().map(|game| heads.get(game).copied().unwrap_or(0)).collect())
    }

    async fn command(&self, viewing: &Viewing, command: Command) -> Reply {
        let Ok(game) = game_of(&viewing.topic) else { return Reply::refused("not_found") };
        let Ok(act) = Do::parse(command.action.get()) else { return Reply::refused("malformed") };
        let asked = Asked { cid: command.cid, base: Some(command.base), act };
        let account = viewing.principal.account;
        match play::run(&self.0, command.call.clone(), account, game, asked).await {
            Ok(Answer::Done { seq }) => Reply::Done { seq },
            Ok(Answer::Refused { why, seq, view }) => {
                let snapshot = match view {
                    Some(view) => self.body(&command.call, &view).await,
                    None => None,
                };
                let retryable = why == Why::StaleBase;
                Reply::Refused { code: why.code().into(), retryable, seq: Some(seq), snapshot }
            }
            Err(Trouble::NotFound) => Reply::refused("not_found"),
            Err(trouble) if trouble.may_pass() => Reply::unavailable(),
            Err(_) => Reply::refused("internal"),
        }
    }
}

impl GameTopic {
    async fn snapshot(&self, viewing: &Viewing, game: GameId) -> Result<CatchUp, TopicError> {
        let view = look::snapshot(&self.0, viewing.principal.account, game).await;
        let view = view.map_err(|trouble| trouble_of(&trouble))?;
        let actor = Actor::from(viewing.principal.as_ref());
        let request = RequestId::fresh(self.0.random.as_ref());
        let call = CallContext::new(actor, request, self.0.clock.now(), PATIENCE);
        let data = self.body(&call, &view).await.ok_or(TopicError::Unavailable)?;
        Ok(CatchUp::Snapshot { seq: view.seq, data })
    }

    async fn body(&self, call: &CallContext, view: &GameView) -> Option<Body> {
        let names = self.0.names.of(call, [view.players.first, view.players.second]).await;
        serde_json::value::to_raw_value(&Snapshot::of(view, &names)).ok()
    }
}

fn game_of(topic: &TopicKey) -> Result<GameId, TopicError> {
    topic.id().parse().map_err(|_| TopicError::NotFound)
}

fn trouble_of(trouble: &Trouble) -> TopicError {
    match trouble {
        Trouble::NotFound => TopicError::NotFound,
        _ => TopicError::Unavailable,
    }
}
