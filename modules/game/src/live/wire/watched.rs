//! A whole game as a spectator may know it: no hand, nothing that is a player's own.

use std::collections::HashMap;

use game_engine::{Announcement, Card, Phase, Seat, Shape};
use kernel::Timestamp;
use kernel::id::{AccountId, GameId};
use serde::Serialize;

use super::parts::{ClockView, OutcomeView, Pair, Person, RoundView, RulesView, pair};
use crate::domain::ending::{Ending, Status};
use crate::domain::spectator::DELAY;
use crate::domain::view::WatchView;
use crate::text::Text;

/// A whole game as every spectator sees it. It travels over sockets alone.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct WatchSnapshot {
    game_id: GameId,
    /// The last event that it includes.
    seq: u64,
    /// How late it is.
    delay_s: u64,
    status: Status,
    players: Pair<Person>,
    rule_set: RulesView,
    phase: Text<Phase>,
    round: u32,
    starter: Option<Text<Seat>>,
    turn: Option<Text<Seat>>,
    counts: Pair<u8>,
    in_force: Option<Text<Card>>,
    called: Option<Text<Shape>>,
    debt: u8,
    market: u8,
    pile: u8,
    reshuffles: u16,
    holds: bool,
    moves: u16,
    scores: Pair<u32>,
    wins: Pair<u16>,
    announced: Pair<Option<Text<Announcement>>>,
    announcement_due: Pair<Option<Text<Announcement>>>,
    run_outs: Pair<u8>,
    last_round: Option<RoundView>,
    outcome: Option<OutcomeView>,
    clock: ClockView,
    forfeits_at: Pair<Option<Timestamp>>,
}

impl WatchSnapshot {
    pub(crate) fn of(view: &WatchView, names: &HashMap<AccountId, String>) -> Self {
        let cards = &view.cards;
        Self {
            game_id: view.game,
            seq: view.seq,
            delay_s: DELAY.as_secs(),
            status: cards.outcome.map_or(Status::Active, |outcome| Ending::of(outcome, "").status),
            players: pair(view.players, |account| Person::named(account, names)),
            rule_set: RulesView::of(&cards.rules),
            phase: Text(cards.phase),
            round: cards.round,
            starter: cards.starter.map(Text),
            turn: cards.turn.map(Text),
            counts: pair(cards.counts, |count| count),
            in_force: cards.in_force.map(Text),
            called: cards.called.map(Text),
            debt: cards.debt,
            market: cards.market,
            pile: cards.pile,
            reshuffles: cards.reshuffles,
            holds: cards.holds,
            moves: cards.moves,
            scores: pair(cards.scores, |score| score),
            wins: pair(cards.wins, |wins| wins),
            announced: pair(cards.announced, |announced| announced.map(Text)),
            announcement_due: pair(cards.due, |due| due.map(Text)),
            run_outs: pair(cards.run_outs, |count| count),
            last_round: cards.last_round.map(RoundView::of),
            outcome: cards.outcome.map(OutcomeView::of),
            clock: ClockView::of(&view.clock),
            forfeits_at: pair(view.forfeits_at, |at| at),
        }
    }
}
