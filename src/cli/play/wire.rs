//! What the server tells of a game over the public API, as far as the table in the terminal shows it.
//!
//! Members that are not named here are passed over: the API only ever adds some.

use std::collections::BTreeMap;

use game_engine::{
    Announcement, By, Card, CardSet, DrawCause, PassKind, RoundEnd, RuleName, RuleSet, Seat, Shape,
};
use game_record::text::Text;
use kernel::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::plain::plain;

/// One value for each seat, the first seat first.
pub(super) type Pair<T> = [T; 2];

/// Somebody, by public name where it is known.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Person {
    pub(super) account_id: Option<String>,
    pub(super) username: Option<String>,
    /// How strong a practice opponent is; people have none.
    pub(super) practice: Option<String>,
}

impl Person {
    /// The name, fit for a terminal.
    pub(super) fn name(&self) -> String {
        match (&self.practice, &self.username) {
            (Some(strength), _) => format!("{} bot", plain(strength)),
            (None, Some(name)) => plain(name),
            (None, None) => "somebody".to_owned(),
        }
    }
}

/// A rule set as it is shown.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct RulesForm {
    pub(super) name: String,
    #[serde(default)]
    pub(super) toggles: BTreeMap<String, Value>,
}

impl RulesForm {
    /// The rules; toggles that this program does not know stay as the preset has them.
    pub(super) fn rules(&self) -> RuleSet {
        let mut rules = RuleSet::preset(&self.name).unwrap_or_else(RuleSet::naija_classic);
        for (toggle, value) in &self.toggles {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            // A later server may have more toggles than this program.
            let _ = rules.set(toggle, &text);
        }
        rules.name = self.name.parse().unwrap_or(RuleName::CUSTOM);
        rules
    }
}

/// A running turn.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Turn {
    pub(super) seat: Text<Seat>,
    pub(super) began_at: Timestamp,
    pub(super) due_at: Timestamp,
}

/// Every clock of a game.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub(super) struct Clock {
    pub(super) turn: Option<Turn>,
    pub(super) reserve_ms: Pair<u32>,
    pub(super) away_since: Pair<Option<Timestamp>>,
}

/// A round that ended.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Round {
    #[serde(rename = "round")]
    pub(super) number: u32,
    pub(super) cause: Text<RoundEnd>,
    pub(super) winner: Option<Text<Seat>>,
    pub(super) hands: Pair<Vec<Text<Card>>>,
    pub(super) points: Pair<u16>,
}

impl Round {
    /// What this seat was left with.
    pub(super) fn hand(&self, seat: Seat) -> CardSet {
        let [first, second] = &self.hands;
        hand(if seat == Seat::First { first } else { second })
    }
}

/// How a match ended.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Outcome {
    pub(super) winner: Option<Text<Seat>>,
    pub(super) reason: String,
}

/// What makes the shuffle checkable.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Fairness {
    pub(super) commitment: String,
}

/// A whole game as its player sees it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Snapshot {
    pub(super) seat: Text<Seat>,
    pub(super) players: Pair<Person>,
    pub(super) rule_set: RulesForm,
    pub(super) round: u32,
    pub(super) turn: Option<Text<Seat>>,
    pub(super) hand: Vec<Text<Card>>,
    pub(super) counts: Pair<u8>,
    pub(super) in_force: Option<Text<Card>>,
    pub(super) called: Option<Text<Shape>>,
    pub(super) debt: u8,
    pub(super) market: u8,
    pub(super) waiting: Option<Text<Card>>,
    pub(super) scores: Pair<u32>,
    pub(super) wins: Pair<u16>,
    pub(super) announcement_due: Pair<Option<Text<Announcement>>>,
    pub(super) run_outs: Pair<u8>,
    pub(super) outcome: Option<Outcome>,
    pub(super) legal: Vec<Move>,
    pub(super) clock: Clock,
    pub(super) fairness: Fairness,
}

/// What a player may do, and the form in which it is sent.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(from = "Value")]
pub(super) struct Move {
    pub(super) what: What,
    pub(super) form: Value,
}

/// A move by its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    Play {
        cards: Vec<Card>,
        call: Option<Shape>,
    },
    Draw,
    Pass,
    Announce,
    /// Something that this program does not know.
    Other,
}

impl From<Value> for Move {
    fn from(form: Value) -> Self {
        let kind = form.as_object().and_then(|members| members.keys().next().cloned()).unwrap_or_default();
        let what = match kind.as_str() {
            "play" => form.get("play").and_then(played).unwrap_or(What::Other),
            "draw" => What::Draw,
            "pass" => What::Pass,
            "announce" => What::Announce,
            _ => What::Other,
        };
        Self { what, form }
    }
}

