//! The type of every toggle, with its wire names. Each enum is one row of the table of rules.

use std::fmt;
use std::str::FromStr;

use crate::words::UnknownWord;

words! {
    /// Which deck is played with.
    pub enum Deck as "deck" {
        /// 54 cards, five Whots.
        Ng54 = "ng54",
        /// 53 cards, four Whots.
        Gb53 = "gb53",
    }
}

impl Deck {
    /// How many Whots it has.
    #[must_use]
    pub const fn whots(self) -> u8 {
        match self {
            Self::Ng54 => 5,
            Self::Gb53 => 4,
        }
    }
}

words! {
    /// What the first card in force may be.
    pub enum Opening as "opening" {
        /// A plain card; a special one goes back in.
        Plain = "plain",
        /// Any card but a Whot; a special one lies there spent.
        NoWhot = "no_whot",
        /// Any card but a Whot; a special one has its effect, as if laid by the player who does not start.
        LiveEffect = "live_effect",
        /// No card: any card leads.
        None = "none",
    }
}

words! {
    /// Who starts a round after the first.
    pub enum Starter as "starter" {
        /// The other player than last round.
        Alternate = "alternate",
        /// The winner of the last round; after a drawn round the same starter again.
        Winner = "winner",
        /// The loser of the last round; after a drawn round the same starter again.
        Loser = "loser",
        /// Drawn by lot each round.
        Random = "random",
    }
}

words! {
    /// How much an ordinary draw takes.
    pub enum DrawRule as "draw rule" {
        /// One card.
        One = "one",
        /// Cards until one fits.
        UntilPlayable = "until_playable",
    }
}

words! {
    /// What a star-8 skips. With two players both are the same: the turn never wraps to the opponent.
    pub enum Star8 as "star-8 rule" {
        /// One player.
        Skip1 = "skip1",
        /// Two players.
        Skip2 = "skip2",
    }
}

words! {
    /// What a 14 does.
    pub enum GeneralMarket as "general market rule" {
        /// The opponent draws one, its player goes again.
        Keep = "keep",
        /// The opponent draws one and has the turn.
        Pass = "pass",
        /// The opponent owes one, answered only by a 14.
        Defend = "defend",
    }
}

words! {
    /// What answers a 2 or a 5.
    pub enum Counter as "counter rule" {
        /// The same number.
        Same = "same",
        /// A 2 or a 5.
        Cross = "cross",
        /// Nothing.
        None = "none",
    }
}

words! {
    /// Whether a special card may be the last.
    pub enum SpecialFinish as "special finish rule" {
        /// It may.
        Allow = "allow",
        /// The play is refused.
        Reject = "reject",
        /// Its player draws one, and the round goes on.
        DrawOne = "draw_one",
    }
}

words! {
    /// Whether the effect of a special last card still reaches the loser.
    pub enum FinalEffect as "final effect rule" {
        /// It does not.
        None = "none",
        /// The loser draws what it would owe before its hand is scored.
        Apply = "apply",
    }
}

words! {
    /// How often the pile may become the market again.
    pub enum Reshuffles as "number of reshuffles" {
        /// Never.
        Zero = "0",
        /// Once a round.
        One = "1",
        /// Twice a round.
        Two = "2",
        /// As often as there is need.
        Unlimited = "unlimited",
    }
}

impl Reshuffles {
    /// Whether one more is allowed after so many.
    #[must_use]
    pub const fn allows_after(self, used: u16) -> bool {
        match self {
            Self::Zero => false,
            Self::One => used < 1,
            Self::Two => used < 2,
            Self::Unlimited => true,
        }
    }
}

words! {
    /// How a round ends at an empty market.
    pub enum MarketEnd as "market end" {
        /// Hands are counted.
        Count = "count",
        /// The round is drawn.
        Drawn = "drawn",
    }
}

words! {
    /// When an empty market ends the round, once no reshuffle is left.
    pub enum CountAt as "counting time" {
        /// When a card is needed and none is there.
        OnNeed = "on_need",
        /// As soon as the last card is drawn.
        LastCard = "last_card",
    }
}

