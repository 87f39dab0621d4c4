//! One problem code for each way in which game refuses.

use actix_web::http::StatusCode;
use customer_api::CustomerError;
use game_engine::{Refusal, RuleError};
use identity_api::IdentityError;
use kernel::Timestamp;
use kernel::id::GameId;
use platform::web::Problem;
use std::time::Duration;

use crate::app::accept_invite::AcceptError;
use crate::app::answer_invite::AnswerError;
use crate::app::create_invite::CreateError;
use crate::app::finding::answer_pairing::PairingError;
use crate::app::finding::join_queue::JoinError;
use crate::app::finding::people::PeopleError;
use crate::app::hot::{Trouble, Why};
use crate::app::leaderboard::BoardError;
use crate::app::proof::ProofError;
use crate::app::put_entropy::EntropyError;
use crate::app::spectate::SpectateError;
use crate::domain::invite::InviteClosed;
use crate::domain::pairing::PairingClosed;
use crate::domain::spectator::SpectatorState;

const LATER: Duration = Duration::from_secs(1);

/// The same answer for a name that is unknown, and for one that cannot be reached.
fn not_available() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "not_available")
}

fn restricted(until: Timestamp) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "play_restricted")
        .detail("New games can be started again later.")
        .with("until", until.to_string())
}

fn too_much_practice() -> Problem {
    Problem::conflict("too_many_practice_games").detail("Finish one, or resign it.")
}

fn closed(closed: InviteClosed) -> Problem {
    Problem::conflict(match closed {
        InviteClosed::Expired => "invite_expired",
        InviteClosed::Accepted => "invite_accepted",
        InviteClosed::Declined => "invite_declined",
        InviteClosed::Cancelled => "invite_cancelled",
    })
}

pub(super) fn of_create(error: CreateError) -> Problem {
    match error {
        CreateError::Restricted(until) => restricted(until),
        CreateError::TooManyOpen => {
            Problem::conflict("too_many_open_invites").detail("Cancel one, or wait until one is answered.")
        }
        CreateError::TooMuchPractice => too_much_practice(),
        CreateError::NoSuchRematch => Problem::invalid("no_such_rematch").pointer(
            "/rematch_of",
            "no_such_rematch",
            "not a finished game of the two",
        ),
        CreateError::RematchOffered(invite) => {
            Problem::conflict("rematch_offered").with("invite_id", invite.to_string())
        }
        CreateError::KeyReused => Problem::idempotency_key_reused(),
        CreateError::InFlight => Problem::idempotency_in_flight(),
        CreateError::Store(error) => Problem::from(error),
        CreateError::Identity(IdentityError::Port { source }) => Problem::from(source),
        CreateError::NotAvailable | CreateError::Identity(_) => not_available(),
    }
}

/// The same where the game stands in the path, and no member of the body names it.
pub(super) fn of_rematch(error: CreateError, game: GameId) -> Problem {
    match error {
        CreateError::NoSuchRematch => {
            Problem::invalid("no_such_rematch").detail(format!("{game} is not a finished game of the two."))
        }
        other => of_create(other),
    }
}

pub(super) fn of_join(error: JoinError) -> Problem {
    match error {
        JoinError::Restricted(until) => restricted(until),
        JoinError::WaitsForOther => {
            Problem::conflict("already_queued").detail("Leave the queue to wait for something else.")
        }
        JoinError::KeyReused => Problem::idempotency_key_reused(),
        JoinError::InFlight => Problem::idempotency_in_flight(),
        JoinError::Store(error) => Problem::from(error),
        JoinError::Customer(CustomerError::Port { source }) => Problem::from(source),
    }
}

pub(super) fn of_pairing(error: PairingError) -> Problem {
    match error {
        PairingError::NotFound => Problem::not_found(),
        PairingError::NotAvailable => not_available(),
        PairingError::Restricted(until) => restricted(until),
        PairingError::Closed(how) => Problem::conflict(match how {
            PairingClosed::Begun => "pairing_begun",
            PairingClosed::Declined => "pairing_declined",
            PairingClosed::Expired => "pairing_expired",
            PairingClosed::Cancelled => "pairing_cancelled",
        }),
        PairingError::Store(error) => Problem::from(error),
    }
}

pub(super) fn of_people(error: PeopleError) -> Problem {
    match error {
        PeopleError::Store(error) => Problem::from(error),
        PeopleError::Port(source) => Problem::from(source),
    }
}

pub(super) fn of_accept(error: AcceptError) -> Problem {
    match error {
        AcceptError::NotFound => Problem::not_found(),
        AcceptError::NotYours => Problem::forbidden().detail("Only the invited person accepts."),
        AcceptError::NotAvailable => not_available(),
        AcceptError::Restricted(until) => restricted(until),
        AcceptError::TooMuchPractice => too_much_practice(),
        AcceptError::Closed(how) => closed(how),
        AcceptError::Store(error) => Problem::from(error),
    }
}

