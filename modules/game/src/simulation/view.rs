//! A game as a client of the documented protocol knows it: from a snapshot, or folded from events, and nothing else.

use std::str::FromStr;

use game_engine::{Card, CardSet, Phase, RoundEnd, RoundResult, RoundView, RuleSet, Seat, Shape};
use kernel::Timestamp;
use serde_json::Value;

use crate::domain::clock::{Clock, Turn};
use crate::domain::command::Act;
use crate::domain::ending::Ending;
use crate::domain::view::GameView;
use crate::live::command::Do;

/// What a client knows of a game.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct View {
    pub(super) seq: u64,
    pub(super) phase: Phase,
    pub(super) round: u32,
    pub(super) turn: Option<Seat>,
    pub(super) hand: CardSet,
    pub(super) counts: [u64; 2],
    pub(super) in_force: Option<Card>,
    pub(super) called: Option<Shape>,
    pub(super) debt: u64,
    pub(super) market: u64,
    pub(super) pile: u64,
    pub(super) reshuffles: u64,
    pub(super) holds: bool,
    pub(super) waiting: Option<Card>,
    pub(super) scores: [u64; 2],
    pub(super) wins: [u64; 2],
    pub(super) last_round: Option<RoundResult>,
    pub(super) outcome: Option<(Option<Seat>, String)>,
    pub(super) seed: Option<String>,
    pub(super) clock: Clock,
    pub(super) legal: Vec<Act>,
}

/// Why a frame is no view: which member is wrong.
type Wrong = String;

fn text<'a>(data: &'a Value, member: &str) -> Result<&'a str, Wrong> {
    data[member].as_str().ok_or_else(|| format!("{member} is no text in {data}"))
}

fn word<T: FromStr>(data: &Value, member: &str) -> Result<T, Wrong> {
    text(data, member)?.parse().map_err(|_| format!("{member} is no known word in {data}"))
}

fn maybe<T: FromStr>(data: &Value, member: &str) -> Result<Option<T>, Wrong> {
    if data[member].is_null() { Ok(None) } else { word(data, member).map(Some) }
}

fn number(data: &Value, member: &str) -> Result<u64, Wrong> {
    data[member].as_u64().ok_or_else(|| format!("{member} is no number in {data}"))
}

fn numbers(data: &Value, member: &str) -> Result<[u64; 2], Wrong> {
    let wrong = || format!("{member} are not two numbers in {data}");
    let both = |place| data[member][place].as_u64().ok_or_else(wrong);
    Ok([both(0)?, both(1)?])
}

fn hand(data: &Value) -> Result<CardSet, Wrong> {
    let cards = data.as_array().ok_or_else(|| format!("no hand: {data}"))?.iter();
    let cards: Option<Vec<Card>> = cards.map(|card| card.as_str()?.parse().ok()).collect();
    cards.and_then(CardSet::of).ok_or_else(|| format!("no hand: {data}"))
}

fn acts(data: &Value) -> Result<Vec<Act>, Wrong> {
    let acts = data.as_array().ok_or_else(|| format!("no list of commands: {data}"))?.iter();
    acts.map(|act| Do::parse(&act.to_string()).map_err(|_| format!("no command: {act}"))).collect()
}

fn time(data: &Value) -> Result<Option<Timestamp>, Wrong> {
    serde_json::from_value(data.clone()).map_err(|_| format!("no time: {data}"))
}

fn clock(data: &Value) -> Result<Clock, Wrong> {
    let turn = &data["turn"];
    let missing = || format!("half a turn: {data}");
    let turn = if turn.is_null() {
        None
    } else {
        let (began, due) = (time(&turn["began_at"])?, time(&turn["due_at"])?);
        Some(Turn {
            seat: word(turn, "seat")?,
            began: began.ok_or_else(missing)?,
            due: due.ok_or_else(missing)?,
        })
    };
    let [first, second] = numbers(data, "reserve_ms")?;
    let both = |member: &str| -> Result<game_engine::BySeat<Option<Timestamp>>, Wrong> {
        Ok(game_engine::BySeat::new(time(&data[member][0])?, time(&data[member][1])?))
    };
    let reserve_ms = game_engine::BySeat::new(u32::try_from(first).unwrap(), u32::try_from(second).unwrap());
    Ok(Clock { turn, reserve_ms, away: both("away_since")?, announce: both("announce_by")? })
}

