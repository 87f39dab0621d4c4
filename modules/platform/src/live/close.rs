//! Why a socket ends: the close codes of the protocol, each with the reason that travels beside it.
//! Nothing here decides; whoever notices names the case.

use std::borrow::Cow;

/// Why the server ends a socket. The code tells the client whether to come back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Close {
    /// 4000: the conversation is over.
    Bye,
    /// 4001: this process is going away; come back after the given pause, which differs per socket.
    Draining {
        /// Milliseconds to wait before connecting again.
        retry_ms: u32,
    },
    /// 4001: what this socket is for cannot be served now; come back after the given pause.
    Unavailable {
        /// Milliseconds to wait before connecting again.
        retry_ms: u32,
    },
    /// 4003: the credential ended and was not renewed in time.
    Expired,
    /// 4003: the session was signed out or revoked.
    SessionRevoked,
    /// 4008: the peer does not take what is sent to it.
    TooSlow,
    /// 4008: nothing was heard from the peer for too long.
    Silent,
    /// 4009: a newer socket of the same session, device and route took over.
    Replaced,
    /// 4010: the account was suspended.
    Suspended,
    /// 4010: the one topic of a single-topic route ended.
    TopicEnded,
    /// 4029: more frames than the rate allows.
    TooFast,
    /// 4400: the peer broke the protocol; the text says how.
    Protocol(Cow<'static, str>),
}

/// The longest reason a close frame can carry (RFC 6455, 5.5: 125 bytes less the code).
const REASON_BYTES: usize = 123;

impl Close {
    /// A protocol error with a reason for the app's developer.
    pub fn protocol(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Protocol(reason.into())
    }

    /// The close code.
    #[must_use]
    pub const fn code(&self) -> u16 {
        match self {
            Self::Bye => 4000,
            Self::Draining { .. } | Self::Unavailable { .. } => 4001,
            Self::Expired | Self::SessionRevoked => 4003,
            Self::TooSlow | Self::Silent => 4008,
            Self::Replaced => 4009,
            Self::Suspended | Self::TopicEnded => 4010,
            Self::TooFast => 4029,
            Self::Protocol(_) => 4400,
        }
    }

    /// The reason as it is sent: at most 123 bytes. It may repeat what the peer wrote, so it is never logged.
    #[must_use]
    pub fn reason(&self) -> Cow<'_, str> {
        match self {
            Self::Bye => "bye".into(),
            Self::Draining { retry_ms } => format!("draining, retry_after_ms={retry_ms}").into(),
            Self::Unavailable { retry_ms } => format!("unavailable, retry_after_ms={retry_ms}").into(),
            Self::Expired => "authentication expired".into(),
            Self::SessionRevoked => "session revoked".into(),
            Self::TooSlow => "too slow".into(),
            Self::Silent => "no sign of life".into(),
            Self::Replaced => "replaced by a newer socket".into(),
            Self::Suspended => "account suspended".into(),
            Self::TopicEnded => "topic ended".into(),
            Self::TooFast => "too fast".into(),
            Self::Protocol(reason) => shortened(reason),
        }
    }
}

fn shortened(reason: &str) -> Cow<'_, str> {
    let end = (0..=reason.len().min(REASON_BYTES)).rev().find(|end| reason.is_char_boundary(*end));
    end.and_then(|end| reason.get(..end)).unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_reason_is_cut_between_characters() {
        let close = Close::protocol("é".repeat(100));
        assert_eq!(close.reason().len(), 122);
        assert_eq!(Close::protocol("short").reason(), "short");
    }
}
