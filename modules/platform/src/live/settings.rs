//! The limits of live sockets. Every one has a default that suits a phone; none may be switched off.

use std::time::Duration;

use serde::Deserialize;

/// Configuration of `platform::live`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LiveSettings {
    /// Origins that browsers may connect from, for example `https://play.example`. Apps send none and are not asked.
    pub origins: Vec<String>,
    /// How often clients are told to ping, in seconds.
    pub ping_s: u32,
    /// After how many seconds of silence the server pings by itself.
    pub idle_ping_s: u32,
    /// After how many seconds of silence a socket is closed.
    pub silent_s: u32,
    /// How many seconds a new socket has to say hello.
    pub hello_s: u32,
    /// After how many seconds a command is answered without its source.
    pub command_s: u32,
    /// Frames a client may send per second, in the long run.
    pub frames_per_second: u32,
    /// Frames a client may send at once.
    pub frames_burst: u32,
    /// Frames that may wait for a slow client.
    pub queue_frames: usize,
    /// Bytes that may wait for a slow client.
    pub queue_bytes: usize,
    /// Topics one socket may follow.
    pub max_topics: usize,
    /// Sockets in this process.
    pub max_sockets: usize,
    /// Sockets of one account in this process.
    pub max_sockets_per_account: usize,
}

impl Default for LiveSettings {
    fn default() -> Self {
        Self {
            origins: Vec::new(),
            ping_s: 10,
            idle_ping_s: 20,
            silent_s: 45,
            hello_s: 10,
            command_s: 15,
            frames_per_second: 50,
            frames_burst: 100,
            queue_frames: 64,
            queue_bytes: 256 * 1024,
            max_topics: 512,
            max_sockets: 18_000,
            max_sockets_per_account: 32,
        }
    }
}

impl LiveSettings {
    pub(crate) fn idle_ping(&self) -> Duration {
        Duration::from_secs(self.idle_ping_s.into())
    }

    pub(crate) fn silent_after(&self) -> Duration {
        Duration::from_secs(self.silent_s.into())
    }

    pub(crate) fn hello_within(&self) -> Duration {
        Duration::from_secs(self.hello_s.into())
    }

    pub(crate) fn command_patience(&self) -> Duration {
        Duration::from_secs(self.command_s.into())
    }
}
