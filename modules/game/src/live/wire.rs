//! What players see of a game, as JSON: snapshots and events. Everything here is named by allow-list, field by field.

use std::collections::{BTreeMap, HashMap};

use game_engine::{
    Announcement, By, BySeat, Card, CardSet, DrawCause, EventView, Outcome, PassKind, Phase, RoundEnd,
    RoundResult, RuleSet, Seat, Shape, Viewer, event_view,
};
use kernel::Timestamp;
use kernel::id::{AccountId, GameId};
use platform::live::Body;
use platform::web::schema;
use serde::Serialize;
use serde_json::Value;
use utoipa::{PartialSchema, ToSchema};

use super::command::Do;
use crate::domain::clock::Clock;
use crate::domain::ending::{Ending, Status};
use crate::domain::entry::{Entry, Recorded};
use crate::domain::view::GameView;
use crate::text::{Bytes32, Text};

/// Declares schemas of closed sets of engine words.
macro_rules! engine_words {
    ($($(#[$doc:meta])* $name:ident as $component:literal: $words:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub(crate) enum $name {}
        impl PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                schema::word_schema($words)
            }
        }
        impl ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> { $component.into() }
        }
    )+};
}

engine_words! {
    /// A seat at the table.
    SeatWord as "Seat": Seat::ALL.iter().map(|word| word.name());
    /// A shape.
    ShapeWord as "Shape": Shape::ALL.iter().map(|word| word.name());
    /// A card by name.
    CardWord as "Card": card_names().into_iter();
    /// Why cards were drawn.
    CauseWord as "DrawCause": DrawCause::ALL.iter().map(|word| word.name());
    /// Who made a move.
    ByWord as "By": By::ALL.iter().map(|word| word.name());
    /// Why a turn ended without a card.
    PassWord as "PassKind": PassKind::ALL.iter().map(|word| word.name());
    /// An announcement.
    AnnouncementWord as "Announcement": Announcement::ALL.iter().map(|word| word.name());
    /// Why a round ended.
    RoundEndWord as "RoundEnd": RoundEnd::ALL.iter().map(|word| word.name());
    /// Where a match stands.
    PhaseWord as "Phase": Phase::ALL.iter().map(|word| word.name());
}
platform::word_schema! { GameStatusWord: Status }

/// The names of all cards, for the schema alone.
fn card_names() -> Vec<&'static str> {
    vec![
        "circle-1",
        "circle-2",
        "circle-3",
        "circle-4",
        "circle-5",
        "circle-7",
        "circle-8",
        "circle-10",
        "circle-11",
        "circle-12",
        "circle-13",
        "circle-14",
        "triangle-1",
        "triangle-2",
        "triangle-3",
        "triangle-4",
        "triangle-5",
        "triangle-7",
        "triangle-8",
        "triangle-10",
        "triangle-11",
        "triangle-12",
        "triangle-13",
        "triangle-14",
        "cross-1",
        "cross-2",
        "cross-3",
        "cross-5",
        "cross-7",
        "cross-10",
        "cross-11",
        "cross-13",
        "cross-14",
        "square-1",
        "square-2",
        "square-3",
        "square-5",
        "square-7",
        "square-10",
        "square-11",
        "square-13",
        "square-14",
        "star-1",
        "star-2",
        "star-3",
        "star-4",
        "star-5",
        "star-7",
        "star-8",
        "whot-20",
    ]
}

/// One value for each seat, the first seat first.
type Pair<T> = [T; 2];
type Hand = Vec<Text<Card>>;

fn pair<T, U>(both: BySeat<T>, change: impl FnMut(T) -> U) -> Pair<U> {
    let both = both.map(change);
    [both.first, both.second]
}

fn hand(cards: CardSet) -> Hand {
    cards.iter().map(Text).collect()
}

/// Somebody, by id and public name.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Person {
    #[schema(value_type = schema::AccountId)]
    account_id: AccountId,
    /// Absent when it cannot be learnt now.
    username: Option<String>,
}

