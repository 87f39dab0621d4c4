//! Between games: what is open, and ways into the next one.

use std::time::Duration;

use game_engine::RuleSet;
use serde::Deserialize;
use serde_json::Value;
use tokio::time::sleep;

use super::super::CliError;
use super::super::plain::plain;
use super::desk::Desk;
use super::ending::Next;
use super::invites::{self, AGAIN, Invite, Wish, passing, told};
use super::lesson::lesson;
use super::link::News;
use super::queue;
use super::ratings::{self, Onward};
use super::session::ask;
use super::tidings::Tiding;
use super::wire::{Person, RulesForm};
use super::words::rules_line;
use crate::client::ClientError;

const HELP: &str =
    "  N                        opens what is listed under that number: resumes a game, accepts an invite
  invite NAME [how]        invites somebody; how: a preset, a match, toggles, for example
                           invite ben street_strict best_of(3) deal=5
  queue [how]              waits for a stranger of near strength; queue leave gives your place up
  practice [level] [how]   plays against a program: random, easy, medium, hard or expert
  decline N, cancel N      answers an invite to you, takes back one of yours
  how [how]                how the game is played under these rules
  ratings                  how you stand
  board [family], more     how your network stands, and the next page of it
  Enter                    looks again
  q                        quits";

/// How long an invite that has just come is left alone.
const A_MOMENT: Duration = Duration::from_millis(500);

/// Something that can be opened.
enum Open {
    Game { id: String, words: String },
    Invite(Box<Invite>),
}

/// A running game.
#[derive(Deserialize)]
struct Running {
    game_id: String,
    players: [Person; 2],
    rule_set: RulesForm,
}

/// Stays until there is a game, or the person leaves.
pub(super) async fn wait(desk: &mut Desk) -> Result<Next, CliError> {
    let (mut open, mut board) = (Vec::new(), None);
    look(desk, &mut open).await?;
    loop {
        desk.terminal.set_prompt("whot");
        desk.terminal.show_prompt();
        tokio::select! {
            news = desk.link.next() => {
                desk.hear_time(&news);
                match news {
                    News::Notice(notice) => {
                        look(desk, &mut open).await?;
                        if let Tiding::Began(game) = Tiding::of(&notice) && has_game(&open, &game) {
                            desk.terminal.say("  A game of yours has begun.");
                            return Ok(Next::Game(game));
                        }
                    }
                    News::Over(why) => return Err(CliError::Failed(why)),
                    News::Lost(why) => desk.terminal.say(format_args!("  Connection lost: {why}. Trying to come back ...")),
                    News::Back => desk.terminal.say("  The connection is back."),
                    _ => {}
                }
            }
            line = desk.terminal.line() => {
                let Some(line) = line else { return Ok(Next::Quit) };
                let done = command(desk, &mut open, &mut board, line.trim()).await;
                if let Some(Some(next)) = passing(desk, done)? {
                    return Ok(next);
                }
            }
            () = desk.interrupt.pressed() => {
                desk.terminal.end_line();
                return Ok(Next::Quit);
            }
        }
    }
}

async fn list(desk: &Desk) -> Result<Vec<Open>, ClientError> {
    let games = desk.session.get("/api/v1/games?status=active&limit=20").await?.body;
    let mut open = Vec::new();
    for item in games.get("items").and_then(Value::as_array).into_iter().flatten() {
        let game: Running = serde_json::from_value(item.clone())
            .map_err(|_| ClientError::Incomplete("a game as this program knows it"))?;
        let own = &desk.session.account;
        let other = game.players.iter().find(|person| person.account_id.as_ref() != Some(own));
        let other = other.map_or_else(|| "somebody".to_owned(), Person::name);
        let words = format!("{other:<14} {:<40} in progress", rules_line(&game.rule_set.rules()));
        open.push(Open::Game { id: game.game_id, words });
    }
    for direction in ["incoming", "outgoing"] {
        let invites = invites::open(desk, direction).await?;
        open.extend(invites.into_iter().map(|invite| Open::Invite(Box::new(invite))));
    }
    Ok(open)
}

fn has_game(open: &[Open], game: &str) -> bool {
    open.iter().any(|one| matches!(one, Open::Game { id, .. } if id == game))
}

/// Whether a game of one's own goes on.
pub(super) async fn is_running(desk: &Desk, game: &str) -> Result<bool, CliError> {
    Ok(has_game(&ask(list(desk)).await?, game))
}

/// Shows what is open now. Numbers mean what was shown last, so where nothing can be had the list stays as it was.
async fn look(desk: &mut Desk, open: &mut Vec<Open>) -> Result<(), CliError> {
    let shown = show(desk).await;
    if let Some(shown) = passing(desk, shown)? {
        *open = shown;
    }
    Ok(())
}

