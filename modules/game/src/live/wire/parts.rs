//! What snapshots, events and lists have in common: people, rules, clocks, rounds, outcomes.

use std::collections::{BTreeMap, HashMap};

use game_bots::Strength;
use game_engine::{self as engine, BySeat, Card, CardSet, Outcome, RoundEnd, RuleSet, Seat};
use kernel::Timestamp;
use kernel::id::AccountId;
use platform::web::schema;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::words::{CardWord, RoundEndWord, SeatWord, StrengthWord};
use crate::domain::clock::Clock;
use crate::domain::ending::{Ending, Status};
use crate::domain::practice;
use crate::domain::view::GameView;
use crate::text::{Bytes32, Text};

/// One value for each seat, the first seat first.
pub(super) type Pair<T> = [T; 2];
pub(super) type Hand = Vec<Text<Card>>;

pub(super) fn pair<T, U>(both: BySeat<T>, change: impl FnMut(T) -> U) -> Pair<U> {
    let both = both.map(change);
    [both.first, both.second]
}

pub(super) fn hand(cards: CardSet) -> Hand {
    cards.iter().map(Text).collect()
}

/// Somebody, by id and public name.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Person {
    #[schema(value_type = schema::AccountId)]
    account_id: AccountId,
    /// Absent when it cannot be learnt now.
    username: Option<String>,
    /// How strong a practice opponent it is; absent of a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<StrengthWord>)]
    practice: Option<Text<Strength>>,
}

impl Person {
    pub(crate) fn named(account: AccountId, names: &HashMap<AccountId, String>) -> Self {
        let practice = practice::strength(account).map(Text);
        Self { account_id: account, username: names.get(&account).cloned(), practice }
    }
}

/// A rule set: the name of a preset, or `custom`, and every toggle by name.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = RuleSet)]
pub(crate) struct RulesView {
    name: String,
    version: u16,
    /// Booleans, integers and words.
    #[schema(value_type = std::collections::BTreeMap<String, Value>)]
    toggles: BTreeMap<&'static str, Value>,
}

impl RulesView {
    pub(crate) fn of(rules: &RuleSet) -> Self {
        let value = |text: String| match text.as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => text.parse::<u32>().map_or(Value::String(text), Value::from),
        };
        Self {
            name: rules.name.to_string(),
            version: rules.version,
            toggles: rules.toggles().into_iter().map(|(toggle, text)| (toggle, value(text))).collect(),
        }
    }
}

/// Every clock of a game.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = GameClock)]
pub(crate) struct ClockView {
    /// The running turn.
    turn: Option<TurnView>,
    /// What is left of each reserve, not counting the running turn.
    #[schema(value_type = Vec<u32>, min_items = 2, max_items = 2)]
    reserve_ms: Pair<u32>,
    /// Since when each seat is away.
    #[schema(value_type = Vec<Option<schema::Time>>, min_items = 2, max_items = 2)]
    away_since: Pair<Option<Timestamp>>,
    /// Until when each seat must make an announcement that is due.
    #[schema(value_type = Vec<Option<schema::Time>>, min_items = 2, max_items = 2)]
    announce_by: Pair<Option<Timestamp>>,
}

/// A running turn.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = GameTurn)]
pub(crate) struct TurnView {
    #[schema(value_type = SeatWord)]
    seat: Text<Seat>,
    #[schema(value_type = schema::Time)]
    began_at: Timestamp,
    /// When turn time and reserve are used up.
    #[schema(value_type = schema::Time)]
    due_at: Timestamp,
}

impl ClockView {
    pub(super) fn of(clock: &Clock) -> Self {
        let turn = |turn: crate::domain::clock::Turn| TurnView {
            seat: Text(turn.seat),
            began_at: turn.began,
            due_at: turn.due,
        };
        Self {
            turn: clock.turn.map(turn),
            reserve_ms: pair(clock.reserve_ms, |reserve| reserve),
            away_since: pair(clock.away, |since| since),
            announce_by: pair(clock.announce, |by| by),
        }
    }
}

/// A round that ended, both hands shown; not to spectators.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct RoundView {
    round: u32,
    #[schema(value_type = RoundEndWord)]
    cause: Text<RoundEnd>,
    /// Nobody when the round was drawn.
    #[schema(value_type = Option<SeatWord>)]
    winner: Option<Text<Seat>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<Vec<CardWord>>, min_items = 2, max_items = 2, required = true)]
    hands: Option<Pair<Hand>>,
    #[schema(value_type = Vec<u16>, min_items = 2, max_items = 2)]
    points: Pair<u16>,
}

impl RoundView {
    pub(crate) fn of(result: engine::RoundView) -> Self {
        Self {
            round: result.round,
            cause: Text(result.cause),
            winner: result.winner.map(Text),
            hands: result.hands.map(|hands| pair(hands, hand)),
            points: pair(result.points, |points| points),
        }
    }
}

/// How a match ended.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = GameOutcome)]
pub(crate) struct OutcomeView {
    /// Nobody in a drawn or voided game.
    #[schema(value_type = Option<SeatWord>)]
    winner: Option<Text<Seat>>,
    /// `rounds`, `resignation`, `forfeit_away`, `forfeit_clock`, `drawn` or `voided`.
    reason: String,
}

impl OutcomeView {
    pub(crate) fn of(outcome: Outcome) -> Self {
        Self::of_ending(&Ending::of(outcome, "voided"))
    }

    /// Why a game was voided is not told here.
    pub(crate) fn of_ending(ending: &Ending) -> Self {
        let reason = if ending.status == Status::Voided { "voided" } else { &ending.reason };
        Self { winner: ending.winner.map(Text), reason: reason.to_owned() }
    }
}

/// What makes the shuffle checkable.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct FairnessView {
    /// Base64url, as all 32-byte values.
    #[schema(value_type = String)]
    commitment: Bytes32,
    /// Null where a player gave none: 32 zero bytes.
    #[schema(value_type = Vec<Option<String>>, min_items = 2, max_items = 2)]
    entropy: Pair<Option<Bytes32>>,
    /// Once the match is over.
    #[schema(value_type = Option<String>)]
    seed: Option<Bytes32>,
}

impl FairnessView {
    pub(super) fn of(view: &GameView) -> Self {
        Self {
            commitment: Bytes32(view.commitment.bytes()),
            entropy: pair(view.entropy, |entropy| entropy.map(|bytes| Bytes32(bytes.bytes()))),
            seed: view.seed.as_ref().map(|seed| Bytes32(seed.reveal())),
        }
    }
}
