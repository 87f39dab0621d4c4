//! What a player sends as `do`: parsed strictly, or refused as a whole.

use game_engine::{Card, Cards, Command, Play, Shape};
use platform::json;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::wire::{CardWord, ShapeWord};
use crate::domain::command::Act;
use crate::text::Text;

/// A command of a player: exactly one of these, for example `{"play":{"card":"circle-5"}}`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = GameCommand)]
pub(crate) enum Do {
    /// Lay a card, or by some rules several.
    Play(PlayForm),
    /// Draw one card, or what is owed.
    Draw(Nothing),
    /// Keep the drawn card that may be played.
    Pass(Nothing),
    /// Announce "semi last" or "last card".
    Announce(Nothing),
    /// Give the match to the opponent.
    Resign(Nothing),
}

/// Which cards: `card`, or `cards` in order, the last in force.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlayForm {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<CardWord>)]
    card: Option<Text<Card>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<CardWord>>, min_items = 1, max_items = 5)]
    cards: Option<Vec<Text<Card>>>,
    /// The shape that a Whot calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ShapeWord>)]
    call: Option<Text<Shape>>,
}

/// An empty object.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

/// A `do` that is no command of this game.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a command")]
pub(crate) struct Malformed;

impl Do {
    /// Reads the raw `do` of a frame or a body.
    pub(crate) fn parse(text: &str) -> Result<Act, Malformed> {
        json::from_str::<Self>(text).map_err(|_| Malformed)?.act()
    }

    /// What it asks for.
    pub(crate) fn act(self) -> Result<Act, Malformed> {
        match self {
            Self::Play(play) => play.act(),
            Self::Draw(_) => Ok(Act::Draw),
            Self::Pass(_) => Ok(Act::Pass),
            Self::Announce(_) => Ok(Act::Announce),
            Self::Resign(_) => Ok(Act::Resign),
        }
    }

    /// The same form for a command that is legal; what players cannot send has none.
    pub(crate) fn of(command: &Command) -> Option<Self> {
        match command {
            Command::Play(Play { cards, call }) => Some(Self::Play(PlayForm::of(*cards, *call))),
            Command::Draw => Some(Self::Draw(Nothing {})),
            Command::Pass => Some(Self::Pass(Nothing {})),
            Command::Announce => Some(Self::Announce(Nothing {})),
            Command::Resign => Some(Self::Resign(Nothing {})),
            Command::Deal(_)
            | Command::RunOut
            | Command::AnnouncementExpired
            | Command::Forfeit(_)
            | Command::Void => None,
        }
    }
}

impl PlayForm {
    fn act(self) -> Result<Act, Malformed> {
        let cards = match (self.card, self.cards) {
            (Some(card), None) => Some(Cards::one(card.0)),
            (None, Some(cards)) if !cards.is_empty() => Cards::of(cards.into_iter().map(|card| card.0)),
            _ => None,
        };
        let call = self.call.map(|shape| shape.0);
        cards.map(|cards| Act::Play { cards, call }).ok_or(Malformed)
    }

    fn of(cards: Cards, call: Option<Shape>) -> Self {
        let call = call.map(Text);
        match cards.as_slice() {
            [card] => Self { card: Some(Text(*card)), cards: None, call },
            several => Self { card: None, cards: Some(several.iter().copied().map(Text).collect()), call },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_has_one_form() {
        for (json, text) in [
            (r#"{"play":{"card":"circle-5"}}"#, "play circle-5"),
            (r#"{"play":{"card":"whot-20","call":"star"}}"#, "play whot-20 as star"),
            (r#"{"play":{"cards":["circle-5","star-5"]}}"#, "play circle-5+star-5"),
            (r#"{"draw":{}}"#, "draw"),
            (r#"{"pass":{}}"#, "pass"),
            (r#"{"announce":{}}"#, "announce"),
            (r#"{"resign":{}}"#, "resign"),
        ] {
            assert_eq!(Do::parse(json).map(Act::canonical), Ok(text.to_owned()), "{json}");
        }
    }

    #[test]
    fn anything_else_is_no_command() {
        for json in [
            "null",
            "{}",
            "[]",
            "7",
            r#""draw""#,
            r#"{"draw":{"n":1}}"#,
            r#"{"draw":null}"#,
            r#"{"draw":[]}"#,
            r#"{"play":["circle-5",null,null]}"#,
            r#"{"draw":{},"pass":{}}"#,
            r#"{"deal":{}}"#,
            r#"{"void":{}}"#,
            r#"{"run_out":{}}"#,
            r#"{"play":{}}"#,
            r#"{"play":{"card":"circle-6"}}"#,
            r#"{"play":{"card":"Circle-5"}}"#,
            r#"{"play":{"card":"whot-20","call":"whot"}}"#,
            r#"{"play":{"card":"circle-5","seat":"second"}}"#,
            r#"{"play":{"card":"circle-5","cards":["circle-5"]}}"#,
            r#"{"play":{"cards":[]}}"#,
            r#"{"play":{"cards":["star-1","star-2","star-3","star-4","star-5","star-7"]}}"#,
        ] {
            assert_eq!(Do::parse(json), Err(Malformed), "{json}");
        }
    }
}
