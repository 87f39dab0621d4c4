//! What happened, as facts that carry their results. Events are the server's: they hold hidden cards, and a
//! viewer gets `event_view` of them.

use std::fmt;
use std::ops::Deref;

use crate::card::{Card, Shape};
use crate::card_set::CardSet;
use crate::cards::Cards;
use crate::event_view::event_view;
use crate::outcome::{Outcome, RoundResult};
use crate::seat::{BySeat, Seat};
use crate::shuffle::RoundKey;
use crate::view::Viewer;

words! {
    /// What a player says, or the server for it.
    pub enum Announcement as "announcement" {
        /// Two cards are left.
        SemiLast = "semi_last",
        /// One card is left.
        LastCard = "last_card",
    }
}

impl Announcement {
    /// What a play that leaves so many cards calls for.
    #[must_use]
    pub const fn for_hand(cards: u8) -> Option<Self> {
        match cards {
            1 => Some(Self::LastCard),
            2 => Some(Self::SemiLast),
            _ => None,
        }
    }
}

words! {
    /// Why cards were drawn.
    pub enum DrawCause as "cause of a draw" {
        /// An ordinary draw: the move of this turn.
        Choice = "choice",
        /// A debt: the move of this turn.
        Debt = "debt",
        /// The opponent's 14.
        GeneralMarket = "general_market",
        /// An announcement that was not made in time.
        Penalty = "penalty",
        /// A special card was the last, and its player draws one.
        Finish = "finish",
        /// The effect of the winner's last card.
        FinalEffect = "final_effect",
    }
}

impl DrawCause {
    /// Whether this draw is a move: it ends or may end the turn, and counts.
    #[must_use]
    pub const fn is_move(self) -> bool {
        matches!(self, Self::Choice | Self::Debt)
    }
}

words! {
    /// Who made a move.
    pub enum By as "mover" {
        /// The player.
        Player = "player",
        /// The clock, for a player whose turn ran out.
        Clock = "clock",
    }
}

words! {
    /// Why a turn ended without a card moving.
    pub enum PassKind as "kind of pass" {
        /// The drawn card was kept.
        Kept = "kept",
        /// A draw yielded nothing: market and pile are used up. It cancels a debt.
        Forced = "forced",
    }
}

/// A dealt round. The key and the hands are secret.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Dealt {
    /// Which round, from 1.
    pub round: u32,
    /// Who was dealt the first card.
    pub starter: Seat,
    /// What everything of this round is shuffled from. Secret until the match ends.
    pub key: RoundKey,
    /// The hands. Secret from the other player.
    pub hands: BySeat<CardSet>,
    /// The first card in force, if the rules have one.
    pub opener: Option<Card>,
    /// Cards left in the market.
    pub market: u8,
    /// What the player with the turn owes, by the opener.
    pub debt: u8,
    /// Who has the turn.
    pub turn: Seat,
}

/// One event of a game.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A round was dealt.
    Dealt(Dealt),
    /// Cards were laid.
    Played {
        /// By whom.
        seat: Seat,
        /// The cards in order, the last in force.
        cards: Cards,
        /// The called shape.
        call: Option<Shape>,
        /// What is owed now.
        debt: u8,
        /// Who has the turn now.
        next: Seat,
    },
    /// Cards were drawn; none, when one was needed and the market was empty.
    Drew {
        /// By whom.
        seat: Seat,
        /// The cards. Secret from the other player.
        cards: CardSet,
        /// Why.
        cause: DrawCause,
        /// Whose decision it was.
        by: By,
        /// Whether the pile became the market on the way.
        reshuffled: bool,
        /// The drawn card that may be played now. Secret from the other player.
        waiting: Option<Card>,
        /// Who has the turn now.
        next: Seat,
    },
    /// A turn ended without a card moving.
    Passed {
        /// By whom.
        seat: Seat,
        /// Why.
        kind: PassKind,
        /// Whose decision it was.
        by: By,
        /// Who has the turn now.
        next: Seat,
    },
    /// "Semi last" or "last card".
    Announced {
        /// By whom.
        seat: Seat,
        /// What.
        announcement: Announcement,
    },
    /// An announcement has to be made in time.
    AnnouncementDue {
        /// By whom.
        seat: Seat,
        /// What.
        announcement: Announcement,
    },
    /// A round ended; both hands are shown to the players.
    RoundEnded(RoundResult),
    /// The match ended.
    MatchEnded {
        /// How.
        outcome: Outcome,
    },
    /// The match counts for nothing.
    Voided,
}

impl Event {
    /// The stable name of the kind of event.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Dealt(_) => "dealt",
            Self::Played { .. } => "played",
            Self::Drew { .. } => "drew",
            Self::Passed { .. } => "passed",
            Self::Announced { .. } => "announced",
            Self::AnnouncementDue { .. } => "announcement_due",
            Self::RoundEnded(_) => "round_ended",
            Self::MatchEnded { .. } => "match_ended",
            Self::Voided => "voided",
        }
    }
}

/// Prints what a spectator may see: an event that reaches a log must not tell a hand.
impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        event_view(self, Viewer::Spectator).fmt(f)
    }
}

/// Where the events of a command go as they happen.
pub(crate) trait Journal {
    fn push(&mut self, event: Event);
}

/// Nowhere: the state alone is wanted.
pub(crate) struct Unrecorded;

impl Journal for Unrecorded {
    fn push(&mut self, _: Event) {}
}

/// The most events one command causes: a play, a finish draw, a general market, an announcement or the end of
/// the round, the end of the match. One slot is spare.
const MOST: usize = 6;

/// The events of one command, in order, without a heap.
#[derive(Clone, Copy)]
pub struct Events {
    slots: [Event; MOST],
    len: u8,
}

impl Events {
    /// No event.
    #[must_use]
    pub const fn new() -> Self {
        Self { slots: [Event::Voided; MOST], len: 0 }
    }

    /// The events in order.
    #[must_use]
    pub fn as_slice(&self) -> &[Event] {
        self.slots.get(..usize::from(self.len)).unwrap_or(&[])
    }

    pub(crate) const fn clear(&mut self) {
        self.len = 0;
    }
}

impl Journal for Events {
    fn push(&mut self, event: Event) {
        debug_assert!(usize::from(self.len) < MOST, "a command causes at most {MOST} events");
        if let Some(slot) = self.slots.get_mut(usize::from(self.len)) {
            *slot = event;
            self.len += 1;
        }
    }
}

impl Default for Events {
    fn default() -> Self {
        Self::new()
    }
}

impl Deref for Events {
    type Target = [Event];

    fn deref(&self) -> &[Event] {
        self.as_slice()
    }
}

impl PartialEq for Events {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for Events {}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_slice().fmt(f)
    }
}

impl IntoIterator for Events {
    type Item = Event;
    type IntoIter = std::iter::Take<std::array::IntoIter<Event, MOST>>;

    fn into_iter(self) -> Self::IntoIter {
        self.slots.into_iter().take(usize::from(self.len))
    }
}

impl<'a> IntoIterator for &'a Events {
    type Item = &'a Event;
    type IntoIter = std::slice::Iter<'a, Event>;

    fn into_iter(self) -> Self::IntoIter {
        self.as_slice().iter()
    }
}
