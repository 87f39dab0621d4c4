//! The rule sets everybody knows by name. A preset never changes: a change is a new version.

use super::{
    Announce, ClockRule, CountAt, Counter, Deck, DoubleDeck, DrawRule, FinalEffect, GeneralMarket, MarketEnd,
    MarketRules, MatchRule, Opening, Reshuffles, RuleName, RuleSet, SpecialFinish, Star8, Starter, Tie,
};

impl RuleSet {
    /// The names of the presets.
    pub const PRESETS: [&str; 5] = ["naija_classic", "pagat", "street_strict", "quick", "uk53"];

    /// The preset of that name in its newest version.
    #[must_use]
    pub fn preset(name: &str) -> Option<Self> {
        match name {
            "naija_classic" => Some(Self::naija_classic()),
            "pagat" => Some(Self::pagat()),
            "street_strict" => Some(Self::street_strict()),
            "quick" => Some(Self::quick()),
            "uk53" => Some(Self::uk53()),
            _ => None,
        }
    }

    /// The defaults.
    #[must_use]
    pub const fn naija_classic() -> Self {
        Self {
            name: RuleName::known("naija_classic"),
            version: 1,
            deck: Deck::Ng54,
            deal: 6,
            opening: Opening::Plain,
            starter: Starter::Alternate,
            must_play: false,
            play_drawn: false,
            draw: DrawRule::One,
            hold_on: true,
            star8: Star8::Skip1,
            general_market: GeneralMarket::Keep,
            counter: Counter::Same,
            whot_defends: false,
            special_finish: SpecialFinish::Allow,
            final_effect: FinalEffect::None,
            announce: Announce::Auto,
            market: MarketRules {
                reshuffles: Reshuffles::Zero,
                then: MarketEnd::Count,
                count_at: CountAt::OnNeed,
            },
            star_double: true,
            whot_points: 20,
            tie: Tie::FewerCards,
            match_: MatchRule::Single,
            move_cap: 400,
            clock: ClockRule { turn_s: 20, reserve_s: 60, away_s: 60, run_outs: 3 },
            double_deck: DoubleDeck::Off,
        }
    }

    /// Pagat's Nigerian rules: reshuffles without end, General Market passes the turn, no opener, and
    /// announcing by hand.
    #[must_use]
    pub const fn pagat() -> Self {
        let mut rules = Self::naija_classic();
        rules.name = RuleName::known("pagat");
        rules.market.reshuffles = Reshuffles::Unlimited;
        rules.general_market = GeneralMarket::Pass;
        rules.opening = Opening::None;
        rules.announce = Announce::MANUAL;
        rules
    }

    /// A special card may not be the last.
    #[must_use]
    pub const fn street_strict() -> Self {
        let mut rules = Self::naija_classic();
        rules.name = RuleName::known("street_strict");
        rules.special_finish = SpecialFinish::Reject;
        rules
    }

    /// Four cards each.
    #[must_use]
    pub const fn quick() -> Self {
        let mut rules = Self::naija_classic();
        rules.name = RuleName::known("quick");
        rules.deal = 4;
        rules
    }

    /// The British deck with four Whots.
    #[must_use]
    pub const fn uk53() -> Self {
        let mut rules = Self::naija_classic();
        rules.name = RuleName::known("uk53");
        rules.deck = Deck::Gb53;
        rules
    }

    /// These rules under the name `custom`, unless they are exactly the preset they are named after (or a
    /// name of their own).
    #[must_use]
    pub fn customised(mut self) -> Self {
        if let Some(preset) = Self::preset(self.name.as_str())
            && preset != self
        {
            self.name = RuleName::CUSTOM;
        }
        self
    }
}
