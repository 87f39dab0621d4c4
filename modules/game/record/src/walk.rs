//! Holding a journal against the rules: which command each line tells of, whether the engine decides what the lines
//! say, and whether the clocks on them follow from their times.

use game_engine::{By, Command, DrawCause, Event, ForfeitReason, Outcome, PassKind, Play, Seat, WonBy};
use kernel::Timestamp;

use crate::clock::{Clock, Gap, Lapse, Moment};
use crate::entry::{Entry, Line};
use crate::line_form::encode;
use crate::story::{Heading, Step, Story};

/// What a fault is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Topic {
    Journal,
    Times,
    Deals,
    Moves,
    Reshuffles,
    Clocks,
    Outcome,
}

/// The first thing that is wrong, and in which line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) seq: u64,
    pub(crate) topic: Topic,
    pub(crate) words: String,
}

impl Fault {
    fn new(line: &Line, topic: Topic, words: impl Into<String>) -> Self {
        Self { seq: line.seq, topic, words: words.into() }
    }
}

/// How far a journal holds.
pub(crate) struct Walked {
    /// The match as far as it holds; `None` if it does not even begin.
    pub(crate) story: Option<Story>,
    /// Where it stops being a match under these rules.
    pub(crate) fault: Option<Fault>,
    /// The first clock that does not follow from the times, as far as the match holds.
    pub(crate) clocks: Option<Fault>,
}

/// Follows the lines of a whole match.
pub(crate) fn walk(heading: Heading, lines: &[Line]) -> Walked {
    let Some((first, rest)) = lines.split_first() else {
        return Walked { story: None, fault: None, clocks: None };
    };
    let clock = Clock::new(heading.rules.clock);
    let story = match Story::begin(heading, Some(first.at)) {
        Ok(story) => story,
        Err(refusal) => {
            let fault = Fault::new(first, Topic::Deals, refusal.to_string());
            return Walked { story: None, fault: Some(fault), clocks: None };
        }
    };
    let mut walk =
        Walk { last: first, rest, story, clock, last_at: first.at, extended_until: None, clocks: None };
    let fault = walk.run(first).err();
    Walked { story: Some(walk.story), fault, clocks: walk.clocks }
}

struct Walk<'a> {
    /// The line that was taken last.
    last: &'a Line,
    rest: &'a [Line],
    story: Story,
    clock: Clock,
    /// The instant of the line before the one that is looked at.
    last_at: Timestamp,
    /// Until when time without a server has been made good.
    extended_until: Option<Timestamp>,
    clocks: Option<Fault>,
}

impl<'a> Walk<'a> {
    fn run(&mut self, first: &'a Line) -> Result<(), Fault> {
        if !matches!(first.entry, Entry::Started(_)) {
            return Err(Fault::new(first, Topic::Journal, "a journal begins with `started`"));
        }
        self.expect_clock(first, None);
        self.expect_steps(0, first, None)?;
        while self.story.outcome().is_none() {
            let Some(line) = self.next() else {
                return Err(self.ended_early(Topic::Outcome, "the match is not over"));
            };
            self.follow(line)?;
        }
        match self.next() {
            None => Ok(()),
            Some(line) => Err(Fault::new(line, Topic::Journal, "nothing follows the revealed seed")),
        }
    }

