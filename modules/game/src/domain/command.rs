//! What a player may ask of a running game, and the name under which it asks.

use std::fmt::{self, Write};

use game_engine::{Cards, Command, Play, Shape};
use kernel::id::Uuid;

/// A player's command: the engine's, less what only the server may say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    Play { cards: Cards, call: Option<Shape> },
    Draw,
    Pass,
    Announce,
    Resign,
}

impl Act {
    pub(crate) fn command(self) -> Command {
        match self {
            Self::Play { cards, call } => Command::Play(Play { cards, call }),
            Self::Draw => Command::Draw,
            Self::Pass => Command::Pass,
            Self::Announce => Command::Announce,
            Self::Resign => Command::Resign,
        }
    }

    /// The same for a command that is legal; what players cannot ask for is none.
    pub(crate) fn of(command: &Command) -> Option<Self> {
        match command {
            Command::Play(Play { cards, call }) => Some(Self::Play { cards: *cards, call: *call }),
            Command::Draw => Some(Self::Draw),
            Command::Pass => Some(Self::Pass),
            Command::Announce => Some(Self::Announce),
            Command::Resign => Some(Self::Resign),
            Command::Deal(_)
            | Command::RunOut
            | Command::AnnouncementExpired
            | Command::Forfeit(_)
            | Command::Void => None,
        }
    }

    /// The one text of this act, kept beside its answer: the same id with another act is a conflict.
    pub(crate) fn canonical(self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Play { cards, call } => {
                f.write_str("play")?;
                for (place, card) in cards.iter().enumerate() {
                    f.write_char(if place == 0 { ' ' } else { '+' })?;
                    write!(f, "{card}")?;
                }
                call.map_or(Ok(()), |shape| write!(f, " as {shape}"))
            }
            Self::Draw => f.write_str("draw"),
            Self::Pass => f.write_str("pass"),
            Self::Announce => f.write_str("announce"),
            Self::Resign => f.write_str("resign"),
        }
    }
}

/// A command as a player sends it. The id is good for ever: whoever repeats it gets the first answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) cid: Uuid,
    /// The last seq the player had seen; `None` where the route does not ask for one.
    pub(crate) base: Option<u64>,
    pub(crate) act: Act,
}

#[cfg(test)]
mod tests {
    use super::*;
    use game_engine::Card;

    #[test]
    fn every_act_has_a_text_of_its_own() {
        let one = Card::new(Shape::Circle, 5).unwrap();
        let two = Card::new(Shape::Star, 5).unwrap();
        let acts = [
            Act::Play { cards: Cards::one(one), call: None },
            Act::Play { cards: Cards::one(Card::WHOT), call: Some(Shape::Star) },
            Act::Play { cards: Cards::one(Card::WHOT), call: None },
            Act::Play { cards: Cards::of([one, two]).unwrap(), call: None },
            Act::Play { cards: Cards::of([two, one]).unwrap(), call: None },
            Act::Draw,
            Act::Pass,
            Act::Announce,
            Act::Resign,
        ];
        let texts: std::collections::BTreeSet<String> = acts.iter().map(|act| act.canonical()).collect();
        assert_eq!(texts.len(), acts.len());
        assert!(texts.contains("play circle-5+star-5") && texts.contains("play whot-20 as star"));
    }
}
