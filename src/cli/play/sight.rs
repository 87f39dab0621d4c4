//! The game as its player sees it: a snapshot, and the events after it applied one by one. It decides nothing.

use std::time::Duration;

use game_engine::{Announcement, By, BySeat, Card, CardSet, DrawCause, PassKind, RuleSet, Seat, Shape};
use kernel::Timestamp;

use super::wire::{Clock, Event, Fairness, Kind, Move, Outcome, Pair, Round, Snapshot, hand};

/// What this player sees.
#[derive(Debug, Clone)]
pub(super) struct Sight {
    pub(super) me: Seat,
    pub(super) names: BySeat<String>,
    pub(super) rules: RuleSet,
    pub(super) round: u32,
    pub(super) turn: Option<Seat>,
    pub(super) hand: CardSet,
    pub(super) counts: BySeat<u8>,
    pub(super) in_force: Option<Card>,
    pub(super) called: Option<Shape>,
    pub(super) debt: u8,
    pub(super) market: u8,
    pub(super) waiting: Option<Card>,
    pub(super) scores: BySeat<u32>,
    pub(super) wins: BySeat<u16>,
    pub(super) due: BySeat<Option<Announcement>>,
    /// Turns in a row that the clock moved for each.
    pub(super) run_outs: BySeat<u8>,
    pub(super) outcome: Option<Outcome>,
    pub(super) legal: Vec<Move>,
    pub(super) clock: Clock,
    pub(super) fairness: Fairness,
}

fn both<T>([first, second]: Pair<T>) -> BySeat<T> {
    BySeat::new(first, second)
}

/// The value of one seat.
pub(super) fn of<T>([first, second]: &Pair<T>, seat: Seat) -> &T {
    if seat == Seat::First { first } else { second }
}

impl Sight {
    pub(super) fn of(snapshot: Snapshot) -> Self {
        Self {
            me: snapshot.seat.0,
            names: both(snapshot.players.map(|person| person.name())),
            rules: snapshot.rule_set.rules(),
            round: snapshot.round,
            turn: snapshot.turn.map(|seat| seat.0),
            hand: hand(&snapshot.hand),
            counts: both(snapshot.counts),
            in_force: snapshot.in_force.map(|card| card.0),
            called: snapshot.called.map(|shape| shape.0),
            debt: snapshot.debt,
            market: snapshot.market,
            waiting: snapshot.waiting.map(|card| card.0),
            scores: both(snapshot.scores),
            wins: both(snapshot.wins),
            due: both(snapshot.announcement_due.map(|due| due.map(|word| word.0))),
            run_outs: both(snapshot.run_outs),
            outcome: snapshot.outcome,
            legal: snapshot.legal,
            clock: snapshot.clock,
            fairness: snapshot.fairness,
        }
    }

    /// Who sits across the table.
    pub(super) fn opponent(&self) -> &str {
        self.names.get(self.me.other())
    }

    /// Whether the turn is one's own.
    pub(super) fn my_turn(&self) -> bool {
        self.turn == Some(self.me) && self.outcome.is_none()
    }

    /// The hand in the order in which it is numbered.
    pub(super) fn cards(&self) -> Vec<Card> {
        self.hand.iter().collect()
    }

    /// When one's own running turn is over, reserve and all.
    pub(super) fn my_turn_due(&self) -> Option<Timestamp> {
        self.clock.turn.filter(|turn| turn.seat.0 == self.me).map(|turn| turn.due_at)
    }

    /// When the opponent forfeits for being away with the turn, if that runs.
    pub(super) fn opponent_forfeits_at(&self) -> Option<Timestamp> {
        let them = self.me.other();
        let turn = self.clock.turn.filter(|turn| turn.seat.0 == them)?;
        let since = (*of(&self.clock.away_since, them))?.max(turn.began_at);
        Some(since.plus(Duration::from_secs(self.rules.clock.away_s.into())))
    }

