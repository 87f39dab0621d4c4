//! What happens at the table in plain words, as one player is told it.

use std::fmt::Write;
use std::time::Duration;

use game_engine::{
    Announce, Announcement, By, Card, Counter, DrawCause, MatchRule, PassKind, RoundEnd, RuleSet, Seat,
};
use kernel::Timestamp;

use super::super::cards::Ink;
use super::sight::Sight;
use super::wire::{Kind, Outcome, Round};

/// Who did something, as the subject of a sentence.
fn subject(sight: &Sight, seat: Seat) -> String {
    if seat == sight.me { "You".to_owned() } else { sight.names.get(seat).clone() }
}

/// `play` for oneself, `plays` for the other.
fn verb(sight: &Sight, seat: Seat, word: &str) -> String {
    match (seat == sight.me, word) {
        (true, _) => word.to_owned(),
        (false, "pass") => "passes".to_owned(),
        (false, "have") => "has".to_owned(),
        (false, _) => format!("{word}s"),
    }
}

pub(super) fn list(cards: impl IntoIterator<Item = Card>, ink: Ink) -> String {
    cards.into_iter().map(|card| ink.card(card)).collect::<Vec<_>>().join("  ")
}

fn count(number: u32, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// `a 2`, `an 8`.
fn number(card: Card) -> String {
    match card.number() {
        20 => "a Whot".to_owned(),
        8 | 11 => format!("an {}", card.number()),
        other => format!("a {other}"),
    }
}

/// What answers a debt under these rules.
pub(super) fn answers(rules: &RuleSet, in_force: Option<Card>) -> String {
    let number = in_force.map_or(0, Card::number);
    let mut answers = match (number, rules.counter) {
        (14, _) => vec!["a 14"],
        (_, Counter::None) => Vec::new(),
        (_, Counter::Cross) => vec!["a 2", "a 5"],
        (2, Counter::Same) => vec!["a 2"],
        (_, Counter::Same) => vec!["a 5"],
    };
    if rules.whot_defends {
        answers.push("a Whot");
    }
    answers.join(" or ")
}

/// An event in words, told after it was applied; nothing for what the table itself shows.
pub(super) fn line(kind: &Kind, sight: &Sight, ink: Ink) -> Option<String> {
    Some(match kind {
        Kind::Dealt { round, starter, opener, .. } => {
            let who = subject(sight, starter.0);
            let start = verb(sight, starter.0, "start");
            let opener = match opener {
                Some(card) => format!("{} is turned up", ink.card(card.0)),
                None => "nothing lies there yet, so any card goes".to_owned(),
            };
            format!("Round {round} is dealt: {opener}; {who} {start}.")
        }
        Kind::Played { .. } => played(kind, sight, ink)?,
        Kind::Drew { .. } => drew(kind, sight, ink)?,
        Kind::Passed { seat, pass, by, .. } => {
            let who = subject(sight, seat.0);
            match (pass.0, by.0) {
                (PassKind::Forced, _) => {
                    format!("{who} {} nothing to draw: the market is empty.", verb(sight, seat.0, "have"))
                }
                (PassKind::Kept, By::Clock) => {
                    format!("Time is up: {} the drawn card.", kept(sight, seat.0))
                }
                (PassKind::Kept, By::Player) => {
                    format!("{who} {} the drawn card.", verb(sight, seat.0, "keep"))
                }
            }
        }
        Kind::Announced { seat, announcement } => {
            format!("{}: \"{}!\"", subject(sight, seat.0), ink.bold(said(announcement.0)))
        }
        Kind::AnnouncementDue { seat, announcement } if seat.0 == sight.me => {
            format!("Say \"{}\"{}: type a.", said(announcement.0), grace(&sight.rules))
        }
        Kind::AnnouncementDue { seat, announcement } => {
            format!("{} has to say \"{}\".", subject(sight, seat.0), said(announcement.0))
        }
        Kind::RoundEnded { result } => round_ended(result, sight, ink),
        Kind::MatchEnded { outcome } => outcome_words(outcome, sight),
        Kind::Voided {} => "The game was voided: it counts for nothing.".to_owned(),
        Kind::Away { seat } if seat.0 == sight.me => "The server noticed that you were away.".to_owned(),
        Kind::Away { seat } => format!("{} {}", sight.names.get(seat.0), away(sight)),
        Kind::Back { seat } if seat.0 == sight.me => "The server noticed that you are back.".to_owned(),
        Kind::Back { seat } => format!("{} is back.", sight.names.get(seat.0)),
        // A moment that nobody noticed is not worth a word.
        Kind::ClockExtended { milliseconds } if *milliseconds < 50 => return None,
        Kind::ClockExtended { milliseconds } => format!(
            "The server itself was away for {}; every clock was moved by that.",
            seconds(Duration::from_millis(*milliseconds))
        ),
        Kind::Started {} | Kind::Revealed {} | Kind::Unknown => return None,
    })
}

/// How long an announcement by hand may take.
fn grace(rules: &RuleSet) -> String {
    match rules.announce {
        Announce::Manual { grace_ms, .. } => format!(" within {} s", f64::from(grace_ms) / 1000.0),
        Announce::Auto => String::new(),
    }
}

fn kept(sight: &Sight, seat: Seat) -> String {
    format!("{} {}", if seat == sight.me { "you" } else { sight.opponent() }, verb(sight, seat, "keep"))
}

fn away(sight: &Sight) -> String {
    let rule = sight.rules.clock.away_s;
    if sight.turn == Some(sight.me.other()) {
        format!("lost the connection, with the turn: unless back within {rule} s, the match is yours.")
    } else {
        "lost the connection. You may play on.".to_owned()
    }
}

fn played(kind: &Kind, sight: &Sight, ink: Ink) -> Option<String> {
    let Kind::Played { seat, cards, call, debt, next } = kind else { return None };
    let (who, them) = (subject(sight, seat.0), seat.0.other());
    let last = cards.last()?.0;
    let laid = list(cards.iter().map(|card| card.0), ink);
    let mut words = format!("{who} {} {laid}", verb(sight, seat.0, "play"));
    if let Some(shape) = call {
        let _ = write!(words, " and {} {}", verb(sight, seat.0, "call"), ink.shape(shape.0));
    }
    let other = if them == sight.me { "you".to_owned() } else { sight.names.get(them).clone() };
    let empty = *sight.counts.get(seat.0) == 0;
    let again = next.0 == seat.0;
    let effect = match last.number() {
        _ if empty => String::new(),
        _ if *debt > 0 => {
            let answers = answers(&sight.rules, Some(last));
            let answer =
                if answers.is_empty() { String::new() } else { format!("answer with {answers} or ") };
            let must = if them == sight.me { "have to" } else { "has to" };
            format!(": {other} {must} {answer}draw {debt}")
        }
        1 if again => format!(" (Hold On) and {} again", verb(sight, seat.0, "play")),
        8 if again => format!(" (Suspension) and {} again", verb(sight, seat.0, "play")),
        14 if again => format!(" (General Market) and {} again", verb(sight, seat.0, "play")),
        14 => " (General Market)".to_owned(),
        _ => String::new(),
    };
    words.push_str(&effect);
    words.push('.');
    Some(words)
}

fn drew(kind: &Kind, sight: &Sight, ink: Ink) -> Option<String> {
    let Kind::Drew { seat, count: number, cards, cause, by, reshuffled, waiting, .. } = kind else {
        return None;
    };
    let who = subject(sight, seat.0);
    let what = match cards {
        Some(cards) if !cards.is_empty() => list(cards.iter().map(|card| card.0), ink),
        _ if *number == 0 => "and nothing is left in the market".to_owned(),
        _ => count(u32::from(*number), "card"),
    };
    let why = match cause.0 {
        DrawCause::Choice => "",
        DrawCause::Debt => ", the debt",
        DrawCause::GeneralMarket => ", General Market",
        DrawCause::Penalty => ", the penalty for not announcing in time",
        DrawCause::Finish => ": a special card may not be the last",
        DrawCause::FinalEffect => ", for the last card's effect",
    };
    let draw = format!("{} {what}{why}", verb(sight, seat.0, "draw"));
    let mut words = if by.0 == By::Clock {
        format!("Time is up: {} {draw}", if seat.0 == sight.me { "you" } else { who.as_str() })
    } else {
        format!("{who} {draw}")
    };
    if let Some(card) = waiting {
        let _ = write!(words, "; {} may be played at once", ink.card(card.0));
    }
    words.push('.');
    if *reshuffled {
        words.push_str(" The pile was shuffled into a new market.");
    }
    Some(words)
}

pub(super) fn said(announcement: Announcement) -> &'static str {
    match announcement {
        Announcement::LastCard => "last card",
        Announcement::SemiLast => "semi last",
    }
}

