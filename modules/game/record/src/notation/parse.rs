//! Reading notation, strictly: every error says where it is, and what is read has been played through the rules.

use std::fmt;

use game_engine::{BySeat, Outcome, RuleSet, Seat, WonBy};
use kernel::Timestamp;
use kernel::id::GameId;

use super::words::{read_command, read_seconds};
use super::{FORMAT, seat_on_turn};
use crate::record::Player;
use crate::shuffle::{Commitment, Entropy, Seed, Shuffle};
use crate::story::{Heading, Note, Story};
use crate::text::Bytes32;

/// It bounds what a text can cost. Rules can be set under which a match goes on for longer; its record tells it then.
const MOST_COMMANDS: usize = 100_000;

/// Why a text is no notation, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {what}")]
pub struct NotationError {
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
    /// What is wrong there.
    pub what: String,
}

/// A place in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    line: u32,
    column: u32,
}

impl Place {
    fn error(self, what: impl fmt::Display) -> NotationError {
        NotationError { line: self.line, column: self.column, what: what.to_string() }
    }
}

/// Reads a whole game.
///
/// # Errors
/// The first thing that is wrong: the header, a word that is none, a command that the rules refuse, or a result that is
/// not the one played.
pub fn parse(text: &str) -> Result<Story, NotationError> {
    let mut reader = Reader { rest: text, place: Place { line: 1, column: 1 } };
    let header = Header::read(&mut reader)?;
    let result = header.result;
    let refused = |refusal: game_engine::Refusal| result.1.error(refusal);
    let story = Story::begin(header.heading, header.began).map_err(refused)?;
    let mut body = Body { reader, story, at: header.began, rounds: 0, number: 1, commands: 0 };
    body.read()?;
    if body.story.outcome() == Some(result.0) {
        Ok(body.story)
    } else {
        Err(result.1.error("this is not the result of the commands below"))
    }
}

struct Reader<'a> {
    rest: &'a str,
    place: Place,
}

/// A piece of the body with its place.
#[derive(Clone, Copy)]
struct Token<'a> {
    place: Place,
    text: &'a str,
    is_note: bool,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let mut letters = self.rest.chars();
        let letter = letters.next()?;
        self.rest = letters.as_str();
        if letter == '\n' {
            self.place = Place { line: self.place.line.saturating_add(1), column: 1 };
        } else {
            self.place.column = self.place.column.saturating_add(1);
        }
        Some(letter)
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(is_space) {
            self.bump();
        }
    }

    /// Everything up to the first letter that ends it, which stays.
    fn until(&mut self, ends: impl Fn(char) -> bool) -> &'a str {
        let whole = self.rest;
        while self.peek().is_some_and(|letter| !ends(letter)) {
            self.bump();
        }
        whole.strip_suffix(self.rest).unwrap_or(whole)
    }

    fn expect(&mut self, wanted: char) -> Result<(), NotationError> {
        let place = self.place;
        match self.bump() {
            Some(letter) if letter == wanted => Ok(()),
            _ => Err(place.error(format_args!("`{wanted}` is missing"))),
        }
    }

    /// `[Name "value"]` with this name.
    fn tag(&mut self, wanted: &str) -> Result<(String, Place), NotationError> {
        self.skip_space();
        self.expect('[')?;
        let place = self.place;
        let name = self.until(|letter| !letter.is_ascii_alphanumeric());
        if name != wanted {
            return Err(place.error(format_args!("the tag `{wanted}` has to stand here")));
        }
        self.expect(' ')?;
        self.expect('"')?;
        let place = self.place;
        let value = self.quoted()?;
        self.expect(']')?;
        Ok((value, place))
    }

    /// The rest of a quoted text, its end included.
    fn quoted(&mut self) -> Result<String, NotationError> {
        let mut value = String::new();
        loop {
            let place = self.place;
            match self.bump() {
                Some('"') => return Ok(value),
                Some('\\') => match self.bump() {
                    Some(letter @ ('"' | '\\')) => value.push(letter),
                    _ => return Err(place.error("after a backslash only \" or \\ can stand")),
                },
                Some(letter) if !letter.is_control() => value.push(letter),
                _ => return Err(place.error("the text in quotes does not end on its line")),
            }
        }
    }

    /// Whether the next tag has this name.
    fn sees_tag(&mut self, name: &str) -> bool {
        self.skip_space();
        self.rest
            .strip_prefix('[')
            .and_then(|rest| rest.strip_prefix(name))
            .is_some_and(|r| r.starts_with(' '))
    }

    fn token(&mut self) -> Result<Option<Token<'a>>, NotationError> {
        self.skip_space();
        let place = self.place;
        match self.peek() {
            None => Ok(None),
            Some('{') => {
                self.bump();
                let text = self.until(|letter| letter == '}' || letter == '{');
                self.expect('}').map_err(|_| place.error("this comment does not end"))?;
                Ok(Some(Token { place, text, is_note: true }))
            }
            Some(_) => {
                let text = self.until(|letter| is_space(letter) || letter == '{');
                Ok(Some(Token { place, text, is_note: false }))
            }
        }
    }
}

