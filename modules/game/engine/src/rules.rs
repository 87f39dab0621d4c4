//! The rules of one game as a value: every toggle, typed. What the toggles do is decided elsewhere.

mod check;
mod name;
mod presets;
mod text;
mod toggles;

pub use check::RuleError;
pub use name::RuleName;
pub use text::Toggle;
pub use toggles::{
    Announce, ClockRule, CountAt, Counter, Deck, DoubleDeck, DrawRule, FinalEffect, GeneralMarket, MarketEnd,
    MarketRules, MatchRule, Opening, Reshuffles, SpecialFinish, Star8, Starter, Tie,
};

/// A named, versioned set of rules. Fixed at the deal, stored with the game and bound into the shuffle's
/// commitment by [`RuleSet::canonical`]. The fields are the rows of the table of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "the yes-or-no toggles of the table of rules are booleans by name"
)]
pub struct RuleSet {
    /// The name; a preset's name promises a preset's toggles.
    pub name: RuleName,
    /// The version of that name.
    pub version: u16,
    /// Which deck is played with.
    pub deck: Deck,
    /// Cards dealt to each player, 3..=6.
    pub deal: u8,
    /// What the first card in force may be.
    pub opening: Opening,
    /// Who starts the rounds after the first, whose starter is always drawn by lot.
    pub starter: Starter,
    /// Whether a draw is refused while a play is legal.
    pub must_play: bool,
    /// Whether a drawn card that fits may be played at once.
    pub play_drawn: bool,
    /// How much an ordinary draw takes.
    pub draw: DrawRule,
    /// Whether a 1 gives its player another turn; without it a 1 is a plain card.
    pub hold_on: bool,
    /// What a star-8 skips; without effect for two players.
    pub star8: Star8,
    /// What a 14 does.
    pub general_market: GeneralMarket,
    /// What answers a 2 or a 5.
    pub counter: Counter,
    /// Whether a Whot cancels a debt.
    pub whot_defends: bool,
    /// Whether a special card may be the last.
    pub special_finish: SpecialFinish,
    /// Whether the effect of a special last card still reaches the loser.
    pub final_effect: FinalEffect,
    /// Who announces "semi last" and "last card".
    pub announce: Announce,
    /// What happens when the market is empty.
    pub market: MarketRules,
    /// Whether stars count double in scoring.
    pub star_double: bool,
    /// What a Whot counts in scoring, 0..=100.
    pub whot_points: u8,
    /// Who wins a count that ends level.
    pub tie: Tie,
    /// How many rounds make a match.
    pub match_: MatchRule,
    /// Moves after which a round is counted, 10..=10,000.
    pub move_cap: u16,
    /// The clock, kept by the game module; the engine only counts run-out turns.
    pub clock: ClockRule,
    /// Whether several cards may be laid in one play.
    pub double_deck: DoubleDeck,
}

impl RuleSet {
    /// Whether a number is special under these rules: 1, 2, 5, 8, 14 and the Whot, without the 1 when it
    /// does not hold on.
    #[must_use]
    pub const fn is_special(&self, number: u8) -> bool {
        match number {
            1 => self.hold_on,
            2 | 5 | 8 | 14 | 20 => true,
            _ => false,
        }
    }

    /// Name and version, such as `naija_classic@1`.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }
}
