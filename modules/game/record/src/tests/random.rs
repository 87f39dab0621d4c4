//! Random rule sets and random games, recorded line by line as the server records them.

use std::time::Duration;

use game_engine::{BySeat, Command, Event, ForfeitReason, Phase, RuleName, RuleSet, Seat, Toggle, legal};
use kernel::id::{AccountId, GameId, Uuid};
use kernel::{Timestamp, TypedId};

use crate::{
    Clock, Commitment, Deadline, Entropy, Entry, Gap, Heading, LENIENCE, Lapse, Line, Moment, Player, Record,
    Seed, Shuffle, Started, Story,
};

/// A small generator for choices.
pub(super) struct Picks(u64);

impl Picks {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed ^ 0x9e37_79b9_7f4a_7c15 | 1)
    }

    pub(super) const fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() >> 33).expect("31 bits") % bound
    }

    pub(super) fn bytes(&mut self) -> [u8; 32] {
        std::array::from_fn(|_| u8::try_from(self.next() >> 56).expect("8 bits"))
    }

    fn uuid(&mut self) -> Uuid {
        Uuid::from_u128(u128::from(self.next()) << 64 | u128::from(self.next()))
    }

    fn one_of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }

    fn moment(&mut self, at_most: u64) -> Duration {
        Duration::from_micros(self.next() % (at_most + 1))
    }
}

/// Rules that differ from the defaults in these toggles.
pub(super) fn rules(toggles: &[(&str, &str)]) -> RuleSet {
    let mut rules = RuleSet::naija_classic();
    for (toggle, value) in toggles {
        rules.set(toggle, value).expect("a toggle with such a value");
    }
    let rules = if toggles.is_empty() { rules } else { RuleSet { name: RuleName::CUSTOM, ..rules } };
    rules.validate().expect("rules that can be played");
    rules
}

/// Any rules that can be played: every toggle with every kind of value it has.
pub(super) fn any_rules(picks: &mut Picks) -> RuleSet {
    const FLAG: &[&str] = &["true", "false"];
    let mut rules = RuleSet::naija_classic();
    for toggle in Toggle::ALL {
        let values: &[&str] = match toggle {
            Toggle::Deck => &["ng54", "gb53"],
            Toggle::Deal => &["3", "4", "5", "6"],
            Toggle::Opening => &["plain", "no_whot", "live_effect", "none"],
            Toggle::Starter => &["alternate", "winner", "loser", "random"],
            Toggle::MustPlay
            | Toggle::PlayDrawn
            | Toggle::HoldOn
            | Toggle::WhotDefends
            | Toggle::StarDouble => FLAG,
            Toggle::Draw => &["one", "until_playable"],
            Toggle::Star8 => &["skip1", "skip2"],
            Toggle::GeneralMarket => &["keep", "pass", "defend"],
            Toggle::Counter => &["same", "cross", "none"],
            Toggle::SpecialFinish => &["allow", "reject", "draw_one"],
            Toggle::FinalEffect => &["none", "apply"],
            Toggle::Announce => &["auto", "manual", "manual(1,500)", "manual(5,60000)"],
            Toggle::MarketReshuffles => &["0", "1", "2", "unlimited"],
            Toggle::MarketThen => &["count", "drawn"],
            Toggle::MarketCountAt => &["on_need", "last_card"],
            Toggle::WhotPoints => &["0", "20", "100"],
            Toggle::Tie => &["fewer_cards", "drawn"],
            Toggle::Match => &["single", "single", "best_of(3)", "best_of(5)", "first_to_lose(60)"],
            Toggle::MoveCap => &["10", "40", "400"],
            Toggle::ClockTurn => &["5", "20"],
            Toggle::ClockReserve => &["0", "60"],
            Toggle::ClockAway => &["10", "60"],
            Toggle::ClockRunOuts => &["1", "3"],
            Toggle::DoubleDeck => &["off", "pair_plain", "group"],
        };
        rules.set(toggle.name(), picks.one_of(values)).expect("a value of the toggle");
    }
    let rules = RuleSet { name: RuleName::CUSTOM, ..rules };
    rules.validate().expect("rules that can be played");
    rules
}

pub(super) fn heading(rules: RuleSet, picks: &mut Picks) -> Heading {
    let game = GameId::from_uuid(picks.uuid());
    let ids = BySeat::new(AccountId::from_uuid(picks.uuid()), AccountId::from_uuid(picks.uuid()));
    let seed = Seed::new(picks.bytes());
    let commitment = Commitment::to(&seed, game, &rules.canonical(), &ids);
    let entropy = BySeat::new((), ()).map(|()| (picks.below(3) > 0).then(|| Entropy::new(picks.bytes())));
    let names = ["ada", "ben \"the \\ duke\"", "名前"];
    let player = |account| Player {
        account,
        username: (picks.below(4) > 0).then(|| names[picks.below(names.len())].to_owned()),
    };
    Heading { game, players: ids.map(player), rules, shuffle: Shuffle { seed, commitment, entropy } }
}

/// A game being recorded, with clocks as the server keeps them.
pub(super) struct Table {
    pub(super) story: Story,
    pub(super) clock: Clock,
    pub(super) now: Timestamp,
    lines: Vec<Line>,
}

