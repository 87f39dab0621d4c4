//! What must be true of every run: at each frame that reaches a client, and of the journals when all is quiet.

use std::collections::BTreeMap;
use std::time::Duration;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use futures_util::FutureExt;
use game_engine::{By, BySeat, Card, CardSet, DrawCause, Event, ForfeitReason, Outcome, Seat, WonBy};
use kernel::Timestamp;
use kernel::id::{AccountId, GameId, Uuid};
use serde_json::Value;

use super::process::keys;
use super::view::View;
use crate::app::hot;
use crate::domain::clock::LENIENCE;
use crate::domain::ending::Status;
use crate::domain::entry::{Entry, Recorded};
use crate::domain::practice;
use crate::domain::table::{Setting, Table};
use crate::domain::view::GameView;
use crate::store::{GameStore, MemoryStore, PeopleStore, RatingStore};

/// What a player was told about a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Done(u64),
    Refused(String),
}

/// Which command: the game, the seat, its id.
pub(super) type CommandKey = (usize, Seat, Uuid);

/// One game as its journal tells it, line by line.
pub(super) struct Case {
    pub(super) game: GameId,
    setting: Setting,
    table: Table,
    lines: Vec<Recorded>,
    /// After each line, for each seat; the first is before any line.
    views: Vec<[View; 2]>,
    /// The seed as text, in the ways it could be written.
    secrets: [String; 2],
}

pub(super) struct Judge {
    store: MemoryStore,
    pub(super) cases: Vec<Case>,
    /// The texts of the commands sent under each id.
    pub(super) sent: BTreeMap<CommandKey, Vec<String>>,
    pub(super) verdicts: BTreeMap<CommandKey, Vec<Verdict>>,
}

fn now<T>(work: impl Future<Output = T>) -> T {
    work.now_or_never().expect("the store in memory answers at once")
}

macro_rules! ensure {
    ($condition:expr, $($text:tt)+) => {
        if !$condition {
            return Err(format!($($text)+));
        }
    };
}
pub(super) use ensure;

impl Judge {
    pub(super) fn new(store: MemoryStore) -> Self {
        let (sent, verdicts) = (BTreeMap::new(), BTreeMap::new());
        Self { store, cases: Vec::new(), sent, verdicts }
    }

    /// Takes up a game that has begun.
    pub(super) fn open(&mut self, game: GameId) {
        let table = now(hot::load(&self.store, &keys(), game)).unwrap();
        let (players, rules) = (table.players, *table.state.rules());
        let setting = Setting { game, players, rules, shuffle: table.shuffle.clone() };
        let seed = setting.shuffle.seed.reveal();
        self.cases.push(Case {
            game,
            table: Table::new(setting.clone()),
            views: vec![[View::empty(&rules), View::empty(&rules)]],
            lines: Vec::new(),
            secrets: [BASE64URL_NOPAD.encode(&seed), HEXLOWER.encode(&seed)],
            setting,
        });
    }

    /// The case as storage holds it now.
    pub(super) fn case(&mut self, number: usize) -> Result<&Case, String> {
        let case = &mut self.cases[number];
        let head = case.table.head;
        let known = now(self.store.heads(vec![case.game])).unwrap()[0].1;
        if known > head {
            let lines = now(self.store.lines(case.game, head, 100_000)).unwrap().unwrap().lines;
            case.follow(lines)?;
        }
        Ok(case)
    }

    /// What a player knows must be what its seat is told by the journal.
    pub(super) fn check_view(&mut self, number: usize, seat: Seat, view: &View) -> Result<(), String> {
        let case = self.case(number)?;
        let told = case.view(seat, view.seq)?;
        let newest = view.seq == case.table.head;
        let same =
            if newest { view == told } else { *view == View { legal: view.legal.clone(), ..told.clone() } };
        ensure!(same, "{seat} of {} knows\n  {view:?}\nbut by the journal\n  {told:?}", case.game);
        Ok(())
    }

