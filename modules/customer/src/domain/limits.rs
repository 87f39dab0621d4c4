//! How many invites a distributor may have open, and make in a day.

use std::time::Duration;

use kernel::Timestamp;

/// The deployment's limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InviteLimits {
    /// Usable or held at one time.
    pub(crate) open: i64,
    /// Made within any 24 hours.
    pub(crate) daily: i64,
}

/// The window of the daily limit.
pub(crate) const DAY: Duration = Duration::from_hours(24);

/// What a distributor has already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InviteCount {
    pub(crate) open: i64,
    pub(crate) daily: i64,
    /// The oldest made within the last 24 hours.
    pub(crate) oldest_of_day: Option<Timestamp>,
}

/// Which limit stands in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LimitReached {
    Open,
    /// With the moment at which there is room again.
    Daily(Timestamp),
}

impl InviteLimits {
    /// Whether one more is allowed at `now`.
    pub(crate) fn one_more(self, have: InviteCount, now: Timestamp) -> Result<(), LimitReached> {
        if have.open >= self.open {
            Err(LimitReached::Open)
        } else if have.daily >= self.daily {
            Err(LimitReached::Daily(have.oldest_of_day.unwrap_or(now).plus(DAY)))
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_itself_is_allowed_and_one_more_is_not() {
        let limits = InviteLimits { open: 2, daily: 3 };
        let now = Timestamp::from_seconds(100_000);
        let have =
            |open, daily| InviteCount { open, daily, oldest_of_day: Some(Timestamp::from_seconds(50_000)) };
        assert_eq!(limits.one_more(have(1, 2), now), Ok(()));
        assert_eq!(limits.one_more(have(2, 2), now), Err(LimitReached::Open));
        let room = Timestamp::from_seconds(50_000 + 86_400);
        assert_eq!(limits.one_more(have(1, 3), now), Err(LimitReached::Daily(room)));
    }
}
