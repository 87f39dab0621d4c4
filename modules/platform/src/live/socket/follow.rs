//! What one socket follows and how far each of it was sent; beginning and ending; answers that wait for events.

use bytestring::ByteString;

use super::{Ending, State};
use crate::crypto::Mac;
use crate::live::close::Close;
use crate::live::frames::{About, Cid, ServerFrame};
use crate::live::inbox;
use crate::live::topic::{TopicKey, Viewer};
use std::collections::BTreeMap;

/// What a follow reads from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    /// A topic's source.
    Topic,
    /// One context's part of the inbox.
    Inbox(&'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// All that exists is queued; the next published event may follow directly.
    Live,
    /// Waits for room to pull.
    Behind,
    /// A pull is under way.
    Pulling,
    /// Storage did not help; tried again when the wheel comes by.
    Resting,
}

/// An answer that may not overtake events.
pub(super) enum Waiting {
    /// Answers a command: after event `seq`.
    Reply { seq: u64, frame: ByteString },
    /// Answers a follow: once it is live.
    Followed(Cid),
}

pub(super) struct Follow {
    pub(super) key: TopicKey,
    pub(super) stream: Stream,
    pub(super) viewer: Viewer,
    /// The last event that was queued; none until a first snapshot.
    pub(super) sent: Option<u64>,
    /// The last event that is known to exist.
    pub(super) head: u64,
    pub(super) phase: Phase,
    /// Which pull may still be settled.
    pub(super) generation: u64,
    pub(super) misses: u8,
    pub(super) waiting: Vec<Waiting>,
}

impl State {
    /// Queues the answer to a command, after all events up to `seq` if the topic is followed.
    pub(crate) fn reply(&mut self, key: &TopicKey, seq: Option<u64>, frame: ByteString) {
        let slot = self.by_key.get(key).copied();
        let follow = slot.and_then(|slot| self.follows.get_mut(slot)).and_then(Option::as_mut);
        match (seq, follow) {
            (Some(seq), Some(follow)) if follow.sent.is_none_or(|sent| sent < seq) => {
                follow.waiting.push(Waiting::Reply { seq, frame });
                self.note_head(key, seq);
            }
            _ => self.answer(frame),
        }
    }

    /// An event up to `seq` is said to exist.
    pub(crate) fn note_head(&mut self, key: &TopicKey, seq: u64) {
        let Some(slot) = self.by_key.get(key).copied() else { return };
        let Some(follow) = self.follows.get_mut(slot).and_then(Option::as_mut) else { return };
        follow.head = follow.head.max(seq);
        if follow.phase == Phase::Live && follow.sent.is_none_or(|sent| sent < follow.head) {
            follow.phase = Phase::Behind;
            self.behind.push_back(slot);
        }
    }

    /// Queues the answers that waited for events which are queued now.
    pub(super) fn release(&mut self, slot: usize) {
        let Some(follow) = self.follows.get_mut(slot).and_then(Option::as_mut) else { return };
        if follow.waiting.is_empty() && self.inbox_waiting.is_empty() {
            return;
        }
        let (sent, live) = (follow.sent, follow.phase == Phase::Live);
        let ready = |waiting: &Waiting| match waiting {
            Waiting::Reply { seq, .. } => sent.is_some_and(|sent| *seq <= sent),
            Waiting::Followed(_) => live,
        };
        let (ready, waiting) = std::mem::take(&mut follow.waiting).into_iter().partition(ready);
        follow.waiting = waiting;
        for waiting in ready {
            let frame = match waiting {
                Waiting::Reply { frame, .. } => frame,
                Waiting::Followed(cid) => ServerFrame::Ok { cid, seq: sent }.encode(),
            };
            self.answer(frame);
        }
        self.release_inbox();
    }

    fn release_inbox(&mut self) {
        let all_live = self
            .follows
            .iter()
            .flatten()
            .all(|follow| follow.stream == Stream::Topic || follow.phase == Phase::Live);
        if all_live {
            for cid in std::mem::take(&mut self.inbox_waiting) {
                self.answer(ServerFrame::Ok { cid, seq: None }.encode());
            }
        }
    }

