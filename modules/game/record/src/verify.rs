//! Verifying a record offline, in plain words: one check after another, each with its reason when it fails.
//!
//! It trusts nothing but the file: the commitment, every deal, every event and the outcome are worked out anew.

use std::fmt;

use game_engine::{By, Command, DrawCause, Event, Outcome, RuleSet, Seat, WonBy};
use kernel::id::GameId;

use crate::entry::{Entry, Started};
use crate::record::{FORMAT, Player, Record, Unreadable};
use crate::shuffle::{Commitment, Entropy, Shuffle};
use crate::story::{Heading, Story};
use crate::walk::{Fault, Topic, Walked, walk};

/// What no record can prove, in plain words.
pub const NOT_PROVEN: [&str; 6] = [
    "That the server did not help one of the players: it knows the seed from the start, so a server that colludes with a \
     player could tell it the cards. The shuffle protects you from a server and an opponent who do not talk to each other.",
    "That this commitment is the one you were promised, or this entropy the one you gave: compare them with what your app \
     showed with the invite (--commitment, --entropy). Whoever gives no entropy trusts the server and the opponent.",
    "That the moves are those that were made: players do not sign their moves, so whoever has the seed could write down \
     another game that the same deals and the rules allow, with a digest that fits. It would not be the digest that the \
     server and both players export: compare it.",
    "Display names: accounts are bound by the commitment, the names beside them are not.",
    "The time of day: times are the server's word. They are checked against each other and against every clock, and not \
     against the world.",
    "Whether a player gave 32 zero bytes or none: both count the same.",
];

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// It holds.
    Ok,
    /// It does not.
    Failed,
    /// It could not be made, because another failed.
    Skipped,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ok => "ok",
            Self::Failed => "FAILED",
            Self::Skipped => "-",
        })
    }
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Its stable name.
    pub name: &'static str,
    /// How it went.
    pub found: Found,
    /// What was checked, or why it failed.
    pub words: String,
}

/// What somebody remembers of a game from before it was played.
#[derive(Debug, Clone, Default)]
pub struct Remembered {
    /// The commitment that came with the invite.
    pub commitment: Option<Commitment>,
    /// The entropy that somebody gave.
    pub entropy: Option<Entropy>,
}

/// Every check of a record, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The game it says it is, if it can be read that far.
    pub game: Option<GameId>,
    /// The checks.
    pub checks: Vec<Check>,
}

impl Report {
    /// Whether every check holds.
    pub fn holds(&self) -> bool {
        self.checks.iter().all(|check| check.found == Found::Ok)
    }

    fn add(&mut self, name: &'static str, result: Result<String, String>) {
        let (found, words) = match result {
            Ok(words) => (Found::Ok, words),
            Err(words) => (Found::Failed, words),
        };
        self.checks.push(Check { name, found, words });
    }

