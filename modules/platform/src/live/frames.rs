//! The wire of `whot.v1` as two closed enums named by direction, one function to read and one to write.
//! What a game's or a chat's payload means is never known here: it passes through as raw JSON.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use bytestring::ByteString;
use kernel::Timestamp;
use serde::Deserialize;
use serde::de::{Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;
use uuid::Uuid;

/// The largest frame a client may send, in bytes.
pub const MAX_FRAME_IN: usize = 48 * 1024;
/// The largest frame the server sends, in bytes.
pub const MAX_FRAME_OUT: usize = 64 * 1024;
/// How many topics one `hello` may name.
pub const MAX_HELLO_TOPICS: usize = 256;
/// The versions of the protocol this server speaks.
pub const VERSIONS: &[u32] = &[1];

/// A client's id for one request: a `UUIDv7`, repeated in the answer exactly as it was written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Cid {
    uuid: Uuid,
    upper: bool,
}

impl Cid {
    /// The id itself.
    #[must_use]
    pub fn uuid(self) -> Uuid {
        self.uuid
    }

    fn read(text: &str) -> Result<Self, Malformed> {
        let uuid = (text.len() == 36).then(|| Uuid::try_parse(text).ok()).flatten();
        let uuid = uuid.filter(|uuid| uuid.get_version_num() == 7);
        let uuid = uuid.ok_or_else(|| Malformed::new("cid is not a hyphenated UUIDv7"))?;
        let upper = text.bytes().any(|byte| byte.is_ascii_uppercase());
        if upper && text.bytes().any(|byte| byte.is_ascii_lowercase()) {
            return Err(Malformed::new("cid mixes upper and lower case"));
        }
        Ok(Self { uuid, upper })
    }
}

impl fmt::Display for Cid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.upper {
            write!(f, "{:X}", self.uuid.hyphenated())
        } else {
            write!(f, "{:x}", self.uuid.hyphenated())
        }
    }
}

impl fmt::Debug for Cid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A topic as a client names it. Whether it exists, and for whom, its source says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TopicName {
    /// `{"game":"gam_.."}`
    One {
        /// The kind, for example `game`.
        kind: String,
        /// The id, as written.
        id: String,
    },
    /// `{"inbox":true}`
    Inbox,
}

impl TopicName {
    /// The same, if it consists of words that need no escaping and could name something.
    fn plain(self) -> Option<Self> {
        let word = |text: &str| {
            (1..=64).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        };
        match &self {
            Self::Inbox => Some(self),
            Self::One { kind, id } => (word(kind) && word(id)).then_some(self),
        }
    }
}

/// From where a client wants to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum After {
    /// After this event of a topic.
    Seq(u64),
    /// After what this signed cursor says of the inbox.
    Cursor(String),
}

/// One topic in a `hello`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Which topic.
    pub topic: TopicName,
    /// From where; absent asks for a snapshot first (or, for the inbox, only for what is new).
    pub after: Option<After>,
}

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
    fn new(reason: impl Into<Cow<'static, str>>) -> Self {
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
    let raw: RawFrame<'_> = serde_json::from_str(text).map_err(|error| Malformed::new(error.to_string()))?;
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

/// Which topic a server frame speaks of. Kinds and ids here are plain words: they need no escaping.
#[derive(Debug, Clone, Copy)]
pub enum About<'a> {
    /// One topic of a context.
    Topic {
        /// The kind.
        kind: &'a str,
        /// The id.
        id: &'a str,
    },
    /// The inbox as a whole.
    Inbox,
    /// One context's part of the inbox.
    InboxOf {
        /// The context.
        context: &'a str,
        /// The signed cursor after this frame; a batch says it at its end.
        cursor: Option<&'a str>,
    },
}

/// One event as a server frame carries it.
#[derive(Debug, Clone, Copy)]
pub struct EventOut<'a> {
    /// Its place in the topic.
    pub seq: u64,
    /// When it happened.
    pub at: Timestamp,
    /// What this viewer may see of it.
    pub data: Option<&'a RawValue>,
}