    /// Follows a topic from `after` on, or moves an existing follow there. Returns the slot of a new follow, which must
    /// then be made known to the hub.
    pub(crate) fn follow(
        &mut self,
        key: &TopicKey,
        stream: Stream,
        viewer: Viewer,
        after: Option<u64>,
        cid: Option<Cid>,
    ) -> Option<usize> {
        let waiting = cid.map(Waiting::Followed);
        if let Some(slot) = self.by_key.get(key).copied()
            && let Some(follow) = self.follows.get_mut(slot).and_then(Option::as_mut)
        {
            follow.sent = after;
            follow.generation = 0;
            follow.misses = 0;
            follow.waiting.extend(waiting);
            if follow.phase != Phase::Behind {
                follow.phase = Phase::Behind;
                self.behind.push_back(slot);
            }
            return None;
        }
        let follow = Follow {
            key: key.clone(),
            stream,
            viewer,
            sent: after,
            head: 0,
            phase: Phase::Behind,
            generation: 0,
            misses: 0,
            waiting: waiting.into_iter().collect(),
        };
        let slot = self.follows.iter().position(Option::is_none).unwrap_or(self.follows.len());
        if let Some(free) = self.follows.get_mut(slot) {
            *free = Some(follow);
        } else {
            self.follows.push(Some(follow));
        }
        self.by_key.insert(key.clone(), slot);
        self.behind.push_back(slot);
        Some(slot)
    }

    /// The inbox is followed; answered once all its streams are live.
    pub(crate) fn inbox_followed(&mut self, cid: Option<Cid>) {
        self.inbox_waiting.extend(cid);
        self.release_inbox();
    }

    /// Forgets a follow. Answers that waited for its events leave now: nothing else will release them.
    pub(crate) fn unfollow(&mut self, key: &TopicKey, code: &'static str) -> bool {
        let Some(slot) = self.by_key.remove(key) else { return false };
        let Some(follow) = self.follows.get_mut(slot).and_then(Option::take) else { return false };
        for waiting in follow.waiting {
            let frame = match waiting {
                Waiting::Reply { frame, .. } => frame,
                Waiting::Followed(cid) => {
                    ServerFrame::Err { cid, code, retryable: false, seq: None, snapshot: None }.encode()
                }
            };
            self.answer(frame);
        }
        self.release_inbox();
        true
    }

    /// A topic ended for this viewer.
    pub(crate) fn end(&mut self, key: &TopicKey, code: &'static str, fixed: Option<&TopicKey>) {
        if self.unfollow(key, code) {
            let about = About::Topic { kind: key.kind(), id: key.id() };
            self.answer(ServerFrame::Gone { about, code }.encode());
            if fixed == Some(key) {
                self.begin_close(Ending::Ours(Close::TopicEnded));
            }
        }
    }

    /// The inbox's cursor as of what is queued, with one context's place given; none if it is not followed.
    pub(crate) fn cursor(&self, cursor_key: &Mac, at: Option<(&'static str, u64)>) -> Option<String> {
        let mut positions: BTreeMap<&'static str, u64> = BTreeMap::new();
        for follow in self.follows.iter().flatten() {
            if let Stream::Inbox(context) = follow.stream {
                positions.insert(context, follow.sent.unwrap_or(0));
            }
        }
        if positions.is_empty() {
            return None;
        }
        positions.extend(at);
        Some(inbox::seal(cursor_key, self.principal.account, positions.into_iter()))
    }

    /// The followed topics, each with its stream and the last event known of.
    pub(crate) fn following(&self) -> Vec<(TopicKey, Stream, u64)> {
        let known =
            |follow: &Follow| (follow.key.clone(), follow.stream, follow.head.max(follow.sent.unwrap_or(0)));
        self.follows.iter().flatten().map(known).collect()
    }

    /// With whose eyes a topic is followed, if it is.
    pub(crate) fn viewer_of(&self, key: &TopicKey) -> Option<Viewer> {
        let slot = *self.by_key.get(key)?;
        self.follows.get(slot)?.as_ref().map(|follow| follow.viewer)
    }

    pub(crate) fn follow_count(&self) -> usize {
        self.by_key.len()
    }
}
