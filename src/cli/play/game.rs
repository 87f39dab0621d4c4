//! Sitting at one table: what happens is told, what is typed is sent, until the match is over or one leaves.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

use game_engine::{Card, MatchRule};
use kernel::Timestamp;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::super::CliError;
use super::super::plain::plain;
use super::desk::Desk;
use super::lesson::lesson;
use super::link::News;
use super::picture::{sheet, table};
use super::session::ask;
use super::sight::{Sight, of};
use super::tidings::Tiding;
use super::typed::{Answer, HELP, Typed, read, read_answer};
use super::warnings::Warnings;
use super::wire::{Event, Kind, Round, Snapshot, What, play_form};
use super::words::{line, outcome_words, rules_line, until};
use crate::client::ClientError;

/// Events of one command come one after the other: the table is drawn when nothing more came for so long.
const QUIET: Duration = Duration::from_millis(40);
/// What a move takes at most on a good day: what is typed meanwhile waits for its answer.
const MOMENT: Duration = Duration::from_secs(2);
/// When it is said, once, that a move has no answer: the clock of the table ticks each second.
const SILENCE: Range<Duration> = Duration::from_secs(3)..Duration::from_secs(4);
/// Lines that `log` shows.
const LOG: usize = 12;

/// How one got up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Left {
    /// The match is over.
    Over,
    /// Before its end, and out of the program.
    Early,
    /// Before its end, to see what else there is.
    Lobby,
    /// The game is not open to this player, for this reason.
    Shut(String),
}

/// What the next line is an answer to.
enum Asking {
    Move,
    Shape(Vec<Card>),
    Resign,
}

/// One game at one terminal.
struct Game<'a> {
    desk: &'a mut Desk,
    id: &'a str,
    sight: Option<Sight>,
    /// The last event that was applied.
    seq: u64,
    asking: Asking,
    rounds: Vec<Round>,
    log: VecDeque<String>,
    connected: bool,
    /// Since when a command is on its way.
    sent: Option<Timestamp>,
    /// The round whose table was drawn last.
    shown: u32,
    /// Something happened since the table was drawn.
    stirred: bool,
    warnings: Warnings,
}

/// Sits down at a game, plays, and says how one got up.
pub(super) async fn play(desk: &mut Desk, id: &str) -> Result<Left, CliError> {
    desk.link.follow(id).await;
    let mut game = Game {
        desk,
        id,
        sight: None,
        seq: 0,
        asking: Asking::Move,
        rounds: Vec::new(),
        log: VecDeque::new(),
        connected: true,
        sent: None,
        shown: 0,
        stirred: false,
        warnings: Warnings::default(),
    };
    let left = game.sit().await;
    game.desk.link.leave().await;
    left
}

