//! A signed-in session, which is also a refresh family: where it runs and how long it may.

use std::time::Duration;

use kernel::id::{AccountId, SessionId};
use kernel::{AccountType, Timestamp};

/// Where a session runs, as far as its client told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Device {
    /// Chosen by the client and kept by it: 1 to 64 of `A-Z a-z 0-9 . _ -`.
    pub(crate) id: Option<String>,
    /// What its owner calls it.
    pub(crate) name: Option<String>,
    /// The client's own description.
    pub(crate) user_agent: Option<String>,
}

/// A session as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) account: AccountId,
    pub(crate) generation: i32,
    pub(crate) device: Device,
    pub(crate) amr: String,
    pub(crate) auth_time: Timestamp,
    pub(crate) created_at: Timestamp,
    pub(crate) last_used_at: Timestamp,
    pub(crate) idle_expires_at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

impl Session {
    /// When its refresh token stops being good.
    pub(crate) fn refresh_until(&self) -> Timestamp {
        self.idle_expires_at.min(self.expires_at)
    }
}

kernel::words! {
    /// Why a session ended before its time.
    pub(crate) enum EndReason as "end reason" {
        /// Its owner signed out.
        SignedOut = "signed_out",
        /// Its owner ended it from elsewhere.
        Revoked = "revoked",
        /// An old refresh token was used.
        RefreshReuse = "refresh_reuse",
        /// The account was suspended.
        Suspended = "suspended",
    }
}

/// How long sessions last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lifetime {
    /// Without a refresh.
    pub(crate) idle: Duration,
    /// At all.
    pub(crate) absolute: Duration,
}

/// Lifetimes by kind of account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lifetimes {
    pub(crate) people: Lifetime,
    pub(crate) staff: Lifetime,
}

impl Lifetimes {
    /// How long a session of this kind of account lasts.
    pub(crate) const fn of(&self, account_type: AccountType) -> Lifetime {
        match account_type {
            AccountType::Staff => self.staff,
            AccountType::Player | AccountType::Customer | AccountType::Distributor => self.people,
        }
    }
}
