//! A game in words: what each step was, for somebody who watches.

use game_engine::{BySeat, Card, Command, DrawCause, Event, Outcome, Seat, WonBy};
use game_record::{Step, Story};

use super::super::cards::face;

/// How the two are called.
pub(super) fn names(story: &Story) -> BySeat<String> {
    let plain = |name: &String| !name.is_empty() && !name.chars().any(char::is_control);
    let players = &story.heading.players;
    let name =
        |seat: Seat| players.get(seat).username.clone().filter(plain).unwrap_or_else(|| seat.to_string());
    BySeat::new(name(Seat::First), name(Seat::Second))
}

pub(super) fn heading(story: &Story) -> String {
    let BySeat { first, second } = names(story);
    let heading = &story.heading;
    format!("{} : {first} and {second}, {}", heading.game, heading.rules.label())
}

/// What a step was, and all that followed from it.
pub(super) fn of_step(step: &Step, names: &BySeat<String>) -> String {
    let mut words = vec![done(step, names)];
    words.extend(step.events.iter().filter_map(|event| followed(event, step, names)));
    words.retain(|part| !part.is_empty());
    words.join("; ")
}

fn done(step: &Step, names: &BySeat<String>) -> String {
    let who = names.get(step.seat);
    match step.command {
        Command::Deal(_) => format!("round {} is dealt", step.after.round()),
        Command::Play(play) => {
            let call = play.call.map_or_else(String::new, |shape| format!(", calling {shape}"));
            format!("{who} plays {}{call}", cards(play.cards.iter()))
        }
        Command::Pass => format!("{who} keeps the drawn card"),
        Command::Resign => format!("{who} resigns"),
        Command::RunOut => format!("{who}'s turn runs out"),
        Command::AnnouncementExpired => format!("{who} did not announce in time"),
        Command::Forfeit(_) => format!("{who} was away too long"),
        Command::Void => "the game is voided".to_owned(),
        // What was drawn or said is told by what followed.
        Command::Draw | Command::Announce => String::new(),
    }
}

fn cards(cards: impl Iterator<Item = Card>) -> String {
    cards.map(face).collect::<Vec<_>>().join(" ")
}

fn followed(event: &Event, step: &Step, names: &BySeat<String>) -> Option<String> {
    Some(match *event {
        Event::Dealt(dealt) => {
            let starter = names.get(dealt.starter);
            match dealt.opener {
                Some(card) => format!("{} is turned up, {starter} starts", face(card)),
                None => format!("{starter} starts with any card"),
            }
        }
        Event::Drew { seat, cards: drawn, cause, reshuffled, .. } => {
            let who = names.get(seat);
            let why = match cause {
                DrawCause::Choice => "",
                DrawCause::Debt => " for the debt",
                DrawCause::GeneralMarket => " for General Market",
                DrawCause::Penalty => " as the penalty",
                DrawCause::Finish => " for the special finish",
                DrawCause::FinalEffect => " for the last card's effect",
            };
            let again = if reshuffled { ", after the pile was shuffled" } else { "" };
            let what = if drawn.is_empty() { "nothing".to_owned() } else { cards(drawn.iter()) };
            format!("{who} draws {what}{why}{again}")
        }
        Event::Passed { seat, kind: game_engine::PassKind::Forced, .. } => {
            format!("{} has nothing to draw", names.get(seat))
        }
        Event::Announced { seat, announcement } => {
            format!("{} says \"{}\"", names.get(seat), announcement.name().replace('_', " "))
        }
        Event::RoundEnded(result) => {
            let winner = result.winner.map_or("nobody", |seat| names.get(seat));
            let points = result.points;
            format!(
                "{winner} wins the round ({}), {} : {}",
                result.cause.name().replace('_', " "),
                points.first,
                points.second
            )
        }
        Event::MatchEnded { outcome } => outcome_words(outcome, step, names),
        Event::Played { .. } | Event::Passed { .. } | Event::AnnouncementDue { .. } | Event::Voided => {
            return None;
        }
    })
}

fn outcome_words(outcome: Outcome, step: &Step, names: &BySeat<String>) -> String {
    match outcome {
        Outcome::Won { winner, by } => {
            let how = match by {
                WonBy::Rounds => String::new(),
                other => format!(" by {}", other.name().replace('_', " ")),
            };
            let points = step.after.scores();
            format!("{} wins the match{how}, {} : {} points", names.get(winner), points.first, points.second)
        }
        Outcome::Drawn => "the match is drawn".to_owned(),
        Outcome::Voided => "the match counts for nothing".to_owned(),
    }
}
