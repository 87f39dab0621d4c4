//! Work besides commands: begun while there is room for what it brings, and settled when it comes back.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::stream::Stream as _;
use kernel::Principal;

use super::{PING_PATIENCE, Session, name_of, parts_of};
use crate::live::auth::Ticketed;
use crate::live::close::Close;
use crate::live::errand::Errand;
use crate::live::frames::{Cid, ServerFrame, TopicName};
use crate::live::inbox;
use crate::live::socket::{Left, Stream};
use crate::live::topic::{TopicKey, Viewer};
use crate::live::transport::Transport;
use crate::web::AuthFailure;

/// Reads of topics under way at once.
const PULLS: usize = 4;
/// Openings of topics under way at once.
const OPENINGS: usize = 8;

impl<T: Transport> Session<T> {
    pub(super) fn begin_work(&mut self) -> bool {
        let mut moved = false;
        while self.openings.len() < OPENINGS
            && let Some(opening) = self.to_open.pop_front()
        {
            self.openings.push_back(opening);
            moved = true;
        }
        while self.pulling < PULLS {
            let mut state = self.socket.lock();
            let Some(pull) = state.next_pull() else { break };
            let principal = Arc::clone(&state.principal);
            drop(state);
            if let Some(reading) = Errand::pull(&self.hub, pull, principal) {
                self.pulling += 1;
                self.errands.push(reading);
                moved = true;
            }
        }
        moved
    }

    pub(super) fn finish_errands(&mut self, cx: &mut Context<'_>) -> bool {
        let mut moved = false;
        while let Poll::Ready(Some(errand)) = Pin::new(&mut self.errands).poll_next(cx) {
            moved = true;
            self.finish(errand);
        }
        while let Poll::Ready(Some(errand)) = Pin::new(&mut self.openings).poll_next(cx) {
            moved = true;
            self.finish(errand);
        }
        self.answer_late_pings();
        moved
    }

    fn finish(&mut self, errand: Errand) {
        match errand {
            Errand::Opened { cid, key, after, viewer } => {
                match (viewer, self.attached.as_ref()) {
                    (Ok(viewer), Some(attached)) => attached.follow(&key, Stream::Topic, viewer, after, cid),
                    (Ok(_), None) => {}
                    (Err(error), _) => self.not_followed(cid, &name_of(&key), error),
                }
                self.opened(&key);
            }
            Errand::InboxOpened { cid, streams } => match streams {
                Ok(streams) => self.follow_inbox(cid, streams),
                Err(error) => self.not_followed(cid, &TopicName::Inbox, error),
            },
            Errand::Pulled { pull, result } => {
                self.pulling = self.pulling.saturating_sub(1);
                let (cursor_key, fixed) = (&self.hub.cursor_key, self.socket.fixed.as_ref());
                let left = self.socket.lock().settle(&pull, result, cursor_key, fixed);
                if let (Some(Left(key)), Some(attached)) = (left, self.attached.as_ref()) {
                    attached.forget(&key);
                }
            }
            Errand::Unfollowed { cid, topic } => self.unfollow(cid, &topic),
            Errand::Heads { n, heads } => self.heads(n, &heads),
            Errand::Renewed { cid, result } => self.renewed(cid, *result),
        }
    }

    fn follow_inbox(&self, cid: Option<Cid>, streams: Vec<(&'static str, u64)>) {
        let Some(attached) = self.attached.as_ref() else { return };
        for (context, after) in streams {
            let key = inbox::stream_of(context, self.socket.account);
            attached.follow(&key, Stream::Inbox(context), Viewer::ANYONE, Some(after), None);
        }
        self.socket.lock().inbox_followed(cid);
    }

    /// Sources said how far each topic is: followers that missed something read it, and the ping is answered.
    fn heads(&mut self, n: u64, heads: &[(TopicKey, u64)]) {
        {
            let mut state = self.socket.lock();
            for (key, head) in heads {
                state.note_head(key, *head);
            }
        }
        if let Some(place) = self.pings.iter().position(|(waiting, _)| *waiting == n) {
            self.pings.remove(place);
            self.note_busy();
            self.pong(n);
        }
    }

    /// A source that does not answer must not make a living server look dead.
    pub(super) fn answer_late_pings(&mut self) {
        let Some((_, oldest)) = self.pings.front() else { return };
        if self.hub.clock.now().since(*oldest) > PING_PATIENCE {
            for (n, _) in std::mem::take(&mut self.pings) {
                self.pong(n);
            }
            self.note_busy();
        }
    }

    pub(super) fn pong(&self, n: u64) {
        let now = self.hub.clock.now();
        let mut state = self.socket.lock();
        let following = state.following();
        let topics = following.iter().filter(|(_, stream, _)| *stream == Stream::Topic);
        let seqs: Vec<(&str, u64)> = topics.map(|(key, _, head)| (key.id(), *head)).collect();
        let cursor = state.cursor(&self.hub.cursor_key, None);
        let frame = ServerFrame::Pong { n, now, seqs: &seqs, inbox: cursor.as_deref() }.encode();
        state.answer(frame);
    }

    fn renewed(&self, cid: Cid, result: Result<Ticketed, AuthFailure>) {
        let ticketed = match result {
            Ok(ticketed) => ticketed,
            Err(AuthFailure::Unavailable) => return self.refuse(cid, "unavailable", true),
            Err(AuthFailure::Expired) => return self.close(Close::Expired),
            Err(AuthFailure::Revoked) => return self.close(Close::SessionRevoked),
            Err(AuthFailure::Suspended) => return self.close(Close::Suspended),
            Err(AuthFailure::Invalid) => {
                return self.close(Close::protocol("auth: the credential is not valid"));
            }
        };
        let principal = ticketed.principal;
        if (principal.account, principal.session) != (self.socket.account, self.socket.session) {
            return self.close(Close::protocol("auth: the credential is of another account or session"));
        }
        let only = ticketed.only_topic.as_ref();
        if only.is_some() && only != self.socket.fixed.as_ref().map(parts_of).as_ref() {
            return self.close(Close::protocol("auth: the credential opens another topic only"));
        }
        self.socket.lock().principal = Arc::new(principal);
        self.answer(&ServerFrame::Ok { cid, seq: None });
    }

    pub(super) fn principal(&self) -> Arc<Principal> {
        Arc::clone(&self.socket.lock().principal)
    }
}
