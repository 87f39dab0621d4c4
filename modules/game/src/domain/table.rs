//! A running game as the server holds it: everything that follows from its journal.

use std::collections::HashMap;

use game_engine::{BySeat, Command, Event, ForfeitReason, Phase, Refusal, RuleSet, Seat, State};
use kernel::Timestamp;
use kernel::id::{AccountId, GameId, Uuid};

use super::clock::{Clock, Deadline, Gap, Lapse};
use super::command::Asked;
use super::entry::{Answered, Entry, Recorded, Started};
use super::plan::Plan;
use super::practice::{self, Bot};
use super::shuffle::Shuffle;

/// A game with its secrets. It never leaves the server; a player gets a view of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Table {
    pub(crate) game: GameId,
    pub(crate) players: BySeat<AccountId>,
    pub(crate) shuffle: Shuffle,
    pub(crate) state: State,
    pub(crate) clock: Clock,
    /// The last line's seq.
    pub(crate) head: u64,
    /// The last line of the rules: what a command must have seen.
    pub(crate) last_rules: u64,
    last_at: Timestamp,
    /// The end of the last gap that was made good.
    extended_until: Option<Timestamp>,
    answered: HashMap<(Seat, Uuid), (u64, String)>,
    /// The practice opponent, if one plays here.
    pub(super) bot: Option<Box<Bot>>,
}

/// What a table is made of, beside its journal.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    pub(crate) game: GameId,
    pub(crate) players: BySeat<AccountId>,
    pub(crate) rules: RuleSet,
    pub(crate) shuffle: Shuffle,
}

/// A journal that does not continue where the table stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the journal has a gap")]
pub(crate) struct Gapped;

/// What is known of a command id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// Committed before: its answer.
    Answered(u64),
    /// Committed before as another command.
    Conflict,
    /// Never committed.
    New,
}

impl Table {
    /// Before the first line.
    pub(crate) fn new(setting: Setting) -> Self {
        let state = State::new(setting.rules);
        Self {
            game: setting.game,
            players: setting.players,
            shuffle: setting.shuffle,
            clock: Clock::new(state.rules().clock),
            state,
            head: 0,
            last_rules: 0,
            last_at: Timestamp::UNIX_EPOCH,
            extended_until: None,
            answered: HashMap::new(),
            bot: Bot::among(&setting.players),
        }
    }

    /// The game as its journal tells it.
    pub(crate) fn replay(setting: Setting, lines: Vec<Recorded>) -> Result<Self, Gapped> {
        let mut table = Self::new(setting);
        table.follow(lines)?;
        Ok(table)
    }

    /// Goes on with lines that somebody committed.
    pub(crate) fn follow(&mut self, lines: Vec<Recorded>) -> Result<(), Gapped> {
        for mut line in lines {
            if line.seq != self.head + 1 {
                return Err(Gapped);
            }
            if let Entry::Rules(event) = &mut line.entry {
                // The journal does not repeat what the shuffle tells.
                if let Event::Dealt(dealt) = event {
                    dealt.key = self.shuffle.round_key(dealt.round);
                }
                self.state.apply(event);
            }
            self.note(line);
        }
        Ok(())
    }

    /// Goes on with a plan that has been committed.
    pub(crate) fn commit(&mut self, plan: Plan) {
        self.state = plan.state;
        for line in plan.lines {
            self.note(line);
        }
    }

