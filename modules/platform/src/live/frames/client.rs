//! Client to server: the closed enum of frames, and the one function that reads them.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{After, Cid, MAX_FRAME_IN, MAX_HELLO_TOPICS, TopicName, Wanted};
use crate::json;

/// Client to server.
#[derive(Debug)]
pub enum ClientFrame<'a> {
    /// The first frame of every socket.
    Hello {
        /// The versions the client speaks.
        versions: Vec<u32>,
        /// Tells two devices of one session apart.
        device: Option<Cow<'a, str>>,
        /// What to follow at once.
        topics: Vec<Wanted>,
    },
    /// A command for a topic's source.
    Cmd {
        /// Repeated in the answer, and good for ever.
        cid: Cid,
        /// Whose command it is.
        topic: TopicName,
        /// The last event the client had seen when it decided.
        base: u64,
        /// The `do` payload, untouched.
        action: &'a RawValue,
    },
    /// Follow a topic, or go on after another event.
    Follow {
        /// Repeated in the answer.
        cid: Cid,
        /// What to follow.
        topic: TopicName,
        /// From where.
        after: Option<After>,
    },
    /// Stop following.
    Unfollow {
        /// Repeated in the answer.
        cid: Cid,
        /// What to leave.
        topic: TopicName,
    },
    /// Renew the credential.
    Auth {
        /// Repeated in the answer.
        cid: Cid,
        /// An access token or a ticket.
        token: Token<'a>,
    },
    /// Asks for a `pong`.
    Ping {
        /// Repeated in the answer.
        n: u64,
    },
}

/// A credential inside a frame; it never shows itself.
pub struct Token<'a>(pub Cow<'a, str>);

impl fmt::Debug for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// Why a frame was refused. The text is for the peer alone: it may repeat what it wrote.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(Cow<'static, str>);

impl Malformed {
    pub(super) fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Self(reason.into())
    }

    /// The reason.
    #[must_use]
    pub fn into_reason(self) -> Cow<'static, str> {
        self.0
    }
}

/// Reads one client frame. Unknown types, unknown, missing, repeated or foreign fields are all refused.
pub fn parse(text: &str) -> Result<ClientFrame<'_>, Malformed> {
    if text.len() > MAX_FRAME_IN {
        return Err(Malformed::new("a frame has at most 49152 bytes"));
    }
    let raw: RawFrame<'_> = json::from_str(text).map_err(|error| Malformed::new(json::plain(&error)))?;
    let mut fields = Fields { have: raw.present(), raw };
    let kind = std::mem::take(&mut fields.raw.t.0);
    let frame = match kind.as_ref() {
        "hello" => ClientFrame::Hello {
            versions: fields.take("v", |raw| raw.v.take())?,
            device: fields.maybe(|raw| raw.device.take()).map(|text| text.0),
            topics: fields.maybe(|raw| raw.topics.take()).unwrap_or_default(),
        },
        "cmd" => ClientFrame::Cmd {
            cid: fields.cid()?,
            topic: fields.topic()?,
            base: fields.take("base", |raw| raw.base.take())?,
            action: fields.take("do", |raw| raw.action.take())?,
        },
        "follow" => ClientFrame::Follow {
            cid: fields.cid()?,
            topic: fields.topic()?,
            after: fields.maybe(|raw| raw.after.take()),
        },
        "unfollow" => ClientFrame::Unfollow { cid: fields.cid()?, topic: fields.topic()? },
        "auth" => ClientFrame::Auth {
            cid: fields.cid()?,
            token: Token(fields.take("token", |raw| raw.token.take())?.0),
        },
        "ping" => ClientFrame::Ping { n: fields.take("n", |raw| raw.n.take())? },
        other => return Err(Malformed::new(format!("unknown frame type {other:?}"))),
    };
    fields.done(&kind)?;
    limits(frame)
}

fn limits(frame: ClientFrame<'_>) -> Result<ClientFrame<'_>, Malformed> {
    if let ClientFrame::Hello { versions, device, topics } = &frame {
        if topics.len() > MAX_HELLO_TOPICS {
            return Err(Malformed::new("a hello names at most 256 topics; follow the others later"));
        }
        if versions.is_empty() || versions.len() > 32 {
            return Err(Malformed::new("v lists 1 to 32 versions"));
        }
        if device.as_ref().is_some_and(|device| device.len() > 64 || device.chars().any(char::is_control)) {
            return Err(Malformed::new("device has at most 64 bytes and no control characters"));
        }
    }
    Ok(frame)
}

/// All fields of all client frames; which belong together is checked after reading, so that one pass suffices.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFrame<'a> {
    #[serde(borrow)]
    t: Text<'a>,
    v: Option<Vec<u32>>,
    #[serde(borrow)]
    device: Option<Text<'a>>,
    topics: Option<Vec<Wanted>>,
    #[serde(borrow)]
    cid: Option<Text<'a>>,
    topic: Option<TopicName>,
    base: Option<u64>,
    #[serde(borrow, rename = "do")]
    action: Option<&'a RawValue>,
    after: Option<After>,
    #[serde(borrow)]
    token: Option<Text<'a>>,
    n: Option<u64>,
}

