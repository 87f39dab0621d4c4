//! Random rule sets, random games and the checks that hold in every state of them.

use proptest::prelude::*;
use proptest::sample::select;

use crate::{
    Announce, Card, CardSet, Cards, ClockRule, Command, DoubleDeck, Event, Events, MarketRules, MatchRule,
    Play, Refusal, RoundKey, RuleName, RuleSet, Seat, Shape, State, decide, legal,
};

/// A small generator for choices inside a game; proptest gives the seed.
pub(super) struct Picks(u64);

impl Picks {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed ^ 0x9e37_79b9_7f4a_7c15 | 1)
    }

    pub(super) const fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() >> 33).expect("31 bits") % bound
    }

    pub(super) fn key(&mut self) -> RoundKey {
        let mut bytes = [0; 32];
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes());
        }
        RoundKey::new(bytes)
    }
}

fn any_of<T: Copy + std::fmt::Debug + 'static>(words: &'static [T]) -> impl Strategy<Value = T> {
    select(words)
}

prop_compose! {
    fn any_announce()(manual in any::<bool>(), penalty in 1_u8..=5, grace_ms in 500_u32..=60_000) -> Announce {
        if manual { Announce::Manual { penalty, grace_ms } } else { Announce::Auto }
    }
}

fn any_match() -> impl Strategy<Value = MatchRule> {
    prop_oneof![
        3 => Just(MatchRule::Single),
        1 => select(&[3_u8, 5, 7, 9][..]).prop_map(MatchRule::BestOf),
        1 => (1_u16..=150).prop_map(MatchRule::FirstToLose),
    ]
}

prop_compose! {
    fn any_market()(
        reshuffles in any_of(crate::Reshuffles::ALL),
        then in any_of(crate::MarketEnd::ALL),
        count_at in any_of(crate::CountAt::ALL),
    ) -> MarketRules {
        MarketRules { reshuffles, then, count_at }
    }
}

prop_compose! {
    fn any_table()(
        deck in any_of(crate::Deck::ALL),
        deal in 3_u8..=6,
        opening in any_of(crate::Opening::ALL),
        starter in any_of(crate::Starter::ALL),
        draw in any_of(crate::DrawRule::ALL),
        general_market in any_of(crate::GeneralMarket::ALL),
        counter in any_of(crate::Counter::ALL),
        special_finish in any_of(crate::SpecialFinish::ALL),
        final_effect in any_of(crate::FinalEffect::ALL),
        double_deck in any_of(DoubleDeck::ALL),
    ) -> RuleSet {
        RuleSet {
            deck, deal, opening, starter, draw, general_market, counter, special_finish, final_effect, double_deck,
            ..RuleSet::naija_classic()
        }
    }
}

prop_compose! {
    /// Any rules that can be played.
    pub(super) fn any_rules()(
        table in any_table(),
        flags in any::<[bool; 5]>(),
        star8 in any_of(crate::Star8::ALL),
        tie in any_of(crate::Tie::ALL),
        announce in any_announce(),
        market in any_market(),
        match_ in any_match(),
        whot_points in 0_u8..=100,
        move_cap in prop_oneof![10_u16..=60, Just(400)],
        run_outs in 1_u8..=4,
    ) -> RuleSet {
        let [must_play, play_drawn, hold_on, whot_defends, star_double] = flags;
        let clock = ClockRule { run_outs, ..table.clock };
        RuleSet {
            name: RuleName::CUSTOM, must_play, play_drawn, hold_on, whot_defends, star_double, star8, tie,
            announce, market, match_, whot_points, move_cap, clock, ..table
        }
    }
}

