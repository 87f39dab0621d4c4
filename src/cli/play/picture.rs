//! The table on a few lines of text, for whoever sits at it, and the score sheet of a match.

use std::fmt::Write;

use game_engine::MatchRule;
use kernel::Timestamp;

use super::super::cards::Ink;
use super::sight::{Sight, of};
use super::typed::playable;
use super::wire::{Round, What};
use super::words::{answers, cause, match_words, said, until};

/// Characters on a line before the hand goes on below.
const WIDTH: usize = 76;
/// Where what belongs to a name begins.
const INDENT: usize = 13;

/// The whole table.
pub(super) fn table(sight: &Sight, now: Timestamp, ink: Ink) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "{}", ink.dim(&title(sight)));
    let _ = writeln!(text, "{}", opponent(sight, ink));
    let _ = writeln!(text, "{}", middle(sight, ink));
    text.push_str(&own_hand(sight, ink));
    let _ = write!(text, "{}", turn(sight, now, ink));
    text
}

fn title(sight: &Sight) -> String {
    let them = sight.me.other();
    let score = match sight.rules.match_ {
        MatchRule::Single => String::new(),
        MatchRule::BestOf(_) => {
            format!(", you {} : {} {}", sight.wins.get(sight.me), sight.wins.get(them), sight.opponent())
        }
        MatchRule::FirstToLose(_) => {
            format!(
                ", points: you {} : {} {}",
                sight.scores.get(sight.me),
                sight.scores.get(them),
                sight.opponent()
            )
        }
    };
    let title = format!("── round {} · {}{score} ", sight.round, match_words(sight.rules.match_));
    format!("{title:─<WIDTH$}")
}

fn label(name: &str) -> String {
    let short: String = name.chars().take(INDENT.saturating_sub(3)).collect();
    format!("  {short:<width$}", width = INDENT.saturating_sub(2))
}

fn opponent(sight: &Sight, ink: Ink) -> String {
    let them = sight.me.other();
    let count = *sight.counts.get(them);
    let backs = ink.dim(&"▒".repeat(usize::from(count)));
    let cards = if count == 1 { "card" } else { "cards" };
    let away = if of(&sight.clock.away_since, them).is_some() { "   (connection lost)" } else { "" };
    format!("{}{backs} {count} {cards}{away}", label(sight.opponent()))
}

fn middle(sight: &Sight, ink: Ink) -> String {
    let top = sight.in_force.map_or_else(|| "nothing yet".to_owned(), |card| format!("[{}]", ink.card(card)));
    let mut facts = vec![top];
    if let Some(shape) = sight.called {
        facts.push(format!("{} is called", ink.shape(shape)));
    }
    if sight.debt > 0 {
        facts.push(ink.bold(&format!("{} owed", sight.debt)));
    }
    facts.push(format!("market {}", sight.market));
    format!("{}{}", label("table"), facts.join("   "))
}

/// The hand, numbered from 1; what may be played is marked.
fn own_hand(sight: &Sight, ink: Ink) -> String {
    let mut text = String::new();
    let mut line = String::new();
    let mut used = 0;
    for (number, card) in (1_usize..).zip(sight.cards()) {
        let mark = if playable(sight, card) { ink.bold("*") } else { " ".to_owned() };
        let shown = format!("{number:>2}{mark}{}", ink.card(card));
        let width = 2 + 1 + 3 + 2;
        if used + width > WIDTH - INDENT {
            let _ = writeln!(text, "{}{}", label(if text.is_empty() { "you" } else { "" }), line.trim_end());
            (line, used) = (String::new(), 0);
        }
        line.push_str(&shown);
        line.push_str("  ");
        used += width;
    }
    let _ = writeln!(text, "{}{}", label(if text.is_empty() { "you" } else { "" }), line.trim_end());
    text
}

/// Whose turn it is, what it offers and for how long.
fn turn(sight: &Sight, now: Timestamp, ink: Ink) -> String {
    let Some(turn) = sight.clock.turn.filter(|_| sight.outcome.is_none()) else { return String::new() };
    let left = until(turn.due_at, now);
    let reserve = u64::from(*of(&sight.clock.reserve_ms, turn.seat.0)).div_ceil(1000).min(left);
    let clock = format!("{} s, then {reserve} s of reserve", left.saturating_sub(reserve));
    if !sight.my_turn() {
        return format!("  {}'s turn   {}", sight.opponent(), ink.dim(&clock));
    }
    let mut choices = Vec::new();
    if sight.legal.iter().any(|legal| matches!(legal.what, What::Play { .. })) {
        choices.push("* play".to_owned());
    }
    if sight.legal.iter().any(|legal| legal.what == What::Draw) {
        let draw = if sight.debt > 0 { format!("d draw {}", sight.debt) } else { "d draw".to_owned() };
        choices.push(draw);
    }
    if sight.legal.iter().any(|legal| legal.what == What::Pass) {
        choices.push("p keep the drawn card".to_owned());
    }
    if let Some(due) = sight.due.get(sight.me) {
        choices.push(format!("a say \"{}\"", said(*due)));
    }
    let owed = if sight.debt > 0 {
        match answers(&sight.rules, sight.in_force).as_str() {
            "" => String::new(),
            answers => format!(" (answer with {answers})"),
        }
    } else {
        String::new()
    };
    format!("  {}{owed}   {}   {}", ink.bold("Your turn"), choices.join("   "), ink.dim(&clock))
}

/// The score sheet of a match: a line for each round, and what they come to.
pub(super) fn sheet(sight: &Sight, rounds: &[Round], ink: Ink) -> String {
    let them = sight.me.other();
    let other: String = sight.opponent().chars().take(12).collect();
    let mut text = format!("  {}\n", ink.dim(&format!("{:<8}{:>8}{other:>14}", "round", "you")));
    for round in rounds {
        let points = |seat| of(&round.points, seat);
        let won = match round.winner {
            Some(winner) if winner.0 == sight.me => "won",
            Some(_) => "lost",
            None => "drawn",
        };
        let _ = writeln!(
            text,
            "  {:<8}{:>8}{:>14}   {won}: {}",
            round.number,
            points(sight.me),
            points(them),
            cause(round, sight)
        );
    }
    let _ = write!(
        text,
        "  {:<8}{:>8}{:>14}   rounds {} : {}, {}",
        "points",
        sight.scores.get(sight.me),
        sight.scores.get(them),
        sight.wins.get(sight.me),
        sight.wins.get(them),
        match_words(sight.rules.match_)
    );
    text
}
