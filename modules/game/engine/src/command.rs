//! Everything that can be asked of a game, by the players or by the game module around it.

use crate::card::{Card, Shape};
use crate::cards::Cards;
use crate::shuffle::RoundKey;

words! {
    /// Why a player forfeits.
    pub enum ForfeitReason as "reason to forfeit" {
        /// Away too long with the turn.
        Away = "away",
        /// Too many turns ran out in a row.
        Clock = "clock",
    }
}

/// Cards to lay, with the shape called when they are Whots: one command, so no call is ever pending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Play {
    /// The cards in order.
    pub cards: Cards,
    /// The called shape, with Whots only.
    pub call: Option<Shape>,
}

impl Play {
    /// One card that calls nothing.
    #[must_use]
    pub const fn card(card: Card) -> Self {
        Self { cards: Cards::one(card), call: None }
    }

    /// One Whot with its call.
    #[must_use]
    pub const fn whot(shape: Shape) -> Self {
        Self { cards: Cards::one(Card::WHOT), call: Some(shape) }
    }
}

/// A command. The seat it is given for travels beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Lay cards.
    Play(Play),
    /// Draw: one card, or what is owed.
    Draw,
    /// Keep the drawn card that may be played.
    Pass,
    /// Announce "semi last" or "last card".
    Announce,
    /// Give the match to the opponent.
    Resign,
    /// From the game module: deal the next round with this key. The seat does not matter.
    Deal(RoundKey),
    /// From the game module: the turn of this seat ran out.
    RunOut,
    /// From the game module: this seat did not announce in time.
    AnnouncementExpired,
    /// From the game module: this seat, which has the turn, forfeits.
    Forfeit(ForfeitReason),
    /// From the game module: the match counts for nothing. The seat does not matter.
    Void,
}

impl Command {
    /// Whether a player may send it; the others come from the game module alone.
    #[must_use]
    pub const fn is_players(&self) -> bool {
        matches!(self, Self::Play(_) | Self::Draw | Self::Pass | Self::Announce | Self::Resign)
    }
}
