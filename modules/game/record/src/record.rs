//! The published record of one game, `whot-record@1`: everything that anyone needs to check it without the server.
//!
//! Reading is strict: what is read writes back to the same JSON, so no member of a file is without meaning.

use game_engine::{BySeat, Event, Outcome, Seat, WonBy};
use kernel::Timestamp;
use kernel::id::{AccountId, GameId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::entry::{Entry, Line};
use crate::line_form::LineForm;
use crate::shuffle::{Commitment, Entropy, Seed, Shuffle};
use crate::text::{Bytes32, Text};

/// What every record says of itself.
pub const FORMAT: &str = "whot-record@1";

/// One of the two players.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Player {
    /// Bound by the commitment.
    pub account: AccountId,
    /// For display: nothing binds it, and it may change or be unknown.
    pub username: Option<String>,
}

/// How a match ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending {
    /// Who won, or why nobody did.
    pub outcome: Outcome,
    /// Rounds dealt.
    pub rounds: u32,
    /// Points of the finished rounds.
    pub points: BySeat<u32>,
    /// Rounds won.
    pub wins: BySeat<u16>,
}

/// SHA-256 over all of a record but its display names: what two people compare to know that they hold the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordDigest(pub(crate) [u8; 32]);

impl RecordDigest {
    /// `SHA-256(frame("whot/record/v1") | frame(text))`, where `text` is the record without its `digest` and with both
    /// names null, in the canonical form of RFC 8785. `frame` is the commitment's.
    fn of(form: &RecordForm) -> Option<Self> {
        let mut value = serde_json::to_value(form).ok()?;
        value.as_object_mut()?.remove("digest");
        for seat in [0, 1] {
            *value.pointer_mut(&format!("/players/{seat}/username"))? = Value::Null;
        }
        let mut text = String::new();
        canonical(&value, &mut text);
        let mut hash = Sha256::new();
        for part in [b"whot/record/v1".as_slice(), text.as_bytes()] {
            hash.update(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            hash.update(part);
        }
        Some(Self(hash.finalize().into()))
    }
}

impl std::fmt::Display for RecordDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Bytes32(self.0).fmt(f)
    }
}

/// RFC 8785 for what a record holds: whole numbers, and member names in ASCII.
fn canonical(value: &Value, text: &mut String) {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            text.push('{');
            for (number, (name, value)) in members.into_iter().enumerate() {
                text.push_str(if number == 0 { "" } else { "," });
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                canonical(value, text);
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (number, value) in items.iter().enumerate() {
                text.push_str(if number == 0 { "" } else { "," });
                canonical(value, text);
            }
            text.push(']');
        }
        leaf => text.push_str(&leaf.to_string()),
    }
}

/// A finished or voided game as it is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The game.
    pub game: GameId,
    /// The first is the one who invited.
    pub players: BySeat<Player>,
    /// The canonical text of the rule set.
    pub rules: String,
    /// What was promised, what both added, and the seed.
    pub shuffle: Shuffle,
    /// How it ended.
    pub ending: Ending,
    /// The whole journal.
    pub lines: Vec<Line>,
    /// What the record says of itself as a whole; [`Record::counted_digest`] is the truth.
    pub digest: RecordDigest,
}

/// Why a text is no record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Not even JSON.
    #[error("it is not JSON: {0}")]
    NotJson(String),
    /// JSON of another kind.
    #[error("it does not say that it is a {FORMAT}")]
    NotARecord,
    /// A record of a version that this program does not know.
    #[error("it is a {0}, and this program reads {FORMAT}")]
    OtherVersion(String),
    /// It says that it is a record and has not the form of one.
    #[error("{0}")]
    Broken(String),
}

