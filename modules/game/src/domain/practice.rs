//! Practice opponents as players: who they are, when it is theirs to act, what they are shown of a game, and how long
//! they pause. What they do is the bots' own; the cards of the other seat never get this far.

use std::time::Duration;

use game_bots::{Budget, Memory, Stream, Strength, choose};
use game_engine::{Announce, BySeat, Command, Event, Seat, State, View, Viewer, event_view, legal, view};
use kernel::TypedId;
use kernel::id::{AccountId, Uuid};

use super::command::Act;
use super::table::Table;

/// The accounts of practice opponents follow this one. Version 8 (RFC 9562): no account of a person can be one of them.
const ACCOUNTS: u128 = 0x7072_6163_7469_8000_8000_0000_0000_0000;

/// The account of the opponent of this strength: for ever the same, and none of identity's.
pub(crate) fn account(strength: Strength) -> AccountId {
    let number = match strength {
        Strength::Random => 1,
        Strength::Easy => 2,
        Strength::Medium => 3,
        Strength::Hard => 4,
        Strength::Expert => 5,
    };
    AccountId::from_uuid(Uuid::from_u128(ACCOUNTS + number))
}

/// How strong the opponent with this account is; nothing if the account is a person's.
pub(crate) fn strength(of: AccountId) -> Option<Strength> {
    Strength::ALL.into_iter().find(|strength| account(*strength) == of)
}

/// The name that stands where a person's does. No person can have it: a username has no colon.
pub(crate) fn username(strength: Strength) -> String {
    format!("practice:{strength}")
}

/// Where a practice opponent sits, if one plays.
pub(crate) fn seated(players: &BySeat<AccountId>) -> Option<(Seat, Strength)> {
    Seat::ALL.iter().find_map(|seat| Some((*seat, strength(*players.get(*seat))?)))
}

/// The practice opponent that has something to do now: it has the turn, or something to announce.
pub(crate) fn to_act(players: &BySeat<AccountId>, state: &State) -> Option<(Seat, Strength)> {
    seated(players).filter(|(seat, _)| state.turn() == Some(*seat) || state.due(*seat).is_some())
}

/// A practice opponent at its seat, and what it remembers of what that seat was shown.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bot {
    seat: Seat,
    strength: Strength,
    memory: Memory,
}

impl Bot {
    /// The one that plays here, if one does.
    pub(super) fn among(players: &BySeat<AccountId>) -> Option<Box<Self>> {
        seated(players).map(|(seat, strength)| Box::new(Self { seat, strength, memory: Memory::new(seat) }))
    }

    /// Sees an event as its seat does.
    pub(super) fn see(&mut self, event: &Event) {
        self.memory.see(&event_view(event, Viewer::Seat(self.seat)));
    }
}

/// A game in which a practice opponent has something to do, as its seat sees it.
pub(crate) struct Position {
    pub(crate) account: AccountId,
    /// The last line it has seen.
    pub(crate) seq: u64,
    pub(crate) strength: Strength,
    view: View,
    memory: Memory,
    legal: Vec<Command>,
}

impl Position {
    /// Nothing if no practice opponent plays here, or it has nothing to do.
    pub(crate) fn of(table: &Table) -> Option<Self> {
        let bot = table.bot.as_deref()?;
        to_act(&table.players, &table.state)?;
        Some(Self {
            account: *table.players.get(bot.seat),
            seq: table.head,
            strength: bot.strength,
            view: view(&table.state, Viewer::Seat(bot.seat)),
            memory: bot.memory.clone(),
            legal: legal(&table.state, bot.seat),
        })
    }

    /// What is to be thought about.
    pub(crate) fn question(&self, stream: Stream) -> Question {
        Question { strength: self.strength, view: self.view, memory: self.memory.clone(), stream }
    }

    /// What it asks for, given what it has thought of; anything it may do, if nothing came to its mind.
    pub(crate) fn act(&self, thought: Option<Command>) -> Option<Act> {
        Act::of(thought.as_ref().or(self.legal.first())?)
    }
}

/// All that a decision is made from: a view, a memory of one, and chance.
pub(crate) struct Question {
    pub(crate) strength: Strength,
    view: View,
    memory: Memory,
    stream: Stream,
}

impl Question {
    /// Thinks as well as its strength may until `late` says that it is enough.
    pub(crate) fn answer(mut self, late: &mut dyn FnMut() -> bool) -> Option<Command> {
        let mut budget = Budget::new(self.strength.iterations(), late);
        choose(self.strength, &self.view, &self.memory, &mut self.stream, &mut budget)
    }

    /// Answers at once, as an opponent that does not look ahead.
    pub(crate) fn answer_at_once(self) -> Option<Command> {
        let strength = self.strength.min(Strength::Medium);
        Self { strength, ..self }.answer(&mut || true)
    }
}

/// How long practice opponents take for a move, as people do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pace {
    pub(crate) least: Duration,
    pub(crate) most: Duration,
}