/// A string that borrows where it can, also inside an `Option`.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl RawFrame<'_> {
    fn present(&self) -> usize {
        let flags = [
            self.v.is_some(),
            self.device.is_some(),
            self.topics.is_some(),
            self.cid.is_some(),
            self.topic.is_some(),
            self.base.is_some(),
            self.action.is_some(),
            self.after.is_some(),
            self.token.is_some(),
            self.n.is_some(),
        ];
        flags.into_iter().filter(|present| *present).count()
    }
}

/// Hands out a frame's fields and counts them: what is left over belongs to another frame type.
struct Fields<'a> {
    raw: RawFrame<'a>,
    have: usize,
}

impl<'a> Fields<'a> {
    fn maybe<T>(&mut self, take: impl FnOnce(&mut RawFrame<'a>) -> Option<T>) -> Option<T> {
        let value = take(&mut self.raw);
        if value.is_some() {
            self.have = self.have.saturating_sub(1);
        }
        value
    }

    fn take<T>(
        &mut self,
        name: &'static str,
        take: impl FnOnce(&mut RawFrame<'a>) -> Option<T>,
    ) -> Result<T, Malformed> {
        self.maybe(take).ok_or_else(|| Malformed::new(format!("missing field {name:?}")))
    }

    fn cid(&mut self) -> Result<Cid, Malformed> {
        self.take("cid", |raw| raw.cid.take()).and_then(|text| Cid::read(&text.0))
    }

    fn topic(&mut self) -> Result<TopicName, Malformed> {
        self.take("topic", |raw| raw.topic.take())
    }

    fn done(&self, kind: &str) -> Result<(), Malformed> {
        if self.have == 0 {
            Ok(())
        } else {
            Err(Malformed::new(format!("a field does not belong into a {kind:?} frame")))
        }
    }
}

impl<'de> Deserialize<'de> for TopicName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wanted = deserializer.deserialize_map(WantedVisitor { with_after: false })?;
        Ok(wanted.topic)
    }
}

impl<'de> Deserialize<'de> for Wanted {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(WantedVisitor { with_after: true })
    }
}

struct WantedVisitor {
    with_after: bool,
}

impl<'de> Visitor<'de> for WantedVisitor {
    type Value = Wanted;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a topic such as {\"game\":\"gam_..\"} or {\"inbox\":true}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Wanted, A::Error> {
        let (mut topic, mut after) = (None, None);
        while let Some(key) = map.next_key::<Text<'de>>()? {
            match key.0.as_ref() {
                "after" if self.with_after && after.is_none() => after = Some(map.next_value()?),
                _ if topic.is_some() => return Err(A::Error::custom("a topic has exactly one name")),
                "inbox" if map.next_value::<bool>()? => topic = Some(TopicName::Inbox),
                "inbox" => return Err(A::Error::custom("the inbox topic is {\"inbox\":true}")),
                kind => {
                    let one = TopicName::One { kind: kind.to_owned(), id: map.next_value()? };
                    topic = Some(
                        one.plain()
                            .ok_or_else(|| A::Error::custom("a topic's kind and id are plain words"))?,
                    );
                }
            }
        }
        let topic = topic.ok_or_else(|| A::Error::custom("a topic has exactly one name"))?;
        Ok(Wanted { topic, after: after.flatten() })
    }
}

impl<'de> Deserialize<'de> for After {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AfterVisitor;
        impl Visitor<'_> for AfterVisitor {
            type Value = After;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a sequence number, or the inbox's cursor")
            }
            fn visit_u64<E>(self, seq: u64) -> Result<After, E> {
                Ok(After::Seq(seq))
            }
            fn visit_str<E>(self, cursor: &str) -> Result<After, E> {
                Ok(After::Cursor(cursor.to_owned()))
            }
        }
        deserializer.deserialize_any(AfterVisitor)
    }
}
