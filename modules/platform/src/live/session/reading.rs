//! Frames as they come in: each is parsed, checked against the socket's state, and becomes an answer or work.

use std::borrow::Cow;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytestring::ByteString;
use kernel::Timestamp;

use super::commands::Asked;
use super::{Session, name_of};
use crate::live::attach::Place;
use crate::live::auth::Ticketed;
use crate::live::close::Close;
use crate::live::errand::{Errand, Heads};
use crate::live::frames::{self, After, Cid, ClientFrame, ServerFrame, TopicName, VERSIONS, Wanted};
use crate::live::inbox;
use crate::live::socket::Ending;
use crate::live::topic::{TopicError, TopicKey, TopicSource};
use crate::live::transport::{Incoming, Transport};

/// Pings and renewals under way at once; beyond it a ping is answered from memory.
const ERRANDS: usize = 64;

impl<T: Transport> Session<T> {
    /// Reads one frame, unless the socket closes or the peer must first take what is queued for it.
    pub(super) fn read(&mut self, cx: &mut Context<'_>) -> bool {
        {
            let state = self.socket.lock();
            if state.ending().is_some() || state.queue.is_full() {
                return false;
            }
        }
        let Some(transport) = self.transport.as_mut() else { return false };
        let Poll::Ready(incoming) = transport.poll_recv(cx) else { return false };
        let now = self.hub.clock.now();
        self.socket.heard(now);
        match incoming {
            None => return self.hang_up(),
            Some(Err(fault)) => self.close(Close::Protocol(fault.0)),
            Some(Ok(Incoming::Close)) => self.socket.lock().begin_close(Ending::Theirs),
            Some(Ok(_)) if !self.bucket.take(now) => self.close(Close::TooFast),
            Some(Ok(Incoming::Pong)) => {}
            Some(Ok(Incoming::Ping(payload))) => self.pong = Some(payload),
            Some(Ok(Incoming::Text(text))) => self.on_text(&text, now),
        }
        true
    }

    fn on_text(&mut self, text: &ByteString, now: Timestamp) {
        self.hub.meters.frames_in.increment(1);
        let (greeted, expires_at) = {
            let state = self.socket.lock();
            (state.greeted, state.principal.expires_at)
        };
        if expires_at <= now {
            return self.close(Close::Expired);
        }
        match frames::parse(text) {
            Err(malformed) => self.close(Close::Protocol(malformed.into_reason())),
            Ok(ClientFrame::Hello { versions, device, topics }) if !greeted => {
                self.on_hello(&versions, device, topics, now);
            }
            Ok(ClientFrame::Hello { .. }) => self.close(Close::protocol("hello was said before")),
            Ok(_) if !greeted => self.close(Close::protocol("the first frame is a hello")),
            Ok(ClientFrame::Cmd { cid, topic, base, action }) => {
                self.on_command(&topic, Asked { cid, base, action: action.to_owned() }, now);
            }
            Ok(ClientFrame::Follow { cid, topic, after }) => self.on_follow(Some(cid), topic, after),
            Ok(ClientFrame::Unfollow { cid, topic }) => self.on_unfollow(cid, topic),
            Ok(ClientFrame::Auth { cid, token }) => self.on_auth(cid, token.0.into_owned()),
            Ok(ClientFrame::Ping { n }) => self.on_ping(n, now),
        }
    }

    fn on_hello(
        &mut self,
        versions: &[u32],
        device: Option<Cow<'_, str>>,
        topics: Vec<Wanted>,
        now: Timestamp,
    ) {
        let Some(version) = versions.iter().copied().filter(|version| VERSIONS.contains(version)).max()
        else {
            return self.close(Close::protocol("no common version; this server speaks 1"));
        };
        let place = Place {
            session: self.socket.session,
            device: device.map(Cow::into_owned).unwrap_or_default(),
            topic: self.socket.fixed.clone(),
        };
        if let Some(attached) = self.attached.as_mut() {
            attached.take_place(place);
        }
        self.socket.lock().greeted = true;
        let (session, ping_s) = (self.socket.session, self.hub.settings.ping_s);
        self.answer(&ServerFrame::Welcome { version, session, now, ping_s });
        let fixed = self.socket.fixed.as_ref().map(name_of);
        let named = topics.iter().any(|wanted| Some(&wanted.topic) == fixed.as_ref());
        for Wanted { topic, after } in topics {
            self.on_follow(None, topic, after);
        }
        if let Some(topic) = fixed.filter(|_| !named) {
            self.on_follow(None, topic, None);
        }
    }

    fn on_follow(&mut self, cid: Option<Cid>, topic: TopicName, after: Option<After>) {
        let name = topic.clone();
        if let Err(refused) = self.begin_follow(cid, topic, after) {
            self.not_followed(cid, &name, refused);
        }
    }

    fn begin_follow(
        &mut self,
        cid: Option<Cid>,
        topic: TopicName,
        after: Option<After>,
    ) -> Result<(), TopicError> {
        if self.socket.lock().follow_count() + self.openings.len() + self.to_open.len()
            >= self.hub.settings.max_topics
        {
            return Err(TopicError::Refused("too_many_topics"));
        }
        match (topic, after) {
            (TopicName::Inbox, None | Some(After::Cursor(_))) if self.socket.fixed.is_some() => {
                Err(TopicError::Refused("other_topic"))
            }
            (TopicName::Inbox, None) => self.open_inbox(cid, inbox::Positions::new()),
            (TopicName::Inbox, Some(After::Cursor(cursor))) => {
                let positions = inbox::open(&self.hub.cursor_key, self.socket.account, &cursor);
                self.open_inbox(cid, positions.ok_or(TopicError::Refused("invalid_cursor"))?)
            }
            (TopicName::One { kind, id }, None) => self.open_topic(cid, &kind, &id, None),
            (TopicName::One { kind, id }, Some(After::Seq(after))) => {
                self.open_topic(cid, &kind, &id, Some(after))
            }
            (TopicName::Inbox, Some(After::Seq(_))) | (TopicName::One { .. }, Some(After::Cursor(_))) => {
                self.close(Close::protocol("after is a number for a topic and a cursor for the inbox"));
                Ok(())
            }
        }
    }

