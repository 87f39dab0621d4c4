//! Why a command is refused: one case per reason, in the order they are checked.

use thiserror::Error;

/// The reason for a refusal. A refused command changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Error)]
pub enum Refusal {
    /// A play without a card.
    #[error("a play needs a card")]
    Malformed,
    /// The match is over.
    #[error("the game is over")]
    GameOver,
    /// Between rounds, or before the first.
    #[error("the round has not been dealt")]
    RoundNotDealt,
    /// A deal while a round is played.
    #[error("a round is being played")]
    RoundRunning,
    /// The other player has the turn.
    #[error("it is the other player's turn")]
    NotYourTurn,
    /// A card that this hand does not hold, or not so often.
    #[error("that card is not in the hand")]
    NotInHand,
    /// A drawn card waits: it alone may be played, or kept by passing.
    #[error("play the drawn card or pass")]
    DrawnCardWaiting,
    /// Several cards that may not go together.
    #[error("these cards may not be played together")]
    BadGroup,
    /// A Whot without a shape.
    #[error("a Whot must call a shape")]
    ShapeMissing,
    /// A shape with another card than a Whot.
    #[error("only a Whot calls a shape")]
    ShapeNotAllowed,
    /// A debt is owed and this does not answer it.
    #[error("answer the debt or draw it")]
    DebtOwed,
    /// The card does not fit the card in force, or the called shape.
    #[error("the card does not match")]
    NoMatch,
    /// A special card may not be the last.
    #[error("a special card may not be the last")]
    SpecialFinish,
    /// A play is legal, so drawing is not.
    #[error("a card can be played, so one must be")]
    MustPlay,
    /// No drawn card waits.
    #[error("there is nothing to pass on")]
    NothingToPass,
    /// No announcement is due.
    #[error("there is nothing to announce")]
    NothingToAnnounce,
}

impl Refusal {
    /// Every reason, in checking order.
    pub const ALL: [Self; 16] = [
        Self::Malformed,
        Self::GameOver,
        Self::RoundNotDealt,
        Self::RoundRunning,
        Self::NotYourTurn,
        Self::NotInHand,
        Self::DrawnCardWaiting,
        Self::BadGroup,
        Self::ShapeMissing,
        Self::ShapeNotAllowed,
        Self::DebtOwed,
        Self::NoMatch,
        Self::SpecialFinish,
        Self::MustPlay,
        Self::NothingToPass,
        Self::NothingToAnnounce,
    ];

    /// The stable code of the wire.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::GameOver => "game_over",
            Self::RoundNotDealt => "round_not_dealt",
            Self::RoundRunning => "round_running",
            Self::NotYourTurn => "not_your_turn",
            Self::NotInHand => "not_in_hand",
            Self::DrawnCardWaiting => "drawn_card_waiting",
            Self::BadGroup => "bad_group",
            Self::ShapeMissing => "shape_missing",
            Self::ShapeNotAllowed => "shape_not_allowed",
            Self::DebtOwed => "debt_owed",
            Self::NoMatch => "no_match",
            Self::SpecialFinish => "special_finish",
            Self::MustPlay => "must_play",
            Self::NothingToPass => "nothing_to_pass",
            Self::NothingToAnnounce => "nothing_to_announce",
        }
    }
}