impl Person {
    pub(crate) fn named(account: AccountId, names: &HashMap<AccountId, String>) -> Self {
        Self { account_id: account, username: names.get(&account).cloned() }
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
    fn of(clock: &Clock) -> Self {
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

/// A round that ended, both hands shown.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct RoundView {
    round: u32,
    #[schema(value_type = RoundEndWord)]
    cause: Text<RoundEnd>,
    /// Nobody when the round was drawn.
    #[schema(value_type = Option<SeatWord>)]
    winner: Option<Text<Seat>>,
    #[schema(value_type = Vec<Vec<CardWord>>, min_items = 2, max_items = 2)]
    hands: Pair<Hand>,
    #[schema(value_type = Vec<u16>, min_items = 2, max_items = 2)]
    points: Pair<u16>,
}

impl RoundView {
    fn of(result: RoundResult) -> Self {
        Self {
            round: result.round,
            cause: Text(result.cause),
            winner: result.winner.map(Text),
            hands: pair(result.hands, hand),
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

/// A whole game as one player sees it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = GameSnapshot)]
pub(crate) struct Snapshot {
    #[schema(value_type = schema::GameId)]
    game_id: GameId,
    /// The last event that it includes.
    seq: u64,
    #[schema(value_type = GameStatusWord)]
    status: Status,
    /// One's own seat.
    #[schema(value_type = SeatWord)]
    seat: Text<Seat>,
    #[schema(value_type = Vec<Person>, min_items = 2, max_items = 2)]
    players: Pair<Person>,
    rule_set: RulesView,
    #[schema(value_type = PhaseWord)]
    phase: Text<Phase>,
    round: u32,
    #[schema(value_type = Option<SeatWord>)]
    starter: Option<Text<Seat>>,
    #[schema(value_type = Option<SeatWord>)]
    turn: Option<Text<Seat>>,
    /// One's own hand.
    #[schema(value_type = Vec<CardWord>)]
    hand: Hand,
    #[schema(value_type = Vec<u8>, min_items = 2, max_items = 2)]
    counts: Pair<u8>,
    #[schema(value_type = Option<CardWord>)]
    in_force: Option<Text<Card>>,
    #[schema(value_type = Option<ShapeWord>)]
    called: Option<Text<Shape>>,
    debt: u8,
    market: u8,
    pile: u8,
    reshuffles: u16,
    /// Whether the player with the turn may play the card it drew.
    holds: bool,
    /// That card, if it is one's own.
    #[schema(value_type = Option<CardWord>)]
    waiting: Option<Text<Card>>,
    moves: u16,
    #[schema(value_type = Vec<u32>, min_items = 2, max_items = 2)]
    scores: Pair<u32>,
    #[schema(value_type = Vec<u16>, min_items = 2, max_items = 2)]
    wins: Pair<u16>,
    #[schema(value_type = Vec<Option<AnnouncementWord>>, min_items = 2, max_items = 2)]
    announced: Pair<Option<Text<Announcement>>>,
    #[schema(value_type = Vec<Option<AnnouncementWord>>, min_items = 2, max_items = 2)]
    announcement_due: Pair<Option<Text<Announcement>>>,
    #[schema(value_type = Vec<u8>, min_items = 2, max_items = 2)]
    run_outs: Pair<u8>,
    last_round: Option<RoundView>,
    outcome: Option<OutcomeView>,
    /// What one may do now; resigning is always possible.
    legal: Vec<Do>,
    clock: ClockView,
    /// When each seat forfeits for being away with the turn.
    #[schema(value_type = Vec<Option<schema::Time>>, min_items = 2, max_items = 2)]
    forfeits_at: Pair<Option<Timestamp>>,
    fairness: FairnessView,
}

impl Snapshot {
    pub(crate) fn of(view: &GameView, names: &HashMap<AccountId, String>) -> Self {
        let cards = &view.cards;
        let status = cards.outcome.map_or(Status::Active, |outcome| Ending::of(outcome, "").status);
        Self {
            game_id: view.game,
            seq: view.seq,
            status,
            seat: Text(view.seat),
            players: pair(view.players, |account| Person::named(account, names)),
            rule_set: RulesView::of(&cards.rules),
            phase: Text(cards.phase),
            round: cards.round,
            starter: cards.starter.map(Text),
            turn: cards.turn.map(Text),
            hand: cards.hand.map(hand).unwrap_or_default(),
            counts: pair(cards.counts, |count| count),
            in_force: cards.in_force.map(Text),
            called: cards.called.map(Text),
            debt: cards.debt,
            market: cards.market,
            pile: cards.pile,
            reshuffles: cards.reshuffles,
            holds: cards.holds,
            waiting: cards.waiting.map(Text),
            moves: cards.moves,
            scores: pair(cards.scores, |score| score),
            wins: pair(cards.wins, |wins| wins),
            announced: pair(cards.announced, |announced| announced.map(Text)),
            announcement_due: pair(cards.due, |due| due.map(Text)),
            run_outs: pair(cards.run_outs, |count| count),
            last_round: cards.last_round.map(RoundView::of),
            outcome: cards.outcome.map(OutcomeView::of),
            legal: view.legal.iter().filter_map(Do::of).collect(),
            clock: ClockView::of(&view.clock),
            forfeits_at: pair(view.forfeits_at, |at| at),
            fairness: FairnessView {
                commitment: Bytes32(view.commitment.bytes()),
                entropy: pair(view.entropy, |entropy| entropy.map(|bytes| Bytes32(bytes.bytes()))),
                seed: view.seed.as_ref().map(|seed| Bytes32(seed.reveal())),
            },
        }
    }
}

/// An event as one player sees it, and the clocks after it where it changed one.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = GameEvent)]
pub(crate) struct EventData {
    #[serde(flatten)]
    event: EventKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    clock: Option<ClockView>,
    /// What one may do now: with the newest event of the rules, as long as nothing followed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    legal: Option<Vec<Do>>,
}

/// What happened, by `kind`.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[schema(as = GameEventKind)]
pub(crate) enum EventKind {
    /// The first event of a game: what was promised, and what both added.
    Started {
        #[schema(value_type = Vec<schema::AccountId>, min_items = 2, max_items = 2)]
        players: Pair<AccountId>,
        rule_set: Box<RulesView>,
        /// The canonical text of the rule set, which the commitment binds.
        rules_text: String,
        #[schema(value_type = String)]
        commitment: Bytes32,
        #[schema(value_type = Vec<Option<String>>, min_items = 2, max_items = 2)]
        entropy: Pair<Option<Bytes32>>,
    },
    /// A round was dealt; one's own hand.
    Dealt {
        round: u32,
        #[schema(value_type = SeatWord)]
        starter: Text<Seat>,
        #[schema(value_type = Vec<CardWord>)]
        hand: Hand,
        #[schema(value_type = Vec<u8>, min_items = 2, max_items = 2)]
        counts: Pair<u8>,
        #[schema(value_type = Option<CardWord>)]
        opener: Option<Text<Card>>,
        market: u8,
        debt: u8,
        #[schema(value_type = SeatWord)]
        turn: Text<Seat>,
    },
    /// Cards were laid.
    Played {
        #[schema(value_type = SeatWord)]
        seat: Text<Seat>,
        #[schema(value_type = Vec<CardWord>)]
        cards: Hand,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<ShapeWord>)]
        call: Option<Text<Shape>>,
        debt: u8,
        #[schema(value_type = SeatWord)]
        next: Text<Seat>,
    },
    /// Cards were drawn; which, only if they are one's own.
    Drew {
        #[schema(value_type = SeatWord)]
        seat: Text<Seat>,
        count: u8,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<Vec<CardWord>>)]
        cards: Option<Hand>,
        #[schema(value_type = CauseWord)]
        cause: Text<DrawCause>,
        #[schema(value_type = ByWord)]
        by: Text<By>,
        reshuffled: bool,
        holds: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<CardWord>)]
        waiting: Option<Text<Card>>,
        #[schema(value_type = SeatWord)]
        next: Text<Seat>,
    },
    /// A turn ended without a card moving.
    Passed {
        #[schema(value_type = SeatWord)]
        seat: Text<Seat>,
        #[schema(value_type = PassWord)]
        pass: Text<PassKind>,
        #[schema(value_type = ByWord)]
        by: Text<By>,
        #[schema(value_type = SeatWord)]
        next: Text<Seat>,
    },
    /// "Semi last" or "last card".
    Announced {
        #[schema(value_type = SeatWord)]
        seat: Text<Seat>,
        #[schema(value_type = AnnouncementWord)]
        announcement: Text<Announcement>,
    },
    /// An announcement has to be made in time.
    AnnouncementDue {
        #[schema(value_type = SeatWord)]
        seat: Text<Seat>,
        #[schema(value_type = AnnouncementWord)]
        announcement: Text<Announcement>,
    },
    /// A round ended; both hands are shown.
    RoundEnded { result: RoundView },
    /// The match ended.
    MatchEnded { outcome: OutcomeView },
    /// The match counts for nothing.
    Voided {},
    /// The seat's connection lapsed; the clock says since when.
    Away {
        #[schema(value_type = SeatWord)]
        seat: Text<Seat>,
    },
    /// The seat is back.
    Back {
        #[schema(value_type = SeatWord)]
        seat: Text<Seat>,
    },
    /// No server was there: every running deadline moved by this time.
    ClockExtended {
        #[schema(value_type = schema::Time)]
        from: Timestamp,
        #[schema(value_type = schema::Time)]
        to: Timestamp,
        milliseconds: u64,
    },
    /// The match is over, and with it the secret of its shuffles.
    Revealed {
        #[schema(value_type = String)]
        seed: Bytes32,
    },
}

