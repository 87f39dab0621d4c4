//! After the last card: whether the deck was honest, how the two stand, and what next.

use game_record::verify;
use serde_json::Value;

use super::super::CliError;
use super::super::plain::plain;
use super::desk::Desk;
use super::invites::{self, Rematch, passing, told};
use super::link::News;
use super::ratings;
use super::session::ask;
use super::tidings::Tiding;
use crate::client::ClientError;

/// What somebody wants after a match.
pub(super) enum Next {
    /// Play this game.
    Game(String),
    /// See what else is open.
    Lobby,
    Quit,
}

/// Says how it went, then asks what next.
pub(super) async fn after(desk: &mut Desk, game: &str) -> Result<Next, CliError> {
    let mut record = tell(desk, game).await?;
    let mut connected = true;
    loop {
        desk.terminal.say("\n  r rematch   save FILE keeps the record   l what else is open   q quit");
        let Some(line) = typed(desk, game, &mut connected).await else { return Ok(Next::Quit) };
        let (word, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
        match word {
            "r" | "rematch" => {
                let asked = rematch(desk, game).await;
                if let Some(Some(next)) = passing(desk, asked)? {
                    return Ok(next);
                }
            }
            "v" | "verify" if record.is_none() => record = tell(desk, game).await?,
            "save" => save(desk, record.as_deref(), rest.trim()),
            "l" | "lobby" => return Ok(Next::Lobby),
            "q" | "quit" | "exit" => return Ok(Next::Quit),
            _ => desk.terminal.say("  r, save FILE, l or q?"),
        }
    }
}

/// The next line, hearing meanwhile what happens; none at the end of input or on Ctrl-C.
async fn typed(desk: &mut Desk, game: &str, connected: &mut bool) -> Option<String> {
    desk.terminal.set_prompt("next");
    loop {
        desk.terminal.show_prompt();
        tokio::select! {
            news = desk.link.next(), if *connected => {
                desk.hear_time(&news);
                match news {
                    News::Notice(notice) => say_offer(desk, game, &notice),
                    News::Lost(why) => {
                        desk.terminal.say(format_args!("  Connection lost: {why}. Trying to come back ..."));
                    }
                    News::Back => desk.terminal.say("  The connection is back."),
                    // The record is here and can still be kept.
                    News::Over(why) => {
                        *connected = false;
                        desk.terminal.say(format_args!("  Connection lost: {why}."));
                    }
                    _ => {}
                }
            }
            line = desk.terminal.line() => return line,
            () = desk.interrupt.pressed() => {
                desk.terminal.end_line();
                return None;
            }
        }
    }
}

fn say_offer(desk: &mut Desk, game: &str, notice: &Value) {
    desk.terminal.say(match Tiding::of(notice) {
        Tiding::Began(other) if other != game => {
            "  (Another game of yours has begun, and its clock may run: l leads to it.)"
        }
        Tiding::Invited { rematch_of } if rematch_of.as_deref() == Some(game) => {
            "  Your opponent offers a rematch: r accepts it."
        }
        Tiding::Invited { .. } => "  (Somebody invites you to a game: l shows it.)",
        Tiding::Began(_) | Tiding::Other => return,
    });
}

/// Verifies the finished game with what was remembered of it, and gives its record; none if it cannot be had now.
async fn tell(desk: &mut Desk, game: &str) -> Result<Option<String>, CliError> {
    let asked = ask(desk.session.get(&format!("/api/v1/games/{game}/proof"))).await;
    let Some(answer) = told(desk, asked)? else {
        desk.terminal.say("  So the deck is not verified yet: v tries again.");
        return Ok(None);
    };
    let record = answer.text;
    let memory = desk.memory(game);
    let words = match verify(&record, &memory.remembered()) {
        Ok(report) if report.holds() => {
            let own = if memory.entropy.is_some() {
                "your own random bytes are in every shuffle"
            } else {
                "you did not give random bytes in this sitting, so whose they are was not checked"
            };
            format!(
                "verified: the deck was not rigged.\n  The seed revealed now is the one promised before the first card; \
                 {own};\n  every deal and every move of the record follows from them by the rules."
            )
        }
        Ok(report) => {
            let failed = report.checks.iter().filter(|check| check.found == game_record::Found::Failed);
            let failed: Vec<String> =
                failed.map(|check| format!("  {}: {}", check.name, check.words)).collect();
            format!("NOT verified! Keep the record and show it to somebody:\n{}", failed.join("\n"))
        }
        Err(why) => format!("NOT verified: the record cannot be read: {why}"),
    };
    let ink = desk.terminal.ink;
    let (verdict, rest) = words.split_once('\n').unwrap_or((&words, ""));
    desk.terminal.say(format_args!("\n  {}\n{rest}", ink.bold(verdict)));
    standing(desk, game).await?;
    Ok(Some(record))
}

/// All games of the two so far; against a program none are counted, and there is something else to say.
async fn standing(desk: &mut Desk, game: &str) -> Result<(), CliError> {
    let asked = ask(desk.session.get(&format!("/api/v1/games/{game}/scoreboard"))).await;
    let Some(answer) = told(desk, asked)? else { return Ok(()) };
    let board = answer.body;
    let name = |place: usize| {
        let name = board.pointer(&format!("/game/players/{place}/username")).and_then(Value::as_str);
        name.map_or_else(|| "somebody".to_owned(), plain)
    };
    let is_program = |place: usize| board.pointer(&format!("/game/players/{place}/practice")).is_some();
    if is_program(0) || is_program(1) {
        desk.terminal.say(
            "  Your opponent is the server itself, which knows the seed: that it plays by what its own seat sees is \
             its word.\n  Practice counts in no score.",
        );
        return Ok(());
    }
    let number = |pointer: &str| board.pointer(pointer).and_then(Value::as_u64).unwrap_or(0);
    let (first, second, drawn) = (number("/pair/wins/0"), number("/pair/wins/1"), number("/pair/drawn"));
    let drawn = if drawn == 0 { String::new() } else { format!(", {drawn} drawn") };
    let words = format!("  All your games so far: {} {first} : {second} {}{drawn}.", name(0), name(1));
    desk.terminal.say(words);
    ratings::say_change(desk, game, &board).await;
    Ok(())
}

fn save(desk: &mut Desk, record: Option<&str>, file: &str) {
    let Some(record) = record else {
        return desk.terminal.say("  There is no record here yet: v fetches it.");
    };
    if file.is_empty() {
        return desk.terminal.say("  save needs a file's name.");
    }
    let written = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(file)
        .and_then(|mut open| std::io::Write::write_all(&mut open, record.as_bytes()));
    match written {
        Ok(()) => desk.terminal.say(format_args!(
            "  Saved. whot verify game {file} checks it without any server, whot replay {file} shows it."
        )),
        Err(error) => desk.terminal.say(format_args!("  {file} cannot be written: {error}.")),
    }
}

/// The same again: the other's offer if there is one, else one's own. Nothing if it came to nothing.
async fn rematch(desk: &mut Desk, game: &str) -> Result<Option<Next>, CliError> {
    if let Some(offered) = offered(desk, game).await? {
        let accepted = invites::accept(desk, &offered).await;
        return Ok(invites::told(desk, accepted)?.map(Next::Game));
    }
    let asked = match invites::rematch(desk, game).await {
        Err(ClientError::Refused { code, .. }) if code == "rematch_offered" => {
            desk.terminal.say("  A rematch is on offer already: try r again.");
            return Ok(None);
        }
        made => invites::told(desk, made)?,
    };
    let invite = match asked {
        Some(Rematch::Begun(game)) => return Ok(Some(Next::Game(game))),
        Some(Rematch::Asked(invite)) => invite,
        None => return Ok(None),
    };
    Ok(invites::await_answer(desk, &invite).await?.next())
}

async fn offered(desk: &Desk, game: &str) -> Result<Option<invites::Invite>, CliError> {
    let open = invites::open(desk, "incoming").await?;
    Ok(open.into_iter().find(|invite| invite.rematch_of.as_deref() == Some(game)))
}