    /// Goes on by one event.
    pub(super) fn apply(&mut self, event: &Event) {
        if let Some(clock) = event.clock {
            self.clock = clock;
        }
        // Only these leave what is legal as it was; any other event says it anew, or there is nothing.
        if let Some(legal) = &event.legal {
            self.legal.clone_from(legal);
        } else if !matches!(event.kind, Kind::Away { .. } | Kind::Back { .. } | Kind::ClockExtended { .. }) {
            self.legal.clear();
        }
        match &event.kind {
            Kind::Dealt { .. } => self.deal(&event.kind),
            Kind::Played { seat, cards, call, debt, next } => {
                let cards: Vec<Card> = cards.iter().map(|card| card.0).collect();
                self.lay(seat.0, &cards);
                self.called = call.map(|shape| shape.0);
                (self.debt, self.turn) = (*debt, Some(next.0));
            }
            Kind::Drew { .. } => self.draw(&event.kind),
            Kind::Passed { seat, pass, by, next } => {
                self.count_run_outs(seat.0, by.0);
                if pass.0 == PassKind::Forced {
                    self.debt = 0;
                }
                (self.waiting, self.turn) = (None, Some(next.0));
            }
            Kind::Announced { seat, .. } => *self.due.get_mut(seat.0) = None,
            Kind::AnnouncementDue { seat, announcement } => {
                *self.due.get_mut(seat.0) = Some(announcement.0);
            }
            Kind::RoundEnded { result } => self.end_round(result),
            Kind::MatchEnded { outcome } => self.end(outcome.clone()),
            Kind::Voided {} => self.end(Outcome { winner: None, reason: "voided".to_owned() }),
            Kind::Started {}
            | Kind::Away { .. }
            | Kind::Back { .. }
            | Kind::ClockExtended { .. }
            | Kind::Revealed {}
            | Kind::Unknown => {}
        }
    }

    fn deal(&mut self, event: &Kind) {
        let Kind::Dealt { round, hand: own, counts, opener, market, debt, turn, .. } = event else { return };
        self.round = *round;
        self.hand = hand(own);
        self.counts = both(*counts);
        self.in_force = opener.map(|card| card.0);
        (self.called, self.waiting, self.due) = (None, None, BySeat::new(None, None));
        (self.market, self.debt, self.turn) = (*market, *debt, Some(turn.0));
    }

    fn lay(&mut self, seat: Seat, cards: &[Card]) {
        let laid = u8::try_from(cards.len()).unwrap_or(u8::MAX);
        self.in_force = cards.last().copied().or(self.in_force);
        let count = self.counts.get_mut(seat);
        *count = count.saturating_sub(laid);
        *self.due.get_mut(seat) = None;
        self.waiting = None;
        self.count_run_outs(seat, By::Player);
        if seat == self.me {
            for card in cards {
                self.hand.remove(*card);
            }
        }
    }

    fn count_run_outs(&mut self, seat: Seat, by: By) {
        let count = self.run_outs.get_mut(seat);
        *count = if by == By::Clock { count.saturating_add(1) } else { 0 };
    }

    fn draw(&mut self, event: &Kind) {
        let Kind::Drew { seat, count, cards, cause, by, reshuffled, waiting, next } = event else { return };
        if matches!(cause.0, DrawCause::Choice | DrawCause::Debt) {
            self.count_run_outs(seat.0, by.0);
        }
        if seat.0 == self.me {
            self.hand.extend(hand(cards.as_deref().unwrap_or_default()));
        }
        let held = self.counts.get_mut(seat.0);
        *held = held.saturating_add(*count);
        *self.due.get_mut(seat.0) = None;
        if cause.0 == DrawCause::Debt {
            self.debt = 0;
        }
        if *reshuffled {
            // Every card but the one in force went back, and what was drawn came from them.
            let all = CardSet::deck(self.rules.deck).len();
            let out = self.counts.first.saturating_add(self.counts.second);
            self.market = all.saturating_sub(out).saturating_sub(u8::from(self.in_force.is_some()));
        } else {
            self.market = self.market.saturating_sub(*count);
        }
        (self.waiting, self.turn) = (waiting.map(|card| card.0), Some(next.0));
    }

    fn end_round(&mut self, result: &Round) {
        for seat in Seat::ALL {
            let score = self.scores.get_mut(*seat);
            *score = score.saturating_add(u32::from(*of(&result.points, *seat)));
        }
        if let Some(winner) = result.winner {
            let wins = self.wins.get_mut(winner.0);
            *wins = wins.saturating_add(1);
        }
        (self.turn, self.debt) = (None, 0);
    }

    fn end(&mut self, outcome: Outcome) {
        self.outcome = Some(outcome);
        self.turn = None;
        self.legal.clear();
    }
}
