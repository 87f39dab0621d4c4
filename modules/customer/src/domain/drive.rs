//! Calls to identity that follow from something already committed here. Each is repeated until it is acknowledged,
//! in order per account, and never taken back: the saga only goes forward (DOMAIN.md 3).

use std::time::Duration;

use kernel::Timestamp;
use kernel::id::{AccountId, RedemptionId, RelationshipId, Uuid};

kernel::words! {
    /// What is owed to identity, or to people.
    pub(crate) enum DriveKind as "drive kind" {
        /// Activate the account that a redemption created.
        Activate = "activate",
        /// Make a player who redeemed a customer.
        Attach = "attach",
        /// Make a customer whose relationship ended a player.
        Detach = "detach",
        /// Tell everybody related to an account that what they may do together may have changed.
        Announce = "announce",
    }
}

/// One owed step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Drive {
    pub(crate) id: Uuid,
    pub(crate) kind: DriveKind,
    pub(crate) account: AccountId,
    /// Absent for announcements only.
    pub(crate) relationship: Option<RelationshipId>,
    pub(crate) redemption: Option<RedemptionId>,
    /// How far an announcement has come.
    pub(crate) cursor: Option<RelationshipId>,
    pub(crate) attempts: i32,
    pub(crate) next_at: Timestamp,
}

/// How long to wait after so many attempts: doubling from a quarter of a second, at most a minute.
pub(crate) fn pause(attempts: i32) -> Duration {
    let doublings = u32::try_from(attempts).unwrap_or(0).min(8);
    Duration::from_millis(250).saturating_mul(1 << doublings).min(Duration::from_mins(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_stay_under_a_minute() {
        assert_eq!(pause(0), Duration::from_millis(250));
        assert!((0..64).all(|n| pause(n) <= pause(n + 1) && pause(n) <= Duration::from_mins(1)));
    }
}
