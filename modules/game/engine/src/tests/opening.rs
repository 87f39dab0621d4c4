//! The deal, the opener and who starts.

use crate::tests::random::{Picks, play_out};
use crate::tests::scene::{rules, scene, tell};
use crate::{
    Card, Command, Event, Events, MatchRule, RoundKey, RuleName, RuleSet, Seat, Starter, State, decide,
};

fn deal(rules: RuleSet, key: RoundKey) -> (State, Events) {
    let mut state = State::new(rules);
    let mut events = Events::new();
    state.advance(Seat::First, &Command::Deal(key), &mut events).expect("a deal");
    (state, events)
}

/// Many deals under these rules, each with its opener.
fn openers(toggles: &[(&str, &str)]) -> Vec<(State, Events, Option<Card>)> {
    let mut picks = Picks::new(17);
    let rules = rules(toggles);
    let mut all = Vec::new();
    for _ in 0..2_000 {
        let (state, events) = deal(rules, picks.key());
        let Some(Event::Dealt(dealt)) = events.first() else { panic!("the first event is the deal") };
        let opener = dealt.opener;
        all.push((state, events, opener));
    }
    all
}

fn is_special(card: Card) -> bool {
    RuleSet::naija_classic().is_special(card.number())
}

#[test]
fn both_players_get_the_same_number_of_cards_from_one_deck() {
    for cards in 3..=6_u8 {
        let (state, _) = deal(rules(&[("deal", &cards.to_string())]), RoundKey::new([1; 32]));
        assert_eq!((state.hand(Seat::First).len(), state.hand(Seat::Second).len()), (cards, cards));
        assert_eq!(state.market_len(), 54 - 2 * cards - 1);
    }
    let (state, _) = deal(RuleSet::uk53(), RoundKey::new([1; 32]));
    assert_eq!(state.market_len(), 53 - 13);
}

#[test]
fn a_plain_opening_never_shows_a_special_card() {
    for (state, events, opener) in openers(&[]) {
        assert!(opener.is_some_and(|card| !is_special(card)));
        assert_eq!((events.len(), state.debt(), state.turn()), (1, 0, state.starter()));
    }
    let with_ones = openers(&[("hold_on", "false")]);
    assert!(with_ones.iter().any(|(_, _, opener)| opener.is_some_and(|card| card.number() == 1)));
}

#[test]
fn under_no_whot_another_special_lies_there_spent() {
    let all = openers(&[("opening", "no_whot")]);
    assert!(all.iter().all(|(_, _, opener)| opener.is_some_and(|card| !card.is_whot())));
    assert!(all.iter().any(|(_, _, opener)| opener.is_some_and(is_special)));
    for (state, events, _) in all {
        assert_eq!((events.len(), state.debt(), state.turn()), (1, 0, state.starter()));
    }
}

#[test]
fn a_live_opener_counts_as_laid_by_the_player_who_does_not_start() {
    for general_market in ["keep", "pass", "defend"] {
        let mut seen = std::collections::BTreeSet::new();
        for (state, events, opener) in
            openers(&[("opening", "live_effect"), ("general_market", general_market)])
        {
            let starter = state.starter().expect("dealt");
            let number = opener.expect("an opener").number();
            seen.insert(number);
            let (turn, debt, drawn) = match (number, general_market) {
                (1 | 8, _) => (starter.other(), 0, 0),
                (2, _) => (starter, 2, 0),
                (5, _) => (starter, 3, 0),
                (14, "keep") => (starter.other(), 0, 1),
                (14, "pass") => (starter, 0, 1),
                (14, _) => (starter, 1, 0),
                _ => (starter, 0, 0),
            };
            assert_eq!((state.turn(), state.debt()), (Some(turn), debt), "{opener:?}");
            assert_eq!(state.hand(starter).len(), 6 + drawn);
            assert_eq!(events.len(), 1 + usize::from(drawn));
        }
        assert_eq!(Vec::from_iter(seen), [1, 2, 3, 4, 5, 7, 8, 10, 11, 12, 13, 14]);
    }
}

#[test]
fn a_live_one_without_hold_on_is_plain() {
    for (state, _, opener) in openers(&[("opening", "live_effect"), ("hold_on", "false")]) {
        if opener.is_some_and(|card| card.number() == 1) {
            assert_eq!(state.turn(), state.starter());
        }
    }
}

