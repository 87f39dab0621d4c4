//! A whole game as one player may see it.

use std::collections::HashMap;

use game_engine::{Announcement, Card, Phase, Seat, Shape};
use kernel::Timestamp;
use kernel::id::{AccountId, GameId};
use platform::web::schema;
use serde::Serialize;
use utoipa::ToSchema;

use super::parts::{
    ClockView, FairnessView, Hand, OutcomeView, Pair, Person, RoundView, RulesView, hand, pair,
};
use super::words::{AnnouncementWord, CardWord, GameStatusWord, PhaseWord, SeatWord, ShapeWord};
use crate::domain::ending::{Ending, Status};
use crate::domain::view::GameView;
use crate::live::command::Do;
use crate::text::Text;

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
            fairness: FairnessView::of(view),
        }
    }
}
