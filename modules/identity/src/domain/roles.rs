//! Which staff roles exclude each other, and who may grant one before there is an approver.

use kernel::id::PersonId;
use kernel::{Role, Roles};

/// Pairs that nobody may hold together. The database checks the same.
const EXCLUDED: &[(Role, Role)] = &[(Role::Admin, Role::Legal), (Role::Moderator, Role::Legal)];

/// The first pair in `roles` that excludes itself, if any. An auditor holds nothing else.
pub(crate) fn excluded(roles: Roles) -> Option<(Role, Role)> {
    let auditing = Role::ALL
        .iter()
        .filter(|role| role.is_staff() && **role != Role::Auditor)
        .map(|writer| (Role::Auditor, *writer));
    EXCLUDED.iter().copied().chain(auditing).find(|(one, other)| roles.has(*one) && roles.has(*other))
}

/// What is known when somebody asks to grant a role.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GrantQuestion {
    /// Who asks.
    pub(crate) granter: PersonId,
    /// Who is to receive it.
    pub(crate) grantee: PersonId,
    /// What the receiver holds already.
    pub(crate) held: Roles,
    /// Which role.
    pub(crate) role: Role,
    /// The person that `whot admin bootstrap` made.
    pub(crate) bootstrapped: Option<PersonId>,
    /// Whether anybody active is an approver already.
    pub(crate) approver_active: bool,
}

/// Why a grant is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum GrantRefused {
    /// Nobody grants a role to itself.
    #[error("nobody grants a role to itself")]
    ToOneself,
    /// An approver would have to agree.
    #[error("this grant needs an approver")]
    ApprovalRequired,
    /// Both roles in one hand are excluded.
    #[error("{0} and {1} exclude each other")]
    Excluded(Role, Role),
    /// Not a role that staff can have.
    #[error("not a staff role")]
    NotAStaffRole,
}

/// The roles the receiver will hold, or why not. Only the bootstrap rule of DOMAIN.md 1 exists so far: until the first
/// approver is active, the bootstrapped admin alone may grant `approver` to another person.
pub(crate) fn grant(question: &GrantQuestion) -> Result<Roles, GrantRefused> {
    if !question.role.is_staff() {
        return Err(GrantRefused::NotAStaffRole);
    }
    if question.granter == question.grantee {
        return Err(GrantRefused::ToOneself);
    }
    if question.held.has(question.role) {
        return Ok(question.held);
    }
    let after = question.held.with(question.role);
    if let Some((one, other)) = excluded(after) {
        return Err(GrantRefused::Excluded(one, other));
    }
    let bootstrap = question.role == Role::Approver
        && !question.approver_active
        && question.bootstrapped == Some(question.granter);
    if bootstrap { Ok(after) } else { Err(GrantRefused::ApprovalRequired) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::TypedId;
    use kernel::id::Uuid;

    fn person(number: u128) -> PersonId {
        PersonId::from_uuid(Uuid::from_u128(number))
    }

    fn first_approver() -> GrantQuestion {
        GrantQuestion {
            granter: person(1),
            grantee: person(2),
            held: Roles::NONE,
            role: Role::Approver,
            bootstrapped: Some(person(1)),
            approver_active: false,
        }
    }

    #[test]
    fn the_excluded_pairs_are_excluded_and_no_others() {
        let together = |one, other| excluded(Roles::NONE.with(one).with(other)).is_some();
        assert!(together(Role::Admin, Role::Legal) && together(Role::Moderator, Role::Legal));
        for writer in [Role::Moderator, Role::Approver, Role::Legal, Role::Support, Role::Admin] {
            assert!(together(Role::Auditor, writer), "{writer}");
        }
        assert!(!together(Role::Admin, Role::Approver) && !together(Role::Moderator, Role::Support));
        assert!(!together(Role::Legal, Role::Approver));
    }

    #[test]
    fn the_bootstrapped_admin_grants_the_first_approver_to_another_person() {
        assert_eq!(grant(&first_approver()), Ok(Roles::NONE.with(Role::Approver)));
    }

    #[test]
    fn nobody_grants_to_itself_whatever_the_role() {
        let question = GrantQuestion { grantee: person(1), ..first_approver() };
        assert_eq!(grant(&question), Err(GrantRefused::ToOneself));
    }

    #[test]
    fn once_an_approver_is_active_or_for_any_other_role_approval_is_required() {
        let second = GrantQuestion { approver_active: true, ..first_approver() };
        let other_role = GrantQuestion { role: Role::Moderator, ..first_approver() };
        let other_admin = GrantQuestion { bootstrapped: Some(person(3)), ..first_approver() };
        for question in [second, other_role, other_admin] {
            assert_eq!(grant(&question), Err(GrantRefused::ApprovalRequired));
        }
    }

    #[test]
    fn a_grant_that_would_join_an_excluded_pair_is_refused() {
        let question = GrantQuestion { held: Roles::NONE.with(Role::Auditor), ..first_approver() };
        assert_eq!(grant(&question), Err(GrantRefused::Excluded(Role::Auditor, Role::Approver)));
        let player = GrantQuestion { role: Role::Player, ..first_approver() };
        assert_eq!(grant(&player), Err(GrantRefused::NotAStaffRole));
    }
}
