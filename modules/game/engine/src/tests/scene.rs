//! A table set up by hand, on which commands are given and events expected, all in words.
//!
//! After every step the scene checks what must hold everywhere: legal commands are accepted and all others
//! refused, and the events alone give the same state.

use crate::market::Market;
use crate::shuffle::Stream;
use crate::tests::random::assert_legal_is_exact;
use crate::{
    Card, CardSet, Cards, Command, Event, ForfeitReason, Outcome, Phase, Play, RoundKey, RuleName, RuleSet,
    Seat, Shape, State, apply, decide,
};

/// Rules that differ from the defaults in these toggles.
pub(super) fn rules(toggles: &[(&str, &str)]) -> RuleSet {
    let mut rules = RuleSet::naija_classic();
    for (toggle, value) in toggles {
        rules.set(toggle, value).expect("a toggle with such a value");
    }
    let rules = if toggles.is_empty() { rules } else { RuleSet { name: RuleName::CUSTOM, ..rules } };
    rules.validate().expect("rules that can be played");
    rules
}

pub(super) fn cards(names: &str) -> Vec<Card> {
    names.split_whitespace().map(|name| name.parse().expect("a card")).collect()
}

fn set(names: &str) -> CardSet {
    CardSet::of(cards(names)).expect("cards of one deck")
}

/// A table in the middle of round 1: the first seat has the turn.
pub(super) struct Scene {
    pub(super) state: State,
    market: Option<Vec<Card>>,
    pile: Option<CardSet>,
}

/// Both hands hold four plain cards, circle-10 is in force, every other card is in the market in canonical
/// order: circle-1 on top, or the first that is left.
pub(super) fn scene(toggles: &[(&str, &str)]) -> Scene {
    let mut state = State::new(rules(toggles));
    state.phase = Phase::Playing;
    state.round = 1;
    state.in_force = Some("circle-10".parse().expect("a card"));
    state.hands.first = set("circle-3 circle-4 triangle-7 cross-13");
    state.hands.second = set("circle-11 circle-12 triangle-3 square-13");
    state.stream = Stream::new(RoundKey::new([5; 32]));
    Scene { state, market: None, pile: None }.laid_out()
}

impl Scene {
    /// Puts the cards that lie nowhere else where they belong: into the market, or into the pile if the
    /// market was named.
    fn laid_out(mut self) -> Self {
        let mut rest = CardSet::deck(self.state.rules.deck);
        let held = self.state.hands.first.iter().chain(self.state.hands.second).chain(self.state.in_force);
        for card in held {
            rest.remove(card);
        }
        if let Some(top) = &self.market {
            for card in top {
                rest.remove(*card);
            }
            self.state.market = Market::in_order(top);
            self.state.pile = rest;
        } else {
            self.state.market = Market::sorted(rest);
        }
        self.state.pile = self.pile.unwrap_or(self.state.pile);
        self
    }

    pub(super) fn first(mut self, hand: &str) -> Self {
        self.state.hands.first = set(hand);
        self.laid_out()
    }

    pub(super) fn second(mut self, hand: &str) -> Self {
        self.state.hands.second = set(hand);
        self.laid_out()
    }

    pub(super) fn on(mut self, in_force: &str) -> Self {
        self.state.in_force = Some(in_force.parse().expect("a card"));
        self.laid_out()
    }

    pub(super) fn on_nothing(mut self) -> Self {
        self.state.in_force = None;
        self.laid_out()
    }

    pub(super) fn called(mut self, shape: Shape) -> Self {
        self.state.called = Some(shape);
        self
    }

    pub(super) fn owing(mut self, debt: u8) -> Self {
        self.state.debt = debt;
        self
    }

    /// Exactly these cards are in the market, the first on top, and all others in the pile.
    pub(super) fn market(mut self, names: &str) -> Self {
        self.market = Some(cards(names));
        self.laid_out()
    }

    /// Exactly these cards are in the pile under the card in force. The others have left the table: such a
    /// scene is about counting cards, not about where they all are.
    pub(super) fn pile(mut self, names: &str) -> Self {
        self.pile = Some(set(names));
        self.laid_out()
    }

    pub(super) fn with(mut self, change: impl FnOnce(&mut State)) -> Self {
        change(&mut self.state);
        self
    }