/// Server to client.
#[derive(Debug)]
pub enum ServerFrame<'a> {
    /// Answers `hello`.
    Welcome {
        /// The version both speak.
        version: u32,
        /// The session the socket belongs to.
        session: kernel::id::SessionId,
        /// The server's time.
        now: Timestamp,
        /// How often the client is to ping, in seconds.
        ping_s: u32,
    },
    /// A request was done.
    Ok {
        /// Whose answer this is.
        cid: Cid,
        /// The last event it caused.
        seq: Option<u64>,
    },
    /// A request was refused.
    Err {
        /// Whose answer this is.
        cid: Cid,
        /// Why, as a stable word.
        code: &'a str,
        /// Whether the same request may succeed later.
        retryable: bool,
        /// The topic's current event.
        seq: Option<u64>,
        /// The topic as the viewer may see it.
        snapshot: Option<&'a RawValue>,
    },
    /// One event.
    Ev(About<'a>, EventOut<'a>),
    /// The topic as a whole, in place of events up to `seq`.
    Snap {
        /// Which topic.
        about: About<'a>,
        /// The last event it contains.
        seq: u64,
        /// The topic as the viewer may see it.
        data: Option<&'a RawValue>,
    },
    /// A topic ended for this viewer.
    Gone {
        /// Which topic.
        about: About<'a>,
        /// Why, as a stable word.
        code: &'a str,
    },
    /// Answers `ping`.
    Pong {
        /// The number of the ping.
        n: u64,
        /// The server's time.
        now: Timestamp,
        /// The current event of each followed topic, by id.
        seqs: &'a [(&'a str, u64)],
        /// Up to where the inbox was sent.
        inbox: Option<&'a str>,
    },
}