async fn show(desk: &mut Desk) -> Result<Vec<Open>, CliError> {
    let open = list(desk).await?;
    if open.is_empty() {
        desk.terminal.say(
            "\n  Nothing is open. queue finds a stranger, invite NAME asks somebody, practice plays against a program; ? \
             helps.",
        );
        return Ok(open);
    }
    desk.terminal.say("");
    for (number, one) in (1..).zip(&open) {
        let words = match one {
            Open::Game { words, .. } => words.clone(),
            Open::Invite(invite) => {
                let rules = rules_line(&invite.rule_set.rules());
                let what = if invite.is_incoming() { "invites you" } else { "invited by you" };
                let hours = invite.expires_at.since(desk.now()).as_secs() / 3600;
                format!("{:<14} {rules:<40} {what}, open for {hours} h more", invite.other())
            }
        };
        desk.terminal.say(format_args!("  {number:>2}  {words}"));
        if let Open::Invite(invite) = one
            && let Some(particulars) = invite.particulars()
        {
            desk.terminal.say(format_args!("      {}", plain(&particulars)));
        }
    }
    desk.terminal.say("  A number opens it; ? helps.");
    Ok(open)
}

async fn command(
    desk: &mut Desk,
    open: &mut Vec<Open>,
    board: &mut Option<Onward>,
    line: &str,
) -> Result<Option<Next>, CliError> {
    let mut words = line.split_whitespace();
    let first = words.next().unwrap_or_default().to_lowercase();
    match first.as_str() {
        "" | "l" | "list" => look(desk, open).await?,
        "how" => how(desk, words),
        "?" | "h" | "help" => desk.terminal.say(HELP),
        "q" | "quit" | "exit" => return Ok(Some(Next::Quit)),
        "invite" => {
            let Some(name) = words.next() else {
                desk.terminal.say("  Whom? invite NAME");
                return Ok(None);
            };
            return wished(desk, words).await_invite(desk, name).await;
        }
        "practice" => return practise(desk, words).await,
        "queue" => return line_up(desk, words).await,
        "ratings" => ratings::own(desk).await?,
        "board" => *board = ratings::board(desk, words.next().unwrap_or("naija_classic")).await?,
        "more" => match board.take() {
            Some(onward) => *board = ratings::more(desk, onward).await?,
            None => desk.terminal.say("  There is no next page; board shows the first one."),
        },
        "decline" | "cancel" => {
            let number = words.next().unwrap_or_default();
            close(desk, open, &first, number).await?;
        }
        number => return open_number(desk, open, number).await,
    }
    Ok(None)
}

/// Tells how the game is played.
fn how<'a>(desk: &mut Desk, words: impl Iterator<Item = &'a str>) {
    if let Some(rules) = wished(desk, words).0.and_then(|wish| wish.rules_meant()) {
        desk.terminal.say(format_args!("  {}\n{}", rules_line(&rules), lesson(&rules)));
    }
}

/// A wish that may have been misspelt, which was said then.
struct Wished(Option<Wish>);

fn wished<'a>(desk: &mut Desk, words: impl Iterator<Item = &'a str>) -> Wished {
    match Wish::read(words) {
        Ok(wish) => Wished(Some(wish)),
        Err(hint) => {
            desk.terminal.say(format_args!("  {hint}"));
            Wished(None)
        }
    }
}

impl Wished {
    async fn await_invite(self, desk: &mut Desk, name: &str) -> Result<Option<Next>, CliError> {
        match self.0 {
            Some(wish) => invite(desk, name, &wish).await,
            None => Ok(None),
        }
    }
}

/// Invites somebody and waits for the answer; nothing if it came to nothing.
pub(super) async fn invite(desk: &mut Desk, name: &str, wish: &Wish) -> Result<Option<Next>, CliError> {
    let made = invites::invite(desk, name, wish).await;
    let Some(invite) = told(desk, made)? else { return Ok(None) };
    Ok(invites::await_answer(desk, &invite).await?.next())
}

