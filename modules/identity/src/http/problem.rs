//! One problem code for each domain error of identity.

use std::time::Duration;

use actix_web::http::StatusCode;
use platform::web::Problem;

use crate::app::activate::ActivateError;
use crate::app::issue_session::IssueError;
use crate::app::provision_distributor::DecideError;
use crate::app::refresh_tokens::RefreshError;
use crate::app::register::RegisterError;
use crate::app::sign_in::SignInError;
use crate::app::staff::{CreateError, GrantError};
use crate::app::standing::StandingError;
use crate::domain::distributor;
use crate::domain::password::Refused;
use crate::domain::roles::GrantRefused;

/// How long to stay away when too many passwords are being checked.
const BUSY: Duration = Duration::from_secs(2);
/// How long to wait before asking again after a registration or a request that is under way.
const UNDER_WAY: Duration = Duration::from_secs(1);

fn busy() -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy")
        .detail("Too many people are signing in. Try again shortly.")
        .retry_after(BUSY)
}

fn denied(code: &'static str, detail: &'static str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, code).detail(detail)
}

fn of_issue(error: IssueError) -> Problem {
    match error {
        IssueError::Suspended => denied("account_suspended", "The account is suspended."),
        IssueError::Pending => Problem::conflict("registration_pending")
            .detail("The registration is not complete yet.")
            .retry_after(UNDER_WAY),
        IssueError::SecondFactorRequired => {
            denied("second_factor_required", "This account signs in with a second factor only.")
        }
        IssueError::Gone => {
            Problem::refused_credential("bad_credentials", "The name or the password is wrong.")
        }
        IssueError::Signing => Problem::internal(),
        IssueError::Store(error) => Problem::from(error),
    }
}

fn of_password(refused: Refused) -> Problem {
    let (code, detail) = match refused {
        Refused::TooShort(least) => ("too_short", format!("At least {least} characters.")),
        Refused::TooLong => ("too_long", format!("At most {} characters.", crate::domain::password::LONGEST)),
        Refused::Breached => ("breached", "This password is among those that are tried first.".to_owned()),
    };
    Problem::invalid("password_unacceptable").detail("The password cannot be used.").pointer(
        "/password",
        code,
        detail,
    )
}

fn key_reused() -> Problem {
    Problem::invalid("idempotency_key_reused").detail("This idempotency key stands for another request.")
}

fn in_flight() -> Problem {
    Problem::conflict("idempotency_in_flight")
        .detail("The same request is being carried out.")
        .retry_after(UNDER_WAY)
}

fn username_taken() -> Problem {
    Problem::conflict("username_taken").detail("Somebody else has this username.").pointer(
        "/username",
        "taken",
        "Choose another.",
    )
}

pub(super) fn of_sign_in(error: SignInError) -> Problem {
    match error {
        SignInError::BadCredentials => {
            Problem::refused_credential("bad_credentials", "The name or the password is wrong.")
        }
        SignInError::Throttled(refusal) => Problem::from(refusal),
        SignInError::Busy(_) => busy(),
        SignInError::Issue(error) => of_issue(error),
    }
}

pub(super) fn of_refresh(error: RefreshError) -> Problem {
    match error {
        RefreshError::Invalid => {
            Problem::refused_credential("invalid_refresh_token", "The refresh token is not valid. Sign in.")
        }
        RefreshError::Reused => Problem::refused_credential(
            "refresh_token_reused",
            "The refresh token was used before, so its session has ended. Sign in.",
        ),
        RefreshError::Issue(error) => of_issue(error),
    }
}

pub(super) fn of_activate(error: ActivateError) -> Problem {
    match error {
        ActivateError::Unusable => Problem::new(StatusCode::NOT_FOUND, "activation_unusable")
            .detail("The token is not valid, or not any more."),
        ActivateError::Password(refused) => of_password(refused),
        ActivateError::Busy(_) => busy(),
        ActivateError::Issue(error) => of_issue(error),
    }
}

pub(super) fn of_register(error: RegisterError) -> Problem {
    match error {
        RegisterError::Unusable => Problem::new(StatusCode::NOT_FOUND, "invite_unusable")
            .detail("The invite is not valid, or not any more."),
        RegisterError::Closed => denied("registration_closed", "Registration takes an invite here."),
        RegisterError::UsernameTaken => username_taken(),
        RegisterError::KeyReused => key_reused(),
        RegisterError::InFlight => in_flight(),
        RegisterError::Password(refused) => of_password(refused),
        RegisterError::Throttled(refusal) => Problem::from(refusal),
        RegisterError::Busy(_) => busy(),
        RegisterError::Issue(error) => of_issue(error),
    }
}

pub(super) fn of_create(error: CreateError) -> Problem {
    match error {
        CreateError::UsernameTaken => username_taken(),
        CreateError::KeyReused => key_reused(),
        CreateError::InFlight => in_flight(),
        CreateError::Store(error) => Problem::from(error),
    }
}

pub(super) fn of_grant(error: GrantError) -> Problem {
    match error {
        GrantError::NoSuchAccount | GrantError::Refused(GrantRefused::NotAStaffRole) => Problem::not_found(),
        GrantError::Refused(GrantRefused::ToOneself) => denied("own_role", "Nobody grants a role to itself."),
        GrantError::Refused(GrantRefused::ApprovalRequired) => {
            denied("approval_required", "This grant needs an approver, and cannot be asked for yet.")
        }
        GrantError::Refused(GrantRefused::Excluded(one, other)) => {
            Problem::conflict("roles_excluded").detail(format!("Nobody is both {one} and {other}."))
        }
        GrantError::Store(error) => Problem::from(error),
    }
}

pub(super) fn of_decide(error: DecideError) -> Problem {
    match error {
        DecideError::NoSuchDistributor => Problem::not_found(),
        DecideError::SamePerson => denied("same_person", "Another person than the one who asked decides."),
        DecideError::NotAnApprover => Problem::forbidden(),
        DecideError::WrongState(standing) => Problem::conflict("invalid_transition")
            .detail(format!("The distributor is {standing}."))
            .with("allowed", distributor::allowed(standing)),
        DecideError::Store(error) => Problem::from(error),
    }
}

pub(super) fn of_standing(error: StandingError) -> Problem {
    match error {
        StandingError::NoSuchAccount => Problem::not_found(),
        StandingError::WrongState => {
            Problem::conflict("invalid_transition").detail("The account's state does not allow this.")
        }
        StandingError::LastAdmin => {
            Problem::conflict("last_admin").detail("The last admin who can act is not suspended.")
        }
        StandingError::OwnAccount => Problem::conflict("own_account").detail("Nobody suspends itself."),
        StandingError::Store(error) => Problem::from(error),
    }
}