    /// The command causes exactly these events.
    #[track_caller]
    pub(super) fn says(mut self, command: &str, expected: &[&str]) -> Self {
        assert_legal_is_exact(&self.state);
        let (seat, given) = parse(command);
        let events = decide(&self.state, seat, &given)
            .unwrap_or_else(|refusal| panic!("`{command}` is refused: {refusal}"));
        let told: Vec<String> = events.iter().map(tell).collect();
        assert_eq!(told, expected, "after `{command}`");
        self.state = events.iter().fold(self.state, apply);
        assert_legal_is_exact(&self.state);
        self
    }

    /// The command is refused for this reason.
    #[track_caller]
    pub(super) fn refuses(self, command: &str, code: &str) -> Self {
        let (seat, given) = parse(command);
        let refused =
            decide(&self.state, seat, &given).map(|events| events.iter().map(tell).collect::<Vec<_>>());
        assert_eq!(refused.map_err(crate::Refusal::code), Err(code), "`{command}`");
        self
    }

    /// The hand is now this.
    #[track_caller]
    pub(super) fn holds(self, seat: Seat, hand: &str) -> Self {
        assert_eq!(self.state.hand(seat), set(hand));
        self
    }

    /// Something about the state is now so.
    #[track_caller]
    #[allow(clippy::needless_pass_by_value, reason = "reads better where it is used")]
    pub(super) fn then<T: PartialEq + std::fmt::Debug>(self, see: impl Fn(&State) -> T, expected: T) -> Self {
        assert_eq!(see(&self.state), expected);
        self
    }
}

/// `first: circle-5`, `second: whot-20 star`, `first: draw`, ...
fn parse(text: &str) -> (Seat, Command) {
    let (seat, rest) = text.split_once(": ").expect("`seat: command`");
    let command = match rest {
        "draw" => Command::Draw,
        "pass" => Command::Pass,
        "announce" => Command::Announce,
        "resign" => Command::Resign,
        "clock" => Command::RunOut,
        "expired" => Command::AnnouncementExpired,
        "away" => Command::Forfeit(ForfeitReason::Away),
        "void" => Command::Void,
        "deal" => Command::Deal(RoundKey::new([8; 32])),
        "nothing" => Command::Play(Play { cards: Cards::of([]).expect("no card"), call: None }),
        _ => Command::Play(parse_play(rest)),
    };
    (seat.parse().expect("a seat"), command)
}

fn parse_play(text: &str) -> Play {
    let (laid, call) = match text.rsplit_once(' ').map(|(laid, last)| (laid, last.parse::<Shape>())) {
        Some((laid, Ok(shape))) => (laid, Some(shape)),
        _ => (text, None),
    };
    Play { cards: Cards::of(cards(laid)).expect("at most five cards"), call }
}

/// An event in words, hidden cards left out.
pub(super) fn tell(event: &Event) -> String {
    match *event {
        Event::Dealt(dealt) => {
            let opener = dealt.opener.map_or_else(|| "nothing".to_owned(), |card| card.to_string());
            format!("round {} on {opener}, debt {}, next {}", dealt.round, dealt.debt, dealt.turn)
        }
        Event::Played { seat, cards, call, debt, next } => {
            let laid: Vec<String> = cards.iter().map(|card| card.to_string()).collect();
            let call = call.map_or_else(String::new, |shape| format!(" calling {shape}"));
            format!("{seat} lays {}{call}, debt {debt}, next {next}", laid.join(" "))
        }
        Event::Drew { seat, cards, cause, by, reshuffled, waiting, next } => {
            let clock = if by == crate::By::Clock { " by clock" } else { "" };
            let again = if reshuffled { " reshuffled" } else { "" };
            let holds = waiting.map_or_else(String::new, |card| format!(" holding {card}"));
            format!("{seat} draws {} for {cause}{clock}{again}{holds}, next {next}", cards.len())
        }
        Event::Passed { seat, kind, by, next } => format!("{seat} passes {kind} by {by}, next {next}"),
        Event::Announced { seat, announcement } => format!("{seat} says {announcement}"),
        Event::AnnouncementDue { seat, announcement } => format!("{seat} must say {announcement}"),
        Event::RoundEnded(result) => {
            let winner = result.winner.map_or("nobody", Seat::name);
            let points = result.points;
            format!("round ends {}: {winner} wins, {}:{}", result.cause, points.first, points.second)
        }
        Event::MatchEnded { outcome: Outcome::Won { winner, by } } => format!("match won by {winner}: {by}"),
        Event::MatchEnded { outcome: Outcome::Drawn } => "match drawn".to_owned(),
        Event::MatchEnded { outcome: Outcome::Voided } | Event::Voided => "match void".to_owned(),
    }
}