    /// An event as it was told to a seat.
    pub(super) fn check_event(
        &mut self,
        number: usize,
        seat: Seat,
        seq: u64,
        data: &Value,
    ) -> Result<(), String> {
        let case = self.case(number)?;
        let told = case.view(seat, seq)?.clone();
        let mut public = CardSet::default();
        if let Entry::Rules(Event::Played { cards, .. }) =
            &case.lines[usize::try_from(seq).unwrap() - 1].entry
        {
            cards.iter().for_each(|card| public.insert(card));
        }
        let before = case.view(seat, seq - 1)?;
        let own = before.hand.iter().chain(told.hand.iter());
        own.chain(told.in_force).for_each(|card| public.insert(card));
        let mut shown = data.clone();
        if data["kind"] == "round_ended" {
            shown["result"] = Value::Null;
        }
        case.check_secrets(seat, &told, &shown, public)?;
        let mut folded = before.clone();
        folded.fold(seat, seq, data)?;
        let told_more = data["legal"].is_null() || folded.legal == told.legal;
        ensure!(told_more, "event {seq} offers {seat} {:?}, not {:?}", folded.legal, told.legal);
        Ok(())
    }

    /// A whole game as it was shown to a seat.
    pub(super) fn check_snapshot(&mut self, number: usize, seat: Seat, data: &Value) -> Result<View, String> {
        let view = View::of_snapshot(data)?;
        let case = self.case(number)?;
        let told = case.view(seat, view.seq)?;
        ensure!(view == *told, "{seat} was shown\n  {view:?}\nbut by the journal\n  {told:?}");
        let mut public = view.hand;
        let last = view
            .last_round
            .iter()
            .flat_map(|round| round.hands.first.iter().chain(round.hands.second.iter()));
        last.chain(view.in_force).for_each(|card| public.insert(card));
        case.check_secrets(seat, told, data, public)?;
        Ok(view)
    }

    /// How many notices an account has.
    pub(super) fn notices(&self, account: AccountId) -> u64 {
        now(self.store.notice_head(account)).unwrap()
    }

    pub(super) fn is_committed(&mut self, (number, seat, cid): CommandKey) -> bool {
        self.case(number).is_ok_and(|case| case.answered(seat, cid).is_some())
    }

    pub(super) fn check_done(&mut self, key: CommandKey, seq: u64) -> Result<(), String> {
        let (number, seat, cid) = key;
        let case = self.case(number)?;
        let found = case.answered(seat, cid);
        ensure!(
            found == Some(seq),
            "{seat} was told ok with {seq} for {cid}, which the journal has at {found:?}"
        );
        Ok(())
    }

    /// Whether every game that is over and rated has been counted.
    pub(super) fn all_counted(&self) -> bool {
        now(self.store.uncounted(None, 1)).unwrap().is_empty()
    }

    /// A finished rated game has one entry for each player; any other has none.
    fn check_rating(&self, game: GameId) -> Result<(), String> {
        let summary = now(self.store.summary(game)).unwrap().unwrap();
        let finished = summary.ending.as_ref().is_some_and(|ending| ending.status == Status::Finished);
        let entries = now(self.store.entries_of_game(game)).unwrap();
        let expected = if finished && summary.rated { 2 } else { 0 };
        ensure!(entries.len() == expected, "{:?} has the rating entries {entries:?}", summary.ending);
        Ok(())
    }

    /// Everything that can be said of the journals once all is quiet; `outages` are times without a living process.
    pub(super) fn sum_up(&mut self, outages: &[(Timestamp, Timestamp)]) -> Result<(), String> {
        for number in 0..self.cases.len() {
            self.case(number)?;
            let case = &self.cases[number];
            case.check_commands(number, &self.sent)?;
            case.check_time(outages)?;
            self.check_rating(self.cases[number].game)?;
        }
        for (key, verdicts) in &self.verdicts {
            let found = self.cases[key.0].answered(key.1, key.2);
            for verdict in verdicts {
                let agrees = match verdict {
                    Verdict::Done(seq) => found == Some(*seq),
                    Verdict::Refused(code) => found.is_some() == (code == "id_conflict"),
                };
                ensure!(agrees, "{key:?} was answered {verdicts:?}, and the journal has it at {found:?}");
            }
        }
        Ok(())
    }
}

fn cards_in(data: &Value, found: &mut Vec<Card>) {
    match data {
        Value::String(text) => found.extend(text.parse::<Card>().ok()),
        Value::Array(parts) => parts.iter().for_each(|part| cards_in(part, found)),
        Value::Object(members) => {
            for (name, member) in members {
                found.extend(name.parse::<Card>().ok());
                cards_in(member, found);
            }
        }
        _ => {}
    }
}

impl Case {
    /// The journal for people who look for what went wrong.
    pub(super) fn told(&self) -> Vec<String> {
        let lines = self.lines.iter().zip(self.kinds());
        let clock = |line: &Recorded| line.clock.map_or(String::new(), |clock| format!(" {clock:?}"));
        let told =
            |(line, kind): (&Recorded, &str)| format!("{} {kind} at {}{}", line.seq, line.at, clock(line));
        lines.map(told).collect()
    }

