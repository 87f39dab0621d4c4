//! What one viewer may see of a game, named field by field. Nothing reaches a client that is not named here.

use crate::card::{Card, Shape};
use crate::card_set::CardSet;
use crate::event::Announcement;
use crate::outcome::{Outcome, RoundEnd, RoundResult};
use crate::rules::RuleSet;
use crate::seat::{BySeat, Seat};
use crate::state::{Phase, State};

/// Who looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Viewer {
    /// A player.
    Seat(Seat),
    /// Anybody else: sees no hand.
    Spectator,
}

impl Viewer {
    /// The seat, if the viewer has one.
    #[must_use]
    pub const fn seat(self) -> Option<Seat> {
        match self {
            Self::Seat(seat) => Some(seat),
            Self::Spectator => None,
        }
    }
}

/// A game as one viewer sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    /// Who looks.
    pub viewer: Viewer,
    /// The rules of the match.
    pub rules: RuleSet,
    /// Where the match stands.
    pub phase: Phase,
    /// The round, from 1; 0 before the first.
    pub round: u32,
    /// Who started it.
    pub starter: Option<Seat>,
    /// Who has the turn.
    pub turn: Option<Seat>,
    /// The viewer's own hand.
    pub hand: Option<CardSet>,
    /// How many cards each player has.
    pub counts: BySeat<u8>,
    /// The card in force; of the pile no other is ever shown.
    pub in_force: Option<Card>,
    /// The shape called with it.
    pub called: Option<Shape>,
    /// What the player with the turn owes.
    pub debt: u8,
    /// Cards left in the market.
    pub market: u8,
    /// Cards in the pile, the one in force included.
    pub pile: u8,
    /// How often the pile became the market in this round.
    pub reshuffles: u16,
    /// Whether the player with the turn may play the card it drew.
    pub holds: bool,
    /// Which card that is, if it is the viewer's own.
    pub waiting: Option<Card>,
    /// Moves made in this round.
    pub moves: u16,
    /// Forced passes in a row.
    pub forced_passes: u8,
    /// Points of the finished rounds.
    pub scores: BySeat<u32>,
    /// Rounds won.
    pub wins: BySeat<u16>,
    /// The announcements that hold.
    pub announced: BySeat<Option<Announcement>>,
    /// The announcements that are due.
    pub due: BySeat<Option<Announcement>>,
    /// Turns that ran out in a row.
    pub run_outs: BySeat<u8>,
    /// The round that ended last.
    pub last_round: Option<RoundView>,
    /// How the match ended.
    pub outcome: Option<Outcome>,
}

/// A finished round as one viewer sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoundView {
    /// Which round, from 1.
    pub round: u32,
    /// Why it ended.
    pub cause: RoundEnd,
    /// Who won; none if it is drawn.
    pub winner: Option<Seat>,
    /// The hands as they were left, for players alone.
    pub hands: Option<BySeat<CardSet>>,
    /// What each player scores.
    pub points: BySeat<u16>,
}

impl RoundView {
    /// The whole round, as players see it.
    #[must_use]
    pub fn whole(self) -> Option<RoundResult> {
        let Self { round, cause, winner, hands, points } = self;
        hands.map(|hands| RoundResult { round, cause, winner, hands, points })
    }
}

/// What the viewer may see of a finished round: both hands are shown to players and neither to anybody else, not even
/// then.
#[must_use]
pub fn round_view(result: RoundResult, viewer: Viewer) -> RoundView {
    RoundView {
        round: result.round,
        cause: result.cause,
        winner: result.winner,
        hands: viewer.seat().map(|_| result.hands),
        points: result.points,
    }
}

/// What the viewer may see of the state.
#[must_use]
pub fn view(state: &State, viewer: Viewer) -> View {
    let own = viewer.seat().filter(|seat| *seat == state.turn);
    View {
        viewer,
        rules: state.rules,
        phase: state.phase,
        round: state.round,
        starter: state.starter(),
        turn: state.turn(),
        hand: viewer.seat().map(|seat| state.hand(seat)),
        counts: state.hands.map(CardSet::len),
        in_force: state.in_force,
        called: state.called,
        debt: state.debt,
        market: state.market_len(),
        pile: state.pile_len(),
        reshuffles: state.reshuffles,
        holds: state.waiting.is_some(),
        waiting: state.waiting.filter(|_| own.is_some()),
        moves: state.moves,
        forced_passes: state.forced_passes,
        scores: state.scores,
        wins: state.wins,
        announced: state.announced,
        due: state.due,
        run_outs: state.run_outs,
        last_round: state.last_round.map(|round| round_view(round, viewer)),
        outcome: state.outcome,
    }
}
