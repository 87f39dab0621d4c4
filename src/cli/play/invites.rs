//! Getting a game: inviting somebody, accepting an invite, asking for a practice opponent, asking for a rematch.

use std::time::Duration;

use game_engine::{RuleName, RuleSet};
use kernel::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::super::CliError;
use super::super::plain::plain;
use super::desk::Desk;
use super::ending::Next;
use super::link::News;
use super::lobby;
use super::session::ask;
use super::tidings::Tiding;
use super::wire::{Person, RulesForm};
use super::words::{nearest, rules_line};
use crate::client::ClientError;

/// How strong practice opponents are.
pub(super) const LEVELS: [&str; 5] = ["random", "easy", "medium", "hard", "expert"];
/// How long a server that did not answer is left alone.
pub(super) const AGAIN: Duration = Duration::from_secs(5);

/// An invite, as far as it is shown.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Invite {
    pub(super) id: String,
    pub(super) game_id: String,
    pub(super) direction: String,
    pub(super) state: String,
    pub(super) creator: Person,
    pub(super) invitee: Person,
    pub(super) rule_set: RulesForm,
    pub(super) rated: bool,
    pub(super) commitment: String,
    pub(super) rematch_of: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) expires_at: Timestamp,
}

impl Invite {
    pub(super) fn is_incoming(&self) -> bool {
        self.direction == "incoming"
    }

    /// Whether it comes from somebody of this name, in capitals or not as at sign-in.
    pub(super) fn is_from(&self, name: &str) -> bool {
        let creator = self.creator.username.as_deref().unwrap_or_default();
        self.is_incoming() && creator.to_lowercase() == name.trim().to_lowercase()
    }

    /// What is special about its rules, on a line of its own; nothing for a preset that counts.
    pub(super) fn particulars(&self) -> Option<String> {
        let (_, mut words) = nearest(&self.rule_set.rules());
        if !self.rated {
            words.push("not rated".to_owned());
        }
        (!words.is_empty()).then(|| words.join(" "))
    }

    /// Who is at the other end.
    pub(super) fn other(&self) -> String {
        if self.is_incoming() { self.creator.name() } else { self.invitee.name() }
    }
}

/// What is to be played.
#[derive(Debug, Clone, Default)]
pub(super) struct Wish {
    /// A preset.
    pub(super) rules: Option<String>,
    pub(super) match_rule: Option<String>,
    pub(super) toggles: Vec<(String, String)>,
}

impl Wish {
    /// Reads words like `quick best_of(3) deal=4`; a word that is none of them is an error.
    pub(super) fn read<'a>(words: impl Iterator<Item = &'a str>) -> Result<Self, String> {
        let mut wish = Self::default();
        for word in words {
            let twice = if let Some((toggle, value)) = word.split_once('=') {
                wish.toggles.push((toggle.to_owned(), value.to_owned()));
                false
            } else if word == "single" || word.starts_with("best_of(") || word.starts_with("first_to_lose(") {
                wish.match_rule.replace(word.to_owned()).is_some()
            } else if RuleSet::PRESETS.contains(&word) {
                wish.rules.replace(word.to_owned()).is_some()
            } else {
                return Err(format!(
                    "\"{}\" is no preset ({}), no match (single, best_of(3), first_to_lose(100)) and no toggle=value.",
                    plain(word),
                    RuleSet::PRESETS.join(", ")
                ));
            };
            if twice {
                return Err(format!(
                    "\"{}\" is one too many: one preset and one match at most.",
                    plain(word)
                ));
            }
        }
        wish.check().map(|()| wish)
    }

    /// Whether there are such rules; if not, why not. The server asks again.
    pub(super) fn check(&self) -> Result<(), String> {
        self.rules_or_why().map(|_| ())
    }

    /// The rules that are meant, if there are such.
    pub(super) fn rules_meant(&self) -> Option<RuleSet> {
        self.rules_or_why().ok()
    }

    fn rules_or_why(&self) -> Result<RuleSet, String> {
        let name = self.rules.as_deref().unwrap_or("naija_classic");
        let Some(mut rules) = RuleSet::preset(name) else {
            return Err(format!("no preset is called {}: {}", plain(name), RuleSet::PRESETS.join(", ")));
        };
        let own = self.match_rule.as_deref().map(|rule| ("match", rule));
        let toggles = self.toggles.iter().map(|(toggle, value)| (toggle.as_str(), value.as_str()));
        for (toggle, value) in toggles.chain(own) {
            rules.name = RuleName::CUSTOM;
            rules
                .set(toggle, value)
                .map_err(|error| format!("{}: {error}", plain(&format!("{toggle}={value}"))))?;
        }
        rules.validate().map_err(|error| error.to_string())?;
        Ok(rules)
    }

    /// The members of a request that say what is to be played, added to these.
    pub(super) fn body(&self, mut body: Value) -> Value {
        let name = self.rules.as_deref().unwrap_or("naija_classic");
        let value = |text: &str| serde_json::from_str(text).ok().filter(|value: &Value| !value.is_string());
        let toggles: serde_json::Map<String, Value> = self
            .toggles
            .iter()
            .map(|(toggle, text)| (toggle.clone(), value(text).unwrap_or_else(|| Value::from(text.as_str()))))
            .collect();
        if let Some(members) = body.as_object_mut() {
            let rules = if toggles.is_empty() {
                Value::from(name)
            } else {
                json!({"name": name, "toggles": toggles})
            };
            members.insert("rule_set".to_owned(), rules);
            if let Some(rule) = &self.match_rule {
                members.insert("match".to_owned(), Value::from(rule.as_str()));
            }
        }
        body
    }
}

