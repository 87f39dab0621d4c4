//! What a socket needs from whatever carries it: frames out with back-pressure, frames in, a close.
//! A session knows nothing else of HTTP, of the web framework, or of TCP.

use std::borrow::Cow;
use std::task::{Context, Poll};

use bytes::Bytes;
use bytestring::ByteString;

use super::close::Close;

/// What goes out.
#[derive(Debug, Clone)]
pub enum Outgoing {
    /// A text frame.
    Text(ByteString),
    /// A protocol-level ping.
    Ping,
    /// The answer to a protocol-level ping.
    Pong(Bytes),
    /// The close frame; nothing follows it. Without a reason it only answers the peer's own.
    Close(Option<Close>),
}

/// What comes in.
#[derive(Debug, Clone)]
pub enum Incoming {
    /// A whole text message.
    Text(ByteString),
    /// A protocol-level ping.
    Ping(Bytes),
    /// A protocol-level pong.
    Pong,
    /// The peer's close frame.
    Close,
}

/// The carrier is gone; nothing can be sent any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gone;

/// The peer sent something that is no message. The text goes into the close frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault(pub Cow<'static, str>);

/// One connection. All methods are polled from one task.
pub trait Transport: Unpin + 'static {
    /// Whether another frame is taken now; pending means that the peer is behind.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Gone>>;

    /// Hands one frame over, after [`Transport::poll_ready`] said yes.
    fn send(&mut self, frame: Outgoing) -> Result<(), Gone>;

    /// Whether everything handed over has left.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Gone>>;

    /// The next thing from the peer; `None` when the connection ended.
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Incoming, Fault>>>;
}