    fn next(&mut self) -> Option<&'a Line> {
        let (line, rest) = self.rest.split_first()?;
        (self.rest, self.last) = (rest, line);
        Some(line)
    }

    fn ended_early(&self, topic: Topic, words: &str) -> Fault {
        Fault::new(self.last, topic, format!("the journal ends after this line, and {words}"))
    }

    /// A line that begins something: a command, or what happens around the rules.
    fn follow(&mut self, line: &'a Line) -> Result<(), Fault> {
        match &line.entry {
            Entry::Rules(event) => {
                let Some((seat, command)) = command_behind(event) else {
                    let words = format!("`{}` cannot stand here: nothing causes it", event.kind());
                    return Err(Fault::new(line, topic_of(event), words));
                };
                self.carry_out(line, seat, command)?;
            }
            Entry::Away { seat } => {
                if self.clock.away.get(*seat).is_some() {
                    self.slow(line, format!("the {seat} seat was away already"));
                }
                *self.clock.away.get_mut(*seat) = Some(line.at);
                self.expect_clock(line, Some(self.clock));
            }
            Entry::Back { seat } => {
                if self.clock.away.get(*seat).is_none() {
                    self.slow(line, format!("the {seat} seat was not away"));
                }
                *self.clock.away.get_mut(*seat) = None;
                self.expect_clock(line, Some(self.clock));
            }
            Entry::ClockExtended(gap) => {
                if let Some(words) = self.wrong_gap(*gap, line.at) {
                    self.slow(line, words);
                }
                self.extended_until = Some(gap.to);
                self.clock.extend(*gap);
                self.expect_clock(line, Some(self.clock));
            }
            Entry::Started(_) => return Err(Fault::new(line, Topic::Journal, "a game starts once")),
            Entry::Revealed(_) => {
                return Err(Fault::new(
                    line,
                    Topic::Outcome,
                    "the seed is revealed before the match is over",
                ));
            }
        }
        self.last_at = line.at;
        Ok(())
    }

    fn carry_out(&mut self, line: &'a Line, seat: Seat, command: Command) -> Result<(), Fault> {
        self.expect_time(line, seat, command);
        let (known, before) = (self.story.steps().len(), Moment::of(self.story.state()));
        self.story.carry_out(seat, command, Some(line.at), None).map_err(|refusal| {
            let topic = if matches!(command, Command::Void) { Topic::Outcome } else { Topic::Moves };
            Fault::new(line, topic, format!("the rules refuse it: {refusal}"))
        })?;
        // The line is looked at again, as the first of those that the command caused.
        self.expect_steps(known, line, Some((line, before)))
    }

    /// The lines say what the steps from `known` on caused, all at one instant, with the clocks on the last of them,
    /// and with the seed after them if the match is over.
    fn expect_steps(
        &mut self,
        known: usize,
        before: &'a Line,
        begun: Option<(&'a Line, Moment)>,
    ) -> Result<(), Fault> {
        let steps = self.story.steps().get(known..).unwrap_or_default();
        let events: Vec<Event> = steps.iter().flat_map(|step: &Step| step.events.iter().copied()).collect();
        let at = before.at;
        let moment =
            begun.map_or_else(|| Moment::of(&game_engine::State::new(self.story.heading.rules)), |b| b.1);
        let announce = self.story.heading.rules.announce;
        for event in &events {
            self.clock.hear(event, announce, at);
        }
        self.clock.keep(moment, self.story.state(), at);
        let mut first = begun.map(|(line, _)| line);
        for (number, event) in (1..).zip(&events) {
            let Some(line) = first.take().or_else(|| self.next()) else {
                return Err(self.ended_early(topic_of(event), &format!("`{}` follows", event.kind())));
            };
            same_event(line, event)?;
            same_time(line, at)?;
            self.expect_clock(line, (number == events.len()).then_some(self.clock));
        }
        if self.story.outcome().is_some() { self.expect_seed(at) } else { Ok(()) }
    }

    fn expect_seed(&mut self, at: Timestamp) -> Result<(), Fault> {
        let Some(line) = self.next() else {
            return Err(self.ended_early(Topic::Journal, "the seed is not revealed"));
        };
        match &line.entry {
            Entry::Revealed(seed) if *seed == self.story.heading.shuffle.seed => {}
            Entry::Revealed(_) => {
                return Err(Fault::new(
                    line,
                    Topic::Journal,
                    "it reveals another seed than the record names",
                ));
            }
            _ => {
                return Err(Fault::new(line, Topic::Journal, "the match is over, and only the seed follows"));
            }
        }
        same_time(line, at)?;
        self.expect_clock(line, None);
        Ok(())
    }

    fn expect_clock(&mut self, line: &Line, expected: Option<Clock>) {
        if line.clock != expected {
            self.slow(
                line,
                match (expected, line.clock) {
                    (None, _) => "it tells of clocks where no line does",
                    (_, None) => "it tells nothing of the clocks",
                    _ => "the clocks it tells of do not follow from the times",
                },
            );
        }
        // What follows is judged by what the line says, so that one fault is told once.
        self.clock = line.clock.unwrap_or(self.clock);
    }

    /// Players move in time, and nobody is timed out early.
    fn expect_time(&mut self, line: &Line, seat: Seat, command: Command) {
        let rule = self.story.heading.rules.clock;
        let lapse = match command {
            Command::RunOut => Lapse::Turn(seat),
            Command::AnnouncementExpired => Lapse::Announcement(seat),
            Command::Forfeit(_) => Lapse::Away(seat),
            Command::Void | Command::Deal(_) => return,
            _ => {
                // A line never lies before the one it follows: at its very instant nothing is known of when the
                // command came.
                let late = self.clock.missed_by(rule, seat, line.at).filter(|_| line.at > self.last_at);
                if let Some(deadline) = late {
                    self.slow(line, format!("it came after a deadline at {} that nobody kept", deadline.at));
                }
                return;
            }
        };
        let due = self.clock.next(rule).is_some_and(|next| next.what == lapse && next.at < line.at);
        if !due {
            self.slow(line, "the clock acts for a player whose time was not over");
        }
    }

    /// Why nobody could have made good this time without a server, if so: some of it has to lie after the line before
    /// and all of it before this one, and none of it counts twice.
    fn wrong_gap(&self, gap: Gap, at: Timestamp) -> Option<&'static str> {
        if gap.to <= gap.from {
            Some("the time without a server ends before it begins")
        } else if self.extended_until.is_some_and(|until| gap.from < until) {
            Some("the time without a server was made good before, in part at least")
        } else if gap.to <= self.last_at {
            Some("the time without a server was over when the line before was written")
        } else if gap.to > at {
            Some("the time without a server was made good before it was over")
        } else {
            None
        }
    }

    fn slow(&mut self, line: &Line, words: impl Into<String>) {
        if self.clocks.is_none() {
            self.clocks = Some(Fault::new(line, Topic::Clocks, words));
        }
    }
}

