//! What accompanies every call from one context to another, and how such a call fails.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::access::{Principal, Roles};
use crate::id::{AccountId, PersonId, SessionId};
use crate::random::{Random, RandomExt};
use crate::time::Timestamp;

/// On whose behalf something happens. The audit log records it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Actor {
    /// A signed-in account.
    Account {
        /// The account.
        account: AccountId,
        /// The human being behind it.
        person: PersonId,
        /// Its session.
        session: SessionId,
        /// Its roles at the time.
        roles: Roles,
    },
    /// Somebody who is not signed in.
    Anonymous,
    /// The system itself: a job, a consumer, a command line. The name says which.
    System {
        /// For example `game.deadlines` or `cli.admin`.
        name: String,
    },
}

impl Actor {
    /// The system's own part called `name`.
    pub fn system(name: impl Into<String>) -> Self {
        Self::System { name: name.into() }
    }

    /// The acting account, if there is one.
    #[must_use]
    pub fn account(&self) -> Option<AccountId> {
        match self {
            Self::Account { account, .. } => Some(*account),
            Self::Anonymous | Self::System { .. } => None,
        }
    }

    /// The acting person, if there is one.
    #[must_use]
    pub fn person(&self) -> Option<PersonId> {
        match self {
            Self::Account { person, .. } => Some(*person),
            Self::Anonymous | Self::System { .. } => None,
        }
    }
}

impl From<&Principal> for Actor {
    fn from(principal: &Principal) -> Self {
        Self::Account {
            account: principal.account,
            person: principal.person,
            session: principal.session,
            roles: principal.roles,
        }
    }
}

/// Names one request in logs, problems and the audit log: 1 to 64 of `A-Z a-z 0-9 . _ -`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RequestId(std::sync::Arc<str>);

/// A request id that is empty, too long or has other characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a request id has 1 to 64 characters of A-Z a-z 0-9 . _ -")]
pub struct InvalidRequestId;

impl RequestId {
    /// A fresh one: 16 hexadecimal digits.
    pub fn fresh(random: &dyn Random) -> Self {
        Self(data_encoding::HEXLOWER.encode(&random.bytes::<8>()).into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RequestId {
    type Err = InvalidRequestId;
    fn from_str(text: &str) -> Result<Self, InvalidRequestId> {
        let fits = (1..=64).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
        if fits { Ok(Self(text.into())) } else { Err(InvalidRequestId) }
    }
}

impl TryFrom<String> for RequestId {
    type Error = InvalidRequestId;
    fn try_from(text: String) -> Result<Self, InvalidRequestId> {
        text.parse()
    }
}

impl From<RequestId> for String {
    fn from(id: RequestId) -> Self {
        id.0.as_ref().to_owned()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What accompanies every call through a port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallContext {
    /// On whose behalf.
    pub actor: Actor,
    /// Which request caused it.
    pub request_id: RequestId,
    /// When the caller stops waiting; a provider may refuse to begin later than that.
    pub deadline: Timestamp,
    /// Makes a creating call repeatable, where the call itself carries no such id.
    pub idempotency_key: Option<String>,
}

impl CallContext {
    /// A call by `actor` that may take `patience` from `now` on.
    #[must_use]
    pub fn new(actor: Actor, request_id: RequestId, now: Timestamp, patience: Duration) -> Self {
        Self { actor, request_id, deadline: now.plus(patience), idempotency_key: None }
    }

    /// The same call with an earlier deadline, never a later one.
    #[must_use]
    pub fn within(mut self, now: Timestamp, patience: Duration) -> Self {
        self.deadline = self.deadline.min(now.plus(patience));
        self
    }
}

/// How any call through a port can fail, in one process or across several.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PortError {
    /// The provider cannot answer now; trying again later may work.
    #[error("the provider is unavailable: {reason}")]
    Unavailable {
        /// For operators; never shown to people.
        reason: String,
    },
    /// The deadline of the call passed. Whether it took effect is unknown; repeat it with the same ids.
    #[error("the deadline of the call passed")]
    DeadlineExceeded,
}

impl PortError {
    /// The provider cannot answer, for the given reason.
    pub fn unavailable(reason: impl fmt::Display) -> Self {
        Self::Unavailable { reason: reason.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_id_that_could_break_a_log_line_is_refused() {
        for bad in ["", "a b", "a\nb", "é", &"x".repeat(65)] {
            assert!(bad.parse::<RequestId>().is_err(), "{bad:?}");
        }
        assert_eq!("req-1.2_3".parse::<RequestId>().map(|id| id.to_string()), Ok("req-1.2_3".to_owned()));
    }

    #[test]
    fn a_deadline_only_ever_shrinks() {
        let now = Timestamp::from_seconds(100);
        let id = "r".parse().unwrap();
        let call = CallContext::new(Actor::Anonymous, id, now, Duration::from_secs(5));
        assert_eq!(call.clone().within(now, Duration::from_secs(9)).deadline, call.deadline);
        assert_eq!(call.within(now, Duration::from_secs(1)).deadline, Timestamp::from_seconds(101));
    }
}
