//! Published events as one socket takes them: the very next one of a live follow directly, anything else by a pull.

use bytestring::ByteString;

use super::follow::Phase;
use super::{Ending, State};
use crate::crypto::Mac;
use crate::live::close::Close;
use crate::live::frames::{About, EventOut, MAX_FRAME_OUT, ServerFrame};

impl State {
    /// A published event. Returns whether the pump has something to do.
    pub(crate) fn offer(&mut self, slot: usize, seq: u64, frame: impl FnOnce() -> ByteString) -> bool {
        if !self.takes(slot, seq) {
            return self.closing.is_some() || !self.behind.is_empty();
        }
        let frame = frame();
        if frame.len() > MAX_FRAME_OUT {
            // Storage has it too, and settling the pull will end the topic in an orderly way.
            self.fall_behind(slot);
            return true;
        }
        self.queue.push(frame);
        self.release(slot);
        true
    }

    /// A published notice of the inbox.
    pub(crate) fn offer_notice(
        &mut self,
        slot: usize,
        event: EventOut<'_>,
        context: &'static str,
        cursor_key: &Mac,
    ) -> bool {
        if !self.takes(slot, event.seq) {
            return self.closing.is_some() || !self.behind.is_empty();
        }
        let cursor = self.cursor(cursor_key, None);
        let about = About::InboxOf { context, cursor: cursor.as_deref() };
        self.queue.push(ServerFrame::Ev(about, event).encode());
        self.release(slot);
        true
    }

    /// Whether this published event is the next one and fits; if so it counts as sent. If it is not, the follow falls
    /// behind; if it does not fit because the peer takes nothing, the socket closes.
    fn takes(&mut self, slot: usize, seq: u64) -> bool {
        let full = self.queue.is_full();
        let Some(follow) = self.follows.get_mut(slot).and_then(Option::as_mut) else { return false };
        follow.head = follow.head.max(seq);
        let sent = follow.sent.unwrap_or(0);
        if follow.phase != Phase::Live || seq <= sent {
            return false;
        }
        if seq == sent + 1 && !full {
            follow.sent = Some(seq);
            return true;
        }
        if full && self.queue.is_slow() {
            self.begin_close(Ending::Ours(Close::TooSlow));
        } else {
            self.fall_behind(slot);
        }
        false
    }

    fn fall_behind(&mut self, slot: usize) {
        if let Some(follow) = self.follows.get_mut(slot).and_then(Option::as_mut) {
            follow.sent = follow.sent.map(|sent| sent.min(follow.head.saturating_sub(1)));
            follow.phase = Phase::Behind;
            self.behind.push_back(slot);
        }
    }
}
