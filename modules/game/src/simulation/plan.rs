//! What happens in a run beside ordinary play: faults and unusual acts of clients, each at its moment. A plan follows
//! from its seed, can be printed, read back, and made shorter.

use std::fmt;
use std::str::FromStr;

use game_bots::Strength;
use game_engine::RuleSet;

use super::dice::Dice;

/// Milliseconds since a run began.
pub(super) type Ms = u64;

macro_rules! acts {
    ($($(#[$doc:meta])* $Name:ident = $word:literal { $($field:ident),* };)+) => {
        /// One thing that happens. Clients are numbered by game, seat and device; nodes and games from 0.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Act { $($(#[$doc])* $Name { $($field: u64),* },)+ }

        impl fmt::Display for Act {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {$(
                    Self::$Name { $($field),* } => {
                        f.write_str($word)?;
                        $(write!(f, " {}={}", stringify!($field), $field)?;)*
                        Ok(())
                    }
                )+}
            }
        }

        impl FromStr for Act {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                let (word, fields) = text.split_once(' ').unwrap_or((text, ""));
                match word {
                    $($word => Ok(Self::$Name { $($field: field(fields, stringify!($field))?),* }),)+
                    _ => Err(format!("no act is called {word:?}")),
                }
            }
        }
    };
}

acts! {
    /// The connection breaks; each side notices in its own time, and what was under way is lost.
    Cut = "cut" { client, client_ms, server_ms };
    /// The connection goes dead and nobody is told.
    Dark = "dark" { client };
    /// Everything to and from this client takes longer.
    Lag = "lag" { client, ms, for_ms };
    /// The client reads nothing for a while.
    Stall = "stall" { client, for_ms };
    /// The next command is sent a second time from the player's other device.
    Resend = "resend" { client };
    /// The player does not think for a while.
    Sleep = "sleep" { client, for_ms };
    /// The player moves when its turn runs out: so much before or after that instant, `twice`: on both its devices.
    Edge = "edge" { client, early_ms, late_ms, twice };
    /// A command that was answered is sent again.
    Again = "again" { client };
    /// The id of a command that was answered is used for another one.
    Conflict = "conflict" { client };
    /// A command that the player may not give.
    Junk = "junk" { client };
    /// The player gives up.
    Resign = "resign" { client };
    /// The client follows again: from so many events back, or with 0 from a snapshot.
    Refollow = "refollow" { client, back };
    /// The client says goodbye and comes back later.
    Leave = "leave" { client, for_ms };
    /// The node dies where it stands.
    Crash = "crash" { node };
    /// The node is told to stop.
    Drain = "drain" { node };
    /// A new process takes the node's place.
    Boot = "boot" { node };
    /// Storage refuses calls, loses the answers of others, and is slow.
    Storm = "storm" { refuse_percent, lose_percent, slow_ms, for_ms };
    /// What is told after a commit reaches only some sockets.
    Mute = "mute" { percent, for_ms };
    /// Staff voids a game.
    Void = "void" { game };
}

/// The number after `name=`.
fn field<T: FromStr>(fields: &str, name: &str) -> Result<T, String> {
    let value = fields.split(' ').find_map(|field| field.strip_prefix(name)?.strip_prefix('='));
    value.and_then(|value| value.parse().ok()).ok_or_else(|| format!("no number {name} in {fields:?}"))
}

/// A game to be played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GamePlan {
    /// How many devices each player has.
    pub(super) devices: [u64; 2],
    /// Who sits on the first seat instead of a person.
    pub(super) practice: Option<Strength>,
    /// How long the players think, about.
    pub(super) think_ms: Ms,
    /// A preset and what differs from it: `quick;clock.turn_s=5`.
    pub(super) rules: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) at: Ms,
    pub(super) act: Act,
}

/// A whole run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    /// From which every delay and every choice of a player follows.
    pub(super) seed: u64,
    pub(super) nodes: u64,
    pub(super) games: Vec<GamePlan>,
    /// In the order of their moments.
    pub(super) steps: Vec<Step>,
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {} nodes={}", self.seed, self.nodes)?;
        for GamePlan { devices: [first, second], practice, think_ms, rules } in &self.games {
            write!(f, "game first_devices={first} second_devices={second} think_ms={think_ms} ")?;
            if let Some(strength) = practice {
                write!(f, "practice={strength} ")?;
            }
            writeln!(f, "rules={rules}")?;
        }
        self.steps.iter().try_for_each(|Step { at, act }| writeln!(f, "at {at} {act}"))
    }
}

