//! A line of the journal as one player may see it.

use game_bots::Strength;
use game_engine::{
    Announcement, By, Card, DrawCause, EventView, PassKind, RuleSet, Seat, Shape, Viewer, event_view,
};
use kernel::Timestamp;
use kernel::id::AccountId;
use platform::live::Body;
use platform::web::schema;
use serde::Serialize;
use utoipa::ToSchema;

use super::parts::{ClockView, Hand, OutcomeView, Pair, RoundView, RulesView, hand, pair};
use super::words::{
    AnnouncementWord, ByWord, CardWord, CauseWord, PassWord, SeatWord, ShapeWord, StrengthWord,
};
use crate::domain::entry::{Entry, Recorded, Started};
use crate::domain::practice;
use crate::live::command::Do;
use crate::text::{Bytes32, Text};

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
        /// How strong the practice opponent is, in a game with one.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<StrengthWord>)]
        practice: Option<Text<Strength>>,
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
    /// A round ended; both hands are shown, not to spectators.
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
        Self::seen_by(line, Viewer::Seat(seat))
    }

    /// The line as every spectator sees it, as raw JSON. What would tell hands even afterwards is not for them.
    pub(crate) fn raw_watched(line: &Recorded) -> Option<Body> {
        if matches!(line.entry, Entry::Revealed(_)) {
            return None;
        }
        serde_json::value::to_raw_value(&Self::seen_by(line, Viewer::Spectator)).ok()
    }

    fn seen_by(line: &Recorded, viewer: Viewer) -> Self {
        let event = match &line.entry {
            Entry::Started(started) => EventKind::started(started),
            Entry::Rules(event) => EventKind::of(event_view(event, viewer)),
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

    /// The same as raw JSON, with what this seat may do now, where that is known of this line.
    pub(crate) fn raw_with(
        line: &Recorded,
        seat: Seat,
        legal: Option<&[game_engine::Command]>,
    ) -> Option<Body> {
        let legal = legal.map(|legal| legal.iter().filter_map(Do::of).collect());
        serde_json::value::to_raw_value(&Self { legal, ..Self::of(line, seat) }).ok()
    }
}

impl EventKind {
    fn started(started: &Started) -> Self {
        let rules = started.rules.parse().unwrap_or_else(|_| RuleSet::naija_classic());
        Self::Started {
            players: pair(started.players, |account| account),
            practice: practice::seated(&started.players).map(|(_, strength)| Text(strength)),
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
