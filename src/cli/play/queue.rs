//! The open queue at the terminal: waiting for a stranger, answering what is offered, and going back.
//!
//! The server's view decides. Notices only say when to look and why something ended, so a lost one costs seconds.

mod place;

use std::time::Duration;

use kernel::Timestamp;
use serde_json::{Value, json};
use tokio::time::{MissedTickBehavior, interval};

use super::super::CliError;
use super::desk::Desk;
use super::invites::{Answer, Wish, refusal, told};
use super::link::News;
use super::ratings;
use super::session::ask;
use super::words::{seconds, until};
use crate::client::ClientError;
use place::{Offer, Pairing, QUEUE, Said, View, Waiting, Yes, read};

/// How often one's place is looked at even if nothing is heard; a look is a sign of life, too.
const LOOK: Duration = Duration::from_secs(5);
/// How often somebody who waits hears how far the search has widened.
const REMIND: Duration = Duration::from_secs(30);

/// What may be typed while one waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Nothing,
    Back,
    Quit,
    Yes,
    No,
    Other,
}

impl Word {
    fn read(line: &str) -> Self {
        match line.trim() {
            "" => Self::Nothing,
            "c" | "cancel" | "b" | "back" | "leave" => Self::Back,
            "q" | "quit" | "exit" => Self::Quit,
            "y" | "yes" | "a" | "accept" => Self::Yes,
            "n" | "no" | "decline" => Self::No,
            _ => Self::Other,
        }
    }
}

/// One's place in the queue, while one stays in it.
struct Queue<'a> {
    desk: &'a mut Desk,
    offer: Option<Offer>,
    /// A script's answer that was there before anything was asked.
    early: Option<Word>,
    /// Why the offer or one's place ended, if that was told.
    why: Option<String>,
    /// How far the search went when that was said last, and when.
    said: (Option<u32>, Timestamp),
    answers: bool,
}

/// Joins the queue and stays until there is a game, or one goes back.
pub(super) async fn wait(desk: &mut Desk, wish: &Wish) -> Result<Answer, CliError> {
    let joined = ask(desk.session.post(QUEUE, wish.body(json!({})))).await;
    if matches!(&joined, Err(ClientError::Refused { code, .. }) if code == "already_queued") {
        say_what_else(desk).await?;
        return Ok(Answer::None);
    }
    let Some(joined) = told(desk, joined)? else { return Ok(Answer::None) };
    let view = read(&joined.body)?;
    let now = desk.now();
    let mut queue = Queue { desk, offer: None, early: None, why: None, said: (None, now), answers: true };
    if let Some(waiting) = &view.waiting {
        queue.say_begin(waiting);
    }
    let stayed = queue.stay(view).await;
    if stayed.is_err() {
        // Whoever goes on no further shall not be offered to anybody.
        let _ = ask(queue.desk.session.delete(QUEUE)).await;
    }
    stayed
}

/// Gives up a place that was taken elsewhere or earlier.
pub(super) async fn leave(desk: &mut Desk) -> Result<(), CliError> {
    let left = ask(desk.session.delete(QUEUE)).await;
    if told(desk, left)?.is_some() {
        desk.terminal.say("  You are not in the queue any more.");
    }
    Ok(())
}

/// One waits for something else already: perhaps in an app, perhaps since an earlier sitting.
async fn say_what_else(desk: &mut Desk) -> Result<(), CliError> {
    let view = read(&ask(desk.session.get(QUEUE)).await?.body)?;
    let what = view.waiting.map_or_else(String::new, |waiting| format!(": {}", waiting.words()));
    desk.terminal.say(format_args!(
        "  You are in the queue for something else already{what}. queue leave gives that place up; then ask again."
    ));
    Ok(())
}

