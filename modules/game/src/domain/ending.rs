//! How a game ended, as history and scores keep it.

use game_engine::{Outcome, Seat};

kernel::words! {
    /// Where a game stands (DOMAIN.md 6).
    pub(crate) enum Status as "game status" {
        Active = "active",
        Finished = "finished",
        Voided = "voided",
    }
}

/// A game that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ending {
    pub(crate) status: Status,
    /// Nobody in a drawn or voided game.
    pub(crate) winner: Option<Seat>,
    /// `rounds`, `resignation`, `forfeit_away`, `forfeit_clock`, `drawn`, or why it was voided.
    pub(crate) reason: String,
}

impl Ending {
    /// What the engine's outcome means here; `why` says why a voided game was voided.
    pub(crate) fn of(outcome: Outcome, why: &str) -> Self {
        match outcome {
            Outcome::Won { winner, by } => {
                Self { status: Status::Finished, winner: Some(winner), reason: by.to_string() }
            }
            Outcome::Drawn => Self { status: Status::Finished, winner: None, reason: "drawn".to_owned() },
            Outcome::Voided => Self { status: Status::Voided, winner: None, reason: why.to_owned() },
        }
    }
}
