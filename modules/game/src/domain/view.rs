//! A game as one player may see it, named field by field.

use game_engine::{BySeat, Command, Seat, View, Viewer, legal, view};
use kernel::Timestamp;
use kernel::id::{AccountId, GameId};

use super::clock::Clock;
use super::shuffle::{Commitment, Entropy, Seed};
use super::table::Table;

/// What a player sees of a game beside the cards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GameView {
    pub(crate) game: GameId,
    /// The last line that this view includes.
    pub(crate) seq: u64,
    /// The last line of the rules that it includes: what the viewer may do goes with that one.
    pub(crate) last_rules: u64,
    /// Who looks.
    pub(crate) seat: Seat,
    pub(crate) players: BySeat<AccountId>,
    pub(crate) cards: View,
    /// What the viewer may do now.
    pub(crate) legal: Vec<Command>,
    pub(crate) clock: Clock,
    /// When each seat forfeits for being away with the turn.
    pub(crate) forfeits_at: BySeat<Option<Timestamp>>,
    pub(crate) commitment: Commitment,
    pub(crate) entropy: BySeat<Option<Entropy>>,
    /// Once the match is over.
    pub(crate) seed: Option<Seed>,
}

/// What a spectator sees of a game: no hand, and nothing that is a player's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WatchView {
    pub(crate) game: GameId,
    /// The last line that this view includes.
    pub(crate) seq: u64,
    pub(crate) players: BySeat<AccountId>,
    pub(crate) cards: View,
    pub(crate) clock: Clock,
    /// When each seat forfeits for being away with the turn.
    pub(crate) forfeits_at: BySeat<Option<Timestamp>>,
}

impl WatchView {
    pub(crate) fn of(table: &Table) -> Self {
        let rule = table.state.rules().clock;
        let forfeits = |seat| table.clock.forfeits_at(rule, seat);
        Self {
            game: table.game,
            seq: table.head,
            players: table.players,
            cards: view(&table.state, Viewer::Spectator),
            clock: table.clock,
            forfeits_at: BySeat::new(forfeits(Seat::First), forfeits(Seat::Second)),
        }
    }
}

impl GameView {
    pub(crate) fn of(table: &Table, seat: Seat) -> Self {
        let rule = table.state.rules().clock;
        let forfeits = |seat| table.clock.forfeits_at(rule, seat);
        Self {
            game: table.game,
            seq: table.head,
            last_rules: table.last_rules,
            seat,
            players: table.players,
            cards: view(&table.state, Viewer::Seat(seat)),
            legal: legal(&table.state, seat),
            clock: table.clock,
            forfeits_at: BySeat::new(forfeits(Seat::First), forfeits(Seat::Second)),
            commitment: table.shuffle.commitment,
            entropy: table.shuffle.entropy,
            seed: table.is_over().then(|| table.shuffle.seed.clone()),
        }
    }
}