fn is_space(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\r' | '\n')
}

struct Header {
    heading: Heading,
    began: Option<Timestamp>,
    result: (Outcome, Place),
}

impl Header {
    fn read(reader: &mut Reader<'_>) -> Result<Self, NotationError> {
        let (format, place) = reader.tag("Whot")?;
        if format != FORMAT {
            return Err(place.error(format_args!("this program reads {FORMAT}")));
        }
        let (game, place) = reader.tag("Game")?;
        let game: GameId = game.parse().map_err(|error| place.error(error))?;
        let players = BySeat::new(player(reader.tag("First")?)?, player(reader.tag("Second")?)?);
        let rules = rules(reader.tag("Rules")?)?;
        let (commitment, promised) = bytes(reader.tag("Commitment")?)?;
        let entropy =
            BySeat::new(entropy(reader.tag("FirstEntropy")?)?, entropy(reader.tag("SecondEntropy")?)?);
        let (seed, _) = bytes(reader.tag("Seed")?)?;
        let began = if reader.sees_tag("Began") { Some(instant(reader.tag("Began")?)?) } else { None };
        let result = outcome(reader.tag("Result")?)?;
        let shuffle =
            Shuffle { seed: Seed::new(seed), commitment: Commitment::from_bytes(commitment), entropy };
        let accounts = players.clone().map(|player| player.account);
        if Commitment::to(&shuffle.seed, game, &rules.canonical(), &accounts) != shuffle.commitment {
            return Err(
                promised.error("the seed, the game, the rules and the players do not fit this commitment")
            );
        }
        Ok(Self { heading: Heading { game, players, rules, shuffle }, began, result })
    }
}

fn player((text, place): (String, Place)) -> Result<Player, NotationError> {
    let (account, name) = match text.split_once(' ') {
        Some((account, name)) => (account, Some(name)),
        None => (text.as_str(), None),
    };
    let account = account.parse().map_err(|error| place.error(error))?;
    match name {
        Some("") => Err(place.error("a space, and no name after it")),
        name => Ok(Player { account, username: name.map(str::to_owned) }),
    }
}

fn rules((text, place): (String, Place)) -> Result<RuleSet, NotationError> {
    let preset = text.split_once('@').and_then(|(name, _)| RuleSet::preset(name));
    let rules = match preset.filter(|preset| preset.label() == text) {
        Some(preset) => preset,
        None => text.parse::<RuleSet>().map_err(|error| place.error(error))?,
    };
    rules.validate().map_err(|error| place.error(error))?;
    Ok(rules)
}

fn bytes((text, place): (String, Place)) -> Result<([u8; 32], Place), NotationError> {
    let Bytes32(bytes) = text.parse().map_err(|error| place.error(error))?;
    Ok((bytes, place))
}

fn entropy((text, place): (String, Place)) -> Result<Option<Entropy>, NotationError> {
    if text == "-" { Ok(None) } else { bytes((text, place)).map(|(bytes, _)| Some(Entropy::new(bytes))) }
}

fn instant((text, place): (String, Place)) -> Result<Timestamp, NotationError> {
    let read = text.parse::<Timestamp>().ok().filter(|at| at.to_string() == text);
    read.ok_or_else(|| place.error("an instant like 2026-11-20T17:00:00.5Z belongs here"))
}

fn outcome((text, place): (String, Place)) -> Result<(Outcome, Place), NotationError> {
    let won = || {
        let (winner, by) = text.split_once(' ')?;
        Some(Outcome::Won { winner: winner.parse::<Seat>().ok()?, by: by.parse::<WonBy>().ok()? })
    };
    let outcome = match text.as_str() {
        "drawn" => Some(Outcome::Drawn),
        "voided" => Some(Outcome::Voided),
        _ => won(),
    };
    let outcome = outcome
        .ok_or_else(|| place.error("a result like `first rounds`, `drawn` or `voided` belongs here"))?;
    Ok((outcome, place))
}

