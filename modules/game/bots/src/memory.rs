//! What a player remembers of the round: the cards that went by, and what the opponent did at every turn. Only what
//! that player was shown enters; conclusions are drawn in `belief`.

use game_engine::{By, Card, CardSet, Cards, DrawCause, EventView, Seat, Shape, View};

/// The table as the opponent found it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) in_force: Option<Card>,
    pub(crate) called: Option<Shape>,
    pub(crate) debt: u8,
}

/// One step in the life of the opponent's hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// It grew by so many cards, by the deal or by a draw.
    Gained(u8),
    /// Its owner had the turn at this table and drew instead of laying a card.
    Declined(Table),
    /// Its owner laid these cards at this table. The last card drawn, if `drawn`: no other could be laid.
    Laid { table: Table, cards: Cards, call: Option<Shape>, drawn: bool },
}

/// The memory of one seat. Show it every event of the game as that seat sees it, from the beginning of the
/// round at the latest; a memory that missed something is ignored until the next round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memory {
    own: Seat,
    table: Table,
    covered: CardSet,
    steps: Vec<Step>,
    /// How many cards the opponent has by these steps.
    held: u8,
    /// Whether the opponent may play the card it drew.
    holds: bool,
}

impl Memory {
    /// The memory of a player on this seat who has seen nothing yet.
    #[must_use]
    pub const fn new(own: Seat) -> Self {
        let table = Table { in_force: None, called: None, debt: 0 };
        Self { own, table, covered: CardSet::EMPTY, steps: Vec::new(), held: 0, holds: false }
    }

    /// Takes in one event, as [`game_engine::event_view`] shows it to this seat.
    pub fn see(&mut self, event: &EventView) {
        match *event {
            EventView::Dealt { counts, opener, debt, .. } => {
                let own = self.own;
                *self = Self::new(own);
                self.table = Table { in_force: opener, called: None, debt };
                self.gain(*counts.get(own.other()));
            }
            EventView::Played { seat, cards, call, debt, .. } => self.played(seat, cards, call, debt),
            EventView::Drew { seat, count, cause, by, reshuffled, holds, .. } => {
                let own_turn = matches!(cause, DrawCause::Choice | DrawCause::Debt);
                if seat != self.own && own_turn && by == By::Player {
                    self.steps.push(Step::Declined(self.table));
                }
                if reshuffled {
                    self.forget_the_pile();
                }
                if seat != self.own {
                    self.gain(count);
                    self.holds = holds;
                }
                if own_turn {
                    self.table.debt = 0;
                }
            }
            EventView::Passed { .. } => {
                self.table.debt = 0;
                self.holds = false;
            }
            EventView::RoundEnded(_) | EventView::MatchEnded { .. } | EventView::Voided => {
                *self = Self::new(self.own);
            }
            EventView::Announced { .. } | EventView::AnnouncementDue { .. } => {}
        }
    }

    fn gain(&mut self, count: u8) {
        if count > 0 {
            self.steps.push(Step::Gained(count));
            self.held = self.held.saturating_add(count);
        }
    }

    fn played(&mut self, seat: Seat, cards: Cards, call: Option<Shape>, debt: u8) {
        if seat != self.own {
            self.steps.push(Step::Laid { table: self.table, cards, call, drawn: self.holds });
            self.held = self.held.saturating_sub(cards.len());
            self.holds = false;
        }
        for card in cards.iter() {
            if let Some(covered) = self.table.in_force.replace(card) {
                self.covered.insert(covered);
            }
        }
        self.table.called = call;
        self.table.debt = debt;
    }

    /// The pile became the market: what lay there may come back into the opponent's hand, so the steps so far
    /// no longer tell cards apart.
    fn forget_the_pile(&mut self) {
        self.covered = CardSet::EMPTY;
        self.steps.clear();
        self.steps.extend((self.held > 0).then_some(Step::Gained(self.held)));
    }

    /// Whether this memory is of the round that the view shows, and whole.
    fn agrees_with(&self, view: &View) -> bool {
        view.viewer.seat() == Some(self.own)
            && self.table.in_force == view.in_force
            && self.covered.len() + u8::from(self.table.in_force.is_some()) == view.pile
            && self.held == *view.counts.get(self.own.other())
            && view.hand.is_some_and(|hand| hand.in_both(self.covered).shaped().is_empty())
    }

    /// The cards that lie covered in the pile, if this memory knows.
    pub(crate) fn covered(&self, view: &View) -> Option<CardSet> {
        self.agrees_with(view).then_some(self.covered)
    }

    /// What the opponent did, if this memory knows.
    pub(crate) fn steps(&self, view: &View) -> Option<&[Step]> {
        self.agrees_with(view).then_some(self.steps.as_slice())
    }
}
