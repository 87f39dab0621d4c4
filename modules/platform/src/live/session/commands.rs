//! Commands: in order per topic, side by side between topics, one answer each.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::FutureExt as _;
use futures_util::stream::Stream as _;
use kernel::{Actor, CallContext, Principal, Timestamp};

use super::Session;
use crate::live::frames::{Cid, MAX_FRAME_OUT, ServerFrame, TopicName};
use crate::live::topic::{Body, Command, Reply, TopicKey, Viewing};
use crate::live::transport::Transport;

/// Commands of one socket that are under way or waiting.
const COMMANDS: usize = 64;

/// A command that waits for its turn.
pub(super) struct Asked {
    pub(super) cid: Cid,
    pub(super) base: u64,
    pub(super) action: Body,
}

/// A command whose source has not answered yet.
pub(super) struct UnderWay {
    number: u64,
    cid: Cid,
    topic: TopicKey,
    pub(super) since: Timestamp,
}

impl<T: Transport> Session<T> {
    pub(super) fn on_command(&mut self, topic: &TopicName, asked: Asked, now: Timestamp) {
        let TopicName::One { kind, id } = topic else {
            return self.refuse(asked.cid, "unknown_topic", false);
        };
        let key = match self.topic(kind, id) {
            Ok((_, key)) => key,
            Err(error) => return self.refuse(asked.cid, error.code(), false),
        };
        let waiting: usize = self.lanes.values().map(VecDeque::len).sum();
        if waiting + self.commands.len() >= COMMANDS {
            return self.refuse(asked.cid, "too_many_in_flight", true);
        }
        if let Some(lane) = self.lanes.get_mut(&key) {
            lane.push_back(asked);
        } else if self.opening.contains(&key) {
            self.lanes.insert(key, VecDeque::from([asked]));
        } else {
            self.lanes.insert(key.clone(), VecDeque::new());
            self.run(key, &asked, now);
        }
    }

    fn run(&mut self, key: TopicKey, asked: &Asked, now: Timestamp) {
        let Some(source) = self.hub.source(key.kind()) else { return };
        let (principal, viewer) = {
            let state = self.socket.lock();
            (Arc::clone(&state.principal), state.viewer_of(&key))
        };
        let Ok(command) = self.command(asked, &principal, now) else {
            return self.refuse(asked.cid, "internal", false);
        };
        let number = self.next_command;
        self.next_command += 1;
        self.under_way.push(UnderWay { number, cid: asked.cid, topic: key.clone(), since: now });
        self.note_busy();
        self.commands.push(Box::pin(async move {
            let opened = match viewer {
                Some(viewer) => Ok(viewer),
                None => source.open(&principal, key.id()).await,
            };
            let reply = match opened {
                Ok(viewer) => {
                    let viewing = Viewing { principal, topic: key.clone(), viewer };
                    // A source that panics fails this command, not the socket and its other topics.
                    let answer = AssertUnwindSafe(source.command(&viewing, command)).catch_unwind().await;
                    answer.unwrap_or_else(|_| Reply::refused("internal"))
                }
                Err(error) => error.into(),
            };
            (number, key, reply)
        }));
    }

    fn command(
        &self,
        asked: &Asked,
        principal: &Principal,
        now: Timestamp,
    ) -> Result<Command, kernel::call::InvalidRequestId> {
        let request_id = asked.cid.uuid().to_string().parse()?;
        let call =
            CallContext::new(Actor::from(principal), request_id, now, self.hub.settings.command_patience());
        Ok(Command { call, cid: asked.cid.uuid(), base: asked.base, action: asked.action.clone() })
    }

    pub(super) fn finish_commands(&mut self, cx: &mut Context<'_>) -> bool {
        let mut moved = self.give_up_late_commands();
        while let Poll::Ready(Some((number, key, reply))) = Pin::new(&mut self.commands).poll_next(cx) {
            moved = true;
            let place = self.under_way.iter().position(|running| running.number == number);
            if let Some(place) = place {
                let running = self.under_way.swap_remove(place);
                self.reply(running.cid, &key, &reply);
                self.next_in_lane(key);
            }
        }
        if moved {
            self.note_busy();
        }
        moved
    }

    fn reply(&self, cid: Cid, key: &TopicKey, reply: &Reply) {
        let (seq, frame) = match reply {
            Reply::Done { seq } => (Some(*seq), ServerFrame::Ok { cid, seq: Some(*seq) }.encode()),
            Reply::Refused { code, retryable, seq, snapshot } => {
                let (retryable, seq) = (*retryable, *seq);
                let with = |snapshot| ServerFrame::Err { cid, code, retryable, seq, snapshot }.encode();
                let whole = with(snapshot.as_deref());
                (seq, if whole.len() > MAX_FRAME_OUT { with(None) } else { whole })
            }
        };
        self.socket.lock().reply(key, seq, frame);
    }

    /// A follow of this topic is settled, one way or the other: commands that waited for it go on.
    pub(super) fn opened(&mut self, key: &TopicKey) {
        if let Some(place) = self.opening.iter().position(|opening| opening == key) {
            self.opening.swap_remove(place);
        }
        if !self.under_way.iter().any(|running| running.topic == *key) {
            self.next_in_lane(key.clone());
        }
    }

    fn next_in_lane(&mut self, key: TopicKey) {
        if self.opening.contains(&key) && self.lanes.get(&key).is_some_and(|lane| !lane.is_empty()) {
            return;
        }
        let Some(lane) = self.lanes.get_mut(&key) else { return };
        if let Some(asked) = lane.pop_front() {
            let now = self.hub.clock.now();
            self.run(key, &asked, now);
        } else {
            self.lanes.remove(&key);
        }
    }

    /// Answers commands whose source takes too long. Whether they take effect is unknown; they may be repeated.
    fn give_up_late_commands(&mut self) -> bool {
        let Some(oldest) = self.under_way.iter().map(|running| running.since).min() else { return false };
        let (now, patience) = (self.hub.clock.now(), self.hub.settings.command_patience());
        if now.since(oldest) <= patience {
            return false;
        }
        let late: Vec<UnderWay> =
            self.under_way.extract_if(.., |running| now.since(running.since) > patience).collect();
        for running in late {
            self.refuse(running.cid, "deadline_exceeded", true);
            self.next_in_lane(running.topic);
        }
        true
    }

    pub(super) fn note_busy(&self) {
        let mut state = self.socket.lock();
        state.busy_since = self.under_way.iter().map(|running| running.since).min();
        state.pinged_since = self.pings.front().map(|(_, since)| *since);
    }
}