/// Why there is no game, for the person at the terminal.
pub(super) fn refusal(error: &ClientError) -> Option<String> {
    let code = match error {
        ClientError::Refused { code, .. } => code.as_str(),
        _ => "",
    };
    if error.passes() && code != "rate_limited" {
        return Some("The server does not answer now: try again in a moment.".to_owned());
    }
    let ClientError::Refused { problem, .. } = error else { return None };
    let detail = problem.pointer("/errors/0/detail").or_else(|| problem.get("detail"));
    let detail = detail.and_then(Value::as_str).map(plain);
    Some(match code {
        "not_available" => "Not available: no game with that person is possible now.".to_owned(),
        "too_many_open_invites" => "Too many invites are open: answer or cancel one first.".to_owned(),
        "play_restricted" => "You may not start games now.".to_owned(),
        "invite_expired" | "invite_cancelled" | "invite_declined" | "invite_accepted" => {
            format!("That invite is no longer open ({}).", code.replace('_', " "))
        }
        "rate_limited" => "Too fast: wait a little and try again.".to_owned(),
        "not_found" => "There is no such thing for you.".to_owned(),
        other => detail.unwrap_or_else(|| plain(&other.replace('_', " "))),
    })
}

/// Turns a refusal, or a failure that may pass, into words at the terminal and goes on; anything else ends the program.
pub(super) fn told<T>(desk: &mut Desk, result: Result<T, ClientError>) -> Result<Option<T>, CliError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) => match refusal(&error) {
            Some(words) => {
                desk.terminal.say(format_args!("  {words}"));
                Ok(None)
            }
            None => Err(error.into()),
        },
    }
}

/// The same for what may pass alone: one silent moment of the server costs nobody their place at the terminal.
pub(super) fn passing<T>(desk: &mut Desk, result: Result<T, CliError>) -> Result<Option<T>, CliError> {
    match result {
        Err(CliError::Client(error)) if error.passes() => told(desk, Err(error)),
        other => other.map(Some),
    }
}

fn read(body: &Value) -> Result<Invite, ClientError> {
    serde_json::from_value(body.clone())
        .map_err(|_| ClientError::Incomplete("an invite as this program knows it"))
}

/// Invites somebody and gives one's own random bytes.
pub(super) async fn invite(desk: &mut Desk, username: &str, wish: &Wish) -> Result<Invite, ClientError> {
    let body = wish.body(json!({"username": username}));
    let answer = desk.session.post("/api/v1/games/invites", body).await?;
    own(desk, &answer.body).await
}

/// How asking for a rematch went.
pub(super) enum Rematch {
    /// A program is always ready.
    Begun(String),
    /// A person has to answer.
    Asked(Box<Invite>),
}

/// Asks for the same game again.
pub(super) async fn rematch(desk: &mut Desk, game: &str) -> Result<Rematch, ClientError> {
    let answer = desk.session.post(&format!("/api/v1/games/{game}/rematch"), json!({})).await?;
    let invite = read(&answer.body)?;
    if invite.is_incoming() {
        return accept(desk, &invite).await.map(Rematch::Begun);
    }
    own(desk, &answer.body).await.map(|invite| Rematch::Asked(Box::new(invite)))
}

