//! The provisioning of a distributor: which step leads from where to where, and whose step it may be (DOMAIN.md 2).

use identity_api::DistributorStanding;
use identity_api::DistributorStanding::{
    Active, Approved, Ended, Expired, Invited, Offboarding, Rejected, Requested, Suspended,
};
use kernel::Timestamp;
use kernel::id::{AccountId, PersonId};

/// A distributor with the history of its provisioning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Distributor {
    pub(crate) account: AccountId,
    pub(crate) username: String,
    /// What staff call it; private.
    pub(crate) label: Option<String>,
    pub(crate) standing: DistributorStanding,
    pub(crate) requested_by: PersonId,
    pub(crate) requested_at: Timestamp,
    pub(crate) decided_by: Option<PersonId>,
    pub(crate) decided_at: Option<Timestamp>,
    /// Whether one person both asked and approved.
    pub(crate) one_person: bool,
    /// Until when its activation link is good, once it has one.
    pub(crate) invited_until: Option<Timestamp>,
}

impl Distributor {
    /// Where it stands at `now`: expiry is computed, never swept.
    pub(crate) fn standing_at(&self, now: Timestamp) -> DistributorStanding {
        match (self.standing, self.invited_until) {
            (Invited, Some(until)) if until <= now => Expired,
            (standing, _) => standing,
        }
    }
}

/// What may be done to a distributor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Another person agrees; the activation link goes out.
    Approve,
    /// Another person refuses.
    Reject,
    /// The distributor sets its credential.
    Activate,
    /// It is stopped for now.
    Suspend,
    /// It may go on.
    Resume,
    /// Leaving begins.
    Offboard,
    /// It is gone.
    End,
}

impl Step {
    /// Every step.
    pub(crate) const ALL: [Self; 7] =
        [Self::Approve, Self::Reject, Self::Activate, Self::Suspend, Self::Resume, Self::Offboard, Self::End];

    /// Its name on the wire.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Activate => "activate",
            Self::Suspend => "suspend",
            Self::Resume => "resume",
            Self::Offboard => "offboard",
            Self::End => "end",
        }
    }
}

/// Where `step` leads from `standing`, if anywhere. Approving an invited or expired one issues a new link.
pub(crate) const fn next(standing: DistributorStanding, step: Step) -> Option<DistributorStanding> {
    match (step, standing) {
        (Step::Approve, Requested | Approved | Invited | Expired) => Some(Invited),
        (Step::Reject, Requested) => Some(Rejected),
        (Step::Activate, Invited) | (Step::Resume, Suspended) => Some(Active),
        (Step::Suspend, Active) => Some(Suspended),
        (Step::Offboard, Active | Suspended) => Some(Offboarding),
        (Step::End, Offboarding) => Some(Ended),
        _ => None,
    }
}

/// The steps that lead anywhere from `standing`.
pub(crate) fn allowed(standing: DistributorStanding) -> Vec<&'static str> {
    Step::ALL.into_iter().filter(|step| next(standing, *step).is_some()).map(Step::as_str).collect()
}

/// Whether one person may both ask and approve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum People {
    /// Two are needed.
    Two,
    /// One is enough; the audit log says so each time.
    One,
}

/// How a decision came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decided {
    /// By another person than the one who asked.
    ByAnother,
    /// By the one who asked, in one-person mode.
    ByTheSame,
}

/// The one who asked may not decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the person who asked may not decide")]
pub(crate) struct SamePerson;

/// Whether `decider` may decide what `requester` asked for.
pub(crate) fn decider(requester: PersonId, decider: PersonId, people: People) -> Result<Decided, SamePerson> {
    match (requester == decider, people) {
        (false, _) => Ok(Decided::ByAnother),
        (true, People::One) => Ok(Decided::ByTheSame),
        (true, People::Two) => Err(SamePerson),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::TypedId;
    use kernel::id::Uuid;

    #[test]
    fn the_way_from_request_to_end_is_the_one_in_the_book() {
        let way = [
            (Requested, Step::Approve, Invited),
            (Invited, Step::Activate, Active),
            (Active, Step::Suspend, Suspended),
            (Suspended, Step::Resume, Active),
            (Active, Step::Offboard, Offboarding),
            (Offboarding, Step::End, Ended),
        ];
        for (from, step, to) in way {
            assert_eq!(next(from, step), Some(to), "{from} {step:?}");
        }
        assert_eq!(next(Requested, Step::Reject), Some(Rejected));
        assert_eq!(next(Expired, Step::Approve), Some(Invited), "an unused link is issued anew");
    }

    #[test]
    fn nothing_leads_out_of_rejected_or_ended() {
        for standing in [Rejected, Ended] {
            assert!(allowed(standing).is_empty(), "{standing}");
        }
        assert_eq!(allowed(Requested), ["approve", "reject"]);
        assert_eq!(next(Active, Step::Approve), None);
        assert_eq!(next(Requested, Step::Activate), None);
    }

    #[test]
    fn the_person_who_asked_decides_in_one_person_mode_only() {
        let person = |number| PersonId::from_uuid(Uuid::from_u128(number));
        assert_eq!(decider(person(1), person(2), People::Two), Ok(Decided::ByAnother));
        assert_eq!(decider(person(1), person(1), People::Two), Err(SamePerson));
        assert_eq!(decider(person(1), person(1), People::One), Ok(Decided::ByTheSame));
    }

    #[test]
    fn an_activation_link_that_ran_out_shows_as_expired_without_anybody_changing_the_row() {
        let until = Timestamp::from_seconds(100);
        let distributor = Distributor {
            account: AccountId::from_uuid(Uuid::nil()),
            username: "kola".to_owned(),
            label: None,
            standing: Invited,
            requested_by: PersonId::from_uuid(Uuid::nil()),
            requested_at: Timestamp::UNIX_EPOCH,
            decided_by: None,
            decided_at: None,
            one_person: false,
            invited_until: Some(until),
        };
        assert_eq!(distributor.standing_at(Timestamp::from_seconds(99)), Invited);
        assert_eq!(distributor.standing_at(until), Expired);
    }
}
