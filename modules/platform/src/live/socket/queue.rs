//! The frames that wait to leave one socket: bounded in number and bytes, and aware of a peer that takes nothing.

use std::collections::VecDeque;
use std::time::Duration;

use bytestring::ByteString;
use kernel::Timestamp;

/// A pull begins only while the queue holds at most this much, so that live events keep room beside catch-up.
const PULL_BELOW_FRAMES: usize = 32;
const PULL_BELOW_BYTES: usize = 64 * 1024;
/// An idle queue keeps room for this many frames, so that idle sockets stay small.
const KEPT_FRAMES: usize = 16;
/// From when on an overflow closes the socket instead of being read again later.
const SLOW_AFTER: Duration = Duration::from_secs(1);
/// How long a peer may take nothing at all.
const STALLED_FOR: Duration = Duration::from_secs(20);

/// The frames that wait to leave.
pub(crate) struct Queue {
    frames: VecDeque<ByteString>,
    bytes: usize,
    max_frames: usize,
    max_bytes: usize,
    stalled_since: Option<Timestamp>,
    /// The wheel saw it stalled for a while. A full transport alone proves nothing: its task may just not have run.
    slow: bool,
}

impl Queue {
    pub(super) fn new(max_frames: usize, max_bytes: usize) -> Self {
        Self { frames: VecDeque::new(), bytes: 0, max_frames, max_bytes, stalled_since: None, slow: false }
    }

    pub(super) fn push(&mut self, frame: ByteString) {
        self.bytes += frame.len();
        self.frames.push_back(frame);
    }

    pub(crate) fn pop(&mut self) -> Option<ByteString> {
        let frame = self.frames.pop_front()?;
        self.bytes = self.bytes.saturating_sub(frame.len());
        if self.frames.is_empty() && self.frames.capacity() > KEPT_FRAMES {
            self.frames = VecDeque::new();
        }
        Some(frame)
    }

    /// Whether nothing more fits.
    pub(crate) fn is_full(&self) -> bool {
        self.frames.len() >= self.max_frames || self.bytes >= self.max_bytes
    }

    /// Whether there is room for what a pull brings.
    pub(super) fn invites_pull(&self) -> bool {
        self.frames.len() <= self.max_frames.min(PULL_BELOW_FRAMES)
            && self.bytes <= self.max_bytes.min(PULL_BELOW_BYTES)
    }

    pub(crate) fn stalled(&mut self, now: Timestamp) {
        self.stalled_since.get_or_insert(now);
    }

    pub(crate) fn moving(&mut self) {
        self.stalled_since = None;
        self.slow = false;
    }

    /// Whether the peer has taken nothing for a while although something was there.
    pub(super) fn is_slow(&self) -> bool {
        self.slow
    }

    /// The wheel came by. Returns whether the peer took nothing for longer than anybody waits.
    pub(super) fn visit(&mut self, now: Timestamp) -> bool {
        let stalled = self.stalled_since.map(|since| now.since(since));
        self.slow = stalled.is_some_and(|stalled| stalled > SLOW_AFTER);
        stalled.is_some_and(|stalled| stalled > STALLED_FOR)
    }

    /// Drops what waits, for a peer that will not take it.
    pub(super) fn clear(&mut self) {
        self.frames = VecDeque::new();
        self.bytes = 0;
    }
}