#[test]
fn a_live_debt_is_answered_or_drawn() {
    scene(&[("opening", "live_effect")])
        .on("circle-2")
        .owing(2)
        .first("star-2 circle-3 circle-4 circle-7")
        .refuses("first: circle-3", "debt_owed")
        .says("first: star-2", &["first lays star-2, debt 4, next second"]);
}

#[test]
fn without_an_opener_any_card_leads_and_has_its_effect() {
    for (state, _, opener) in openers(&[("opening", "none")]) {
        assert_eq!((opener, state.in_force(), state.turn()), (None, None, state.starter()));
        assert_eq!(state.market_len(), 42);
    }
    let lead =
        || scene(&[("opening", "none")]).on_nothing().first("star-2 cross-14 whot-20 square-3 circle-8");
    lead().says("first: square-3", &["first lays square-3, debt 0, next second"]);
    lead().says("first: star-2", &["first lays star-2, debt 2, next second"]);
    lead().says("first: circle-8", &["first lays circle-8, debt 0, next first"]);
    lead().says("first: whot-20 star", &["first lays whot-20 calling star, debt 0, next second"]);
    lead().says("first: draw", &["first draws 1 for choice, next second"]);
    lead().refuses("first: whot-20", "shape_missing");
}

#[test]
fn the_first_starter_is_drawn_by_lot_under_every_rule() {
    for starter in Starter::ALL {
        let all = openers(&[("starter", starter.name())]);
        let firsts = all.iter().filter(|(state, _, _)| state.starter() == Some(Seat::First)).count();
        assert!((850..1_150).contains(&firsts), "{starter}: {firsts} of 2000");
    }
}

/// Starter and winner of every round of many matches.
fn rounds(starter: Starter) -> Vec<Vec<(Seat, Option<Seat>)>> {
    let rules = RuleSet {
        name: RuleName::CUSTOM,
        starter,
        match_: MatchRule::BestOf(9),
        move_cap: 30,
        tie: crate::Tie::Drawn,
        market: crate::MarketRules { then: crate::MarketEnd::Drawn, ..RuleSet::naija_classic().market },
        ..RuleSet::naija_classic()
    };
    let mut picks = Picks::new(23);
    let game = |picks: &mut Picks| {
        let mut seen = Vec::new();
        play_out(rules, picks, |state, events| {
            for event in events {
                if let Event::RoundEnded(result) = event {
                    seen.push((state.starter().expect("dealt"), result.winner));
                }
            }
        });
        seen
    };
    (0..300).map(|_| game(&mut picks)).collect()
}

#[test]
fn starters_alternate_follow_the_winner_or_the_loser_and_a_drawn_round_keeps_its_starter() {
    let mut drawn = 0;
    for starter in [Starter::Alternate, Starter::Winner, Starter::Loser] {
        for game in rounds(starter) {
            for pair in game.windows(2) {
                let [(before, winner), (after, _)] = pair else { panic!("a pair") };
                let expected = match (starter, winner) {
                    (Starter::Alternate, _) => before.other(),
                    (Starter::Winner, Some(winner)) => *winner,
                    (Starter::Loser, Some(winner)) => winner.other(),
                    _ => *before,
                };
                drawn += usize::from(winner.is_none());
                assert_eq!(*after, expected, "{starter} after {winner:?}");
            }
        }
    }
    assert!(drawn > 0, "no round was drawn, so nothing was tested about one");
}

#[test]
fn a_random_starter_is_drawn_by_lot_every_round() {
    let same = |pair: &[(Seat, Option<Seat>)]| pair[0].0 == pair[1].0;
    let games = rounds(Starter::Random);
    let pairs: Vec<bool> = games.iter().flat_map(|game| game.windows(2).map(same)).collect();
    let share = pairs.iter().filter(|same| **same).count() * 100 / pairs.len();
    assert!((40..60).contains(&share), "{share}% kept the starter");
}

#[test]
fn a_deal_is_refused_while_a_round_is_played_and_after_the_match() {
    scene(&[]).refuses("first: deal", "round_running");
    scene(&[])
        .says("first: resign", &["match won by second: resignation"])
        .refuses("first: deal", "game_over");
}

#[test]
fn the_same_key_deals_the_same_round() {
    let key = RoundKey::new([42; 32]);
    let state = State::new(RuleSet::pagat());
    let once = decide(&state, Seat::First, &Command::Deal(key)).expect("a deal");
    let twice = decide(&state, Seat::Second, &Command::Deal(key)).expect("a deal");
    assert!(once == twice);
    assert_eq!(once.iter().map(tell).count(), 1);
}
