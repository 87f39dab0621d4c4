//! What one viewer may see of an event, named field by field. Nothing reaches a client that is not named here.

use crate::card::{Card, Shape};
use crate::card_set::CardSet;
use crate::cards::Cards;
use crate::event::{Announcement, By, DrawCause, Event, PassKind};
use crate::outcome::Outcome;
use crate::seat::{BySeat, Seat};
use crate::view::{RoundView, Viewer, round_view};

/// An event as one viewer sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventView {
    /// A round was dealt.
    Dealt {
        /// Which round, from 1.
        round: u32,
        /// Who was dealt the first card.
        starter: Seat,
        /// The viewer's own hand.
        hand: Option<CardSet>,
        /// How many cards each player has.
        counts: BySeat<u8>,
        /// The first card in force.
        opener: Option<Card>,
        /// Cards left in the market.
        market: u8,
        /// What the player with the turn owes.
        debt: u8,
        /// Who has the turn.
        turn: Seat,
    },
    /// Cards were laid, for everyone to see.
    Played {
        /// By whom.
        seat: Seat,
        /// The cards in order.
        cards: Cards,
        /// The called shape.
        call: Option<Shape>,
        /// What is owed now.
        debt: u8,
        /// Who has the turn now.
        next: Seat,
    },
    /// Cards were drawn.
    Drew {
        /// By whom.
        seat: Seat,
        /// How many.
        count: u8,
        /// Which, if they are the viewer's own.
        cards: Option<CardSet>,
        /// Why.
        cause: DrawCause,
        /// Whose decision it was.
        by: By,
        /// Whether the pile became the market on the way.
        reshuffled: bool,
        /// Whether a drawn card may be played now: it is seen by the turn that stays.
        holds: bool,
        /// Which card that is, if it is the viewer's own.
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
    /// A round ended; players see both hands.
    RoundEnded(RoundView),
    /// The match ended.
    MatchEnded {
        /// How.
        outcome: Outcome,
    },
    /// The match counts for nothing.
    Voided,
}

/// What the viewer may see of the event.
#[must_use]
pub fn event_view(event: &Event, viewer: Viewer) -> EventView {
    match *event {
        Event::Dealt(dealt) => EventView::Dealt {
            round: dealt.round,
            starter: dealt.starter,
            hand: viewer.seat().map(|seat| *dealt.hands.get(seat)),
            counts: dealt.hands.map(CardSet::len),
            opener: dealt.opener,
            market: dealt.market,
            debt: dealt.debt,
            turn: dealt.turn,
        },
        Event::Played { seat, cards, call, debt, next } => {
            EventView::Played { seat, cards, call, debt, next }
        }
        Event::Drew { seat, cards, cause, by, reshuffled, waiting, next } => {
            let own = viewer.seat() == Some(seat);
            EventView::Drew {
                seat,
                count: cards.len(),
                cards: own.then_some(cards),
                cause,
                by,
                reshuffled,
                holds: waiting.is_some(),
                waiting: waiting.filter(|_| own),
                next,
            }
        }
        Event::Passed { seat, kind, by, next } => EventView::Passed { seat, kind, by, next },
        Event::Announced { seat, announcement } => EventView::Announced { seat, announcement },
        Event::AnnouncementDue { seat, announcement } => EventView::AnnouncementDue { seat, announcement },
        Event::RoundEnded(result) => EventView::RoundEnded(round_view(result, viewer)),
        Event::MatchEnded { outcome } => EventView::MatchEnded { outcome },
        Event::Voided => EventView::Voided,
    }
}
