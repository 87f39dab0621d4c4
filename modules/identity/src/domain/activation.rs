//! Enrolment and activation tokens: single use, for one account, until a time.

use kernel::Timestamp;
use kernel::id::AccountId;

kernel::words! {
    /// What a token is for.
    pub(crate) enum Purpose as "activation purpose" {
        /// Staff set their first credential.
        Enrolment = "enrolment",
        /// A distributor sets its first credential.
        Activation = "activation",
    }
}

/// A token as storage knows it; the token itself is known to its holder alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Activation {
    pub(crate) account: AccountId,
    pub(crate) purpose: Purpose,
    pub(crate) expires_at: Timestamp,
    pub(crate) spent: bool,
    pub(crate) voided: bool,
}

impl Activation {
    /// Whether it may still be spent.
    pub(crate) fn usable_at(&self, now: Timestamp) -> bool {
        !self.spent && !self.voided && now < self.expires_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::TypedId;
    use kernel::id::Uuid;

    #[test]
    fn a_token_is_good_once_until_its_time_and_unless_replaced() {
        let fresh = Activation {
            account: AccountId::from_uuid(Uuid::nil()),
            purpose: Purpose::Enrolment,
            expires_at: Timestamp::from_seconds(10),
            spent: false,
            voided: false,
        };
        assert!(fresh.usable_at(Timestamp::from_seconds(9)));
        assert!(!fresh.usable_at(Timestamp::from_seconds(10)));
        assert!(!Activation { spent: true, ..fresh.clone() }.usable_at(Timestamp::UNIX_EPOCH));
        assert!(!Activation { voided: true, ..fresh }.usable_at(Timestamp::UNIX_EPOCH));
    }
}