impl FromStr for Plan {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut plan = Self { seed: 0, nodes: 1, games: Vec::new(), steps: Vec::new() };
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (word, rest) = line.split_once(' ').ok_or_else(|| format!("half a line: {line:?}"))?;
            let (first, fields) = rest.split_once(' ').unwrap_or((rest, ""));
            let number = || first.parse::<u64>().map_err(|_| format!("not a number: {first:?}"));
            match word {
                "seed" => (plan.seed, plan.nodes) = (number()?, field(fields, "nodes")?),
                "at" => plan.steps.push(Step { at: number()?, act: fields.parse()? }),
                "game" => {
                    let (rest, rules) = rest.rsplit_once("rules=").ok_or("a game without rules")?;
                    let game = GamePlan {
                        devices: [field(rest, "first_devices")?, field(rest, "second_devices")?],
                        practice: field(rest, "practice").ok(),
                        think_ms: field(rest, "think_ms")?,
                        rules: rules.to_owned(),
                    };
                    game.rule_set()?;
                    plan.games.push(game);
                }
                _ => return Err(format!("no line begins with {word:?}")),
            }
        }
        Ok(plan)
    }
}

impl Plan {
    /// The plan that a seed stands for.
    pub(super) fn of(seed: u64) -> Self {
        Self::drawn(seed, Dice::of(seed, "plan"), GamePlan::of)
    }

    /// The plan that a seed stands for when people practise.
    pub(super) fn of_practice(seed: u64) -> Self {
        Self::drawn(seed, Dice::of(seed, "practice"), GamePlan::of_practice)
    }

    fn drawn(seed: u64, mut dice: Dice, game: fn(&mut Dice) -> GamePlan) -> Self {
        let nodes = 1 + u64::from(dice.percent(40));
        let games: Vec<GamePlan> = (0..=u64::from(dice.percent(25))).map(|_| game(&mut dice)).collect();
        let horizon = dice.between(15_000, 60_000);
        let clients = games.iter().map(|game| game.devices.iter().sum::<u64>()).sum();
        let mut steps = Vec::new();
        for _ in 0..dice.between(4, 16) {
            let at = dice.between(100, horizon);
            add(&mut steps, &mut dice, at, (nodes, clients, games.len() as u64));
        }
        steps.sort_by_key(|step| step.at);
        Self { seed, nodes, games, steps }
    }

    /// When everything heals.
    pub(super) fn horizon(&self) -> Ms {
        let over = |step: &Step| match step.act {
            Act::Stall { for_ms, .. } => step.at + for_ms,
            _ => step.at,
        };
        self.steps.iter().map(over).max().unwrap_or(0) + 1_000
    }

    /// The same without some steps.
    pub(super) fn without(&self, steps: std::ops::Range<usize>) -> Self {
        let mut shorter = self.clone();
        shorter.steps.drain(steps);
        shorter
    }
}

impl GamePlan {
    fn of(dice: &mut Dice) -> Self {
        let preset = dice.pick(&["quick", "quick", "naija_classic", "pagat", "street_strict"]);
        let turn = dice.pick(&["5", "8", "20"]);
        let reserve = dice.pick(&["0", "4", "60"]);
        let away = dice.pick(&["10", "20", "60"]);
        let run_outs = dice.pick(&["2", "3", "5"]);
        let mut rules = format!(
            "{preset};clock.turn_s={turn};clock.reserve_s={reserve};clock.away_s={away};clock.run_outs={run_outs};\
             move_cap={}",
            dice.pick(&["30", "60", "120"])
        );
        if dice.percent(10) {
            rules.push_str(";match=best_of(3)");
        }
        let devices = [1 + u64::from(dice.percent(35)), 1 + u64::from(dice.percent(35))];
        Self { devices, practice: None, think_ms: dice.between(50, 1_500), rules }
    }