fn played(play: &Value) -> Option<What> {
    let card = |value: &Value| value.as_str()?.parse().ok();
    let cards = match (play.get("card"), play.get("cards").and_then(Value::as_array)) {
        (Some(one), _) => vec![card(one)?],
        (None, Some(several)) => several.iter().map(card).collect::<Option<_>>()?,
        (None, None) => return None,
    };
    let call = play.get("call").and_then(Value::as_str).map(str::parse).transpose().ok()?;
    Some(What::Play { cards, call })
}

/// The form of a play.
pub(super) fn play_form(cards: &[Card], call: Option<Shape>) -> Value {
    let names: Vec<String> = cards.iter().map(ToString::to_string).collect();
    let mut play = match names.as_slice() {
        [card] => json!({"card": card}),
        several => json!({"cards": several}),
    };
    if let (Some(shape), Some(members)) = (call, play.as_object_mut()) {
        members.insert("call".to_owned(), Value::from(shape.name()));
    }
    json!({"play": play})
}

pub(super) fn hand(cards: &[Text<Card>]) -> CardSet {
    CardSet::of(cards.iter().map(|card| card.0)).unwrap_or(CardSet::EMPTY)
}

/// An event, and what goes with it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Event {
    #[serde(flatten)]
    pub(super) kind: Kind,
    pub(super) clock: Option<Clock>,
    pub(super) legal: Option<Vec<Move>>,
}

/// What happened.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Kind {
    Started {},
    Dealt {
        round: u32,
        starter: Text<Seat>,
        hand: Vec<Text<Card>>,
        counts: Pair<u8>,
        opener: Option<Text<Card>>,
        market: u8,
        debt: u8,
        turn: Text<Seat>,
    },
    Played {
        seat: Text<Seat>,
        cards: Vec<Text<Card>>,
        call: Option<Text<Shape>>,
        debt: u8,
        next: Text<Seat>,
    },
    Drew {
        seat: Text<Seat>,
        count: u8,
        cards: Option<Vec<Text<Card>>>,
        cause: Text<DrawCause>,
        by: Text<By>,
        reshuffled: bool,
        waiting: Option<Text<Card>>,
        next: Text<Seat>,
    },
    Passed {
        seat: Text<Seat>,
        pass: Text<PassKind>,
        by: Text<By>,
        next: Text<Seat>,
    },
    Announced {
        seat: Text<Seat>,
        announcement: Text<Announcement>,
    },
    AnnouncementDue {
        seat: Text<Seat>,
        announcement: Text<Announcement>,
    },
    RoundEnded {
        result: Round,
    },
    MatchEnded {
        outcome: Outcome,
    },
    Voided {},
    Away {
        seat: Text<Seat>,
    },
    Back {
        seat: Text<Seat>,
    },
    ClockExtended {
        milliseconds: u64,
    },
    Revealed {},
    #[serde(other)]
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_move_is_read_in_every_form_and_a_play_is_written_as_it_is_listed() {
        let circle: Card = "circle-5".parse().unwrap();
        let star: Card = "star-5".parse().unwrap();
        for (form, cards, call) in [
            (json!({"play": {"card": "circle-5"}}), vec![circle], None),
            (json!({"play": {"card": "whot-20", "call": "star"}}), vec![Card::WHOT], Some(Shape::Star)),
            (json!({"play": {"cards": ["circle-5", "star-5"]}}), vec![circle, star], None),
        ] {
            assert_eq!(play_form(&cards, call), form);
            assert_eq!(Move::from(form).what, What::Play { cards, call });
        }
        assert_eq!(Move::from(json!({"draw": {}})).what, What::Draw);
        assert_eq!(Move::from(json!({"juggle": {}})).what, What::Other);
        assert_eq!(Move::from(json!({"play": {"card": "circle-6"}})).what, What::Other);
    }

    #[test]
    fn an_event_of_a_later_server_is_passed_over() {
        let event: Event = serde_json::from_value(json!({"kind": "applauded", "seat": "first"})).unwrap();
        assert!(matches!(event.kind, Kind::Unknown));
        let event: Event =
            serde_json::from_value(json!({"kind": "revealed", "seed": "A", "more": 1})).unwrap();
        assert!(matches!(event.kind, Kind::Revealed {}));
    }

    #[test]
    fn rules_are_what_their_toggles_say() {
        let form: RulesForm =
            serde_json::from_value(json!({"name": "custom", "toggles": {"deal": 4, "match": "best_of(3)"}}))
                .unwrap();
        let rules = form.rules();
        assert_eq!((rules.deal, rules.match_.to_string()), (4, "best_of(3)".to_owned()));
    }
}