words! {
    /// Who wins a count that ends level.
    pub enum Tie as "tie rule" {
        /// Fewer cards; the round is drawn if these are level too.
        FewerCards = "fewer_cards",
        /// Nobody: the round is drawn.
        Drawn = "drawn",
    }
}

words! {
    /// Whether several cards may be laid in one play.
    pub enum DoubleDeck as "double decking rule" {
        /// One card.
        Off = "off",
        /// Or exactly two plain cards, each fitting the one before; never against a debt.
        PairPlain = "pair_plain",
        /// Or two or more of one number; effects add up.
        Group = "group",
    }
}

/// What happens when the market is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MarketRules {
    /// How often the pile becomes the market again.
    pub reshuffles: Reshuffles,
    /// How the round ends afterwards.
    pub then: MarketEnd,
    /// When it ends.
    pub count_at: CountAt,
}

/// Who announces "semi last" and "last card".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Announce {
    /// The server, at once.
    Auto,
    /// The player, in time.
    Manual {
        /// Cards drawn by who does not, 1..=5.
        penalty: u8,
        /// Milliseconds until the penalty, 500..=60,000.
        grace_ms: u32,
    },
}

impl Announce {
    /// By hand with the usual penalty and time.
    pub const MANUAL: Self = Self::Manual { penalty: 2, grace_ms: 4_000 };
}

impl fmt::Display for Announce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Manual { penalty, grace_ms } => write!(f, "manual({penalty},{grace_ms})"),
        }
    }
}

impl FromStr for Announce {
    type Err = UnknownWord;

    /// `auto`, `manual` (penalty 2, 4,000 ms) or `manual(penalty,grace_ms)`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let manual = || {
            let (penalty, grace_ms) = argument(text, "manual")?.split_once(',')?;
            Some(Self::Manual { penalty: decimal(penalty)?, grace_ms: decimal(grace_ms)? })
        };
        match text {
            "auto" => Ok(Self::Auto),
            "manual" => Ok(Self::MANUAL),
            _ => manual().ok_or(UnknownWord { what: "announcement rule" }),
        }
    }
}

/// How many rounds make a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MatchRule {
    /// One round; drawn if the round is.
    Single,
    /// First to win more than half of so many rounds: odd, 3..=9. Drawn rounds count for nothing.
    BestOf(u8),
    /// The first to reach so many points loses, 1..=10,000.
    FirstToLose(u16),
}

impl fmt::Display for MatchRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Single => f.write_str("single"),
            Self::BestOf(rounds) => write!(f, "best_of({rounds})"),
            Self::FirstToLose(points) => write!(f, "first_to_lose({points})"),
        }
    }
}

impl FromStr for MatchRule {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "single" {
            return Ok(Self::Single);
        }
        let best = || argument(text, "best_of").and_then(decimal).map(Self::BestOf);
        let lose = || argument(text, "first_to_lose").and_then(decimal).map(Self::FirstToLose);
        best().or_else(lose).ok_or(UnknownWord { what: "match rule" })
    }
}

/// The clock of a game. Times are kept by the game module; `run_outs` is the engine's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClockRule {
    /// Seconds for a turn, 5..=3,600.
    pub turn_s: u16,
    /// Seconds in reserve for the whole game, 0..=3,600.
    pub reserve_s: u16,
    /// Seconds away with the turn that forfeit, 10..=3,600.
    pub away_s: u16,
    /// Run-out turns in a row that forfeit, 1..=10.
    pub run_outs: u8,
}

/// The text between `name(` and `)`.
fn argument<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')')
}

/// A decimal number written the one canonical way: no sign, no leading zero.
pub(super) fn decimal<T: FromStr>(text: &str) -> Option<T> {
    let canonical = text == "0" || !text.starts_with(['0', '+', '-']);
    if canonical { text.parse().ok() } else { None }
}