impl ServerFrame<'_> {
    /// The frame's text, built once and then shared.
    #[must_use]
    pub fn encode(&self) -> ByteString {
        let mut out = String::with_capacity(self.size_hint());
        self.write(&mut out);
        out.into()
    }

    fn size_hint(&self) -> usize {
        let data = match self {
            Self::Ev(_, event) => event.data,
            Self::Snap { data, .. } => *data,
            Self::Err { snapshot, .. } => *snapshot,
            _ => None,
        };
        160 + data.map_or(0, |data| data.get().len())
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Welcome { version, session, now, ping_s } => put(
                out,
                format_args!(
                    r#"{{"t":"welcome","v":{version},"session":"{session}","now":"{now}","ping_s":{ping_s}"#
                ),
            ),
            Self::Ok { cid, seq } => {
                put(out, format_args!(r#"{{"t":"ok","cid":"{cid}""#));
                put_seq(out, *seq);
            }
            Self::Err { cid, code, retryable, seq, snapshot } => {
                put(
                    out,
                    format_args!(r#"{{"t":"err","cid":"{cid}","code":"{code}","retryable":{retryable}"#),
                );
                put_seq(out, *seq);
                if let Some(snapshot) = snapshot {
                    out.push_str(r#","snapshot":"#);
                    out.push_str(snapshot.get());
                }
            }
            Self::Ev(about, event) => {
                put_head(out, "ev", about);
                out.push(',');
                event.write(out);
            }
            Self::Snap { about, seq, data } => {
                put_head(out, "snap", about);
                put(out, format_args!(r#","seq":{seq},"data":{}"#, data.map_or("null", RawValue::get)));
            }
            Self::Gone { about, code } => {
                put_head(out, "gone", about);
                put(out, format_args!(r#","code":"{code}""#));
            }
            Self::Pong { n, now, seqs, inbox } => write_pong(out, *n, *now, seqs, *inbox),
        }
        out.push('}');
    }
}

fn write_pong(out: &mut String, n: u64, now: Timestamp, seqs: &[(&str, u64)], inbox: Option<&str>) {
    put(out, format_args!(r#"{{"t":"pong","n":{n},"now":"{now}","seqs":{{"#));
    for (place, (id, seq)) in seqs.iter().enumerate() {
        let comma = if place == 0 { "" } else { "," };
        put(out, format_args!(r#"{comma}"{id}":{seq}"#));
    }
    out.push('}');
    if let Some(cursor) = inbox {
        put(out, format_args!(r#","inbox":"{cursor}""#));
    }
}

impl EventOut<'_> {
    fn write(&self, out: &mut String) {
        let data = self.data.map_or("null", RawValue::get);
        put(out, format_args!(r#""seq":{},"at":"{}","data":"#, self.seq, self.at));
        out.push_str(data);
    }
}

fn put(out: &mut String, arguments: fmt::Arguments<'_>) {
    // Writing into a String cannot fail.
    let _ = out.write_fmt(arguments);
}

fn put_seq(out: &mut String, seq: Option<u64>) {
    if let Some(seq) = seq {
        put(out, format_args!(r#","seq":{seq}"#));
    }
}

fn put_cursor(out: &mut String, cursor: Option<&str>) {
    if let Some(cursor) = cursor {
        put(out, format_args!(r#","cursor":"{cursor}""#));
    }
}

fn put_head(out: &mut String, kind: &str, about: &About<'_>) {
    put(out, format_args!(r#"{{"t":"{kind}","topic":"#));
    match about {
        About::Topic { kind, id } => put(out, format_args!(r#"{{"{kind}":"{id}"}}"#)),
        About::Inbox => out.push_str(r#"{"inbox":true}"#),
        About::InboxOf { context, cursor } => {
            put(out, format_args!(r#"{{"inbox":true}},"context":"{context}""#));
            put_cursor(out, *cursor);
        }
    }
}

/// An event, with its text alone, is too large for any frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLarge;

/// Builds `evs` frames from events in order: a new frame begins before one would grow beyond the limit.
pub struct Batch {
    head: String,
    open: String,
    last: u64,
    full: Vec<(String, u64)>,
}

/// What closes a batch's frame, its cursor included, at most.
const TAIL_BYTES: usize = 1_024;

impl Batch {
    /// An empty batch for `about`.
    #[must_use]
    pub fn new(about: &About<'_>) -> Self {
        let mut head = String::with_capacity(128);
        put_head(&mut head, "evs", about);
        head.push_str(r#","events":["#);
        Self { head, open: String::new(), last: 0, full: Vec::new() }
    }

    /// Adds one event.
    pub fn add(&mut self, event: EventOut<'_>) -> Result<(), TooLarge> {
        let mut text = String::with_capacity(64 + event.data.map_or(4, |data| data.get().len()));
        text.push('{');
        event.write(&mut text);
        text.push('}');
        let limit = MAX_FRAME_OUT - TAIL_BYTES;
        if self.head.len() + text.len() > limit {
            return Err(TooLarge);
        }
        if self.open.len() + text.len() >= limit {
            self.finish_frame();
        }
        if self.open.is_empty() {
            self.open.push_str(&self.head);
        } else {
            self.open.push(',');
        }
        self.open.push_str(&text);
        self.last = event.seq;
        Ok(())
    }

    /// The frames, each closed with the cursor that holds after its last event, if there is one.
    #[must_use]
    pub fn finish(mut self, mut cursor_after: impl FnMut(u64) -> Option<String>) -> Vec<ByteString> {
        self.finish_frame();
        let close = |(mut text, last): (String, u64)| {
            text.push(']');
            put_cursor(&mut text, cursor_after(last).as_deref());
            text.push('}');
            text.into()
        };
        self.full.into_iter().map(close).collect()
    }

    fn finish_frame(&mut self) {
        if !self.open.is_empty() {
            self.full.push((std::mem::take(&mut self.open), self.last));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CID: &str = "01932a3e-5f6a-7c3b-8d2e-1f2a3b4c5d6e";

    fn reason(text: &str) -> String {
        parse(text).expect_err(text).into_reason().into_owned()
    }

    #[test]
    fn every_client_frame_of_the_protocol_is_read() {
        let hello = r#"{"t":"hello","v":[1],"device":"phone","topics":[{"game":"gam_1","after":41},{"inbox":true,"after":"c"},{"inbox":true}]}"#;
        let ClientFrame::Hello { versions, device, topics } = parse(hello).unwrap() else { panic!() };
        assert_eq!((versions, device.as_deref()), (vec![1], Some("phone")));
        let game = TopicName::One { kind: "game".into(), id: "gam_1".into() };
        assert_eq!(topics[0], Wanted { topic: game.clone(), after: Some(After::Seq(41)) });
        assert_eq!(topics[1], Wanted { topic: TopicName::Inbox, after: Some(After::Cursor("c".into())) });
        assert_eq!(topics[2].after, None);

        let text = format!(
            r#"{{"t":"cmd","cid":"{CID}","topic":{{"game":"gam_1"}},"base":41,"do":{{"play":{{"card":"circle-5"}} }}}}"#
        );
        let ClientFrame::Cmd { cid, topic, base, action } = parse(&text).unwrap() else { panic!() };
        assert_eq!((cid.to_string().as_str(), topic, base), (CID, game, 41));
        assert_eq!(action.get(), r#"{"play":{"card":"circle-5"} }"#, "the payload stays as it was written");

        for text in [
            format!(r#"{{"t":"follow","cid":"{CID}","topic":{{"inbox":true}},"after":41}}"#),
            format!(r#"{{"t":"follow","cid":"{CID}","topic":{{"game":"gam_1"}}}}"#),
            format!(r#"{{"t":"unfollow","cid":"{CID}","topic":{{"game":"gam_1"}}}}"#),
            format!(r#"{{"cid":"{CID}","token":"x","t":"auth"}}"#),
            r#"{"t":"ping","n":7}"#.to_owned(),
        ] {
            assert!(parse(&text).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_frame_is_refused_with_its_reason() {
        let cmd = |rest: &str| format!(r#"{{"t":"cmd","cid":"{CID}","topic":{{"game":"g"}},{rest}}}"#);
        let table = [
            (String::new(), "EOF"),
            ("x".into(), "expected value"),
            ("[]".into(), "invalid"),
            ("{}".into(), "missing field `t`"),
            (r#"{"t":"ping","n":7} x"#.into(), "trailing characters"),
            (r#"{"t":"dance"}"#.into(), "unknown frame type"),
            (r#"{"t":7}"#.into(), "invalid type"),
            (r#"{"t":"ping"}"#.into(), "missing field \"n\""),
            (r#"{"t":"ping","n":-1}"#.into(), "invalid value"),
            (r#"{"t":"ping","n":"7"}"#.into(), "invalid type"),
            (r#"{"t":"ping","n":7,"m":8}"#.into(), "unknown field `m`"),
            (r#"{"t":"ping","n":7,"n":8}"#.into(), "duplicate field `n`"),
            (r#"{"t":"ping","n":7,"base":8}"#.into(), "does not belong"),
            (cmd(r#""base":1"#), "missing field \"do\""),
            (cmd(r#""do":{}"#), "missing field \"base\""),
            (cmd(r#""base":1.5,"do":{}"#), "invalid type"),
            (cmd(r#""base":1,"do":{},"after":4"#), "does not belong"),
            (r#"{"t":"auth","cid":"abc","token":"x"}"#.into(), "cid is not"),
            (r#"{"t":"auth","cid":"01932a3e-5f6a-4c3b-8d2e-1f2a3b4c5d6e","token":"x"}"#.into(), "cid is not"),
            (r#"{"t":"hello","v":[]}"#.into(), "v lists"),
            (r#"{"t":"hello","v":[1],"topics":[{}]}"#.into(), "exactly one name"),
            (r#"{"t":"hello","v":[1],"topics":[{"game":"a","chat":"b"}]}"#.into(), "exactly one name"),
            (r#"{"t":"hello","v":[1],"topics":[{"inbox":false}]}"#.into(), "the inbox topic is"),
            (r#"{"t":"hello","v":[1],"topics":[{"game":5}]}"#.into(), "invalid type"),
            (r#"{"t":"hello","v":[1],"topics":[{"game":"a\"b"}]}"#.into(), "plain words"),
            (r#"{"t":"hello","v":[1],"topics":[{"":"a"}]}"#.into(), "plain words"),
            (
                format!(r#"{{"t":"unfollow","cid":"{CID}","topic":{{"game":"a","after":4}}}}"#),
                "exactly one name",
            ),
        ];
        for (text, expected) in table {
            let reason = reason(&text);
            assert!(reason.contains(expected), "{text}: {reason}");
        }
        let many = vec![r#"{"game":"g"}"#; MAX_HELLO_TOPICS + 1].join(",");
        assert!(reason(&format!(r#"{{"t":"hello","v":[1],"topics":[{many}]}}"#)).contains("at most 256"));
        assert!(reason(&" ".repeat(MAX_FRAME_IN + 1)).contains("at most 49152"));
    }

    #[test]
    fn a_deeply_nested_payload_neither_overflows_the_stack_nor_passes_as_a_topic() {
        let deep = "[".repeat(20_000) + &"]".repeat(20_000);
        let text = format!(r#"{{"t":"cmd","cid":"{CID}","topic":{{"game":"g"}},"base":1,"do":{deep}}}"#);
        assert!(parse(&text).is_ok(), "the source bounds what it reads");
        assert!(parse(&format!(r#"{{"t":"hello","v":[1],"topics":{deep}}}"#)).is_err());
    }

    #[test]
    fn a_cid_is_answered_as_it_was_written() {
        for text in [CID.to_owned(), CID.to_uppercase()] {
            assert_eq!(Cid::read(&text).unwrap().to_string(), text);
        }
        assert!(Cid::read(&CID.replace('a', "A")).is_err());
        assert!(Cid::read(&CID.replace('-', "")).is_err());
    }

    #[test]
    fn server_frames_look_as_the_protocol_says() {
        let cid = Cid::read(CID).unwrap();
        let raw = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
        let (data, at) = (raw(r#"{"a":1}"#), Timestamp::UNIX_EPOCH);
        let game = About::Topic { kind: "game", id: "gam_1" };
        let inbox = About::InboxOf { context: "game", cursor: Some("c") };
        let table = [
            (ServerFrame::Ok { cid, seq: Some(42) }, format!(r#"{{"t":"ok","cid":"{CID}","seq":42}}"#)),
            (ServerFrame::Ok { cid, seq: None }, format!(r#"{{"t":"ok","cid":"{CID}"}}"#)),
            (
                ServerFrame::Err { cid, code: "not_your_turn", retryable: false, seq: Some(42), snapshot: Some(&data) },
                format!(
                    r#"{{"t":"err","cid":"{CID}","code":"not_your_turn","retryable":false,"seq":42,"snapshot":{{"a":1}}}}"#
                ),
            ),
            (
                ServerFrame::Ev(game, EventOut { seq: 42, at, data: None }),
                r#"{"t":"ev","topic":{"game":"gam_1"},"seq":42,"at":"1970-01-01T00:00:00Z","data":null}"#.into(),
            ),
            (
                ServerFrame::Ev(inbox, EventOut { seq: 3, at, data: Some(&data) }),
                r#"{"t":"ev","topic":{"inbox":true},"context":"game","cursor":"c","seq":3,"at":"1970-01-01T00:00:00Z","data":{"a":1}}"#.into(),
            ),
            (
                ServerFrame::Snap { about: game, seq: 42, data: Some(&data) },
                r#"{"t":"snap","topic":{"game":"gam_1"},"seq":42,"data":{"a":1}}"#.into(),
            ),
            (
                ServerFrame::Gone { about: About::Inbox, code: "not_available" },
                r#"{"t":"gone","topic":{"inbox":true},"code":"not_available"}"#.into(),
            ),
            (
                ServerFrame::Pong { n: 7, now: at, seqs: &[("gam_1", 42), ("gam_2", 0)], inbox: Some("c") },
                r#"{"t":"pong","n":7,"now":"1970-01-01T00:00:00Z","seqs":{"gam_1":42,"gam_2":0},"inbox":"c"}"#.into(),
            ),
        ];
        for (frame, expected) in table {
            assert_eq!(frame.encode(), expected.as_str());
        }
    }

    #[test]
    fn a_batch_is_split_before_a_frame_grows_too_large() {
        let data = RawValue::from_string(format!("\"{}\"", "x".repeat(20_000))).unwrap();
        let mut batch = Batch::new(&About::Topic { kind: "game", id: "gam_1" });
        for seq in 1..=7 {
            batch.add(EventOut { seq, at: Timestamp::UNIX_EPOCH, data: Some(&data) }).unwrap();
        }
        let frames = batch.finish(|last| Some(last.to_string()));
        assert_eq!(frames.len(), 3);
        let mut seqs = Vec::new();
        for frame in &frames {
            assert!(frame.len() <= MAX_FRAME_OUT);
            let value: serde_json::Value = serde_json::from_str(frame).unwrap();
            assert_eq!(
                value["cursor"],
                value["events"].as_array().unwrap().last().unwrap()["seq"].to_string()
            );
            seqs.extend(
                value["events"].as_array().unwrap().iter().map(|event| event["seq"].as_u64().unwrap()),
            );
        }
        assert_eq!(seqs, [1, 2, 3, 4, 5, 6, 7]);
        let huge = RawValue::from_string(format!("\"{}\"", "x".repeat(MAX_FRAME_OUT))).unwrap();
        let mut batch = Batch::new(&About::Inbox);
        assert_eq!(
            batch.add(EventOut { seq: 1, at: Timestamp::UNIX_EPOCH, data: Some(&huge) }),
            Err(TooLarge)
        );
    }
}