async fn own(desk: &mut Desk, body: &Value) -> Result<Invite, ClientError> {
    let invite = read(body)?;
    desk.remember_commitment(&invite.game_id, &invite.commitment);
    let entropy = desk.fresh_entropy(&invite.game_id);
    let path = format!("/api/v1/games/invites/{}/entropy", invite.id);
    match desk.session.put(&path, json!({"entropy": entropy})).await {
        // It was accepted faster than that, and the game began without these bytes.
        Err(ClientError::Refused { code, .. }) if code == "invite_accepted" => {
            desk.forget_entropy(&invite.game_id);
            Ok(invite)
        }
        given => given.map(|_| invite),
    }
}

/// Accepts an invite with fresh random bytes and gives the game.
pub(super) async fn accept(desk: &mut Desk, invite: &Invite) -> Result<String, ClientError> {
    desk.remember_commitment(&invite.game_id, &invite.commitment);
    let entropy = desk.fresh_entropy(&invite.game_id);
    let path = format!("/api/v1/games/invites/{}/accept", invite.id);
    desk.session.post(&path, json!({"entropy": entropy})).await?.text_at("/game_id")
}

/// Asks for an opponent that is a program, and accepts its invite.
pub(super) async fn practice(desk: &mut Desk, strength: &str, wish: &Wish) -> Result<String, ClientError> {
    let body = wish.body(json!({"strength": strength}));
    let answer = desk.session.post("/api/v1/games/practice", body).await?;
    let invite = read(&answer.body)?;
    accept(desk, &invite).await
}

/// The invites that can still be accepted, newest first.
pub(super) async fn open(desk: &Desk, direction: &str) -> Result<Vec<Invite>, ClientError> {
    let path = format!("/api/v1/games/invites?direction={direction}&open=true&limit=20");
    let answer = desk.session.get(&path).await?;
    answer.body.get("items").and_then(Value::as_array).into_iter().flatten().map(read).collect()
}

/// How waiting for an answer ended.
pub(super) enum Answer {
    /// The game began.
    Begun(String),
    /// There will be no game.
    None,
    /// The person wants to leave.
    Left,
}

impl Answer {
    /// What comes next; nothing if that is for the person to say.
    pub(super) fn next(self) -> Option<Next> {
        match self {
            Self::Begun(game) => Some(Next::Game(game)),
            Self::None => None,
            Self::Left => Some(Next::Quit),
        }
    }
}

/// Waits until somebody answers an invite of one's own.
pub(super) async fn await_answer(desk: &mut Desk, invite: &Invite) -> Result<Answer, CliError> {
    let rules = rules_line(&invite.rule_set.rules());
    desk.terminal.say(format_args!(
        "  Invited {} to {rules}. Waiting for the answer; c takes the invite back.",
        invite.other()
    ));
    desk.terminal.set_prompt("waiting");
    let (mut look, mut troubled) = (true, false);
    // The same person's invite to this one, if they have invited each other.
    let mut theirs = None;
    loop {
        if desk.terminal.is_over() {
            return Ok(stays(desk));
        }
        if std::mem::take(&mut look) {
            match answered(desk, invite).await {
                Ok(Some(answer)) => return Ok(answer),
                Ok(None) => troubled = false,
                Err(CliError::Client(error)) if error.passes() => {
                    if !std::mem::replace(&mut troubled, true) {
                        desk.terminal.say("  The server does not answer now; trying on ...");
                    }
                }
                Err(error) => return Err(error),
            }
        }
        desk.terminal.show_prompt();
        let typed = desk.terminal.typed;
        tokio::select! {
            news = desk.link.next() => {
                desk.hear_time(&news);
                match news {
                    News::Notice(notice) => match Tiding::of(&notice) {
                        Tiding::Began(game) if game != invite.game_id => {
                            let running = lobby::is_running(desk, &game).await;
                            if passing(desk, running)? == Some(true) {
                                desk.terminal.say("  Another game of yours has begun. Your invite stays open.");
                                return Ok(Answer::Begun(game));
                            }
                        }
                        Tiding::Invited { .. } => {
                            let incoming = incoming(desk, invite).await;
                            theirs = passing(desk, incoming)?.flatten();
                        }
                        Tiding::Began(_) | Tiding::Other => {
                            look = notice.get("invite_id").and_then(Value::as_str) == Some(&invite.id);
                        }
                    },
                    News::Back => look = true,
                    News::Over(why) => return Err(CliError::Failed(why)),
                    _ => {}
                }
            }
            line = desk.terminal.line(), if typed => match line.as_deref().map(str::trim) {
                Some("c" | "cancel") => {
                    if take_back(desk, invite).await? {
                        return Ok(Answer::None);
                    }
                    look = true;
                }
                Some("a" | "accept") if theirs.is_some() => {
                    let accepted = accept_instead(desk, invite, theirs.take()).await?;
                    if let Some(game) = accepted {
                        return Ok(Answer::Begun(game));
                    }
                    look = true;
                }
                None | Some("q" | "quit") => return Ok(stays(desk)),
                _ => desk.terminal.say("  c takes the invite back, q leaves it open and quits."),
            },
            () = desk.interrupt.pressed() => return Ok(stays(desk)),
            () = sleep(AGAIN), if troubled || !typed => look = troubled,
        }
    }
}