/// The next command of a careless game: mostly a legal one, now and then a time-out.
pub(super) fn any_step(state: &State, picks: &mut Picks) -> (Seat, Command) {
    let Some(turn) = state.turn() else {
        // Drawn rounds are replayed without end; somebody has to give up.
        let tired = state.round() >= 12;
        return (Seat::First, if tired { Command::Resign } else { Command::Deal(picks.key()) });
    };
    let late = Seat::ALL.iter().copied().find(|seat| state.due(*seat).is_some());
    match (picks.below(40), late) {
        (0, _) => (turn, Command::RunOut),
        (1..10, Some(seat)) => (seat, Command::AnnouncementExpired),
        (10..20, Some(seat)) => (seat, Command::Announce),
        _ => {
            let commands = legal(state, turn);
            (turn, commands[picks.below(commands.len())])
        }
    }
}

/// Plays a whole match; `see` is shown every state with the events that led to it.
pub(super) fn play_out(rules: RuleSet, picks: &mut Picks, mut see: impl FnMut(&State, &[Event])) -> State {
    let mut state = State::new(rules);
    let mut events = Events::new();
    for _ in 0..20_000 {
        if state.outcome().is_some() {
            return state;
        }
        let (seat, command) = any_step(&state, picks);
        state.advance(seat, &command, &mut events).expect("a step that is accepted");
        see(&state, &events);
    }
    panic!("a match without end under {}", rules.canonical());
}

/// Every card of the deck is in exactly one place.
#[track_caller]
pub(super) fn assert_whole_deck(state: &State) {
    let deck: Vec<Card> = CardSet::deck(state.rules().deck).iter().collect();
    assert_eq!(state.everywhere(), deck, "under {}", state.rules().canonical());
}

/// `legal` lists nothing twice, everything it lists is accepted, and every other command of the players is
/// refused, resigning aside.
#[track_caller]
pub(super) fn assert_legal_is_exact(state: &State) {
    for seat in Seat::ALL {
        let listed = legal(state, *seat);
        for (place, command) in listed.iter().enumerate() {
            assert!(!listed[..place].contains(command), "{command:?} is listed twice");
            let decided = decide(state, *seat, command);
            assert!(decided.is_ok_and(|e| !e.is_empty()), "{command:?} is listed and refused");
        }
        for command in conceivable(state, *seat) {
            if !listed.contains(&command) {
                let decided = decide(state, *seat, &command);
                assert!(decided.is_err(), "{seat} {command:?} is not listed and accepted: {state:?}");
            }
        }
    }
}

/// Every command a client could think of: any card with any call, held or not; any two cards; any of one
/// number together; and draw, pass, announce and an empty play.
fn conceivable(state: &State, seat: Seat) -> Vec<Command> {
    let calls = || std::iter::once(None).chain(Shape::ALL.iter().copied().map(Some));
    let mut plays: Vec<Cards> = Card::all().map(Cards::one).collect();
    plays.extend(Cards::of([]));
    let hand: Vec<Card> = state.hand(seat).iter().collect();
    for first in &hand {
        plays.extend(hand.iter().filter_map(|second| Cards::of([*first, *second])));
        plays.extend(Cards::of([*first, Card::WHOT, Card::WHOT]));
        let same: Vec<Card> = hand.iter().copied().filter(|card| card.number() == first.number()).collect();
        for length in 3..=same.len() {
            plays.extend(Cards::of(same.iter().copied().cycle().skip(1).take(length)));
            plays.extend(Cards::of(same.iter().rev().copied().take(length)));
        }
    }
    let plays = plays.into_iter().flat_map(|cards| calls().map(move |call| Play { cards, call }));
    plays.map(Command::Play).chain([Command::Draw, Command::Pass, Command::Announce]).collect()
}

/// A refused command causes nothing at all.
#[track_caller]
pub(super) fn assert_refusals_change_nothing(
    state: &State,
    seat: Seat,
    command: &Command,
) -> Option<Refusal> {
    let mut copy = *state;
    let mut events = Events::new();
    let refusal = copy.advance(seat, command, &mut events).err()?;
    assert!(copy == *state && events.is_empty());
    Some(refusal)
}