    /// What happened in it, in a word each.
    pub(super) fn kinds(&self) -> impl Iterator<Item = &'static str> {
        self.lines.iter().map(|line| match &line.entry {
            Entry::Rules(Event::MatchEnded { outcome: Outcome::Won { by: AWAY, .. } }) => "forfeit_away",
            Entry::Rules(Event::MatchEnded { outcome: Outcome::Won { by: CLOCK, .. } }) => "forfeit_clock",
            entry if ran_out(entry).is_some() => "a turn ran out",
            Entry::Rules(event) => event.kind(),
            Entry::Started(_) => "started",
            Entry::Away { .. } => "away",
            Entry::Back { .. } => "back",
            Entry::ClockExtended(_) => "clock_extended",
            Entry::Revealed(_) => "revealed",
        })
    }

    pub(super) fn head(&self) -> u64 {
        self.table.head
    }

    pub(super) fn is_over(&self) -> bool {
        self.table.is_over()
    }

    pub(super) fn lines(&self) -> &[Recorded] {
        &self.lines
    }

    fn follow(&mut self, lines: Vec<Recorded>) -> Result<(), String> {
        for line in lines {
            let earlier = self.lines.last().is_some_and(|before| before.at > line.at);
            ensure!(!earlier, "line {} is older than the one before", line.seq);
            self.table
                .follow(vec![line.clone()])
                .map_err(|_| format!("the journal has a gap before {}", line.seq))?;
            let mut views =
                [Seat::First, Seat::Second].map(|seat| View::of_game(&GameView::of(&self.table, seat)));
            if self.table.is_over() && !matches!(line.entry, Entry::Revealed(_)) {
                // The seed is told in a line of its own, which always comes with this one.
                for view in &mut views {
                    view.seed = None;
                }
            }
            self.lines.push(line);
            self.views.push(views);
        }
        Ok(())
    }

    fn view(&self, seat: Seat, seq: u64) -> Result<&View, String> {
        let views = self.views.get(usize::try_from(seq).unwrap());
        views
            .map(|views| &views[seat.index()])
            .ok_or_else(|| format!("{seq} was told of, and is not in the journal"))
    }

    fn check_secrets(&self, seat: Seat, at: &View, data: &Value, public: CardSet) -> Result<(), String> {
        let mut shown = Vec::new();
        cards_in(data, &mut shown);
        let secret = shown.into_iter().find(|card| !public.contains(*card));
        ensure!(secret.is_none(), "{seat} was shown {secret:?}: {data}");
        let text = data.to_string();
        let seed = self.secrets.iter().any(|secret| text.contains(secret.as_str()));
        ensure!(!seed || at.is_over(), "{seat} was shown the seed at {}", at.seq);
        Ok(())
    }

    fn answered(&self, seat: Seat, cid: Uuid) -> Option<u64> {
        let is = |line: &&Recorded| line.answers.as_ref().is_some_and(|it| (it.seat, it.cid) == (seat, cid));
        self.lines.iter().find(is).map(|line| line.seq)
    }

    /// Every command in the journal was sent as it stands there, and stands there once.
    fn check_commands(&self, number: usize, sent: &BTreeMap<CommandKey, Vec<String>>) -> Result<(), String> {
        let mut seen = Vec::new();
        for answers in self.lines.iter().filter_map(|line| line.answers.as_ref()) {
            if practice::strength(*self.setting.players.get(answers.seat)).is_some() {
                continue;
            }
            let key = (number, answers.seat, answers.cid);
            ensure!(!seen.contains(&key), "{key:?} is in the journal twice");
            let known = sent.get(&key).is_some_and(|texts| texts.contains(&answers.act));
            ensure!(known, "{key:?} is in the journal as {:?}, which nobody sent", answers.act);
            seen.push(key);
        }
        Ok(())
    }

    /// Nobody lost time in which no process was alive, nobody moved after its time, and nobody ran out of it early.
    fn check_time(&self, outages: &[(Timestamp, Timestamp)]) -> Result<(), String> {
        let rule = self.setting.rules.clock;
        let mut table = Table::new(self.setting.clone());
        let live = |from: Timestamp, to: Timestamp| {
            let lost = outages.iter().map(|(down, up)| (*up).min(to).since((*down).max(from)));
            to.since(from).saturating_sub(lost.sum())
        };
        let (mut moment, mut began, mut reserve) = (None, Timestamp::UNIX_EPOCH, 0);
        let mut gone = BySeat::new(Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH);
        for line in &self.lines {
            let (seq, at) = (line.seq, line.at);
            if let Some(seat) = ran_out(&line.entry) {
                let budget =
                    Duration::from_secs(rule.turn_s.into()) + Duration::from_millis(u64::from(reserve));
                let had = live(began, at);
                ensure!(had >= budget, "line {seq}: {seat} had {had:?} of {budget:?} when its turn ran out");
            }
            if let Entry::Rules(Event::MatchEnded { outcome: Outcome::Won { winner, by: AWAY } }) = line.entry
            {
                let since = (*gone.get(winner.other())).max(began);
                let (had, budget) = (live(since, at), Duration::from_secs(rule.away_s.into()));
                ensure!(had >= budget, "line {seq}: {} was away for {had:?} of {budget:?}", winner.other());
            }
            if let Entry::Away { seat } = line.entry {
                let practice = practice::strength(*self.setting.players.get(seat));
                ensure!(practice.is_none(), "line {seq}: a practice opponent is away");
                *gone.get_mut(seat) = at;
            }
            if let Some(answers) = &line.answers {
                let late = table.deadline().filter(|deadline| {
                    let own = deadline.what.seat() == answers.seat;
                    if own { at > deadline.at } else { at >= deadline.at.plus(LENIENCE) }
                });
                // A line is never older than the one before, however early its command came.
                let pushed = self.before_the_plan_of(seq).is_some_and(|before| before.at == at);
                ensure!(
                    late.is_none() || pushed,
                    "line {seq}: {} moved at {at} in spite of {late:?}",
                    answers.seat
                );
            }
            table.follow(vec![line.clone()]).map_err(|_| "a gap".to_owned())?;
            let state = &table.state;
            if moment != Some((state.round(), state.turn(), state.moves())) && line.clock.is_some() {
                moment = Some((state.round(), state.turn(), state.moves()));
                began = at;
                reserve = state.turn().map_or(0, |seat| *table.clock.reserve_ms.get(seat));
            }
        }
        self.check_gaps(outages)
    }

    /// The last line before those that were appended together with this one: of these only the last has a clock.
    fn before_the_plan_of(&self, seq: u64) -> Option<&Recorded> {
        let mut earlier = self.lines.iter().rev().skip_while(|line| line.seq >= seq);
        earlier.find(|line| line.clock.is_some() || !line.entry.is_of_the_rules())
    }

    /// Each time without a living process was made good once, and wholly.
    fn check_gaps(&self, outages: &[(Timestamp, Timestamp)]) -> Result<(), String> {
        let gaps: Vec<_> = self
            .lines
            .iter()
            .filter_map(|line| match line.entry {
                Entry::ClockExtended(gap) => Some((gap, line.at)),
                _ => None,
            })
            .collect();
        for pair in gaps.windows(2) {
            ensure!(pair[1].0.from >= pair[0].0.to, "a time was made good twice: {pair:?}");
        }
        let over = self
            .lines
            .iter()
            .find(|line| matches!(line.entry, Entry::Rules(Event::MatchEnded { .. } | Event::Voided)));
        let begun = self.lines.first().map_or(Timestamp::UNIX_EPOCH, |line| line.at);
        for (down, up) in outages {
            // A game that ends before its time is made good has no clock any more.
            let played_on = over.is_none_or(|line| line.at > up.plus(Duration::from_secs(30)));
            if begun >= *down || !played_on {
                continue;
            }
            let made_good: Duration =
                gaps.iter().map(|(gap, _)| gap.to.min(*up).since(gap.from.max(*down))).sum();
            ensure!(
                made_good == up.since(*down),
                "of the outage {down} to {up} {made_good:?} were made good: {gaps:?}"
            );
        }
        Ok(())
    }
}

const AWAY: WonBy = WonBy::Forfeit(ForfeitReason::Away);
const CLOCK: WonBy = WonBy::Forfeit(ForfeitReason::Clock);

fn ran_out(entry: &Entry) -> Option<Seat> {
    match entry {
        Entry::Rules(Event::Drew { cause: DrawCause::Penalty, .. }) => None,
        Entry::Rules(Event::Drew { seat, by: By::Clock, .. } | Event::Passed { seat, by: By::Clock, .. }) => {
            Some(*seat)
        }
        // The last run-out that is allowed draws nothing: it loses the match.
        Entry::Rules(Event::MatchEnded { outcome: Outcome::Won { winner, by: CLOCK } }) => {
            Some(winner.other())
        }
        _ => None,
    }
}
