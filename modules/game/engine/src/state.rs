//! The whole of a match at one moment, hidden cards included. It never leaves the server; viewers get a `View`.

use std::fmt;

use crate::card::{Card, Shape};
use crate::card_set::CardSet;
use crate::event::Announcement;
use crate::market::Market;
use crate::outcome::{Outcome, RoundResult};
use crate::rules::RuleSet;
use crate::seat::{BySeat, Seat};
use crate::shuffle::{RoundKey, Stream};
use crate::view::{Viewer, view};

words! {
    /// Where a match stands.
    pub enum Phase as "phase" {
        /// A round has to be dealt: before the first, and between rounds.
        Waiting = "waiting",
        /// A round is played.
        Playing = "playing",
        /// The match is over.
        Over = "over",
    }
}

/// A match. Two states that came from the same events are equal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct State {
    pub(crate) rules: RuleSet,
    pub(crate) phase: Phase,
    pub(crate) round: u32,
    pub(crate) starter: Seat,
    pub(crate) turn: Seat,
    pub(crate) hands: BySeat<CardSet>,
    pub(crate) market: Market,
    /// The cards laid, without the one in force. Their order never matters: a reshuffle sorts them first.
    pub(crate) pile: CardSet,
    pub(crate) in_force: Option<Card>,
    pub(crate) called: Option<Shape>,
    pub(crate) debt: u8,
    /// The drawn card that the player with the turn may play or keep.
    pub(crate) waiting: Option<Card>,
    pub(crate) moves: u16,
    pub(crate) forced_passes: u8,
    pub(crate) reshuffles: u16,
    pub(crate) run_outs: BySeat<u8>,
    pub(crate) announced: BySeat<Option<Announcement>>,
    pub(crate) due: BySeat<Option<Announcement>>,
    pub(crate) scores: BySeat<u32>,
    pub(crate) wins: BySeat<u16>,
    pub(crate) last_round: Option<RoundResult>,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) stream: Stream,
}

impl State {
    /// A match of these rules, waiting for its first deal. Rules that do not [`RuleSet::validate`] make no
    /// promise.
    #[must_use]
    pub const fn new(rules: RuleSet) -> Self {
        Self {
            rules,
            phase: Phase::Waiting,
            round: 0,
            starter: Seat::First,
            turn: Seat::First,
            hands: BySeat::new(CardSet::EMPTY, CardSet::EMPTY),
            market: Market::EMPTY,
            pile: CardSet::EMPTY,
            in_force: None,
            called: None,
            debt: 0,
            waiting: None,
            moves: 0,
            forced_passes: 0,
            reshuffles: 0,
            run_outs: BySeat::new(0, 0),
            announced: BySeat::new(None, None),
            due: BySeat::new(None, None),
            scores: BySeat::new(0, 0),
            wins: BySeat::new(0, 0),
            last_round: None,
            outcome: None,
            stream: Stream::new(RoundKey::new([0; 32])),
        }
    }

    /// The rules of this match.
    #[must_use]
    pub const fn rules(&self) -> &RuleSet {
        &self.rules
    }

    /// Where the match stands.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// Whether the next round has to be dealt.
    #[must_use]
    pub fn needs_deal(&self) -> bool {
        self.phase == Phase::Waiting
    }

    /// The round that is played or was played last, from 1; 0 before the first.
    #[must_use]
    pub const fn round(&self) -> u32 {
        self.round
    }

    /// Who started that round; none before the first.
    #[must_use]
    pub fn starter(&self) -> Option<Seat> {
        (self.round > 0).then_some(self.starter)
    }

    /// Who has the turn, while a round is played.
    #[must_use]
    pub fn turn(&self) -> Option<Seat> {
        (self.phase == Phase::Playing).then_some(self.turn)
    }

    /// A hand. For the server alone.
    #[must_use]
    pub const fn hand(&self, seat: Seat) -> CardSet {
        *self.hands.get(seat)
    }

    /// The card in force.
    #[must_use]
    pub const fn in_force(&self) -> Option<Card> {
        self.in_force
    }

    /// The shape called, while a Whot is in force.
    #[must_use]
    pub const fn called(&self) -> Option<Shape> {
        self.called
    }

    /// How many cards the player with the turn owes.
    #[must_use]
    pub const fn debt(&self) -> u8 {
        self.debt
    }

    /// How many cards are left in the market.
    #[must_use]
    pub const fn market_len(&self) -> u8 {
        self.market.len()
    }

    /// How many cards lie in the pile, the one in force included.
    #[must_use]
    pub fn pile_len(&self) -> u8 {
        self.pile.len() + u8::from(self.in_force.is_some())
    }

    /// The drawn card that the player with the turn may play or keep. For the server alone.
    #[must_use]
    pub const fn waiting(&self) -> Option<Card> {
        self.waiting
    }

    /// Moves made in this round.
    #[must_use]
    pub const fn moves(&self) -> u16 {
        self.moves
    }

    /// Points of the finished rounds.
    #[must_use]
    pub const fn scores(&self) -> BySeat<u32> {
        self.scores
    }

    /// Rounds won.
    #[must_use]
    pub const fn wins(&self) -> BySeat<u16> {
        self.wins
    }

    /// The announcement this seat still has to make.
    #[must_use]
    pub const fn due(&self, seat: Seat) -> Option<Announcement> {
        *self.due.get(seat)
    }

    /// The announcement that holds for this seat's hand.
    #[must_use]
    pub const fn announced(&self, seat: Seat) -> Option<Announcement> {
        *self.announced.get(seat)
    }

    /// How many turns of this seat ran out in a row.
    #[must_use]
    pub const fn run_outs(&self, seat: Seat) -> u8 {
        *self.run_outs.get(seat)
    }

    /// The round that ended last.
    #[must_use]
    pub const fn last_round(&self) -> Option<RoundResult> {
        self.last_round
    }

    /// How the match ended.
    #[must_use]
    pub const fn outcome(&self) -> Option<Outcome> {
        self.outcome
    }
}

/// Prints what a spectator may see: a state that reaches a log must not tell a hand.
impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        view(self, Viewer::Spectator).fmt(f)
    }
}