/// Why a round ended, after its number and winner.
pub(super) fn cause(result: &Round, sight: &Sight) -> String {
    match (result.cause.0, result.winner) {
        (RoundEnd::Emptied, Some(winner)) if winner.0 == sight.me => "your hand is empty".to_owned(),
        (RoundEnd::Emptied, _) => format!("{}'s hand is empty", sight.opponent()),
        (RoundEnd::Market, _) => "the market is empty, hands are counted".to_owned(),
        (RoundEnd::Stalemate, _) => "nobody could draw, hands are counted".to_owned(),
        (RoundEnd::MoveCap, _) => {
            format!("{} moves are the most of a round, hands are counted", sight.rules.move_cap)
        }
    }
}

fn round_ended(result: &Round, sight: &Sight, ink: Ink) -> String {
    let winner = match result.winner {
        Some(winner) if winner.0 == sight.me => ink.bold("yours"),
        Some(winner) => ink.bold(&format!("{}'s", sight.names.get(winner.0))),
        None => "drawn".to_owned(),
    };
    let mut words = format!("Round {} is {winner}: {}.", result.number, cause(result, sight));
    for seat in [sight.me, sight.me.other()] {
        let left = result.hand(seat);
        if !left.is_empty() {
            let whose = if seat == sight.me { "You were" } else { "The other hand was" };
            let worth = count(u32::from(sight.rules.points(left)), "point");
            let _ = write!(words, "\n  {whose} left with {}, worth {worth}.", list(left.iter(), ink));
        }
    }
    words
}