/// Waits for an invite of this person if there is none yet, and accepts it.
pub(super) async fn accept(desk: &mut Desk, name: &str) -> Result<Option<Next>, CliError> {
    let mut said = false;
    loop {
        let open = ask(invites::open(desk, "incoming")).await;
        let troubled = open.as_ref().is_err_and(ClientError::passes);
        let open = if troubled { Vec::new() } else { open? };
        if let Some(invite) = open.iter().find(|invite| invite.is_from(name)) {
            // Who has just invited is still about to give random bytes.
            sleep(A_MOMENT).await;
            let accepted = invites::accept(desk, invite).await;
            return Ok(told(desk, accepted)?.map(Next::Game));
        }
        if !std::mem::replace(&mut said, true) {
            desk.terminal.say(format_args!("  Waiting for an invite from {} ... (q leaves)", plain(name)));
            desk.terminal.set_prompt("waiting");
        }
        if desk.terminal.is_over() {
            return Ok(Some(Next::Quit));
        }
        desk.terminal.show_prompt();
        let typed = desk.terminal.typed;
        tokio::select! {
            news = desk.link.next() => {
                desk.hear_time(&news);
                if let News::Over(why) = news {
                    return Err(CliError::Failed(why));
                }
            }
            line = desk.terminal.line(), if typed => match line.as_deref().map(str::trim) {
                None | Some("q" | "quit") => return Ok(Some(Next::Quit)),
                Some("c" | "cancel" | "b" | "back") => return Ok(None),
                Some(_) => desk.terminal.say("  q quits, c goes back to the list."),
            },
            () = sleep(AGAIN), if troubled || !typed => {}
            () = desk.interrupt.pressed() => return Ok(Some(Next::Quit)),
        }
    }
}

/// Waits for a stranger; nothing if nobody came, or one went back.
pub(super) async fn queue(desk: &mut Desk, wish: &Wish) -> Result<Option<Next>, CliError> {
    Ok(queue::wait(desk, wish).await?.next())
}

async fn line_up<'a>(
    desk: &mut Desk,
    words: impl Iterator<Item = &'a str>,
) -> Result<Option<Next>, CliError> {
    let words: Vec<&str> = words.collect();
    if words == ["leave"] {
        queue::leave(desk).await?;
        return Ok(None);
    }
    match wished(desk, words.into_iter()).0 {
        Some(wish) => queue(desk, &wish).await,
        None => Ok(None),
    }
}

/// Plays against a program.
pub(super) async fn practice(desk: &mut Desk, level: &str, wish: &Wish) -> Result<Option<Next>, CliError> {
    let begun = invites::practice(desk, level, wish).await;
    Ok(told(desk, begun)?.map(Next::Game))
}

async fn practise<'a>(
    desk: &mut Desk,
    words: impl Iterator<Item = &'a str>,
) -> Result<Option<Next>, CliError> {
    let words: Vec<&str> = words.collect();
    let level = words.first().map(|first| first.to_lowercase());
    let (level, how) = match level.as_deref() {
        Some(level) if invites::LEVELS.contains(&level) => (level, words.get(1..).unwrap_or_default()),
        Some(word)
            if word.chars().all(char::is_alphabetic)
                && !RuleSet::PRESETS.contains(&word)
                && word != "single" =>
        {
            let levels = invites::LEVELS.join(", ");
            desk.terminal.say(format_args!("  \"{}\" is none of the strengths: {levels}.", plain(word)));
            return Ok(None);
        }
        _ => ("medium", words.as_slice()),
    };
    match wished(desk, how.iter().copied()).0 {
        Some(wish) => practice(desk, level, &wish).await,
        None => Ok(None),
    }
}

fn find<'a>(open: &'a [Open], number: &str) -> Option<&'a Open> {
    open.get(number.parse::<usize>().ok()?.checked_sub(1)?)
}

async fn open_number(desk: &mut Desk, open: &[Open], number: &str) -> Result<Option<Next>, CliError> {
    match find(open, number) {
        Some(Open::Game { id, .. }) => Ok(Some(Next::Game(id.clone()))),
        Some(Open::Invite(invite)) if invite.is_incoming() => {
            let accepted = invites::accept(desk, invite).await;
            Ok(told(desk, accepted)?.map(Next::Game))
        }
        Some(Open::Invite(invite)) => Ok(invites::await_answer(desk, invite).await?.next()),
        None => {
            desk.terminal.say("  That is none of the numbers above and no command; ? helps.");
            Ok(None)
        }
    }
}

async fn close(desk: &mut Desk, open: &[Open], what: &str, number: &str) -> Result<(), CliError> {
    let Some(Open::Invite(invite)) = find(open, number) else {
        desk.terminal.say(format_args!("  {what} N, where N is the number of an invite."));
        return Ok(());
    };
    let path = format!("/api/v1/games/invites/{}/{what}", invite.id);
    let body =
        if what == "decline" { serde_json::json!({"reason": "not_now"}) } else { serde_json::json!({}) };
    let closed = desk.session.post(&path, body).await;
    if told(desk, closed)?.is_some() {
        desk.terminal.say("  Done.");
    }
    Ok(())
}