    fn open_topic(
        &mut self,
        cid: Option<Cid>,
        kind: &str,
        id: &str,
        after: Option<u64>,
    ) -> Result<(), TopicError> {
        let (source, key) = self.topic(kind, id)?;
        let principal = self.principal();
        self.opening.push(key.clone());
        self.to_open.push_back(Box::pin(async move {
            let viewer = source.open(&principal, key.id()).await;
            Errand::Opened { cid, key, after, viewer }
        }));
        Ok(())
    }

    fn open_inbox(&mut self, cid: Option<Cid>, positions: inbox::Positions) -> Result<(), TopicError> {
        let (sources, account) = (self.hub.inboxes(), self.socket.account);
        if sources.is_empty() {
            return Err(TopicError::NotFound);
        }
        self.to_open.push_back(Box::pin(async move {
            let mut streams = Vec::with_capacity(sources.len());
            for source in sources {
                let context = source.context();
                let after = match positions.get(context) {
                    Some(seq) => *seq,
                    None => match source.head(account).await {
                        Ok(head) => head,
                        Err(error) => return Errand::InboxOpened { cid, streams: Err(error) },
                    },
                };
                streams.push((context, after));
            }
            Errand::InboxOpened { cid, streams: Ok(streams) }
        }));
        Ok(())
    }

    /// The source and the key of a topic as a client named it.
    pub(super) fn topic(&self, kind: &str, id: &str) -> Result<(Arc<dyn TopicSource>, TopicKey), TopicError> {
        let source = self.hub.source(kind).ok_or(TopicError::Refused("unknown_topic"))?;
        let key = TopicKey::named(source.kind(), id);
        match &self.socket.fixed {
            Some(fixed) if *fixed != key => Err(TopicError::Refused("other_topic")),
            _ => Ok((source, key)),
        }
    }

    /// A follow failed: `err` to who asked by name, `gone` to who asked in the hello.
    pub(super) fn not_followed(&self, cid: Option<Cid>, topic: &TopicName, error: TopicError) {
        if let Some(cid) = cid {
            return self.refuse(cid, error.code(), error == TopicError::Unavailable);
        }
        let about = match topic {
            TopicName::One { kind, id } => frames::About::Topic { kind, id },
            TopicName::Inbox => frames::About::Inbox,
        };
        let mut state = self.socket.lock();
        state.answer(ServerFrame::Gone { about, code: error.code() }.encode());
        if self.socket.fixed.as_ref().is_some_and(|fixed| name_of(fixed) == *topic) {
            let unavailable = error == TopicError::Unavailable;
            let close = if unavailable { Close::Unavailable { retry_ms: 1_000 } } else { Close::TopicEnded };
            state.begin_close(Ending::Ours(close));
        }
    }

    /// Takes its turn behind the follows that were asked for before.
    fn on_unfollow(&mut self, cid: Cid, topic: TopicName) {
        if self.to_open.len() >= self.hub.settings.max_topics {
            return self.refuse(cid, "too_many_in_flight", true);
        }
        self.to_open.push_back(Box::pin(std::future::ready(Errand::Unfollowed { cid, topic })));
    }

    pub(super) fn unfollow(&self, cid: Cid, topic: &TopicName) {
        let Some(attached) = self.attached.as_ref() else { return };
        let left = match topic {
            TopicName::One { kind, id } => match self.topic(kind, id) {
                Ok((_, key)) if self.socket.fixed.as_ref() == Some(&key) => {
                    return self.refuse(cid, "only_topic", false);
                }
                Ok((_, key)) => attached.unfollow(&key, "unfollowed"),
                Err(error) => return self.refuse(cid, error.code(), false),
            },
            TopicName::Inbox => {
                let sources = self.hub.inboxes().into_iter();
                let streams = sources.map(|source| inbox::stream_of(source.context(), self.socket.account));
                streams.filter(|key| attached.unfollow(key, "unfollowed")).count() > 0
            }
        };
        if left {
            self.answer(&ServerFrame::Ok { cid, seq: None });
        } else {
            self.refuse(cid, "not_followed", false);
        }
    }

    fn on_auth(&mut self, cid: Cid, token: String) {
        if self.errands.len() >= ERRANDS {
            return self.refuse(cid, "too_many_in_flight", true);
        }
        let (auth, origin) = (Arc::clone(&self.auth), self.origin.clone());
        self.errands.push(Box::pin(async move {
            // An access token is a JWT, which has two dots; a ticket has none.
            let result = if token.contains('.') {
                auth.bearer(&token).await.map(|principal| Ticketed { principal, only_topic: None })
            } else {
                auth.ticket(&token, origin.as_deref()).await
            };
            Errand::Renewed { cid, result: Box::new(result) }
        }));
    }

    pub(super) fn on_ping(&mut self, n: u64, now: Timestamp) {
        let following = self.socket.lock().following();
        if following.is_empty() || self.errands.len() >= ERRANDS {
            return self.pong(n);
        }
        self.pings.push_back((n, now));
        self.note_busy();
        let heads = Heads::of(&self.hub, self.socket.account, following);
        self.errands.push(Box::pin(async move { Errand::Heads { n, heads: heads.read().await } }));
    }
}