    fn of_practice(dice: &mut Dice) -> Self {
        let game = Self::of(dice);
        Self { devices: [0, game.devices[1]], practice: Some(dice.pick(&Strength::ALL)), ..game }
    }

    /// The rules, spelt out.
    pub(super) fn rule_set(&self) -> Result<RuleSet, String> {
        let mut parts = self.rules.split(';');
        let preset = parts.next().and_then(RuleSet::preset);
        let mut rules = preset.ok_or_else(|| format!("no preset: {}", self.rules))?;
        for part in parts {
            let (toggle, value) = part.split_once('=').ok_or_else(|| format!("no toggle: {part}"))?;
            rules.set(toggle, value).map_err(|error| error.to_string())?;
        }
        Ok(rules.customised())
    }
}

/// Adds one thing that happens at `at`, with what belongs to it.
fn add(steps: &mut Vec<Step>, dice: &mut Dice, at: Ms, (nodes, clients, games): (u64, u64, u64)) {
    let (client, node) = (dice.below(clients), dice.below(nodes));
    let for_ms = dice.between(200, 15_000);
    let act = match dice.below(40) {
        0..=5 => {
            let (client_ms, server_ms) = (dice.between(0, 800), dice.between(0, 3_000));
            Act::Cut { client, client_ms, server_ms }
        }
        6..=7 => Act::Dark { client },
        8..=9 => Act::Lag { client, ms: dice.between(50, 4_000), for_ms },
        10..=11 => Act::Stall { client, for_ms: dice.pick(&[2_000, 25_000, 70_000]) },
        12..=14 => Act::Resend { client },
        15 => Act::Sleep { client, for_ms: dice.between(1_000, 40_000) },
        16..=19 => {
            let [early_ms, late_ms] =
                dice.pick(&[[0, 0], [1, 0], [0, 1], [0, 249], [0, 250], [0, 251], [120, 0]]);
            Act::Edge { client, early_ms, late_ms, twice: dice.below(2) }
        }
        20..=21 => Act::Again { client },
        22 => Act::Conflict { client },
        23 => Act::Junk { client },
        24 => {
            if dice.percent(30) {
                Act::Resign { client }
            } else {
                Act::Junk { client }
            }
        }
        25..=26 => Act::Refollow { client, back: dice.below(6) },
        27 => Act::Leave { client, for_ms: dice.between(200, 30_000) },
        28..=32 => return restart(steps, dice, at, (node, nodes)),
        33..=36 => {
            let (refuse_percent, lose_percent) = (dice.between(0, 50), dice.between(0, 60));
            Act::Storm { refuse_percent, lose_percent, slow_ms: dice.pick(&[0, 0, 20, 400]), for_ms }
        }
        37..=38 => Act::Mute { percent: dice.between(10, 100), for_ms },
        _ => {
            if dice.percent(20) {
                Act::Void { game: dice.below(games) }
            } else {
                Act::Again { client }
            }
        }
    };
    steps.push(Step { at, act });
}

/// One node or all of them stop and come back, some of them at once to die again.
fn restart(steps: &mut Vec<Step>, dice: &mut Dice, at: Ms, (node, nodes): (u64, u64)) {
    let which = if dice.percent(50) { node..node + 1 } else { 0..nodes };
    let gap = dice.pick(&[50, 700, 2_500, 6_000, 30_000]);
    for node in which {
        let stop = if dice.percent(75) { Act::Crash { node } } else { Act::Drain { node } };
        steps.push(Step { at, act: stop });
        let mut up = at + dice.between(gap / 2, gap);
        steps.push(Step { at: up, act: Act::Boot { node } });
        if dice.percent(30) {
            // What took the node down may not be over yet.
            let (refuse_percent, lose_percent) = (dice.between(0, 50), dice.between(0, 60));
            let act =
                Act::Storm { refuse_percent, lose_percent, slow_ms: dice.pick(&[0, 200]), for_ms: 4_000 };
            steps.push(Step { at: up.saturating_sub(300), act });
        }
        if dice.percent(25) {
            up += dice.between(1, 1_800);
            steps.push(Step { at: up, act: Act::Crash { node } });
            steps.push(Step { at: up + dice.between(gap / 2, gap), act: Act::Boot { node } });
        }
    }
}