pub(super) fn outcome_words(outcome: &Outcome, sight: &Sight) -> String {
    let Some(winner) = outcome.winner else {
        return match outcome.reason.as_str() {
            "voided" => "The game was voided: it counts for nothing.".to_owned(),
            _ => "The match is drawn.".to_owned(),
        };
    };
    let mine = winner.0 == sight.me;
    let how = match (outcome.reason.as_str(), mine) {
        ("rounds", _) => String::new(),
        ("resignation", true) => format!(": {} resigned", sight.opponent()),
        ("resignation", false) => ": you resigned".to_owned(),
        ("forfeit_away", true) => format!(": {} stayed away too long", sight.opponent()),
        ("forfeit_away", false) => ": you stayed away too long".to_owned(),
        ("forfeit_clock", true) => format!(": {} ran out of time too often", sight.opponent()),
        ("forfeit_clock", false) => ": you ran out of time too often".to_owned(),
        (other, _) => format!(" ({})", super::super::plain::plain(other)),
    };
    if mine {
        format!("You win the match{how}!")
    } else {
        format!("{} wins the match{how}.", sight.opponent())
    }
}

/// The rules and the match on one line.
pub(super) fn rules_line(rules: &RuleSet) -> String {
    let (nearest, changes) = nearest(rules);
    let name = match (nearest == rules.name.as_str(), changes.is_empty()) {
        (true, _) => nearest.to_owned(),
        (false, true) => format!("{} (as {nearest})", rules.name),
        (false, false) => format!("{} (changed {nearest})", rules.name),
    };
    format!("{name}, {}", match_words(rules.match_))
}

/// The preset that differs least from these rules, and what they have otherwise: `deal=4`. The match aside.
pub(super) fn nearest(rules: &RuleSet) -> (&'static str, Vec<String>) {
    let own = rules.toggles();
    let changes = |preset: &'static str| {
        let usual = RuleSet::preset(preset).unwrap_or_else(RuleSet::naija_classic).toggles();
        let differ = own.iter().zip(usual).filter(|(own, usual)| *own != usual && own.0 != "match");
        (preset, differ.map(|((toggle, value), _)| format!("{toggle}={value}")).collect::<Vec<_>>())
    };
    let presets = RuleSet::PRESETS.map(changes);
    presets.into_iter().min_by_key(|(_, changes)| changes.len()).unwrap_or_default()
}

/// What a match is played to.
pub(super) fn match_words(rule: MatchRule) -> String {
    match rule {
        MatchRule::Single => "a single round".to_owned(),
        MatchRule::BestOf(rounds) => format!("best of {rounds}"),
        MatchRule::FirstToLose(points) => format!("whoever reaches {points} points first loses"),
    }
}

/// Why a card cannot be played, in one sentence.
pub(super) fn why_not(card: Card, sight: &Sight, ink: Ink) -> String {
    let laid = ink.card(card);
    if let Some(waiting) = sight.waiting {
        return format!("Only the card you drew, {}, may be played now; p keeps it.", ink.card(waiting));
    }
    if sight.debt > 0 {
        let answers = answers(&sight.rules, sight.in_force);
        return match answers.as_str() {
            "" => format!("You owe {}: only d (draw) is possible.", sight.debt),
            _ => format!("You owe {}: answer with {answers}, or d to draw. {laid} is no answer.", sight.debt),
        };
    }
    if sight.hand.len() == 1 && sight.rules.is_special(card.number()) {
        return format!("{laid} is special, and by these rules a special card may not be the last.");
    }
    match (sight.in_force, sight.called) {
        (_, Some(shape)) => {
            format!("{laid} does not match: {} is called. A Whot always goes.", ink.shape(shape))
        }
        (Some(top), None) => {
            let shape = top.shape().map_or_else(String::new, |shape| format!("{}, ", ink.shape(shape)));
            format!(
                "{laid} does not match {}: it takes {shape}{} or a Whot.",
                ink.card(top),
                self::number(top)
            )
        }
        (None, None) => format!("{laid} cannot be played now."),
    }
}

/// A time to come in whole seconds, rounded up.
pub(super) fn until(at: Timestamp, now: Timestamp) -> u64 {
    let left = at.since(now);
    left.as_secs() + u64::from(left.subsec_nanos() > 0)
}

pub(super) fn seconds(time: Duration) -> String {
    let seconds = time.as_secs() + u64::from(time.subsec_millis() > 0);
    if seconds < 120 { format!("{seconds} s") } else { format!("{} min", seconds / 60) }
}