fn stays(desk: &mut Desk) -> Answer {
    desk.terminal.end_line();
    desk.terminal.say("  Your invite stays open: a game may begin of it while you are away.");
    Answer::Left
}

/// Looks whether whom one has invited has invited one, too, and says whatever has come.
async fn incoming(desk: &mut Desk, invite: &Invite) -> Result<Option<Invite>, CliError> {
    let open = ask(open(desk, "incoming")).await?;
    let same = |theirs: &Invite| theirs.creator.account_id == invite.invitee.account_id;
    let theirs = open.into_iter().find(same);
    let words = theirs.as_ref().map_or_else(
        || "  (Somebody else invites you to a game: c or q, and it is in the list.)".to_owned(),
        |theirs| {
            let rules = rules_line(&theirs.rule_set.rules());
            format!("  {} invites you, too, to {rules}: a accepts that instead.", theirs.other())
        },
    );
    desk.terminal.say(words);
    Ok(theirs)
}

/// Accepts the other's invite, and takes one's own back.
async fn accept_instead(
    desk: &mut Desk,
    invite: &Invite,
    theirs: Option<Invite>,
) -> Result<Option<String>, CliError> {
    let Some(theirs) = theirs else { return Ok(None) };
    let accepted = accept(desk, &theirs).await;
    let accepted = told(desk, accepted)?;
    if accepted.is_some() {
        take_back(desk, invite).await?;
    }
    Ok(accepted)
}

async fn answered(desk: &mut Desk, invite: &Invite) -> Result<Option<Answer>, CliError> {
    let answer = ask(desk.session.get(&format!("/api/v1/games/invites/{}", invite.id))).await?;
    let now = read(&answer.body)?;
    let why = match (now.state.as_str(), now.reason.as_deref()) {
        ("pending", _) => return Ok(None),
        ("accepted", _) => return Ok(Some(Answer::Begun(now.game_id))),
        ("declined", Some("not_now")) => format!("{} cannot play now.", invite.other()),
        ("declined", Some("other_rules")) => format!("{} would like other rules.", invite.other()),
        ("declined", Some("other_clock")) => format!("{} would like another clock.", invite.other()),
        ("declined", _) => format!("{} does not want to play.", invite.other()),
        ("expired", _) => "Nobody answered in time.".to_owned(),
        _ => "The invite was taken back.".to_owned(),
    };
    desk.terminal.say(format_args!("  {why}"));
    Ok(Some(Answer::None))
}

/// Whether the invite is taken back now; it may have been accepted at the same moment.
async fn take_back(desk: &mut Desk, invite: &Invite) -> Result<bool, CliError> {
    let path = format!("/api/v1/games/invites/{}/cancel", invite.id);
    let cancelled = desk.session.post(&path, json!({})).await;
    let taken = told(desk, cancelled)?.is_some();
    if taken {
        desk.terminal.say("  The invite is taken back.");
    }
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_is_said_in_words_and_asked_for_as_the_api_takes_it() {
        let wish = Wish::read("quick best_of(3) deal=4 must_play=true counter=cross".split(' ')).unwrap();
        assert_eq!(
            wish.body(json!({"username": "ben"})),
            json!({
                "username": "ben",
                "rule_set": {"name": "quick", "toggles": {"deal": 4, "must_play": true, "counter": "cross"}},
                "match": "best_of(3)",
            })
        );
        let plain = Wish::read(std::iter::empty()).unwrap().body(json!({}));
        assert_eq!(plain, json!({"rule_set": "naija_classic"}));
        assert!(Wish::read("bridge".split(' ')).unwrap_err().contains("naija_classic"));
    }
}