impl Table {
    pub(super) fn open(heading: Heading) -> Self {
        let now = Timestamp::from_seconds(1_795_000_000);
        let clock = Clock::new(heading.rules.clock);
        let started = Started {
            players: heading.players.clone().map(|player| player.account),
            rules: heading.rules.canonical(),
            commitment: heading.shuffle.commitment,
            entropy: heading.shuffle.entropy,
        };
        let before = Moment::of(&game_engine::State::new(heading.rules));
        let story = Story::begin(heading, Some(now)).expect("a deal");
        let mut table = Self { story, clock, now, lines: Vec::new() };
        table.line(Entry::Started(Box::new(started)), None);
        table.tell(0, before);
        table
    }

    pub(super) fn line(&mut self, entry: Entry, clock: Option<Clock>) {
        let seq = u64::try_from(self.lines.len()).expect("few lines") + 1;
        self.lines.push(Line { seq, at: self.now, entry, clock });
    }

    fn tell(&mut self, known: usize, before: Moment) {
        let announce = self.story.heading.rules.announce;
        let events: Vec<Event> =
            self.story.steps()[known..].iter().flat_map(|step| step.events.iter().copied()).collect();
        for event in &events {
            self.clock.hear(event, announce, self.now);
            self.line(Entry::Rules(*event), None);
        }
        self.clock.keep(before, self.story.state(), self.now);
        self.lines.last_mut().expect("an event").clock = Some(self.clock);
        if self.story.outcome().is_some() {
            self.line(Entry::Revealed(self.story.heading.shuffle.seed.clone()), None);
        }
    }

    pub(super) fn command(&mut self, seat: Seat, command: Command) {
        let (known, before) = (self.story.steps().len(), Moment::of(self.story.state()));
        self.story.carry_out(seat, command, Some(self.now), None).expect("a command that is accepted");
        self.tell(known, before);
    }

    /// The next deadline passes, and what is due is carried out.
    pub(super) fn lapse(&mut self) {
        let Deadline { at, what } = self.next_deadline();
        self.now = at.plus(LENIENCE).max(self.now);
        let command = match what {
            Lapse::Announcement(_) => Command::AnnouncementExpired,
            Lapse::Away(_) => Command::Forfeit(ForfeitReason::Away),
            Lapse::Turn(_) => Command::RunOut,
        };
        self.command(what.seat(), command);
    }

    pub(super) fn next_deadline(&self) -> Deadline {
        self.clock.next(self.story.heading.rules.clock).expect("a turn runs")
    }

    pub(super) fn come_or_go(&mut self, seat: Seat) {
        let away = self.clock.away.get_mut(seat);
        let (entry, since) = match away {
            Some(_) => (Entry::Back { seat }, None),
            None => (Entry::Away { seat }, Some(self.now)),
        };
        *away = since;
        self.line(entry, Some(self.clock));
    }

    pub(super) fn extend(&mut self, length: Duration) {
        self.make_good(Gap { from: self.now, to: self.now.plus(length) });
    }

    /// Makes a gap good, whether or not there can have been such a one.
    pub(super) fn make_good(&mut self, gap: Gap) {
        self.now = self.now.max(gap.to);
        self.clock.extend(gap);
        self.line(Entry::ClockExtended(gap), Some(self.clock));
    }

    /// Somebody's move, or now and then something else that happens around a game.
    pub(super) fn anything(&mut self, picks: &mut Picks) {
        let rule = self.story.heading.rules.clock;
        match picks.below(60) {
            0 => return self.come_or_go(Seat::ALL[picks.below(2)]),
            1 => return self.extend(picks.moment(90_000_000)),
            2 => return self.lapse(),
            _ => {}
        }
        let (seat, command) = self.some_command(picks);
        self.now = self.now.plus(picks.moment(4_000_000));
        if self.clock.missed_by(rule, seat, self.now).is_some() {
            self.lapse();
        } else {
            self.command(seat, command);
        }
    }

    fn some_command(&self, picks: &mut Picks) -> (Seat, Command) {
        let state = self.story.state();
        assert_eq!(state.phase(), Phase::Playing);
        let tired = state.round() >= 9;
        match picks.below(400) {
            0 => return (Seat::First, Command::Void),
            1 => return (Seat::ALL[picks.below(2)], Command::Resign),
            _ if tired => return (Seat::Second, Command::Resign),
            _ => {}
        }
        let late = Seat::ALL.iter().copied().find(|seat| state.due(*seat).is_some());
        if let Some(seat) = late.filter(|_| picks.below(3) == 0) {
            return (seat, Command::Announce);
        }
        let seat = state.turn().expect("a round is played");
        let commands = legal(state, seat);
        (seat, commands[picks.below(commands.len())])
    }

    pub(super) fn is_over(&self) -> bool {
        self.story.outcome().is_some()
    }

    pub(super) fn record(&self) -> Record {
        let Heading { game, players, .. } = self.story.heading.clone();
        Record::of(game, players, self.lines.clone()).expect("a game that is over")
    }
}

/// A whole game under these rules.
pub(super) fn played(rules: RuleSet, picks: &mut Picks) -> Table {
    let mut table = Table::open(heading(rules, picks));
    while !table.is_over() {
        table.anything(picks);
    }
    table
}
