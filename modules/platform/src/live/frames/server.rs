//! Server to client: the closed enum of frames, and the one function that writes them.

use std::fmt::{self, Write as _};

use bytestring::ByteString;
use kernel::Timestamp;
use serde_json::value::RawValue;

use super::{Cid, MAX_FRAME_OUT};

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