fn same_time(line: &Line, at: Timestamp) -> Result<(), Fault> {
    if line.at == at {
        return Ok(());
    }
    let words = format!("it is of {}, and what caused it of {at}", line.at);
    Err(Fault::new(line, Topic::Times, words))
}

fn same_event(line: &Line, expected: &Event) -> Result<(), Fault> {
    let mut due = Entry::Rules(*expected);
    due.forget_key();
    if line.entry == due {
        return Ok(());
    }
    let Entry::Rules(told) = &line.entry else {
        let words = format!("`{}` has to stand here", expected.kind());
        return Err(Fault::new(line, topic_of(expected), words));
    };
    let text = |entry| encode(entry, None).unwrap_or_default();
    let words = format!("it says {}, and by the rules it is {}", text(&line.entry), text(&due));
    let reshuffled = |event: &Event| matches!(event, Event::Drew { reshuffled: true, .. });
    let topic = if reshuffled(told) { Topic::Reshuffles } else { topic_of(expected) };
    Err(Fault::new(line, topic, words))
}

fn topic_of(event: &Event) -> Topic {
    match event {
        Event::Dealt(_) => Topic::Deals,
        Event::Drew { reshuffled: true, .. } => Topic::Reshuffles,
        Event::RoundEnded(_) | Event::MatchEnded { .. } | Event::Voided => Topic::Outcome,
        _ => Topic::Moves,
    }
}

/// The command whose first event this is; `None` for an event that only follows others.
fn command_behind(event: &Event) -> Option<(Seat, Command)> {
    Some(match *event {
        Event::Played { seat, cards, call, .. } => (seat, Command::Play(Play { cards, call })),
        Event::Drew { seat, cause: DrawCause::Choice | DrawCause::Debt, by, .. } => (seat, drawn(by)),
        Event::Drew { seat, cause: DrawCause::Penalty, .. } => (seat, Command::AnnouncementExpired),
        Event::Passed { seat, by: By::Clock, .. } => (seat, Command::RunOut),
        Event::Passed { seat, kind: PassKind::Kept, .. } => (seat, Command::Pass),
        Event::Passed { seat, kind: PassKind::Forced, .. } => (seat, Command::Draw),
        Event::Announced { seat, .. } => (seat, Command::Announce),
        Event::MatchEnded { outcome: Outcome::Won { winner, by } } => (winner.other(), lost(by)?),
        Event::Voided | Event::MatchEnded { outcome: Outcome::Voided } => (Seat::First, Command::Void),
        Event::Dealt(_)
        | Event::Drew { .. }
        | Event::AnnouncementDue { .. }
        | Event::RoundEnded(_)
        | Event::MatchEnded { outcome: Outcome::Drawn } => return None,
    })
}

fn drawn(by: By) -> Command {
    match by {
        By::Player => Command::Draw,
        By::Clock => Command::RunOut,
    }
}

/// How the loser lost, beside losing rounds.
fn lost(by: WonBy) -> Option<Command> {
    match by {
        WonBy::Rounds => None,
        WonBy::Resignation => Some(Command::Resign),
        WonBy::Forfeit(ForfeitReason::Clock) => Some(Command::RunOut),
        WonBy::Forfeit(ForfeitReason::Away) => Some(Command::Forfeit(ForfeitReason::Away)),
    }
}