impl Pace {
    /// How long to wait before this seat acts; `chance` is evenly spread. Whoever watches the clock learns nothing: it
    /// follows from what a spectator sees and from chance.
    pub(crate) fn pause(self, strength: Strength, seat: Seat, public: &View, chance: u16) -> Duration {
        let care: u32 = match strength {
            Strength::Random => 50,
            Strength::Easy | Strength::Medium => 75,
            Strength::Hard | Strength::Expert => 100,
        };
        let announces = public.due.get(seat).is_some();
        // Few thoughts are needed to pay a debt, to look at a card just drawn, or to speak.
        let care = if announces || public.debt > 0 || public.holds { care / 2 } else { care };
        let beyond =
            self.most.saturating_sub(self.least) * care / 100 * u32::from(chance) / u32::from(u16::MAX);
        let mut longest = Duration::from_secs(u64::from(public.rules.clock.turn_s)) / 2;
        if let (true, Announce::Manual { grace_ms, .. }) = (announces, public.rules.announce) {
            longest = longest.min(Duration::from_millis(u64::from(grace_ms)) / 3);
        }
        (self.least + beyond).min(longest)
    }
}

/// The beginning of a game in which an opponent of this strength has the turn.
#[cfg(test)]
pub(crate) fn opening(of: Strength) -> Position {
    use super::shuffle::{Commitment, Entropy, Seed, Shuffle};
    use super::table::Setting;
    let (game, person) =
        (kernel::id::GameId::from_uuid(Uuid::from_u128(1)), AccountId::from_uuid(Uuid::from_u128(2)));
    let rules = game_engine::RuleSet::naija_classic();
    (0..)
        .find_map(|number| {
            let players = BySeat::new(account(of), person);
            let seed = Seed::new([number; 32]);
            let commitment = Commitment::to(&seed, game, &rules.canonical(), &players);
            let entropy = BySeat::new(Some(Entropy::new([5; 32])), None);
            let shuffle = Shuffle { seed, commitment, entropy };
            let started = super::entry::Started { players, rules: rules.canonical(), commitment, entropy };
            let mut table = Table::new(Setting { game, players, rules, shuffle });
            let plan = table.open(started, kernel::Timestamp::UNIX_EPOCH).unwrap();
            table.commit(plan);
            Position::of(&table)
        })
        .unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;
    use game_engine::{Events, RoundKey, RuleSet};

    const PACE: Pace = Pace { least: Duration::from_millis(600), most: Duration::from_secs(2) };

    fn person() -> AccountId {
        AccountId::from_uuid(Uuid::from_u128(7))
    }

    fn dealt(rules: RuleSet) -> State {
        let mut state = State::new(rules);
        state.advance(Seat::First, &Command::Deal(RoundKey::new([9; 32])), &mut Events::new()).unwrap();
        state
    }

    #[test]
    fn every_strength_has_one_account_and_a_name_that_no_person_can_have() {
        for strength_of in Strength::ALL {
            assert_eq!(strength(account(strength_of)), Some(strength_of));
            assert!(username(strength_of).contains(':'));
        }
        assert_eq!(strength(person()), None);
        assert_eq!(
            account(Strength::Hard).to_string(),
            "acc_3ge9gp6x39g008000000000004",
            "journals name it: it never changes"
        );
    }

    #[test]
    fn only_a_practice_opponent_with_something_to_do_is_to_act() {
        let state = dealt(RuleSet::naija_classic());
        let turn = state.turn().unwrap();
        let bot = account(Strength::Easy);
        let seat = |bots: Seat| {
            if bots == Seat::First { BySeat::new(bot, person()) } else { BySeat::new(person(), bot) }
        };
        assert_eq!(to_act(&seat(turn), &state), Some((turn, Strength::Easy)));
        assert_eq!(to_act(&seat(turn.other()), &state), None);
        assert_eq!(to_act(&BySeat::new(person(), person()), &state), None);
        assert_eq!(seated(&seat(turn.other())), Some((turn.other(), Strength::Easy)));
    }

    #[test]
    fn a_pause_lies_within_its_bounds_and_well_within_the_turn_and_the_grace() {
        let mut rules = RuleSet::preset("pagat").unwrap();
        rules.clock.turn_s = 5;
        let public = view(&dealt(rules), Viewer::Spectator);
        let slow = Pace { least: Duration::from_secs(3), most: Duration::from_mins(1) };
        for strength in Strength::ALL {
            for chance in [0, 1, 30_000, u16::MAX] {
                let pause = PACE.pause(strength, Seat::First, &public, chance);
                assert!(pause >= PACE.least && pause <= PACE.most, "{pause:?}");
                assert!(slow.pause(strength, Seat::First, &public, chance) <= Duration::from_millis(2_500));
            }
            assert!(
                PACE.pause(strength, Seat::First, &public, u16::MAX)
                    > PACE.pause(strength, Seat::First, &public, 0)
            );
        }
        let mut due = public;
        due.due.first = Some(game_engine::Announcement::LastCard);
        let Announce::Manual { grace_ms, .. } = rules.announce else { panic!() };
        let pause = slow.pause(Strength::Expert, Seat::First, &due, u16::MAX);
        assert!(pause < Duration::from_millis(u64::from(grace_ms)) / 2, "{pause:?} of {grace_ms} ms");
    }
}