fn round(data: &Value) -> Result<RoundResult, Wrong> {
    let [first, second] = numbers(data, "points")?;
    let points = game_engine::BySeat::new(u16::try_from(first).unwrap(), u16::try_from(second).unwrap());
    Ok(RoundResult {
        round: u32::try_from(number(data, "round")?).unwrap(),
        cause: word::<RoundEnd>(data, "cause")?,
        winner: maybe(data, "winner")?,
        hands: game_engine::BySeat::new(hand(&data["hands"][0])?, hand(&data["hands"][1])?),
        points,
    })
}

fn outcome(data: &Value) -> Result<(Option<Seat>, String), Wrong> {
    Ok((maybe(data, "winner")?, text(data, "reason")?.to_owned()))
}

impl View {
    /// Before the first event.
    pub(super) fn empty(rules: &RuleSet) -> Self {
        Self {
            seq: 0,
            phase: Phase::Waiting,
            round: 0,
            turn: None,
            hand: CardSet::default(),
            counts: [0; 2],
            in_force: None,
            called: None,
            debt: 0,
            market: 0,
            pile: 0,
            reshuffles: 0,
            holds: false,
            waiting: None,
            scores: [0; 2],
            wins: [0; 2],
            last_round: None,
            outcome: None,
            seed: None,
            clock: Clock::new(rules.clock),
            legal: Vec::new(),
        }
    }

    /// What a snapshot says.
    pub(super) fn of_snapshot(data: &Value) -> Result<Self, Wrong> {
        let some = |member: &str| Some(&data[member]).filter(|value| !value.is_null());
        Ok(Self {
            seq: number(data, "seq")?,
            phase: word(data, "phase")?,
            round: u32::try_from(number(data, "round")?).unwrap(),
            turn: maybe(data, "turn")?,
            hand: hand(&data["hand"])?,
            counts: numbers(data, "counts")?,
            in_force: maybe(data, "in_force")?,
            called: maybe(data, "called")?,
            debt: number(data, "debt")?,
            market: number(data, "market")?,
            pile: number(data, "pile")?,
            reshuffles: number(data, "reshuffles")?,
            holds: data["holds"] == true,
            waiting: maybe(data, "waiting")?,
            scores: numbers(data, "scores")?,
            wins: numbers(data, "wins")?,
            last_round: some("last_round").map(round).transpose()?,
            outcome: some("outcome").map(outcome).transpose()?,
            seed: data["fairness"]["seed"].as_str().map(str::to_owned),
            clock: clock(&data["clock"])?,
            legal: acts(&data["legal"])?,
        })
    }