impl Record {
    /// The record of a game whose whole journal this is; `None` while the match runs.
    pub fn of(game: GameId, players: BySeat<Player>, mut lines: Vec<Line>) -> Option<Self> {
        for line in &mut lines {
            line.entry.forget_key();
        }
        let Entry::Started(started) = &lines.first()?.entry else { return None };
        let Entry::Revealed(seed) = &lines.last()?.entry else { return None };
        let shuffle =
            Shuffle { seed: seed.clone(), commitment: started.commitment, entropy: started.entropy };
        let (rules, ending) = (started.rules.clone(), Ending::told_by(&lines)?);
        let digest = RecordDigest([0; 32]);
        let mut record = Self { game, players, rules, shuffle, ending, lines, digest };
        record.digest = record.counted_digest()?;
        Some(record)
    }

    /// The digest of what the record holds; `None` for lines that cannot be written.
    pub fn counted_digest(&self) -> Option<RecordDigest> {
        RecordDigest::of(&RecordForm::of(self))
    }

    /// The record as JSON, without any white space.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(&RecordForm::of(self))
    }

    /// Reads what [`Record::to_json`] wrote, however it was laid out since.
    pub fn read(text: &str) -> Result<Self, Unreadable> {
        let head: Head = serde_json::from_str(text).map_err(|error| {
            if error.is_data() { Unreadable::NotARecord } else { Unreadable::NotJson(error.to_string()) }
        })?;
        match head.format.as_deref() {
            Some(FORMAT) => {}
            Some(other) if other.starts_with("whot-record@") => {
                return Err(Unreadable::OtherVersion(other.to_owned()));
            }
            _ => return Err(Unreadable::NotARecord),
        }
        let broken = |error: serde_json::Error| Unreadable::Broken(error.to_string());
        let form: RecordForm = serde_json::from_str(text).map_err(broken)?;
        let record = form.record()?;
        let value: Value = serde_json::from_str(text).map_err(broken)?;
        let again = serde_json::to_value(RecordForm::of(&record)).map_err(broken)?;
        match difference(&value, &again, String::new()) {
            None => Ok(record),
            Some(place) => Err(Unreadable::Broken(format!("{place} is not as a record has it"))),
        }
    }
}

impl Ending {
    /// What the lines say, whether or not they say the truth; `None` if they name no end.
    fn told_by(lines: &[Line]) -> Option<Self> {
        let mut ending =
            Self { outcome: Outcome::Voided, rounds: 0, points: BySeat::default(), wins: BySeat::default() };
        let mut over = false;
        for line in lines {
            let Entry::Rules(event) = line.entry else { continue };
            match event {
                Event::Dealt(dealt) => ending.rounds = dealt.round,
                Event::RoundEnded(result) => {
                    for seat in Seat::ALL {
                        let points = ending.points.get_mut(*seat);
                        *points = points.saturating_add(u32::from(*result.points.get(*seat)));
                    }
                    if let Some(winner) = result.winner {
                        let wins = ending.wins.get_mut(winner);
                        *wins = wins.saturating_add(1);
                    }
                }
                Event::MatchEnded { outcome } => (ending.outcome, over) = (outcome, true),
                Event::Voided => (ending.outcome, over) = (Outcome::Voided, true),
                _ => {}
            }
        }
        over.then_some(ending)
    }
}

/// The first place where two documents differ, as a JSON Pointer.
fn difference(one: &Value, other: &Value, place: String) -> Option<String> {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let missing = other.keys().find(|key| !one.contains_key(*key));
            let inside = one.iter().find_map(|(key, value)| match other.get(key) {
                Some(same) => difference(value, same, format!("{place}/{key}")),
                None => Some(format!("{place}/{key}")),
            });
            inside.or_else(|| missing.map(|key| format!("{place}/{key}")))
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            let mut pairs = one.iter().zip(other).enumerate();
            pairs.find_map(|(number, (one, other))| difference(one, other, format!("{place}/{number}")))
        }
        _ => (one != other).then_some(place),
    }
}

type Pair<T> = (T, T);

fn by_seat<T>((first, second): Pair<T>) -> BySeat<T> {
    BySeat::new(first, second)
}

fn pair<T>(BySeat { first, second }: BySeat<T>) -> Pair<T> {
    (first, second)
}

