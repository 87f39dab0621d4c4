//! Catch-up of one socket: which read begins next, and what becomes of what it brought. Never more than the queue takes.

use serde_json::value::RawValue;

use super::State;
use super::follow::{Phase, Stream};
use crate::crypto::Mac;
use crate::live::frames::{About, Batch, EventOut, MAX_FRAME_OUT, ServerFrame, TooLarge};
use crate::live::topic::{CatchUp, Event, TopicError, TopicKey, Viewer};

/// How many events one pull asks for.
pub(crate) const PULL_EVENTS: u32 = 50;
/// How often storage may fail to show an announced event before the announcement counts as wrong.
const MISSES: u8 = 3;

/// Work for the pump: read what follows `after`.
#[derive(Debug, Clone)]
pub(crate) struct Pull {
    slot: usize,
    generation: u64,
    pub(crate) key: TopicKey,
    pub(crate) stream: Stream,
    pub(crate) viewer: Viewer,
    pub(crate) after: Option<u64>,
}

/// What a pull brought.
#[derive(Debug)]
pub(crate) enum Pulled {
    /// From a topic.
    Topic(CatchUp),
    /// From an inbox: the notices, and whether there may be more.
    Inbox(Vec<Event>),
}

/// A topic that ended for this socket while it was read, and must leave the hub too.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Left(pub(crate) TopicKey);

impl State {
    /// The next read to begin, if the queue has room for what it brings.
    pub(crate) fn next_pull(&mut self) -> Option<Pull> {
        if self.behind.is_empty() || self.closing.is_some() || !self.queue.invites_pull() {
            return None;
        }
        while let Some(slot) = self.behind.pop_front() {
            let Some(follow) = self.follows.get_mut(slot).and_then(Option::as_mut) else { continue };
            if follow.phase != Phase::Behind {
                continue;
            }
            self.generation += 1;
            follow.phase = Phase::Pulling;
            follow.generation = self.generation;
            return Some(Pull {
                slot,
                generation: self.generation,
                key: follow.key.clone(),
                stream: follow.stream,
                viewer: follow.viewer,
                after: follow.sent,
            });
        }
        None
    }

    /// Queues what a pull brought, and decides how the follow goes on.
    pub(crate) fn settle(
        &mut self,
        pull: &Pull,
        result: Result<Pulled, TopicError>,
        cursor_key: &Mac,
        fixed: Option<&TopicKey>,
    ) -> Option<Left> {
        let current = self.follows.get(pull.slot).and_then(Option::as_ref);
        if current.is_none_or(|follow| follow.generation != pull.generation) {
            return None;
        }
        let before = pull.after;
        let outcome = match result {
            Ok(Pulled::Topic(CatchUp::Snapshot { seq, data })) => {
                self.queue_snapshot(pull, seq, &data).map(|()| false)
            }
            Ok(Pulled::Topic(CatchUp::Events { events, head })) => {
                self.queue_events(pull, &events, cursor_key).map(|()| self.is_short_of(pull.slot, head))
            }
            Ok(Pulled::Inbox(events)) => {
                let full = u32::try_from(events.len()).is_ok_and(|count| count >= PULL_EVENTS);
                self.queue_events(pull, &events, cursor_key).map(|()| full)
            }
            Err(error) if error == TopicError::Unavailable || pull.stream != Stream::Topic => {
                self.rest(pull.slot);
                return None;
            }
            Err(error) => Err(error.code()),
        };
        match outcome {
            Ok(more) => {
                self.go_on(pull.slot, before, more);
                None
            }
            Err(code) => {
                self.end(&pull.key, code, fixed);
                Some(Left(pull.key.clone()))
            }
        }
    }

    fn is_short_of(&self, slot: usize, head: u64) -> bool {
        let sent = self.follows.get(slot).and_then(Option::as_ref).and_then(|follow| follow.sent);
        sent.unwrap_or(0) < head
    }

    fn rest(&mut self, slot: usize) {
        if let Some(follow) = self.follows.get_mut(slot).and_then(Option::as_mut) {
            follow.phase = Phase::Resting;
        }
    }