impl EventData {
    /// The line as this seat sees it.
    pub(crate) fn of(line: &Recorded, seat: Seat) -> Self {
        let event = match &line.entry {
            Entry::Started(started) => EventKind::started(started),
            Entry::Rules(event) => EventKind::of(event_view(event, Viewer::Seat(seat))),
            Entry::Away { seat } => EventKind::Away { seat: Text(*seat) },
            Entry::Back { seat } => EventKind::Back { seat: Text(*seat) },
            Entry::ClockExtended(gap) => EventKind::ClockExtended {
                from: gap.from,
                to: gap.to,
                milliseconds: u64::try_from(gap.length().as_millis()).unwrap_or(u64::MAX),
            },
            Entry::Revealed(seed) => EventKind::Revealed { seed: Bytes32(seed.reveal()) },
        };
        Self { event, clock: line.clock.as_ref().map(ClockView::of), legal: None }
    }

    /// The same with what this seat may do now, where that is known of this line.
    pub(crate) fn raw_with(
        line: &Recorded,
        seat: Seat,
        legal: Option<&[game_engine::Command]>,
    ) -> Option<Body> {
        let legal = legal.map(|legal| legal.iter().filter_map(Do::of).collect());
        serde_json::value::to_raw_value(&Self { legal, ..Self::of(line, seat) }).ok()
    }