/// What tells a record from other JSON. The rest is skipped: what is no record must not fill the memory.
#[derive(Deserialize)]
struct Head {
    format: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordForm {
    format: String,
    game_id: GameId,
    players: Pair<PlayerForm>,
    rule_set: String,
    commitment: Bytes32,
    entropy: Pair<Option<Bytes32>>,
    seed: Bytes32,
    outcome: EndingForm,
    lines: Vec<PlacedForm>,
    digest: Bytes32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlayerForm {
    account_id: AccountId,
    username: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EndingForm {
    winner: Option<Text<Seat>>,
    reason: String,
    rounds: u32,
    points: Pair<u32>,
    wins: Pair<u16>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlacedForm {
    seq: u64,
    at: Timestamp,
    event: LineForm,
}

impl RecordForm {
    fn of(record: &Record) -> Self {
        let player = |player: Player| PlayerForm { account_id: player.account, username: player.username };
        let line = |line: &Line| PlacedForm {
            seq: line.seq,
            at: line.at,
            event: LineForm::of(&line.entry, line.clock.as_ref()),
        };
        Self {
            format: FORMAT.to_owned(),
            game_id: record.game,
            players: pair(record.players.clone().map(player)),
            rule_set: record.rules.clone(),
            commitment: Bytes32(record.shuffle.commitment.bytes()),
            entropy: pair(record.shuffle.entropy.map(|entropy| entropy.map(|bytes| Bytes32(bytes.bytes())))),
            seed: Bytes32(record.shuffle.seed.reveal()),
            outcome: EndingForm::of(&record.ending),
            lines: record.lines.iter().map(line).collect(),
            digest: Bytes32(record.digest.0),
        }
    }

    fn record(self) -> Result<Record, Unreadable> {
        let player = |form: PlayerForm| Player { account: form.account_id, username: form.username };
        let lines = self.lines.into_iter().enumerate().map(|(number, placed)| {
            let (entry, clock) = placed.event.read().ok_or_else(|| {
                Unreadable::Broken(format!("/lines/{number}/event is no line of a journal"))
            })?;
            Ok(Line { seq: placed.seq, at: placed.at, entry, clock })
        });
        Ok(Record {
            game: self.game_id,
            players: by_seat(self.players).map(player),
            rules: self.rule_set,
            shuffle: Shuffle {
                seed: Seed::new(self.seed.0),
                commitment: Commitment::from_bytes(self.commitment.0),
                entropy: by_seat(self.entropy).map(|entropy| entropy.map(|bytes| Entropy::new(bytes.0))),
            },
            ending: self.outcome.ending()?,
            lines: lines.collect::<Result<_, Unreadable>>()?,
            digest: RecordDigest(self.digest.0),
        })
    }
}

impl EndingForm {
    fn of(ending: &Ending) -> Self {
        let (winner, reason) = match ending.outcome {
            Outcome::Won { winner, by } => (Some(Text(winner)), by.name()),
            Outcome::Drawn => (None, "drawn"),
            Outcome::Voided => (None, "voided"),
        };
        Self {
            winner,
            reason: reason.to_owned(),
            rounds: ending.rounds,
            points: pair(ending.points),
            wins: pair(ending.wins),
        }
    }

    fn ending(self) -> Result<Ending, Unreadable> {
        let outcome = match (self.winner, self.reason.as_str()) {
            (Some(Text(winner)), reason) => {
                reason.parse::<WonBy>().ok().map(|by| Outcome::Won { winner, by })
            }
            (None, "drawn") => Some(Outcome::Drawn),
            (None, "voided") => Some(Outcome::Voided),
            (None, _) => None,
        };
        let outcome = outcome.ok_or_else(|| {
            Unreadable::Broken("/outcome/reason is no reason that fits its winner".to_owned())
        })?;
        Ok(Ending { outcome, rounds: self.rounds, points: by_seat(self.points), wins: by_seat(self.wins) })
    }
}