    fn skip(&mut self, names: &[&'static str], why: &str) {
        let skipped = |name: &&'static str| Check { name, found: Found::Skipped, words: why.to_owned() };
        self.checks.extend(names.iter().map(skipped));
    }
}

const OF_THE_FILE: [&str; 1] = ["digest"];
const OF_THE_PROMISE: [&str; 4] = ["rules", "players", "commitment", "entropy"];
const OF_THE_JOURNAL: [&str; 2] = ["journal", "times"];
const OF_PLAY: [&str; 5] = ["deals", "moves", "reshuffles", "clocks", "outcome"];

/// Checks a record as it was exported; an error means that the text is no record that this program reads.
pub fn verify(text: &str, remembered: &Remembered) -> Result<Report, Unreadable> {
    match Record::read(text) {
        Ok(record) => Ok(verify_record(&record, remembered)),
        Err(Unreadable::Broken(why)) => {
            let mut report = Report { game: None, checks: Vec::new() };
            report.add("form", Err(why));
            for names in [&OF_THE_FILE[..], &OF_THE_PROMISE, &OF_THE_JOURNAL, &OF_PLAY] {
                report.skip(names, "the form is broken");
            }
            Ok(report)
        }
        Err(unreadable) => Err(unreadable),
    }
}

/// Checks a record that has its form.
pub fn verify_record(record: &Record, remembered: &Remembered) -> Report {
    let mut report = Report { game: Some(record.game), checks: Vec::new() };
    report.add("form", Ok(format!("a {FORMAT} of {}, {} lines", record.game, record.lines.len())));
    report.add("digest", digest(record));
    let Some(Entry::Started(started)) = record.lines.first().map(|line| &line.entry) else {
        report.skip(&OF_THE_PROMISE, "the journal does not begin with `started`");
        report.add("journal", Err("it does not begin with `started`".to_owned()));
        report.skip(&["times"], "the journal is broken");
        report.skip(&OF_PLAY, "the journal is broken");
        return report;
    };
    let rules = rules(record, started);
    report.add(
        "rules",
        rules.clone().map(|rules| format!("{}, a rule set that this program knows", rules.label())),
    );
    report.add("players", players(record, started));
    report.add("commitment", commitment(record, started, remembered));
    report.add("entropy", entropy(record, started, remembered));
    report.add("journal", gapless(record));
    report.add("times", in_order(record));
    match rules {
        Err(_) => report.skip(&OF_PLAY, "the rules are not known"),
        Ok(rules) => play(record, rules, &mut report),
    }
    report
}

fn digest(record: &Record) -> Result<String, String> {
    if record.counted_digest() == Some(record.digest) {
        Ok(format!("{}: the file is as it was exported; compare it with the other player's", record.digest))
    } else {
        Err("the file was changed after it was exported".to_owned())
    }
}

fn rules(record: &Record, started: &Started) -> Result<RuleSet, String> {
    if record.rules != started.rules {
        return Err("the record and its first line name different rules".to_owned());
    }
    let rules: RuleSet = record.rules.parse().map_err(|error| format!("{error}"))?;
    rules.validate().map_err(|error| error.to_string())?;
    Ok(rules)
}

fn players(record: &Record, started: &Started) -> Result<String, String> {
    let accounts = record.players.clone().map(|player| player.account);
    if accounts != started.players {
        return Err("the record and its first line name different players".to_owned());
    }
    if accounts.first == accounts.second {
        return Err("nobody plays against themselves".to_owned());
    }
    Ok(format!("{} invited {}", name_of(record, Seat::First), name_of(record, Seat::Second)))
}

fn commitment(record: &Record, started: &Started, remembered: &Remembered) -> Result<String, String> {
    let Shuffle { seed, commitment, .. } = &record.shuffle;
    if *commitment != started.commitment {
        return Err("the record and its first line name different commitments".to_owned());
    }
    let accounts = record.players.clone().map(|player| player.account);
    if Commitment::to(seed, record.game, &record.rules, &accounts) != *commitment {
        return Err("it is not the SHA-256 of the seed, the game, the rules and the players".to_owned());
    }
    match remembered.commitment {
        Some(promised) if promised != *commitment => {
            Err("the seed fits it, but it is not the commitment that you were promised".to_owned())
        }
        Some(_) => {
            Ok("the one you were promised; the revealed seed, the game, the rules and the players fit it"
                .to_owned())
        }
        None => Ok("the revealed seed, the game, the rules and the players fit it".to_owned()),
    }
}

fn entropy(record: &Record, started: &Started, remembered: &Remembered) -> Result<String, String> {
    let entropy = record.shuffle.entropy;
    if entropy != started.entropy {
        return Err("the record and its first line name different entropy".to_owned());
    }
    if let Some(given) = remembered.entropy
        && !Seat::ALL.iter().any(|seat| *entropy.get(*seat) == Some(given))
    {
        return Err("neither player's is the one that you gave".to_owned());
    }
    let told = |seat: Seat| {
        let gave = if entropy.get(seat).is_some() {
            "gave 32 bytes"
        } else {
            "gave none, which counts as zero bytes"
        };
        format!("{} {gave}", name_of(record, seat))
    };
    Ok(format!("{}; {}", told(Seat::First), told(Seat::Second)))
}

fn gapless(record: &Record) -> Result<String, String> {
    for (expected, line) in (1..).zip(&record.lines) {
        if line.seq != expected {
            return Err(format!("line {expected} says that it is line {}", line.seq));
        }
    }
    match record.lines.last().map(|line| &line.entry) {
        Some(Entry::Revealed(_)) => {
            Ok(format!("lines 1 to {}, none missing and none twice", record.lines.len()))
        }
        _ => Err("it does not end with the revealed seed".to_owned()),
    }
}

fn in_order(record: &Record) -> Result<String, String> {
    for (line, next) in record.lines.iter().zip(record.lines.iter().skip(1)) {
        if next.at < line.at {
            return Err(format!("line {} is of {}, before the line it follows", next.seq, next.at));
        }
    }
    let (first, last) = (record.lines.first(), record.lines.last());
    let told =
        first.zip(last).map(|(first, last)| format!("from {} to {}, never backwards", first.at, last.at));
    Ok(told.unwrap_or_default())
}

fn play(record: &Record, rules: RuleSet, report: &mut Report) {
    let heading = Heading {
        game: record.game,
        players: record.players.clone(),
        rules,
        shuffle: record.shuffle.clone(),
    };
    let Walked { story, fault, clocks } = walk(heading, &record.lines);
    let fault = fault.or_else(|| wrong_ending(record, story.as_ref()?));
    blame_earlier(report, fault.as_ref());
    let steps = story.as_ref().map(Story::steps).unwrap_or_default();
    let dealt = steps.iter().filter(|step| matches!(step.command, Command::Deal(_))).count();
    let events = || steps.iter().flat_map(|step| step.events.iter());
    let reshuffled = events().filter(|event| matches!(event, Event::Drew { reshuffled: true, .. })).count();
    let topics = [
        ("deals", Topic::Deals, format!("{}, from the seed and both players' entropy", count(dealt, "deal"))),
        (
            "moves",
            Topic::Moves,
            format!(
                "{}, each allowed and by whoever could give it; what followed is what the rules say",
                count(steps.len().saturating_sub(dealt), "command")
            ),
        ),
        (
            "reshuffles",
            Topic::Reshuffles,
            format!("{}, in the order that the shuffle gives", count(reshuffled, "reshuffle")),
        ),
        ("clocks", Topic::Clocks, clock_words(events())),
        ("outcome", Topic::Outcome, outcome_words(record)),
    ];
    for (name, topic, words) in topics {
        match (&fault, &clocks) {
            (Some(fault), _) if fault.topic == topic => report.add(name, Err(told(fault))),
            (_, Some(slow)) if topic == Topic::Clocks => report.add(name, Err(told(slow))),
            (Some(fault), _) => report.skip(&[name], &format!("not beyond line {}", fault.seq)),
            (None, _) => report.add(name, Ok(words)),
        }
    }
}

/// A fault of the walk that is about a check already made.
fn blame_earlier(report: &mut Report, fault: Option<&Fault>) {
    let name = match fault.map(|fault| fault.topic) {
        Some(Topic::Journal) => "journal",
        Some(Topic::Times) => "times",
        _ => return,
    };
    let check = report.checks.iter_mut().find(|check| check.name == name && check.found == Found::Ok);
    if let (Some(check), Some(fault)) = (check, fault) {
        (check.found, check.words) = (Found::Failed, told(fault));
    }
}

fn wrong_ending(record: &Record, story: &Story) -> Option<Fault> {
    let (ending, state) = (record.ending, story.state());
    let same = Some(ending.outcome) == state.outcome()
        && ending.rounds == state.round()
        && ending.points == state.scores()
        && ending.wins == state.wins();
    let seq = record.lines.last().map_or(0, |line| line.seq);
    let words = "the record's `outcome` is not how the match ended".to_owned();
    (!same).then_some(Fault { seq, topic: Topic::Outcome, words })
}

fn told(fault: &Fault) -> String {
    format!("line {}: {}", fault.seq, fault.words)
}

fn clock_words<'a>(events: impl Iterator<Item = &'a Event>) -> String {
    let by_clock = |event: &&Event| {
        matches!(
            event,
            Event::Drew { by: By::Clock, .. }
                | Event::Passed { by: By::Clock, .. }
                | Event::Drew { cause: DrawCause::Penalty, .. }
                | Event::MatchEnded { outcome: Outcome::Won { by: WonBy::Forfeit(_), .. } }
        )
    };
    let lapses = count(events.filter(by_clock).count(), "time-out");
    format!("every turn, reserve and countdown follows from the times; {lapses}, none early")
}

fn outcome_words(record: &Record) -> String {
    let ending = record.ending;
    let how = match ending.outcome {
        Outcome::Won { winner, by } => {
            format!("{} wins by {}", name_of(record, winner), by.name().replace('_', " "))
        }
        Outcome::Drawn => "drawn".to_owned(),
        Outcome::Voided => "voided: it counts for nothing".to_owned(),
    };
    let rounds = count(usize::try_from(ending.rounds).unwrap_or(usize::MAX), "round");
    format!("{how}; {rounds}, points {} : {}", ending.points.first, ending.points.second)
}

fn count(number: usize, what: &str) -> String {
    match number {
        0 => format!("no {what}"),
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    }
}

fn name_of(record: &Record, seat: Seat) -> String {
    display_name(record.players.get(seat), seat)
}

/// How a player is called in words for people: what nobody promised to be plain text is left out.
pub(crate) fn display_name(player: &Player, seat: Seat) -> String {
    let plain = |name: &&String| !name.is_empty() && !name.chars().any(char::is_control);
    player.username.as_ref().filter(plain).cloned().unwrap_or_else(|| format!("the {seat} player"))
}