    /// The same as raw JSON; `None` only if it cannot be written at all.
    pub(crate) fn raw(line: &Recorded, seat: Seat) -> Option<Body> {
        serde_json::value::to_raw_value(&Self::of(line, seat)).ok()
    }
}

impl EventKind {
    fn started(started: &crate::domain::entry::Started) -> Self {
        let rules = started.rules.parse().unwrap_or_else(|_| RuleSet::naija_classic());
        Self::Started {
            players: pair(started.players, |account| account),
            rule_set: Box::new(RulesView::of(&rules)),
            rules_text: started.rules.clone(),
            commitment: Bytes32(started.commitment.bytes()),
            entropy: pair(started.entropy, |entropy| entropy.map(|bytes| Bytes32(bytes.bytes()))),
        }
    }

    fn of(view: EventView) -> Self {
        match view {
            EventView::Dealt { round, starter, hand: own, counts, opener, market, debt, turn } => {
                Self::Dealt {
                    round,
                    starter: Text(starter),
                    hand: own.map(hand).unwrap_or_default(),
                    counts: pair(counts, |count| count),
                    opener: opener.map(Text),
                    market,
                    debt,
                    turn: Text(turn),
                }
            }
            EventView::Played { seat, cards, call, debt, next } => Self::Played {
                seat: Text(seat),
                cards: cards.iter().map(Text).collect(),
                call: call.map(Text),
                debt,
                next: Text(next),
            },
            EventView::Drew { seat, count, cards, cause, by, reshuffled, holds, waiting, next } => {
                Self::Drew {
                    seat: Text(seat),
                    count,
                    cards: cards.map(hand),
                    cause: Text(cause),
                    by: Text(by),
                    reshuffled,
                    holds,
                    waiting: waiting.map(Text),
                    next: Text(next),
                }
            }
            EventView::Passed { seat, kind, by, next } => {
                Self::Passed { seat: Text(seat), pass: Text(kind), by: Text(by), next: Text(next) }
            }
            EventView::Announced { seat, announcement } => {
                Self::Announced { seat: Text(seat), announcement: Text(announcement) }
            }
            EventView::AnnouncementDue { seat, announcement } => {
                Self::AnnouncementDue { seat: Text(seat), announcement: Text(announcement) }
            }
            EventView::RoundEnded(result) => Self::RoundEnded { result: RoundView::of(result) },
            EventView::MatchEnded { outcome } => Self::MatchEnded { outcome: OutcomeView::of(outcome) },
            EventView::Voided => Self::Voided {},
        }
    }
}