impl Game<'_> {
    async fn sit(&mut self) -> Result<Left, CliError> {
        loop {
            let (stirred, listening) = (self.stirred, self.listens());
            if !stirred && self.sent.is_none() && self.sight.is_some() && self.desk.terminal.is_over() {
                return Ok(self.leave());
            }
            tokio::select! {
                biased;
                news = self.desk.link.next() => {
                    if let Some(left) = self.take(news).await? {
                        return Ok(left);
                    }
                }
                () = sleep(QUIET), if stirred => {
                    self.stirred = false;
                    if self.settle() {
                        return Ok(Left::Over);
                    }
                }
                line = self.desk.terminal.line(), if listening => match line {
                    Some(line) => match self.typed(&line).await? {
                        Some(Typed::Quit) => return Ok(self.leave()),
                        Some(_) => return Ok(Left::Lobby),
                        None => {}
                    },
                    None => return Ok(self.leave()),
                },
                () = self.desk.interrupt.pressed() => return Ok(self.leave()),
                () = sleep(Duration::from_secs(1)), if !stirred => self.tick(),
            }
        }
    }

    /// Somebody who types is heard, but for the moment that a move takes; a script's lines wait until there is something
    /// to do.
    fn listens(&self) -> bool {
        let may = self.sight.as_ref().is_some_and(|sight| !sight.legal.is_empty());
        if self.desk.terminal.typed {
            !self.connected || self.waited().is_none_or(|waited| waited >= MOMENT)
        } else {
            may && self.sent.is_none() && !self.stirred
        }
    }

    /// How long a move has waited for its answer.
    fn waited(&self) -> Option<Duration> {
        self.sent.map(|sent| self.desk.session.now().since(sent))
    }

    /// Takes note of what happened; says so if one has to get up by it.
    async fn take(&mut self, news: News) -> Result<Option<Left>, CliError> {
        self.desk.hear_time(&news);
        match news {
            News::Snapshot(seq, data) => self.snapshot(seq, data).await?,
            News::Event(seq, data) => self.event(seq, data)?,
            News::Done => self.sent = None,
            News::Refused(code) => self.refused(&code),
            News::Shut(code) => return Ok(Some(Left::Shut(self.shut(&code)))),
            News::Lost(why) => {
                self.connected = false;
                self.say_lost(&why);
            }
            News::Back => {
                (self.connected, self.stirred) = (true, true);
                self.desk.terminal.say("  The connection is back; nothing was missed.");
            }
            News::Over(why) => return Err(CliError::Failed(why)),
            News::Notice(notice) => self.notice(&notice),
            News::Ahead(_) => {}
        }
        Ok(None)
    }

    async fn snapshot(&mut self, seq: u64, data: Value) -> Result<(), CliError> {
        let snapshot: Snapshot = serde_json::from_value(data).map_err(|_| unknown())?;
        let first = self.sight.is_none();
        let sight = Sight::of(snapshot);
        self.desk.remember_commitment(self.id, &sight.fairness.commitment);
        if first {
            self.desk.terminal.say(format_args!(
                "\n  You sit down with {}: {}.   (? helps, q leaves)",
                sight.opponent(),
                rules_line(&sight.rules)
            ));
        }
        if sight.round > 1 {
            self.fetch_rounds().await?;
        }
        (self.seq, self.sight, self.stirred) = (seq, Some(sight), true);
        Ok(())
    }

    /// The rounds that were finished before one sat down. The game goes on without them where they cannot be had.
    async fn fetch_rounds(&mut self) -> Result<(), CliError> {
        let asked = ask(self.desk.session.get(&format!("/api/v1/games/{}/rounds?limit=100", self.id))).await;
        if asked.as_ref().is_err_and(ClientError::passes) {
            self.desk.terminal.say("  Earlier rounds cannot be shown now: s tries again.");
            return Ok(());
        }
        let items = asked?.body.get("items").cloned().unwrap_or_default();
        self.rounds = serde_json::from_value(items).map_err(|_| unknown())?;
        Ok(())
    }

    fn event(&mut self, seq: u64, data: Option<Value>) -> Result<(), CliError> {
        self.seq = seq;
        let (Some(data), Some(sight)) = (data, &mut self.sight) else { return Ok(()) };
        let event: Event = serde_json::from_value(data).map_err(|_| unknown())?;
        sight.apply(&event);
        self.warnings = Warnings::default();
        self.stirred = true;
        if let Kind::RoundEnded { result } = &event.kind
            && self.rounds.last().is_none_or(|last| last.number < result.number)
        {
            self.rounds.push(result.clone());
        }
        let ink = self.desk.terminal.ink;
        if let Some(words) = line(&event.kind, sight, ink) {
            self.desk.terminal.say(format_args!("  {words}"));
            self.log.push_back(words);
            if self.log.len() > LOG {
                self.log.pop_front();
            }
        }
        if matches!(event.kind, Kind::RoundEnded { .. }) {
            self.say_sheet();
        }
        Ok(())
    }

    /// The score sheet, where there is more than one round.
    fn say_sheet(&mut self) {
        let Some(sight) = self.sight.as_ref() else { return };
        if sight.rules.match_ != MatchRule::Single {
            let sheet = sheet(sight, &self.rounds, self.desk.terminal.ink);
            self.desk.terminal.say(format_args!("\n{sheet}\n"));
        }
    }

    fn refused(&mut self, code: &str) {
        self.sent = None;
        self.stirred = true;
        let words = match code {
            "stale_base" => "Something happened meanwhile; look again.".to_owned(),
            "game_over" => "The match is over.".to_owned(),
            "not_your_turn" => "It is not your turn any more.".to_owned(),
            other => format!("Refused: {}.", plain(&other.replace('_', " "))),
        };
        self.desk.terminal.say(format_args!("  {words}"));
    }

    /// Why the game is not open.
    fn shut(&mut self, code: &str) -> String {
        self.desk.terminal.end_line();
        let any_more = if self.sight.is_some() { " any more" } else { "" };
        format!(
            "The game {} is not open to you{any_more} ({}).",
            plain(self.id),
            plain(&code.replace('_', " "))
        )
    }

    fn notice(&mut self, notice: &Value) {
        let words = match Tiding::of(notice) {
            Tiding::Began(game) if game != self.id => {
                "  (Another game of yours has begun, and its clock may run: l leads to it, this game goes on.)"
            }
            Tiding::Invited { .. } => "  (Somebody invites you to a game: l leads to it, this game goes on.)",
            Tiding::Began(_) | Tiding::Other => return,
        };
        self.desk.terminal.say(words);
        self.desk.terminal.show_prompt();
    }

    /// An honest word about what a lost connection costs.
    fn say_lost(&mut self, why: &str) {
        let Some(sight) = self.sight.as_ref() else { return };
        let clock = sight.rules.clock;
        let cost = match sight.my_turn_due() {
            Some(due) if sight.outcome.is_none() => format!(
                "It is your turn and your clock runs for {} s more: then {}, and {} s away with the turn {}.",
                until(due, self.desk.now()),
                Self::at_zero(sight),
                clock.away_s,
                "forfeits the match"
            ),
            _ => format!(
                "It is not your turn. Once it is, your clock runs although you are away ({} s and your reserve), and \
                 {} s away with the turn forfeit the match.",
                clock.turn_s, clock.away_s
            ),
        };
        self.desk
            .terminal
            .say(format_args!("  Connection lost: {why}. {cost}\n  Trying to come back by itself ..."));
    }

    /// What the clock does at zero.
    fn at_zero(sight: &Sight) -> &'static str {
        let next = sight.run_outs.get(sight.me).saturating_add(1);
        if next >= sight.rules.clock.run_outs { "the match is lost" } else { "the server draws for you" }
    }

    /// Draws the table when one may act; whether the match is over.
    fn settle(&mut self) -> bool {
        let Some(sight) = self.sight.as_ref() else { return false };
        if sight.outcome.is_some() {
            return true;
        }
        let acts = sight.my_turn() && !sight.legal.is_empty();
        let announces = sight.legal.iter().any(|legal| legal.what == What::Announce);
        let round = sight.round;
        if acts || matches!(self.asking, Asking::Shape(_)) {
            self.asking = Asking::Move;
        }
        if self.sent.is_none() {
            if acts || self.shown != round {
                self.say_table();
            }
            if !acts && !announces {
                let opponent = self.sight.as_ref().map_or("", Sight::opponent);
                let words = self.desk.terminal.ink.dim(&format!("  {opponent} is thinking ..."));
                self.desk.terminal.say(words);
            }
            self.shown = round;
        }
        let prompt = if acts { "you" } else { "..." };
        self.desk.terminal.set_prompt(prompt);
        self.desk.terminal.show_prompt();
        false
    }

    fn say_table(&mut self) {
        let Some(sight) = self.sight.as_ref() else { return };
        let drawn = table(sight, self.desk.now(), self.desk.terminal.ink);
        self.desk.terminal.say(format_args!("\n{drawn}"));
    }

    /// Once a second: what the clocks are about to do.
    fn tick(&mut self) {
        if self.waited().is_some_and(|waited| SILENCE.contains(&waited)) && self.connected {
            self.desk.terminal.say("  The server has not answered your last move yet ...");
            self.desk.terminal.show_prompt();
        }
        let Some(sight) = self.sight.as_ref().filter(|sight| sight.outcome.is_none()) else { return };
        let zero = Self::at_zero(sight);
        if let Some(words) = self.warnings.due(sight, self.desk.now(), zero) {
            self.desk.terminal.say(format_args!("  {words}"));
            self.desk.terminal.show_prompt();
        }
    }

    /// Deals with a line; says so if it leaves the table.
    async fn typed(&mut self, text: &str) -> Result<Option<Typed>, CliError> {
        let Some(sight) = self.sight.as_ref() else {
            return Ok(matches!(text.trim(), "q" | "quit").then_some(Typed::Quit));
        };
        let ink = self.desk.terminal.ink;
        let meant = match std::mem::replace(&mut self.asking, Asking::Move) {
            Asking::Resign if text.trim() == "yes" => Ok(Typed::Send(json!({"resign": {}}))),
            Asking::Resign => Err("You did not resign.".to_owned()),
            Asking::Shape(_) if matches!(text.trim(), "" | "b" | "back") => {
                Err("Then another card.".to_owned())
            }
            Asking::Shape(cards) => match read_answer(text, sight, ink) {
                Ok(Answer::Shape(shape)) => Ok(Typed::Send(play_form(&cards, Some(shape)))),
                Ok(Answer::Instead(typed)) => Ok(typed),
                Err(hint) => {
                    self.asking = Asking::Shape(cards);
                    Err(hint)
                }
            },
            Asking::Move => read(text, sight, ink),
        };
        match meant {
            Ok(typed @ (Typed::Quit | Typed::Lobby)) => return Ok(Some(typed)),
            Ok(typed) => self.act(typed).await?,
            Err(hint) => self.desk.terminal.say(format_args!("  {hint}")),
        }
        let prompt = match self.asking {
            Asking::Shape(_) => "shape",
            Asking::Move | Asking::Resign if self.sight.as_ref().is_some_and(Sight::my_turn) => "you",
            Asking::Move | Asking::Resign => "...",
        };
        self.desk.terminal.set_prompt(prompt);
        self.desk.terminal.show_prompt();
        Ok(None)
    }

    async fn act(&mut self, typed: Typed) -> Result<(), CliError> {
        match typed {
            Typed::Send(_) if self.sent.is_some() => {
                self.desk.terminal.say("  Your last move has no answer yet.");
            }
            Typed::Send(action) => {
                self.sent = Some(self.desk.session.now());
                self.desk.link.command(self.seq, action).await;
            }
            Typed::Shape(cards) => {
                self.asking = Asking::Shape(cards);
                self.desk
                    .terminal
                    .say("  Which shape? circle, triangle, cross, square or star (b: another card)");
            }
            Typed::Resign => {
                self.asking = Asking::Resign;
                self.desk.terminal.say("  Resigning gives the whole match away. Type yes to do it.");
            }
            Typed::Help => self.desk.terminal.say(HELP),
            Typed::Table => self.say_table(),
            Typed::Score => self.say_score().await?,
            Typed::Log if self.log.is_empty() => {
                self.desk.terminal.say("  Nothing has happened since you sat down.");
            }
            Typed::Log => {
                let log: Vec<String> = self.log.iter().map(|words| format!("  {words}")).collect();
                self.desk.terminal.say(log.join("\n"));
            }
            Typed::Rules => self.say_rules(),
            Typed::Nothing | Typed::Quit | Typed::Lobby => {}
        }
        Ok(())
    }

    async fn say_score(&mut self) -> Result<(), CliError> {
        let round = self.sight.as_ref().map_or(0, |sight| sight.round);
        if u32::try_from(self.rounds.len()).is_ok_and(|known| known + 1 < round) {
            self.fetch_rounds().await?;
        }
        let Some(sight) = self.sight.as_ref() else { return Ok(()) };
        let sheet = sheet(sight, &self.rounds, self.desk.terminal.ink);
        self.desk.terminal.say(sheet);
        Ok(())
    }

    /// How this game is played.
    fn say_rules(&mut self) {
        let Some(sight) = self.sight.as_ref() else { return };
        let words = format!("  {}\n{}", rules_line(&sight.rules), lesson(&sight.rules));
        self.desk.terminal.say(words);
    }

    /// Gets up before the end, and says what that means.
    fn leave(&mut self) -> Left {
        self.desk.terminal.end_line();
        let Some(sight) = self.sight.as_ref() else { return Left::Early };
        if let Some(outcome) = &sight.outcome {
            let words = outcome_words(outcome, sight);
            self.desk.terminal.say(format_args!("  {words}"));
            return Left::Over;
        }
        let clock = sight.rules.clock;
        let turn = match sight.my_turn_due() {
            Some(due) => {
                format!("it is your turn and your clock runs for {} s more", until(due, self.desk.now()))
            }
            None => format!(
                "your clock runs from when it is your turn ({} s and {} s of reserve)",
                clock.turn_s,
                of(&sight.clock.reserve_ms, sight.me) / 1000
            ),
        };
        self.desk.terminal.say(format_args!(
            "  You leave the table and the game goes on: {turn}; {} s away with the turn forfeit the match.\n  \
             Come back with: {} --game {}",
            clock.away_s, self.desk.command, self.id
        ));
        Left::Early
    }
}

fn unknown() -> CliError {
    CliError::Failed("the server's answer is none that this program knows; a newer one may".to_owned())
}