pub(super) fn of_spectate(error: SpectateError) -> Problem {
    match error {
        SpectateError::NotFound => Problem::not_found(),
        SpectateError::NotYours => Problem::forbidden().detail("That is for the other player to say."),
        SpectateError::Over => Problem::conflict("game_over"),
        SpectateError::TooMany => Problem::conflict("too_many_spectators"),
        SpectateError::Closed(how) => Problem::conflict(match how {
            SpectatorState::Declined => "spectator_declined",
            SpectatorState::Ended => "spectator_ended",
            SpectatorState::Proposed | SpectatorState::Agreed => "spectator_agreed",
        }),
        SpectateError::Store(error) => Problem::from(error),
        SpectateError::Identity(IdentityError::Port { source }) => Problem::from(source),
        SpectateError::NotAvailable | SpectateError::Identity(_) => not_available(),
    }
}

pub(super) fn of_answer(error: AnswerError) -> Problem {
    match error {
        AnswerError::NotFound => Problem::not_found(),
        AnswerError::NotYours => Problem::forbidden().detail("That is for the other person to do."),
        AnswerError::Closed(how) => closed(how),
        AnswerError::Store(error) => Problem::from(error),
    }
}

pub(super) fn of_entropy(error: EntropyError) -> Problem {
    match error {
        EntropyError::NotFound => Problem::not_found(),
        EntropyError::NotYours => Problem::forbidden().detail("Give your entropy when you accept."),
        EntropyError::Closed(how) => closed(how),
        EntropyError::Store(error) => Problem::from(error),
    }
}

pub(super) fn of_trouble(trouble: Trouble) -> Problem {
    match trouble {
        Trouble::NotFound => Problem::not_found(),
        Trouble::Store(error) => Problem::from(error),
        Trouble::Broken => Problem::internal(),
        Trouble::Busy => Problem::unavailable(LATER),
    }
}

pub(super) fn of_proof(error: ProofError) -> Problem {
    match error {
        ProofError::NotOver => Problem::conflict("game_not_over")
            .detail("Both hands and the seed are shown once the match has ended."),
        ProofError::Trouble(trouble) => of_trouble(trouble),
    }
}

pub(super) fn of_board(error: BoardError) -> Problem {
    match error {
        BoardError::NotOpen => Problem::new(StatusCode::FORBIDDEN, "play_not_open")
            .detail("Here people play within their networks; ask for the scope `network`."),
        BoardError::Store(error) => Problem::from(error),
        BoardError::Port(error) => Problem::from(error),
    }
}

pub(super) fn unknown_family(parameter: &str) -> Problem {
    Problem::invalid("unknown_family").at(
        Some("query"),
        parameter,
        "unknown_family",
        "the name of a preset, or custom",
    )
}

/// A refused command. The caller adds the snapshot of a stale base.
pub(super) fn of_refusal(why: Why, seq: u64) -> Problem {
    let status = match why {
        Why::Rules(Refusal::Malformed) => StatusCode::UNPROCESSABLE_ENTITY,
        _ => StatusCode::CONFLICT,
    };
    let problem = Problem::new(status, why.code()).with("seq", seq).with("retryable", why == Why::StaleBase);
    match why {
        Why::Rules(refusal) => problem.detail(refusal.to_string()),
        Why::StaleBase => problem.detail("The game went on; decide again on the snapshot."),
        Why::IdConflict => problem.detail("This command id was used for another command."),
    }
}

pub(super) fn of_rules(error: &RuleError) -> Problem {
    let pointer = match error.toggle() {
        "rules" => "/rule_set".to_owned(),
        "name" | "version" => format!("/rule_set/{}", error.toggle()),
        "match" => "/match".to_owned(),
        clock if clock.starts_with("clock.") => format!("/clock/{}", clock.trim_start_matches("clock.")),
        toggle => format!("/rule_set/toggles/{}", toggle.replace('~', "~0").replace('/', "~1")),
    };
    Problem::invalid("invalid_rule_set").pointer(pointer, "invalid_rule_set", error.to_string())
}

pub(super) fn malformed_command() -> Problem {
    Problem::invalid("malformed").pointer("/do", "malformed", "not a command of this game")
}

#[cfg(test)]
mod tests {
    use actix_web::ResponseError;
    use actix_web::body::MessageBody;
    use kernel::TypedId;
    use kernel::id::Uuid;

    use super::*;

    #[test]
    fn a_rematch_of_what_is_still_played_points_at_no_member_that_its_body_does_not_have() {
        let game = GameId::from_uuid(Uuid::from_u128(1));
        let body = |problem: Problem| {
            let bytes = problem.error_response().into_body().try_into_bytes().unwrap();
            let body: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
            (body["code"].clone(), body["detail"].clone(), body["errors"][0]["pointer"].clone())
        };
        let (code, detail, pointer) = body(of_rematch(CreateError::NoSuchRematch, game));
        assert_eq!((code, pointer), ("no_such_rematch".into(), serde_json::Value::Null));
        assert!(detail.as_str().unwrap().contains(&game.to_string()), "{detail}");
        assert_eq!(body(of_create(CreateError::NoSuchRematch)).2, "/rematch_of");
    }
}