    fn note(&mut self, line: Recorded) {
        self.head = line.seq;
        self.last_at = line.at;
        if let Entry::Rules(event) = &line.entry {
            self.last_rules = line.seq;
            if let Some(bot) = &mut self.bot {
                bot.see(event);
            }
        }
        if let Entry::ClockExtended(gap) = line.entry {
            self.extended_until = Some(gap.to);
        }
        if let Some(clock) = line.clock {
            self.clock = clock;
        }
        if let Some(Answered { seat, cid, act }) = line.answers {
            self.answered.insert((seat, cid), (line.seq, act));
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.state.phase() == Phase::Over
    }

    pub(crate) fn seat_of(&self, account: AccountId) -> Option<Seat> {
        Seat::ALL.iter().copied().find(|seat| *self.players.get(*seat) == account)
    }

    /// Whether a practice opponent sits there: it is always there.
    fn is_practice(&self, seat: Seat) -> bool {
        practice::strength(*self.players.get(seat)).is_some()
    }

    /// Whether this command was committed before. Asked before its base is looked at.
    pub(crate) fn known(&self, seat: Seat, asked: &Asked) -> Known {
        match self.answered.get(&(seat, asked.cid)) {
            Some((seq, act)) if *act == asked.act.canonical() => Known::Answered(*seq),
            Some(_) => Known::Conflict,
            None => Known::New,
        }
    }

    /// Whether an event of the rules followed what the player had seen, or the player claims to have seen more than
    /// there is.
    pub(crate) fn is_stale(&self, base: Option<u64>) -> bool {
        base.is_some_and(|base| base < self.last_rules || base > self.head)
    }

    /// The first lines of a new game.
    pub(crate) fn open(&self, started: Started, at: Timestamp) -> Result<Plan, Refusal> {
        let mut plan = self.plan(at);
        plan.line(Entry::Started(Box::new(started)), None);
        plan.obey(&self.shuffle, Seat::First, &Command::Deal(self.shuffle.round_key(1)))?;
        Ok(plan)
    }

    /// What a player's command causes.
    pub(crate) fn play(&self, seat: Seat, asked: &Asked, at: Timestamp) -> Result<Plan, Refusal> {
        let mut plan = self.plan(at);
        plan.obey(&self.shuffle, seat, &asked.act.command())?;
        plan.answer(Answered { seat, cid: asked.cid, act: asked.act.canonical() });
        Ok(plan)
    }

    /// The deadline that comes first.
    pub(crate) fn deadline(&self) -> Option<Deadline> {
        self.clock.next(self.state.rules().clock)
    }

    /// The deadline that had passed when a command of `seat` was received: its own to the instant, the other's with the
    /// usual lenience.
    pub(crate) fn missed_by(&self, seat: Seat, received: Timestamp) -> Option<Deadline> {
        self.clock.missed_by(self.state.rules().clock, seat, received)
    }

    /// The deadline that has passed for everybody.
    pub(crate) fn missed(&self, now: Timestamp) -> Option<Deadline> {
        self.clock.missed(self.state.rules().clock, now)
    }

    /// What a passed deadline causes.
    pub(crate) fn lapse(&self, lapse: Lapse, at: Timestamp) -> Result<Plan, Refusal> {
        let command = match lapse {
            Lapse::Announcement(_) => Command::AnnouncementExpired,
            Lapse::Away(_) => Command::Forfeit(ForfeitReason::Away),
            Lapse::Turn(_) => Command::RunOut,
        };
        let mut plan = self.plan(at);
        plan.obey(&self.shuffle, lapse.seat(), &command)?;
        Ok(plan)
    }

    /// The seat's connection lapsed; nothing if that is known, or the game is over.
    pub(crate) fn away(&self, seat: Seat, at: Timestamp) -> Option<Plan> {
        if self.is_over() || self.clock.away.get(seat).is_some() || self.is_practice(seat) {
            return None;
        }
        let mut plan = self.plan(at);
        *plan.clock.away.get_mut(seat) = Some(at.max(self.last_at));
        plan.clock_line(Entry::Away { seat });
        Some(plan)
    }

    /// The seat is back; nothing if it was not away.
    pub(crate) fn back(&self, seat: Seat, at: Timestamp) -> Option<Plan> {
        if self.is_over() || self.clock.away.get(seat).is_none() {
            return None;
        }
        let mut plan = self.plan(at);
        *plan.clock.away.get_mut(seat) = None;
        plan.clock_line(Entry::Back { seat });
        Some(plan)
    }

    /// Makes good a time without any node, or what was not made good of it yet; nothing if the game began after it.
    pub(crate) fn extend(&self, gap: Gap, at: Timestamp) -> Option<Plan> {
        // A node that died while it took over made good what was before it; its successor's gap begins as early. And
        // whoever wrote the last line could still write then.
        let from = self.extended_until.map_or(gap.from, |until| until.max(gap.from)).max(self.last_at);
        let gap = Gap { from, ..gap };
        if self.is_over() || from >= gap.to || self.last_at >= gap.to {
            return None;
        }
        // A clock that was set back must not let the line stand before the end of what it makes good.
        let mut plan = self.plan(at.max(gap.to));
        plan.clock.extend(gap);
        plan.clock_line(Entry::ClockExtended(gap));
        Some(plan)
    }

    /// The match counts for nothing; nothing if it is over.
    pub(crate) fn void(&self, at: Timestamp) -> Option<Plan> {
        let mut plan = self.plan(at);
        plan.obey(&self.shuffle, Seat::First, &Command::Void).ok()?;
        Some(plan)
    }

    fn plan(&self, at: Timestamp) -> Plan {
        Plan::after(self.head, at.max(self.last_at), &self.state, self.clock)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::clock::LENIENCE;
    use crate::domain::command::Act;
    use crate::domain::shuffle::{Commitment, Entropy, Seed};
    use game_engine::{Outcome, WonBy, legal};
    use kernel::TypedId;
    use std::time::Duration;

    fn setting(rules: RuleSet, seed: u8) -> Setting {
        let game = GameId::from_uuid(Uuid::from_u128(1));
        let players =
            BySeat::new(AccountId::from_uuid(Uuid::from_u128(2)), AccountId::from_uuid(Uuid::from_u128(3)));
        let seed = Seed::new([seed; 32]);
        let commitment = Commitment::to(&seed, game, &rules.canonical(), &players);
        let entropy = BySeat::new(Some(Entropy::new([5; 32])), None);
        Setting { game, players, rules, shuffle: Shuffle { seed, commitment, entropy } }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_000_000 + seconds)
    }

    struct Played {
        table: Table,
        journal: Vec<Recorded>,
        now: i64,
    }

    impl Played {
        fn new(rules: RuleSet, seed: u8) -> Self {
            let setting = setting(rules, seed);
            let started = Started {
                players: setting.players,
                rules: setting.rules.canonical(),
                commitment: setting.shuffle.commitment,
                entropy: setting.shuffle.entropy,
            };
            let table = Table::new(setting);
            let plan = table.open(started, at(0)).unwrap();
            let mut played = Self { table, journal: Vec::new(), now: 0 };
            played.commit(plan);
            played
        }

        fn commit(&mut self, plan: Plan) {
            self.journal.extend(plan.lines.iter().cloned());
            self.table.commit(plan);
        }

        fn turn(&self) -> Seat {
            self.table.state.turn().unwrap()
        }

        fn do_something(&mut self, number: u128) {
            let seat = self.turn();
            let choices = legal(&self.table.state, seat);
            let command = choices[usize::try_from(number * 7).unwrap() % choices.len()];
            let act = match command {
                Command::Play(play) => Act::Play { cards: play.cards, call: play.call },
                Command::Draw => Act::Draw,
                Command::Pass => Act::Pass,
                _ => Act::Announce,
            };
            let asked = Asked { cid: Uuid::from_u128(number), base: Some(self.table.head), act };
            self.now += 1;
            let plan = self.table.play(seat, &asked, at(self.now)).unwrap();
            self.commit(plan);
        }
    }

    fn whole_game(rules: RuleSet, seed: u8) -> Played {
        let mut played = Played::new(rules, seed);
        let mut number = 100;
        while !played.table.is_over() {
            played.do_something(number);
            number += 1;
        }
        played
    }

    #[test]
    fn replaying_a_journal_gives_the_live_table_at_every_line() {
        for (name, seed) in RuleSet::PRESETS.iter().zip(1..) {
            let mut rules = RuleSet::preset(name).unwrap();
            rules.set("match", "best_of(3)").unwrap();
            let rules = rules.customised();
            let played = whole_game(rules, seed);
            let replayed = Table::replay(setting(rules, seed), played.journal.clone()).unwrap();
            assert_eq!(replayed, played.table, "{name}");
            let mut step = Table::new(setting(rules, seed));
            for line in played.journal {
                step.follow(vec![line]).unwrap();
            }
            assert_eq!(step, played.table, "{name}");
        }
    }

    #[test]
    fn a_journal_with_a_missing_line_is_refused() {
        let mut played = whole_game(RuleSet::naija_classic(), 1);
        played.journal.remove(3);
        let setting = setting(RuleSet::naija_classic(), 1);
        assert_eq!(Table::replay(setting, played.journal), Err(Gapped));
    }

    #[test]
    fn the_first_line_tells_the_promise_and_the_last_reveals_the_seed() {
        let played = whole_game(RuleSet::naija_classic(), 3);
        let Some(Entry::Started(started)) = played.journal.first().map(|line| &line.entry) else { panic!() };
        let Some(Entry::Revealed(seed)) = played.journal.last().map(|line| &line.entry) else { panic!() };
        let told = Commitment::to(seed, played.table.game, &started.rules, &started.players);
        assert_eq!(told, started.commitment);
        let revealed = played.journal.iter().filter(|line| matches!(line.entry, Entry::Revealed(_))).count();
        assert_eq!(revealed, 1);
    }

    #[test]
    fn a_repeated_command_is_known_by_its_id_and_another_under_that_id_conflicts() {
        let mut played = Played::new(RuleSet::naija_classic(), 1);
        let seat = played.turn();
        let asked = Asked { cid: Uuid::from_u128(9), base: Some(2), act: Act::Draw };
        assert_eq!(played.table.known(seat, &asked), Known::New);
        let plan = played.table.play(seat, &asked, at(1)).unwrap();
        played.commit(plan);
        assert_eq!(played.table.known(seat, &asked), Known::Answered(played.table.head));
        assert_eq!(played.table.known(seat, &Asked { base: None, ..asked }), Known::Answered(3));
        assert_eq!(played.table.known(seat, &Asked { act: Act::Pass, ..asked }), Known::Conflict);
        assert_eq!(played.table.known(seat.other(), &asked), Known::New, "ids belong to a player");
    }

    #[test]
    fn only_events_of_the_rules_make_a_base_stale() {
        let mut played = Played::new(RuleSet::naija_classic(), 1);
        let base = Some(played.table.head);
        let plan = played.table.away(Seat::First, at(1)).unwrap();
        played.commit(plan);
        assert!(!played.table.is_stale(base));
        assert!(played.table.is_stale(Some(played.table.head + 1)), "it claims to have seen the future");
        played.do_something(1);
        assert!(played.table.is_stale(base));
        assert!(!played.table.is_stale(None));
    }

    #[test]
    fn a_turn_that_runs_out_draws_and_the_third_in_a_row_forfeits() {
        let mut played = Played::new(RuleSet::naija_classic(), 1);
        let loser = played.turn();
        let mut time = at(0);
        while !played.table.is_over() {
            let deadline = played.table.deadline().unwrap();
            assert_eq!(played.table.missed(deadline.at), None, "the lenience has not passed");
            time = deadline.at.plus(LENIENCE);
            assert_eq!(played.table.missed(time), Some(deadline));
            let plan = played.table.lapse(deadline.what, time).unwrap();
            played.commit(plan);
        }
        let Some(Outcome::Won { winner, by }) = played.table.state.outcome() else { panic!() };
        assert_eq!(by, WonBy::Forfeit(ForfeitReason::Clock));
        assert_eq!(winner, loser.other(), "the one whose turn came first ran out three times first");
        assert_eq!(played.table.deadline(), None);
        assert!(time > at(200));
    }

    #[test]
    fn a_command_received_before_its_deadline_is_in_time_and_after_it_is_not() {
        let played = Played::new(RuleSet::naija_classic(), 1);
        let (seat, deadline) = (played.turn(), played.table.deadline().unwrap());
        assert_eq!(played.table.missed_by(seat, deadline.at), None);
        let late = deadline.at.plus(Duration::from_micros(1));
        assert_eq!(played.table.missed_by(seat, late), Some(deadline));
        assert_eq!(played.table.missed_by(seat.other(), late), None, "the owner may still be heard");
    }

    #[test]
    fn away_with_the_turn_forfeits_and_coming_back_stops_it() {
        let mut played = Played::new(RuleSet::naija_classic(), 1);
        let seat = played.turn();
        let plan = played.table.away(seat, at(5)).unwrap();
        played.commit(plan);
        assert!(played.table.away(seat, at(6)).is_none(), "it is known");
        assert_eq!(played.table.deadline().unwrap(), Deadline { at: at(65), what: Lapse::Away(seat) });
        let mut back = played.table.clone();
        back.commit(played.table.back(seat, at(10)).unwrap());
        assert_eq!(back.deadline().unwrap().what, Lapse::Turn(seat));
        let plan = played.table.lapse(Lapse::Away(seat), at(66)).unwrap();
        assert_eq!(
            plan.outcome(),
            Some(Outcome::Won { winner: seat.other(), by: WonBy::Forfeit(ForfeitReason::Away) })
        );
    }

    #[test]
    fn a_gap_is_made_good_once() {
        let mut played = Played::new(RuleSet::naija_classic(), 1);
        let before = played.table.deadline().unwrap();
        let gap = Gap { from: at(3), to: at(33) };
        let plan = played.table.extend(gap, at(33)).unwrap();
        played.commit(plan);
        assert_eq!(played.table.deadline().unwrap().at, before.at.plus(Duration::from_secs(30)));
        assert!(played.table.extend(gap, at(34)).is_none());
        // Whoever took over died of it: its successor makes good what came after.
        let longer = Gap { from: at(3), to: at(40) };
        let rest = played.table.extend(longer, at(40)).unwrap();
        assert_eq!(rest.lines[0].entry, Entry::ClockExtended(Gap { from: at(33), to: at(40) }));
        let later = Gap { from: at(50), to: at(60) };
        assert!(played.table.extend(later, at(60)).is_some());
    }

    #[test]
    fn a_gap_begins_no_earlier_than_the_last_line_that_could_be_written() {
        let mut played = Played::new(RuleSet::naija_classic(), 1);
        played.now = 9;
        played.do_something(1);
        let plan = played.table.extend(Gap { from: at(3), to: at(33) }, at(33)).unwrap();
        assert_eq!(plan.lines[0].entry, Entry::ClockExtended(Gap { from: at(10), to: at(33) }));
    }

    #[test]
    fn voiding_ends_a_game_once_and_reveals_the_seed() {
        let mut played = Played::new(RuleSet::naija_classic(), 1);
        let plan = played.table.void(at(9)).unwrap();
        assert!(matches!(plan.lines.last().map(|line| &line.entry), Some(Entry::Revealed(_))));
        played.commit(plan);
        assert_eq!(played.table.state.outcome(), Some(Outcome::Voided));
        assert!(played.table.void(at(10)).is_none());
        assert_eq!(played.table.deadline(), None);
    }

    #[test]
    fn time_never_runs_backwards_in_a_journal() {
        let mut played = Played::new(RuleSet::naija_classic(), 1);
        played.now = 10;
        played.do_something(1);
        played.now = 2;
        played.do_something(2);
        assert!(played.journal.is_sorted_by_key(|line| line.at));
    }

    #[test]
    fn an_announcement_by_hand_has_its_own_deadline() {
        let rules = RuleSet::preset("pagat").unwrap();
        for seed in 1..=20 {
            let mut played = Played::new(rules, seed);
            for number in 1..200 {
                if played.table.is_over() {
                    break;
                }
                let due = Seat::ALL.iter().find(|seat| played.table.state.due(**seat).is_some());
                if let Some(seat) = due {
                    let deadline = played.table.clock.announce.get(*seat).unwrap();
                    assert!(deadline > at(played.now) && deadline <= at(played.now + 4));
                    let plan = played.table.lapse(Lapse::Announcement(*seat), deadline).unwrap();
                    played.commit(plan);
                    assert_eq!(*played.table.clock.announce.get(*seat), None);
                    return;
                }
                played.do_something(number);
            }
        }
        panic!("no announcement was ever due");
    }
}
