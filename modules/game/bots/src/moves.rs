//! A player's move packed into one word, so that a tree of a thousand of them is small and quick to compare.

use game_engine::{Card, Cards, Command, Play, Seat, Shape, State, legal_each};

/// Something to do with the turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Move(u64);

const CARD_BITS: u32 = 6;
const CARD: u64 = (1 << CARD_BITS) - 1;
const CALL_AT: u32 = 30;

impl Move {
    pub(crate) const DRAW: Self = Self(1 << 40);
    pub(crate) const PASS: Self = Self(2 << 40);
    const ANNOUNCE: Self = Self(3 << 40);

    /// The move of a command that takes the turn or announces; none for any other.
    pub(crate) fn of(command: &Command) -> Option<Self> {
        match command {
            Command::Play(play) => {
                let places = play.cards.as_slice().iter().rev();
                let cards =
                    places.fold(0, |packed, card| packed << CARD_BITS | (u64::from(card.index()) + 1));
                let call = play.call.map_or(0, |call| call as u64 + 1);
                Some(Self(cards | call << CALL_AT))
            }
            Command::Draw => Some(Self::DRAW),
            Command::Pass => Some(Self::PASS),
            Command::Announce => Some(Self::ANNOUNCE),
            _ => None,
        }
    }

    /// The command of this move.
    pub(crate) fn command(self) -> Command {
        match self {
            Self::DRAW => Command::Draw,
            Self::PASS => Command::Pass,
            Self::ANNOUNCE => Command::Announce,
            Self(play) => {
                let place = usize::try_from(play >> CALL_AT).unwrap_or(0);
                let call = place.checked_sub(1).and_then(|place| Shape::ALL.get(place)).copied();
                Command::Play(Play { cards: self.cards(), call })
            }
        }
    }

    fn cards(self) -> Cards {
        let card = |bits: u64| u8::try_from(bits & CARD).unwrap_or(0).checked_sub(1).map(Card::at);
        let first = card(self.0).unwrap_or(Card::WHOT);
        if self.0 >> CARD_BITS & CARD == 0 {
            return Cards::one(first);
        }
        Cards::of((0..5).map_while(|place| card(self.0 >> (place * CARD_BITS)))).unwrap_or(Cards::one(first))
    }
}

/// Lists what this seat may do now, each thing once. Of several cards laid together only the last one matters
/// afterwards: other orders of the cards before it are left out.
pub(crate) fn list(state: &State, seat: Seat, moves: &mut Vec<Move>) {
    moves.clear();
    legal_each(state, seat, |command| {
        let long = matches!(&command, Command::Play(play) if play.cards.len() > 2);
        let same = |listed: &Move| {
            let (Command::Play(one), Command::Play(other)) = (listed.command(), &command) else {
                return false;
            };
            let all = |play: &Play| play.cards.iter().fold(0_u64, |all, card| all | 1 << card.index());
            one.cards.len() == other.cards.len()
                && one.cards.last() == other.cards.last()
                && one.call == other.call
                && all(&one) == all(other)
        };
        if !(long && moves.iter().any(same)) {
            moves.extend(Move::of(&command));
        }
    });
}