struct Body<'a> {
    reader: Reader<'a>,
    story: Story,
    /// The instant of the last command, if the game has times.
    at: Option<Timestamp>,
    /// The last round that was named.
    rounds: u32,
    /// The number of the next command in its round.
    number: u32,
    commands: usize,
}

impl<'a> Body<'a> {
    fn read(&mut self) -> Result<(), NotationError> {
        while self.story.outcome().is_none() {
            self.read_round_line()?;
            let token = self.some_token("the game does not end here")?;
            if token.is_note && self.number == 1 {
                return Err(token.place.error("a comment stands after a command"));
            } else if token.is_note {
                self.remark(token)?;
            } else if let Some(number) = token.text.strip_suffix('.') {
                self.check_number(token, number)?;
                let next = self.some_token("the game does not end here")?;
                if next.is_note || next.text.ends_with('.') {
                    return Err(next.place.error("after its number the command has to stand"));
                }
                self.command(next)?;
            } else {
                self.command(token)?;
            }
        }
        while let Some(token) = self.reader.token()? {
            if !token.is_note {
                return Err(token.place.error("the match is over"));
            }
            self.remark(token)?;
        }
        Ok(())
    }

    fn some_token(&mut self, missing: &str) -> Result<Token<'a>, NotationError> {
        self.reader.token()?.ok_or_else(|| self.reader.place.error(missing))
    }

    /// A round that was dealt is named before its first command. What was remarked on the last one comes before that.
    fn read_round_line(&mut self) -> Result<(), NotationError> {
        let dealt = self.story.state().round();
        while self.rounds < dealt {
            let token = self.some_token("the game does not end here")?;
            if token.is_note {
                self.remark(token)?;
                continue;
            }
            if token.text != "Round" {
                return Err(token.place.error(format_args!("`Round {dealt}` has to stand here")));
            }
            let number = self.some_token("the number of the round is missing")?;
            if number.is_note || number.text != dealt.to_string() {
                return Err(number.place.error(format_args!("this is round {dealt}")));
            }
            (self.rounds, self.number) = (dealt, 1);
        }
        Ok(())
    }

    fn check_number(&self, token: Token<'_>, number: &str) -> Result<(), NotationError> {
        if number == self.number.to_string() {
            Ok(())
        } else {
            Err(token.place.error(format_args!("the next command of this round is number {}", self.number)))
        }
    }

    fn command(&mut self, token: Token<'_>) -> Result<(), NotationError> {
        self.commands += 1;
        if self.commands > MOST_COMMANDS {
            return Err(token.place.error(format_args!("more than {MOST_COMMANDS} commands")));
        }
        let read = read_command(token.text, seat_on_turn(&self.story));
        let (seat, command) = read.ok_or_else(|| token.place.error("not a command"))?;
        let at = self.time()?;
        let refused = |refusal| token.place.error(format_args!("the rules refuse it: {refusal}"));
        self.story.carry_out(seat, command, at, None).map_err(refused)?;
        (self.at, self.number) = (at, self.number.saturating_add(1));
        Ok(())
    }

    /// With the tag `Began` every command has a time, without it none has.
    fn time(&mut self) -> Result<Option<Timestamp>, NotationError> {
        self.reader.skip_space();
        let place = self.reader.place;
        match (self.at, self.reader.peek()) {
            (None, Some('@')) => Err(place.error("times need the tag `Began`")),
            (None, _) => Ok(None),
            (Some(last), Some('@')) => {
                self.reader.bump();
                let text = self.reader.until(|letter| is_space(letter) || letter == '{');
                let after = read_seconds(text).ok_or_else(|| place.error("seconds like @1.5 belong here"))?;
                Ok(Some(last.plus(after)))
            }
            (Some(_), _) => Err(place.error("the time of this command is missing, like @1.5")),
        }
    }

    fn remark(&mut self, token: Token<'_>) -> Result<(), NotationError> {
        let note = Note::new(token.text);
        let note = note.ok_or_else(|| token.place.error("a comment has 1 to 200 characters, on one line"))?;
        if self.story.remark(note) {
            Ok(())
        } else {
            Err(token.place.error("one comment may stand after each command"))
        }
    }
}