    /// What a client must know at this point, by the journal.
    pub(super) fn of_game(view: &GameView) -> Self {
        let cards = &view.cards;
        let seed = view.seed.as_ref();
        Self {
            seq: view.seq,
            phase: cards.phase,
            round: cards.round,
            turn: cards.turn,
            hand: cards.hand.unwrap_or_default(),
            counts: [cards.counts.first.into(), cards.counts.second.into()],
            in_force: cards.in_force,
            called: cards.called,
            debt: cards.debt.into(),
            market: cards.market.into(),
            pile: cards.pile.into(),
            reshuffles: cards.reshuffles.into(),
            holds: cards.holds,
            waiting: cards.waiting,
            scores: [cards.scores.first.into(), cards.scores.second.into()],
            wins: [cards.wins.first.into(), cards.wins.second.into()],
            last_round: cards.last_round.and_then(RoundView::whole),
            outcome: cards.outcome.map(|outcome| {
                let ending = Ending::of(outcome, "voided");
                (ending.winner, ending.reason)
            }),
            seed: seed.map(|seed| data_encoding::BASE64URL_NOPAD.encode(&seed.reveal())),
            clock: view.clock,
            legal: view.legal.iter().map(crate::house::act).collect(),
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// Takes in the next event, as `seat` was told it.
    pub(super) fn fold(&mut self, seat: Seat, seq: u64, data: &Value) -> Result<(), Wrong> {
        let kind = text(data, "kind")?;
        self.seq = seq;
        self.take(seat, kind, data)?;
        if !data["clock"].is_null() {
            self.clock = clock(&data["clock"])?;
        }
        if !data["legal"].is_null() {
            self.legal = acts(&data["legal"])?;
        } else if !matches!(kind, "away" | "back" | "clock_extended") {
            self.legal.clear();
        }
        Ok(())
    }

    fn take(&mut self, seat: Seat, kind: &str, data: &Value) -> Result<(), Wrong> {
        match kind {
            "dealt" => self.deal(data)?,
            "played" => {
                let cards = hand(&data["cards"])?;
                self.move_cards(seat, word(data, "seat")?, cards, -i64::from(cards.len()));
                self.pile += u64::from(cards.len());
                let last = data["cards"].as_array().and_then(|cards| cards.last()).and_then(Value::as_str);
                self.in_force = last.and_then(|card| card.parse().ok());
                self.called = maybe(data, "call")?;
                self.debt = number(data, "debt")?;
                (self.holds, self.waiting, self.turn) = (false, None, Some(word(data, "next")?));
            }
            "drew" => self.draw(seat, data)?,
            "passed" => {
                match text(data, "pass")? {
                    "kept" => (self.holds, self.waiting) = (false, None),
                    _ => self.debt = 0,
                }
                self.turn = Some(word(data, "next")?);
            }
            "round_ended" => self.end_round(&data["result"])?,
            "match_ended" => self.end(outcome(&data["outcome"])?),
            "voided" => self.end((None, "voided".to_owned())),
            "revealed" => self.seed = Some(text(data, "seed")?.to_owned()),
            "started" | "announced" | "announcement_due" | "away" | "back" | "clock_extended" => {}
            other => return Err(format!("an event of an unknown kind: {other}")),
        }
        Ok(())
    }

    fn deal(&mut self, data: &Value) -> Result<(), Wrong> {
        self.phase = Phase::Playing;
        self.round = u32::try_from(number(data, "round")?).unwrap();
        self.hand = hand(&data["hand"])?;
        self.counts = numbers(data, "counts")?;
        self.in_force = maybe(data, "opener")?;
        (self.called, self.pile, self.reshuffles) = (None, u64::from(self.in_force.is_some()), 0);
        self.market = number(data, "market")?;
        self.debt = number(data, "debt")?;
        (self.holds, self.waiting, self.turn) = (false, None, Some(word(data, "turn")?));
        Ok(())
    }

    fn draw(&mut self, seat: Seat, data: &Value) -> Result<(), Wrong> {
        let (whose, count): (Seat, u64) = (word(data, "seat")?, number(data, "count")?);
        let own = if data["cards"].is_null() { CardSet::default() } else { hand(&data["cards"])? };
        if (whose == seat) != (u64::from(own.len()) == count && !data["cards"].is_null()) {
            return Err(format!("not what {seat} may see of a draw: {data}"));
        }
        self.move_cards(seat, whose, own, i64::try_from(count).unwrap());
        if data["reshuffled"] == true {
            // All but the card in force.
            self.market += self.pile - 1;
            (self.pile, self.reshuffles) = (1, self.reshuffles + 1);
        }
        self.market -= count;
        if matches!(text(data, "cause")?, "choice" | "debt") {
            self.debt = 0;
            self.holds = data["holds"] == true;
            self.waiting = maybe(data, "waiting")?;
        }
        self.turn = Some(word(data, "next")?);
        Ok(())
    }

    fn move_cards(&mut self, seat: Seat, whose: Seat, cards: CardSet, change: i64) {
        let count = &mut self.counts[whose.index()];
        *count = count.checked_add_signed(change).unwrap();
        if whose == seat {
            for card in cards {
                if change > 0 { self.hand.insert(card) } else { self.hand.remove(card) }
            }
        }
    }

    fn end_round(&mut self, data: &Value) -> Result<(), Wrong> {
        let result = round(data)?;
        self.phase = Phase::Waiting;
        (self.debt, self.holds, self.waiting, self.turn) = (0, false, None, None);
        for seat in Seat::ALL {
            self.scores[seat.index()] += u64::from(*result.points.get(*seat));
        }
        if let Some(winner) = result.winner {
            self.wins[winner.index()] += 1;
        }
        self.last_round = Some(result);
        Ok(())
    }

    fn end(&mut self, outcome: (Option<Seat>, String)) {
        self.phase = Phase::Over;
        (self.holds, self.waiting, self.turn) = (false, None, None);
        self.outcome = Some(outcome);
    }
}
