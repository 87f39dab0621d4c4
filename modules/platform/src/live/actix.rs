//! The first transport: actix-ws. It knows HTTP upgrades and frames, and nothing of sessions or topics.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::dev;
use actix_web::error::PayloadError;
use actix_web::web::{Bytes, Payload};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use actix_ws::{AggregatedMessage, AggregatedMessageStream, CloseCode, CloseReason, Message, ProtocolError};
use futures_util::{Sink as _, Stream};

use super::close::Close;
use super::frames::MAX_FRAME_IN;
use super::transport::{Fault, Gone, Incoming, Outgoing, Transport};

/// A connection that actix upgraded.
pub(super) struct ActixTransport {
    session: actix_ws::Session,
    stream: AggregatedMessageStream,
}

/// Answers the upgrade and returns the transport behind it.
pub(super) async fn accept(
    request: &HttpRequest,
    payload: Payload,
    protocols: &[&str],
) -> Result<(HttpResponse, ActixTransport), actix_web::Error> {
    let guarded = FrameGuard { inner: payload.into_inner(), header: Header::default() };
    let mut guarded: dev::Payload = dev::Payload::Stream { payload: Box::pin(guarded) };
    let payload = Payload::from_request(request, &mut guarded).await?;
    let (response, session, stream) = actix_ws::handle_with_protocols(request, payload, protocols)?;
    let stream =
        stream.max_frame_size(MAX_FRAME_IN).aggregate_continuations().max_continuation_size(MAX_FRAME_IN);
    Ok((response, ActixTransport { session, stream }))
}

impl Transport for ActixTransport {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Gone>> {
        Pin::new(&mut self.session).poll_ready(cx).map_err(|_| Gone)
    }

    fn send(&mut self, frame: Outgoing) -> Result<(), Gone> {
        let message = match frame {
            Outgoing::Text(text) => Message::Text(text),
            Outgoing::Ping => Message::Ping(Bytes::new()),
            Outgoing::Pong(payload) => Message::Pong(payload),
            Outgoing::Close(close) => Message::Close(close.as_ref().map(reason_of)),
        };
        Pin::new(&mut self.session).start_send(message).map_err(|_| Gone)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Gone>> {
        Pin::new(&mut self.session).poll_flush(cx).map_err(|_| Gone)
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Incoming, Fault>>> {
        Pin::new(&mut self.stream).poll_next(cx).map(|next| match next? {
            Ok(AggregatedMessage::Text(text)) => Some(Ok(Incoming::Text(text))),
            Ok(AggregatedMessage::Binary(_)) => Some(Err(Fault("frames are text".into()))),
            Ok(AggregatedMessage::Ping(payload)) => Some(Ok(Incoming::Ping(payload))),
            Ok(AggregatedMessage::Pong(_)) => Some(Ok(Incoming::Pong)),
            Ok(AggregatedMessage::Close(_)) => Some(Ok(Incoming::Close)),
            Err(error) => fault_of(&error).map(Err),
        })
    }
}

fn reason_of(close: &Close) -> CloseReason {
    CloseReason { code: CloseCode::Other(close.code()), description: Some(close.reason().into_owned()) }
}

/// What the peer did wrong; none if only the connection broke.
fn fault_of(error: &ProtocolError) -> Option<Fault> {
    let reason = match error {
        ProtocolError::Overflow => TOO_LARGE,
        ProtocolError::Io(io) => match io.get_ref().and_then(|inner| inner.downcast_ref::<PayloadError>()) {
            Some(PayloadError::Overflow) => TOO_LARGE,
            Some(_) => return None,
            None if io.kind() == std::io::ErrorKind::InvalidData => "text is not UTF-8",
            None => TOO_LARGE,
        },
        ProtocolError::UnmaskedFrame => "frames from a client are masked",
        _ => "not a WebSocket frame that is allowed here",
    };
    Some(Fault(reason.into()))
}

const TOO_LARGE: &str = "a frame has at most 49152 bytes";

/// Looks at the length that each frame declares before any of it is kept: the codec behind it would first collect the
/// whole frame, however large, and only then refuse it.
struct FrameGuard {
    inner: dev::Payload,
    header: Header,
}

impl Stream for FrameGuard {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = Pin::new(&mut self.inner).poll_next(cx);
        if let Poll::Ready(Some(Ok(bytes))) = &next
            && !self.header.admits(bytes)
        {
            return Poll::Ready(Some(Err(PayloadError::Overflow)));
        }
        next
    }
}

/// Where in the stream of frames (RFC 6455, 5.2) the next byte lies.
#[derive(Default)]
struct Header {
    /// Bytes of the present header read so far.
    have: usize,
    /// The payload length the present header declares so far, and how many more length bytes follow.
    length: u64,
    length_bytes: usize,
    masked: bool,
    /// Bytes of mask and payload still to pass.
    rest: u64,
}

impl Header {
    /// Follows the bytes; says no once a frame declares more than is allowed.
    fn admits(&mut self, mut bytes: &[u8]) -> bool {
        while let Some((first, others)) = bytes.split_first() {
            if self.rest > 0 {
                let skip = usize::try_from(self.rest).unwrap_or(usize::MAX).min(bytes.len());
                self.rest -= u64::try_from(skip).unwrap_or(self.rest);
                bytes = bytes.get(skip..).unwrap_or_default();
                continue;
            }
            bytes = others;
            if !self.header_byte(*first) {
                return false;
            }
        }
        true
    }

    fn header_byte(&mut self, byte: u8) -> bool {
        match self.have {
            0 => {}
            1 => {
                self.masked = byte & 0x80 != 0;
                (self.length, self.length_bytes) = match byte & 0x7f {
                    126 => (0, 2),
                    127 => (0, 8),
                    length => (length.into(), 0),
                };
            }
            _ => self.length = (self.length << 8) | u64::from(byte),
        }
        self.have += 1;
        if self.have < 2 + self.length_bytes {
            return true;
        }
        let allowed = usize::try_from(self.length).is_ok_and(|length| length <= MAX_FRAME_IN);
        self.rest = if self.masked { self.length.saturating_add(4) } else { self.length };
        self.have = 0;
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(length: usize) -> Vec<u8> {
        let mut bytes = vec![0x81];
        match length {
            0..126 => bytes.push(0x80 | u8::try_from(length).unwrap()),
            126..65_536 => {
                bytes.push(0x80 | 0x7e);
                bytes.extend(u16::try_from(length).unwrap().to_be_bytes());
            }
            _ => {
                bytes.push(0x80 | 0x7f);
                bytes.extend(u64::try_from(length).unwrap().to_be_bytes());
            }
        }
        bytes.extend([0; 4]);
        bytes.extend(vec![0xff; length]);
        bytes
    }

    #[test]
    fn a_frame_that_declares_too_much_is_refused_by_its_header_alone() {
        for pieces in [1, 2, 3, 7, 4_096] {
            let sound: Vec<u8> =
                [0, 1, 125, 126, 65_535 / 2, MAX_FRAME_IN].into_iter().flat_map(frame).collect();
            let mut header = Header::default();
            assert!(sound.chunks(pieces).all(|piece| header.admits(piece)), "in pieces of {pieces}");
            let huge = frame(MAX_FRAME_IN + 1);
            assert!(!huge[..10].chunks(pieces).all(|piece| header.admits(piece)), "in pieces of {pieces}");
        }
        let mut endless = vec![0x81, 0x80 | 0x7f];
        endless.extend(u64::MAX.to_be_bytes());
        assert!(!Header::default().admits(&endless));
    }
}