    /// After a pull: live, or another pull, or a rest when storage does not show what was announced.
    fn go_on(&mut self, slot: usize, before: Option<u64>, more: bool) {
        let Some(follow) = self.follows.get_mut(slot).and_then(Option::as_mut) else { return };
        let sent = *follow.sent.get_or_insert(0);
        let moved = before != Some(sent);
        follow.misses = if moved { 0 } else { follow.misses.saturating_add(1) };
        if !(more || follow.head > sent) || follow.misses > MISSES {
            follow.head = sent;
            follow.phase = Phase::Live;
        } else if moved {
            follow.phase = Phase::Behind;
            self.behind.push_back(slot);
        } else {
            follow.phase = Phase::Resting;
        }
        self.release(slot);
    }

    fn queue_snapshot(&mut self, pull: &Pull, seq: u64, data: &RawValue) -> Result<(), &'static str> {
        let about = About::Topic { kind: pull.key.kind(), id: pull.key.id() };
        let frame = ServerFrame::Snap { about, seq, data: Some(data) }.encode();
        if frame.len() > MAX_FRAME_OUT {
            tracing::error!(topic = %pull.key, bytes = frame.len(), "a snapshot is too large for a frame");
            return Err("too_large");
        }
        self.queue.push(frame);
        if let Some(follow) = self.follows.get_mut(pull.slot).and_then(Option::as_mut) {
            follow.sent = Some(seq);
        }
        Ok(())
    }

    fn queue_events(&mut self, pull: &Pull, events: &[Event], cursor_key: &Mac) -> Result<(), &'static str> {
        let mut sent = pull.after.unwrap_or(0);
        if let (Stream::Inbox(context), Some(first)) = (pull.stream, events.first())
            && first.seq > sent + 1
        {
            sent = first.seq - 1;
            self.queue_inbox_gap(pull.slot, context, sent, cursor_key);
        }
        let about = match pull.stream {
            Stream::Topic => About::Topic { kind: pull.key.kind(), id: pull.key.id() },
            Stream::Inbox(context) => About::InboxOf { context, cursor: None },
        };
        let mut batch = Batch::new(&about);
        for event in events {
            if event.seq <= sent {
                continue;
            }
            if event.seq != sent + 1 {
                tracing::error!(topic = %pull.key, after = sent, got = event.seq, "a source left a gap");
                break;
            }
            let out = EventOut { seq: event.seq, at: event.at, data: event.body.as_deref() };
            if batch.add(out) == Err(TooLarge) {
                tracing::error!(topic = %pull.key, seq = event.seq, "an event is too large for a frame");
                return Err("too_large");
            }
            sent = event.seq;
        }
        let frames = batch.finish(|last| match pull.stream {
            Stream::Topic => None,
            Stream::Inbox(context) => self.cursor(cursor_key, Some((context, last))),
        });
        for frame in frames {
            self.queue.push(frame);
        }
        if let Some(follow) = self.follows.get_mut(pull.slot).and_then(Option::as_mut) {
            follow.sent = Some(sent);
        }
        Ok(())
    }

    /// Older notices are gone: says so with a snapshot without content, which means "read the lists again".
    fn queue_inbox_gap(&mut self, slot: usize, context: &'static str, seq: u64, cursor_key: &Mac) {
        if let Some(follow) = self.follows.get_mut(slot).and_then(Option::as_mut) {
            follow.sent = Some(seq);
        }
        let cursor = self.cursor(cursor_key, None);
        let about = About::InboxOf { context, cursor: cursor.as_deref() };
        self.queue.push(ServerFrame::Snap { about, seq, data: None }.encode());
    }

    /// Follows that storage could not help are tried again.
    pub(super) fn retry_rested(&mut self) -> bool {
        let mut any = false;
        for (slot, follow) in self.follows.iter_mut().enumerate() {
            if let Some(follow) = follow
                && follow.phase == Phase::Resting
            {
                follow.phase = Phase::Behind;
                self.behind.push_back(slot);
                any = true;
            }
        }
        any
    }
}