impl Queue<'_> {
    async fn stay(&mut self, first: View) -> Result<Answer, CliError> {
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        looks.reset();
        let mut step = self.see(first).await?;
        loop {
            if let Some(answer) = step {
                return Ok(answer);
            }
            if let Some(word) = self.early.take_if(|_| self.offer.as_ref().is_some_and(Offer::is_open)) {
                step = self.act(word).await?;
                continue;
            }
            self.show_prompt();
            let listening = self.listens();
            step = tokio::select! {
                news = self.desk.link.next() => self.take(news).await?,
                line = self.desk.terminal.line(), if listening => match line {
                    Some(line) => self.act(Word::read(&line)).await?,
                    None => Some(self.go(Answer::Left).await?),
                },
                _ = looks.tick() => self.look().await?,
                () = self.desk.interrupt.pressed() => Some(self.go(Answer::Left).await?),
            };
        }
    }

    /// Somebody who types is always heard; of a script only what concerns the queue is read, the rest is for the table.
    fn listens(&self) -> bool {
        self.desk.terminal.typed || (self.early.is_none() && self.offer.as_ref().is_none_or(Offer::is_open))
    }

    fn show_prompt(&mut self) {
        let prompt = match &self.offer {
            Some(offer) if offer.is_open() => "y or n",
            _ => "waiting",
        };
        self.desk.terminal.set_prompt(prompt);
        self.desk.terminal.show_prompt();
    }

    fn say(&mut self, words: impl std::fmt::Display) {
        self.desk.terminal.say(format_args!("  {words}"));
    }

    fn say_begin(&mut self, waiting: &Waiting) {
        let who = match waiting.width {
            Some(width) => format!(
                "and whose rating is within {width} points of yours ({}).\n  That grows by 50 points every 10 s, and \
                 after 2 minutes anybody will do.",
                waiting.rating
            ),
            None => "whatever the rating is.".to_owned(),
        };
        self.said = (waiting.width, self.desk.now());
        let what = waiting.words();
        self.say(format_args!(
            "In the queue for {what}: waiting for somebody who wants the very same\n  {who} An empty line or cancel \
             leaves the queue."
        ));
    }

    /// How far the search has widened, now and then.
    fn remind(&mut self, waiting: &Waiting) {
        let (width, now) = (waiting.width, self.desk.now());
        let (said, at) = self.said;
        if width == said || (width.is_some() && now.since(at) < REMIND) {
            return;
        }
        self.said = (width, now);
        let waited = seconds(now.since(waiting.since));
        match width {
            Some(width) => self.say(format_args!(
                "Still waiting after {waited}: a rating within {width} points of yours will do by now."
            )),
            None => self.say(format_args!(
                "Still waiting after {waited}: anybody who wants the same game will do now."
            )),
        }
    }

    async fn take(&mut self, news: News) -> Result<Option<Answer>, CliError> {
        self.desk.hear_time(&news);
        match news {
            News::Notice(notice) => self.notice(&notice).await,
            News::Lost(why) => {
                self.say(format_args!(
                    "Connection lost: {why}. Your place is kept for a minute; trying to come back ..."
                ));
                Ok(None)
            }
            News::Back => {
                self.say("The connection is back.");
                self.look().await
            }
            News::Over(why) => Err(CliError::Failed(why)),
            _ => Ok(None),
        }
    }

    async fn notice(&mut self, notice: &Value) -> Result<Option<Answer>, CliError> {
        let text = |member: &str| notice.get(member).and_then(Value::as_str).unwrap_or_default();
        let pairing = self.offer.as_ref().map(|offer| &offer.pairing);
        match text("kind") {
            "game_started" if pairing.is_some_and(|pairing| pairing.game_id == text("game_id")) => {
                return Ok(Some(Answer::Begun(text("game_id").to_owned())));
            }
            "game_started" => {
                self.say("(Another game of yours has begun: it waits where your games are listed.)");
            }
            "game_invited" => {
                self.say("(Somebody invites you to a game: it waits where your games are listed.)");
            }
            "game_pairing_offered" => return self.look().await,
            "game_pairing_ended" if pairing.is_some_and(|pairing| pairing.id == text("pairing_id")) => {
                self.why = Some(text("reason").to_owned());
                return self.look().await;
            }
            "game_queue_left" => {
                self.why = Some(text("reason").to_owned());
                return self.look().await;
            }
            _ => {}
        }
        Ok(None)
    }

    async fn look(&mut self) -> Result<Option<Answer>, CliError> {
        match ask(self.desk.session.get(QUEUE)).await {
            Ok(answer) => {
                self.answers = true;
                self.see(read(&answer.body)?).await
            }
            Err(error) => self.trouble(error),
        }
    }

    /// What may pass is waited for; anything else ends the waiting.
    fn trouble(&mut self, error: ClientError) -> Result<Option<Answer>, CliError> {
        if error.passes() {
            if std::mem::replace(&mut self.answers, false) {
                self.say("The server does not answer now; trying on ...");
            }
            return Ok(None);
        }
        match refusal(&error) {
            Some(words) => {
                self.say(words);
                Ok(Some(Answer::None))
            }
            None => Err(error.into()),
        }
    }

    /// Takes note of what the server shows.
    async fn see(&mut self, view: View) -> Result<Option<Answer>, CliError> {
        let View { waiting, pairing } = view;
        if let Some(known) = &mut self.offer {
            if let Some(pairing) = pairing.as_ref().filter(|pairing| pairing.id == known.pairing.id) {
                if pairing.accepted && known.is_open() {
                    // In an app of the same person.
                    known.said = Said::Yes(None);
                } else if !pairing.accepted && !known.is_open() {
                    // The yes did not arrive.
                    return Ok(match self.yes().await? {
                        Yes::Begun(game) => Some(Answer::Begun(game)),
                        _ => None,
                    });
                }
                return Ok(None);
            }
            match self.ended().await? {
                Yes::Begun(game) => return Ok(Some(Answer::Begun(game))),
                Yes::Unknown => return Ok(None),
                Yes::Half => return self.show(pairing, waiting).await,
                Yes::Over(reason) => self.say_ended(reason, waiting.is_some()),
            }
            if waiting.is_none() {
                return Ok(Some(Answer::None));
            }
        }
        self.show(pairing, waiting).await
    }

    /// How the known offer ended: by what was told, or by saying the same yes again, which changes nothing any more.
    async fn ended(&mut self) -> Result<Yes, CliError> {
        let open = self.offer.as_ref().is_none_or(Offer::is_open);
        if !open {
            return self.yes().await;
        }
        Ok(Yes::Over(match self.why.as_deref() {
            Some("declined") => Some("declined"),
            Some("expired") => Some("expired"),
            Some("not_available") => Some("not_available"),
            _ => None,
        }))
    }

    /// An offer is over; whoever waits on keeps the time already waited.
    fn say_ended(&mut self, reason: Option<&str>, waits: bool) {
        self.why = None;
        let Some(offer) = self.offer.take() else { return };
        let other = offer.pairing.opponent.name();
        let why = match (reason, waits) {
            (Some("declined"), true) => format!("{other} does not want to play now."),
            (Some("declined"), false) => "You declined.".to_owned(),
            (Some("expired"), true) => format!("{other} did not answer in time."),
            (Some("expired"), false) => "You did not answer in time.".to_owned(),
            (Some("not_available"), _) => format!("A game with {other} is not possible any more."),
            _ => "The offer is over.".to_owned(),
        };
        let place = if waits {
            "You wait on, with the time already waited."
        } else {
            "You have left the queue by it; queue joins it again."
        };
        self.say(format_args!("{why} {place}"));
    }

    /// A new offer, or how the waiting goes on, or that it does not.
    async fn show(
        &mut self,
        pairing: Option<Pairing>,
        waiting: Option<Waiting>,
    ) -> Result<Option<Answer>, CliError> {
        match (pairing, waiting) {
            (Some(pairing), waiting) => self.say_offer(pairing, waiting.as_ref()).await,
            (None, Some(waiting)) => self.remind(&waiting),
            (None, None) => {
                self.say(match self.why.as_deref() {
                    Some("gone") => {
                        "You have lost your place: the server heard nothing of you for a minute. queue joins again."
                    }
                    Some("not_available") => "You have lost your place: you may not play now.",
                    _ => {
                        "You are not in the queue any more: it was left elsewhere, or the server heard nothing of \
                         you for a minute."
                    }
                });
                return Ok(Some(Answer::None));
            }
        }
        Ok(None)
    }

    async fn say_offer(&mut self, pairing: Pairing, waiting: Option<&Waiting>) {
        self.why = None;
        self.desk.remember_commitment(&pairing.game_id, &pairing.commitment);
        let family = waiting.map_or("", |waiting| waiting.rule_set.name.as_str());
        let rating = match &pairing.opponent.account_id {
            Some(account) => ratings::of_other(self.desk, account, family).await,
            None => None,
        };
        let rating = rating.map_or_else(String::new, |rating| format!(" ({rating})"));
        let (other, left) = (pairing.opponent.name(), until(pairing.expires_at, self.desk.now()));
        let what = waiting.map_or_else(String::new, |waiting| format!(" for {}", waiting.words()));
        self.say(format_args!(
            "Somebody is found: {other}{rating}{what}.\n  y accepts, n declines and leaves the queue; {left} s to \
             answer."
        ));
        let said = if pairing.accepted { Said::Yes(None) } else { Said::Nothing };
        self.offer = Some(Offer { pairing, said });
    }

    async fn act(&mut self, word: Word) -> Result<Option<Answer>, CliError> {
        let open = self.offer.as_ref().map(Offer::is_open);
        match (word, open) {
            (Word::Quit, _) => return self.go(Answer::Left).await.map(Some),
            (Word::Back, _) | (Word::Nothing, None) => return self.go(Answer::None).await.map(Some),
            (Word::Yes, Some(true)) => return self.accept().await,
            (Word::No, Some(true)) => return self.decline().await,
            (Word::Yes | Word::No, None) if !self.desk.terminal.typed => self.early = Some(word),
            (_, Some(true)) => self.say("y accepts, n declines; cancel leaves the queue."),
            (_, Some(false)) => self.say("You have accepted; cancel takes that back and leaves the queue."),
            (_, None) => self.say("Nobody is found yet. An empty line or cancel leaves the queue."),
        }
        Ok(None)
    }

    async fn accept(&mut self) -> Result<Option<Answer>, CliError> {
        let Some(offer) = &mut self.offer else { return Ok(None) };
        offer.said = Said::Yes(Some(self.desk.fresh_entropy(&offer.pairing.game_id)));
        let (other, until_when) = (offer.pairing.opponent.name(), offer.pairing.expires_at);
        match self.yes().await? {
            Yes::Begun(game) => Ok(Some(Answer::Begun(game))),
            Yes::Half => {
                let left = until(until_when, self.desk.now());
                self.say(format_args!("Accepted. Waiting for the answer of {other}, {left} s at most."));
                Ok(None)
            }
            Yes::Over(_) => self.look().await,
            Yes::Unknown => {
                self.say("The server does not answer; it is told again.");
                Ok(None)
            }
        }
    }

    async fn yes(&self) -> Result<Yes, CliError> {
        match &self.offer {
            Some(offer) => Ok(place::yes(&self.desk.session, offer).await?),
            None => Ok(Yes::Unknown),
        }
    }

    async fn decline(&mut self) -> Result<Option<Answer>, CliError> {
        let Some(offer) = &self.offer else { return Ok(None) };
        let path = format!("/api/v1/games/pairings/{}/decline", offer.pairing.id);
        match ask(self.desk.session.post(&path, json!({}))).await {
            Ok(_) => {
                self.say_ended(Some("declined"), false);
                Ok(Some(Answer::None))
            }
            // It is over already; the next look says how.
            Err(ClientError::Refused { status: 404 | 409, .. }) => self.look().await,
            Err(error) => self.trouble(error),
        }
    }

    /// Leaves the queue; what is on offer is declined by it.
    async fn go(&mut self, answer: Answer) -> Result<Answer, CliError> {
        self.desk.terminal.end_line();
        match ask(self.desk.session.delete(QUEUE)).await {
            Ok(_) => {}
            Err(error) if error.passes() => {
                self.say(
                    "The server cannot be told now: you drop out of the queue by yourself within a minute and a half.",
                );
                return Ok(answer);
            }
            Err(error) => return Err(error.into()),
        }
        // The other's yes may have been faster, and then there is a game.
        let Yes::Begun(begun) = self.yes().await? else {
            self.say("You have left the queue.");
            return Ok(answer);
        };
        if matches!(answer, Answer::Left) {
            self.say(format_args!(
                "The game had begun already and its clock runs. Come back with: whot play --game {begun}"
            ));
            return Ok(answer);
        }
        self.say("Too late: the other has accepted, and the game has begun.");
        Ok(Answer::Begun(begun))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn going_back_and_answering_have_the_words_one_would_try() {
        for (line, word) in [
            ("", Word::Nothing),
            ("  cancel ", Word::Back),
            ("leave", Word::Back),
            ("q", Word::Quit),
            ("y", Word::Yes),
            ("accept", Word::Yes),
            ("decline", Word::No),
            ("hello", Word::Other),
        ] {
            assert_eq!(Word::read(line), word, "{line:?}");
        }
    }
}
