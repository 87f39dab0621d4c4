//! One problem code for each error of the use cases.

use std::time::Duration;

use actix_web::http::StatusCode;
use kernel::Timestamp;
use platform::web::Problem;

use crate::app::{
    Failure, block_account, change_relationship, create_invite, mark_vip, redeem_as_player, redeem_invite,
    reissue_invite, revoke_invite,
};

pub(super) fn of_failure(failure: Failure) -> Problem {
    match failure {
        Failure::Store(error) => Problem::from(error),
        Failure::Port(error) => Problem::from(error),
    }
}

pub(super) fn of_create(error: create_invite::Error, now: Timestamp) -> Problem {
    use create_invite::Error;
    match error {
        Error::DistributorInactive => Problem::conflict("distributor_not_active")
            .detail("Only a distributor that is active makes invites."),
        Error::LifeOutOfRange(most) => Problem::invalid("invalid_request").pointer(
            "/expires_in_hours",
            "out_of_range",
            format!("between 1 and {most} hours"),
        ),
        Error::TooManyOpen => Problem::conflict("too_many_open_invites")
            .detail("Revoke an open invite, or wait until one is used or expires."),
        Error::TooManyToday(room_at) => Problem::new(StatusCode::TOO_MANY_REQUESTS, "daily_invite_limit")
            .detail("No more invites can be made within these 24 hours.")
            .retry_after(room_at.since(now).max(Duration::from_secs(1))),
        Error::NotOpen => not_open(),
        Error::InFlight => Problem::idempotency_in_flight(),
        Error::KeyReused => Problem::idempotency_key_reused(),
        Error::Failed(failure) => of_failure(failure),
    }
}

pub(super) fn of_reissue(error: reissue_invite::Error) -> Problem {
    match error {
        reissue_invite::Error::Unknown => Problem::not_found(),
        reissue_invite::Error::NotOpen => not_open(),
        reissue_invite::Error::Failed(failure) => of_failure(failure),
    }
}

fn not_open() -> Problem {
    Problem::conflict("invite_not_open").detail("The invite is used, revoked or expired.")
}

pub(super) fn of_revoke(error: revoke_invite::Error) -> Problem {
    match error {
        revoke_invite::Error::Unknown => Problem::not_found(),
        revoke_invite::Error::Redeemed => {
            Problem::conflict("invite_redeemed").detail("Somebody has come through this invite already.")
        }
        revoke_invite::Error::Failed(failure) => of_failure(failure),
    }
}

/// Unknown, malformed, expired, revoked, used and held look exactly alike.
fn unusable() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "invite_unusable").detail("This invite cannot be used.")
}

pub(super) fn of_redeem(error: redeem_invite::Error) -> Problem {
    match error {
        redeem_invite::Error::Unusable => unusable(),
        redeem_invite::Error::Failed(failure) => of_failure(failure),
    }
}

pub(super) fn of_redeem_as_player(error: redeem_as_player::Error) -> Problem {
    match error {
        redeem_as_player::Error::Unusable => unusable(),
        redeem_as_player::Error::AlreadyRelated => Problem::conflict("already_related")
            .detail("You belong to a distributor already; the invite is still open."),
        redeem_as_player::Error::Failed(failure) => of_failure(failure),
    }
}

pub(super) fn of_change(error: change_relationship::Error) -> Problem {
    use change_relationship::Error;
    match error {
        Error::Unknown => Problem::not_found(),
        Error::NotYours => Problem::new(StatusCode::FORBIDDEN, "not_yours_to_change").detail(
            "A customer may end its relationship, and only its distributor may suspend or resume it.",
        ),
        Error::WrongState(state) => Problem::conflict("wrong_state")
            .detail(format!("The relationship is {state}."))
            .with("state", state.as_str()),
        Error::Stale => Problem::stale(),
        Error::Failed(failure) => of_failure(failure),
    }
}

pub(super) fn of_vip(error: mark_vip::Error) -> Problem {
    match error {
        mark_vip::Error::Unknown => Problem::not_found(),
        mark_vip::Error::Failed(failure) => of_failure(failure),
    }
}

pub(super) fn of_block(error: block_account::Error) -> Problem {
    match error {
        block_account::Error::Oneself => {
            Problem::invalid("cannot_block_oneself").detail("Nobody can block themselves.")
        }
        block_account::Error::Unknown => Problem::not_found(),
        block_account::Error::TooMany => {
            Problem::conflict("too_many_blocks").detail("Lift a block before you add another.")
        }
        block_account::Error::Failed(failure) => of_failure(failure),
    }
}
