//! "Semi last" and "last card": who says it, and what it costs to forget.

use super::Ruling;
use crate::event::{Announcement, DrawCause, Event, Journal};
use crate::refusal::Refusal;
use crate::rules::Announce;
use crate::seat::Seat;
use crate::state::Phase;

impl<J: Journal> Ruling<'_, J> {
    /// After a play: the hand that counts is the one after the whole command. A round that is over announces
    /// nothing.
    pub(super) fn call_for_announcement(&mut self, seat: Seat) {
        if self.table.phase != Phase::Playing {
            return;
        }
        let hand = self.table.hand(seat);
        let few = [1, 2].into_iter().find(|count| hand.is_of(*count));
        let Some(announcement) = few.and_then(Announcement::for_hand) else { return };
        self.record(match self.table.rules.announce {
            Announce::Auto => Event::Announced { seat, announcement },
            Announce::Manual { .. } => Event::AnnouncementDue { seat, announcement },
        });
    }

    /// At any time, whoever has the turn.
    pub(super) fn announce(&mut self, seat: Seat) -> Result<(), Refusal> {
        self.check_playing()?;
        let announcement = self.table.due(seat).ok_or(Refusal::NothingToAnnounce)?;
        self.record(Event::Announced { seat, announcement });
        Ok(())
    }

    pub(super) fn announcement_expired(&mut self, seat: Seat) -> Result<(), Refusal> {
        self.check_playing()?;
        match (self.table.rules.announce, self.table.due(seat)) {
            (Announce::Manual { penalty, .. }, Some(_)) => {
                self.take_or_end(seat, penalty, DrawCause::Penalty);
                Ok(())
            }
            _ => Err(Refusal::NothingToAnnounce),
        }
    }
}
