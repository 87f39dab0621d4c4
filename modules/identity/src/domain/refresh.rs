//! What to do when a refresh token is presented. The decision is taken under the session's row lock.

use std::time::Duration;

use kernel::Timestamp;

/// How long the previous token still gives its successor, even if that was used.
pub(crate) const GRACE: Duration = Duration::from_secs(30);

/// Where a family stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Family {
    /// The generation that was issued last.
    pub(crate) generation: i32,
    /// The latest generation of which an access token was seen in use.
    pub(crate) used_generation: i32,
    /// When the last one was issued.
    pub(crate) rotated_at: Timestamp,
}

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rotation {
    /// A new generation.
    Advance,
    /// The same successor once more: the answer was probably lost.
    Repeat,
    /// Somebody uses an old token: the family ends.
    Reuse,
}

/// Decides for a token of `presented` generation. Its MAC has been checked.
pub(crate) fn decide(presented: i32, family: Family, now: Timestamp) -> Rotation {
    if presented == family.generation {
        return Rotation::Advance;
    }
    let previous = presented.checked_add(1) == Some(family.generation);
    let unused = family.used_generation < family.generation;
    let in_grace = now.since(family.rotated_at) <= GRACE;
    if previous && (unused || in_grace) { Rotation::Repeat } else { Rotation::Reuse }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROTATED: Timestamp = Timestamp::UNIX_EPOCH;

    fn family(used_generation: i32) -> Family {
        Family { generation: 5, used_generation, rotated_at: ROTATED }
    }

    fn after(seconds: u64) -> Timestamp {
        ROTATED.plus(Duration::from_secs(seconds))
    }

    #[test]
    fn the_current_token_advances_the_family() {
        assert_eq!(decide(5, family(4), after(0)), Rotation::Advance);
        assert_eq!(decide(5, family(5), after(86_400)), Rotation::Advance);
    }

    #[test]
    fn the_previous_token_repeats_its_successor_while_that_is_unused_however_late() {
        assert_eq!(decide(4, family(4), after(86_400)), Rotation::Repeat);
    }

    #[test]
    fn the_previous_token_repeats_a_used_successor_for_thirty_seconds_and_no_longer() {
        assert_eq!(decide(4, family(5), after(30)), Rotation::Repeat);
        assert_eq!(decide(4, family(5), after(31)), Rotation::Reuse);
    }

    #[test]
    fn anything_older_or_from_the_future_is_reuse_at_once() {
        for presented in [3, 0, -1, 6, i32::MAX] {
            assert_eq!(decide(presented, family(4), after(0)), Rotation::Reuse, "{presented}");
        }
    }
}
