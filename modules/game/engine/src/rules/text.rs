//! Rule sets as text: each toggle by name, and the canonical line that a commitment binds.

use std::fmt::Write;
use std::str::FromStr;

use super::toggles::decimal;
use super::{RuleError, RuleSet};

words! {
    /// A toggle by its wire name, in canonical order.
    pub enum Toggle as "toggle" {
        /// `ng54 | gb53`
        Deck = "deck",
        /// `3..6`
        Deal = "deal",
        /// `plain | no_whot | live_effect | none`
        Opening = "opening",
        /// `alternate | winner | loser | random`
        Starter = "starter",
        /// `true | false`
        MustPlay = "must_play",
        /// `true | false`
        PlayDrawn = "play_drawn",
        /// `one | until_playable`
        Draw = "draw",
        /// `true | false`
        HoldOn = "hold_on",
        /// `skip1 | skip2`
        Star8 = "star8",
        /// `keep | pass | defend`
        GeneralMarket = "general_market",
        /// `same | cross | none`
        Counter = "counter",
        /// `true | false`
        WhotDefends = "whot_defends",
        /// `allow | reject | draw_one`
        SpecialFinish = "special_finish",
        /// `none | apply`
        FinalEffect = "final_effect",
        /// `auto | manual(penalty,grace_ms)`
        Announce = "announce",
        /// `0 | 1 | 2 | unlimited`
        MarketReshuffles = "market.reshuffles",
        /// `count | drawn`
        MarketThen = "market.then",
        /// `on_need | last_card`
        MarketCountAt = "market.count_at",
        /// `true | false`
        StarDouble = "star_double",
        /// `0..100`
        WhotPoints = "whot_points",
        /// `fewer_cards | drawn`
        Tie = "tie",
        /// `single | best_of(n) | first_to_lose(points)`
        Match = "match",
        /// `10..10000`
        MoveCap = "move_cap",
        /// Seconds.
        ClockTurn = "clock.turn_s",
        /// Seconds.
        ClockReserve = "clock.reserve_s",
        /// Seconds.
        ClockAway = "clock.away_s",
        /// A number of turns.
        ClockRunOuts = "clock.run_outs",
        /// `off | pair_plain | group`
        DoubleDeck = "double_deck",
    }
}

impl Toggle {
    /// The values it takes, in words.
    #[must_use]
    pub const fn expected(self) -> &'static str {
        match self {
            Self::Deck => "ng54 or gb53",
            Self::Opening => "plain, no_whot, live_effect or none",
            Self::Starter => "alternate, winner, loser or random",
            Self::Draw => "one or until_playable",
            Self::Star8 => "skip1 or skip2",
            Self::GeneralMarket => "keep, pass or defend",
            Self::Counter => "same, cross or none",
            Self::SpecialFinish => "allow, reject or draw_one",
            Self::FinalEffect => "none or apply",
            Self::Announce => "auto or manual(penalty,grace_ms)",
            Self::MarketReshuffles => "0, 1, 2 or unlimited",
            Self::MarketThen => "count or drawn",
            Self::MarketCountAt => "on_need or last_card",
            Self::Tie => "fewer_cards or drawn",
            Self::Match => "single, best_of(n) or first_to_lose(points)",
            Self::DoubleDeck => "off, pair_plain or group",
            Self::MustPlay | Self::PlayDrawn | Self::HoldOn | Self::WhotDefends | Self::StarDouble => {
                "true or false"
            }
            Self::Deal
            | Self::WhotPoints
            | Self::MoveCap
            | Self::ClockTurn
            | Self::ClockReserve
            | Self::ClockAway
            | Self::ClockRunOuts => "a whole number",
        }
    }
}

impl RuleSet {
    /// The value of a toggle as text.
    #[must_use]
    pub fn get(&self, toggle: Toggle) -> String {
        match toggle {
            Toggle::Deck => self.deck.to_string(),
            Toggle::Deal => self.deal.to_string(),
            Toggle::Opening => self.opening.to_string(),
            Toggle::Starter => self.starter.to_string(),
            Toggle::MustPlay => self.must_play.to_string(),
            Toggle::PlayDrawn => self.play_drawn.to_string(),
            Toggle::Draw => self.draw.to_string(),
            Toggle::HoldOn => self.hold_on.to_string(),
            Toggle::Star8 => self.star8.to_string(),
            Toggle::GeneralMarket => self.general_market.to_string(),
            Toggle::Counter => self.counter.to_string(),
            Toggle::WhotDefends => self.whot_defends.to_string(),
            Toggle::SpecialFinish => self.special_finish.to_string(),
            Toggle::FinalEffect => self.final_effect.to_string(),
            Toggle::Announce => self.announce.to_string(),
            Toggle::MarketReshuffles => self.market.reshuffles.to_string(),
            Toggle::MarketThen => self.market.then.to_string(),
            Toggle::MarketCountAt => self.market.count_at.to_string(),
            Toggle::StarDouble => self.star_double.to_string(),
            Toggle::WhotPoints => self.whot_points.to_string(),
            Toggle::Tie => self.tie.to_string(),
            Toggle::Match => self.match_.to_string(),
            Toggle::MoveCap => self.move_cap.to_string(),
            Toggle::ClockTurn => self.clock.turn_s.to_string(),
            Toggle::ClockReserve => self.clock.reserve_s.to_string(),
            Toggle::ClockAway => self.clock.away_s.to_string(),
            Toggle::ClockRunOuts => self.clock.run_outs.to_string(),
            Toggle::DoubleDeck => self.double_deck.to_string(),
        }
    }

    /// Every toggle by wire name with its value, in canonical order.
    #[must_use]
    pub fn toggles(&self) -> Vec<(&'static str, String)> {
        Toggle::ALL.iter().map(|toggle| (toggle.name(), self.get(*toggle))).collect()
    }

    /// Sets a toggle by wire name and value. What the numbers may be is [`RuleSet::validate`]'s to say.
    pub fn set(&mut self, toggle: &str, value: &str) -> Result<(), RuleError> {
        let toggle: Toggle = toggle.parse().map_err(|_| RuleError::UnknownToggle)?;
        self.put(toggle, value)
            .ok_or(RuleError::BadValue { toggle: toggle.name(), expected: toggle.expected() })
    }

    fn put(&mut self, toggle: Toggle, value: &str) -> Option<()> {
        match toggle {
            Toggle::Deck => word(&mut self.deck, value),
            Toggle::Deal => number(&mut self.deal, value),
            Toggle::Opening => word(&mut self.opening, value),
            Toggle::Starter => word(&mut self.starter, value),
            Toggle::MustPlay => word(&mut self.must_play, value),
            Toggle::PlayDrawn => word(&mut self.play_drawn, value),
            Toggle::Draw => word(&mut self.draw, value),
            Toggle::HoldOn => word(&mut self.hold_on, value),
            Toggle::Star8 => word(&mut self.star8, value),
            Toggle::GeneralMarket => word(&mut self.general_market, value),
            Toggle::Counter => word(&mut self.counter, value),
            Toggle::WhotDefends => word(&mut self.whot_defends, value),
            Toggle::SpecialFinish => word(&mut self.special_finish, value),
            Toggle::FinalEffect => word(&mut self.final_effect, value),
            Toggle::Announce => word(&mut self.announce, value),
            Toggle::MarketReshuffles => word(&mut self.market.reshuffles, value),
            Toggle::MarketThen => word(&mut self.market.then, value),
            Toggle::MarketCountAt => word(&mut self.market.count_at, value),
            Toggle::StarDouble => word(&mut self.star_double, value),
            Toggle::WhotPoints => number(&mut self.whot_points, value),
            Toggle::Tie => word(&mut self.tie, value),
            Toggle::Match => word(&mut self.match_, value),
            Toggle::MoveCap => number(&mut self.move_cap, value),
            Toggle::ClockTurn => number(&mut self.clock.turn_s, value),
            Toggle::ClockReserve => number(&mut self.clock.reserve_s, value),
            Toggle::ClockAway => number(&mut self.clock.away_s, value),
            Toggle::ClockRunOuts => number(&mut self.clock.run_outs, value),
            Toggle::DoubleDeck => word(&mut self.double_deck, value),
        }
    }

    /// The one text of these rules: `name@version;toggle=value;...`, every toggle once, in order. Its UTF-8
    /// bytes are what a shuffle commitment binds.
    #[must_use]
    pub fn canonical(&self) -> String {
        let mut text = self.label();
        for toggle in Toggle::ALL {
            // Writing to a String cannot fail.
            let _ = write!(text, ";{toggle}={}", self.get(*toggle));
        }
        text
    }
}

impl FromStr for RuleSet {
    type Err = RuleError;

    /// Reads the canonical text, and only that. The rules are not validated.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split(';');
        let (name, version) = parts.next().and_then(|l| l.split_once('@')).ok_or(RuleError::NotCanonical)?;
        let mut rules = Self::naija_classic();
        rules.name = name.parse().map_err(|_| RuleError::NotCanonical)?;
        rules.version = decimal(version).ok_or(RuleError::NotCanonical)?;
        for part in parts {
            let (toggle, value) = part.split_once('=').ok_or(RuleError::NotCanonical)?;
            rules.set(toggle, value)?;
        }
        if rules.canonical() == text { Ok(rules) } else { Err(RuleError::NotCanonical) }
    }
}

fn word<T: FromStr>(slot: &mut T, text: &str) -> Option<()> {
    *slot = text.parse().ok()?;
    Some(())
}

fn number<T: FromStr>(slot: &mut T, text: &str) -> Option<()> {
    *slot = decimal(text)?;
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::RuleName;

    #[test]
    fn the_canonical_text_of_the_defaults_never_changes() {
        assert_eq!(
            RuleSet::naija_classic().canonical(),
            "naija_classic@1;deck=ng54;deal=6;opening=plain;starter=alternate;must_play=false;\
             play_drawn=false;draw=one;hold_on=true;star8=skip1;general_market=keep;counter=same;\
             whot_defends=false;special_finish=allow;final_effect=none;announce=auto;market.reshuffles=0;\
             market.then=count;market.count_at=on_need;star_double=true;whot_points=20;tie=fewer_cards;\
             match=single;move_cap=400;clock.turn_s=20;clock.reserve_s=60;clock.away_s=60;clock.run_outs=3;\
             double_deck=off"
        );
    }

    #[test]
    fn every_preset_is_valid_and_reads_back_from_its_canonical_text() {
        for name in RuleSet::PRESETS {
            let rules = RuleSet::preset(name).expect("a preset");
            assert_eq!(rules.name.as_str(), name);
            assert_eq!(rules.validate(), Ok(()), "{name}");
            assert_eq!(rules.canonical().parse(), Ok(rules), "{name}");
            assert_eq!(rules.customised(), rules);
        }
    }

    #[test]
    fn text_that_is_not_canonical_is_refused() {
        let text = RuleSet::naija_classic().canonical();
        for wrong in [
            String::new(),
            text.replace("@1", ""),
            text.replace("@1", "@01"),
            text.replace("naija_classic", "Naija"),
            text.replace(";deal=6", ""),
            text.replace(";deal=6", ";deal=06"),
            text.replace(";deal=6", ";deal=+6"),
            text.replace(";deal=6", ";deal=6;deal=6"),
            text.replace(";deck=ng54;deal=6", ";deal=6;deck=ng54"),
            text.replace("announce=auto", "announce=manual"),
            format!("{text};"),
            format!("{text};colour=red"),
        ] {
            assert!(wrong.parse::<RuleSet>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_preset_with_a_changed_toggle_must_be_renamed() {
        let mut rules = RuleSet::naija_classic();
        rules.set("deal", "5").expect("a value");
        let refused = rules.validate().expect_err("no longer the preset");
        assert_eq!(refused.toggle(), "deal");
        assert_eq!(rules.customised().name, RuleName::CUSTOM);
        assert_eq!(rules.customised().validate(), Ok(()));
        let mut newer = RuleSet::naija_classic();
        newer.version = 2;
        assert!(matches!(newer.validate(), Err(RuleError::UnknownVersion { version: 2, .. })));
    }

    #[test]
    fn values_out_of_range_name_the_toggle() {
        for (toggle, value) in [
            ("deal", "2"),
            ("deal", "7"),
            ("whot_points", "101"),
            ("move_cap", "9"),
            ("announce", "manual(0,4000)"),
            ("announce", "manual(2,499)"),
            ("match", "best_of(1)"),
            ("match", "best_of(4)"),
            ("match", "best_of(11)"),
            ("match", "first_to_lose(0)"),
            ("clock.turn_s", "4"),
            ("clock.reserve_s", "3601"),
            ("clock.away_s", "9"),
            ("clock.run_outs", "0"),
        ] {
            let mut rules = RuleSet::naija_classic();
            rules.name = RuleName::CUSTOM;
            rules.set(toggle, value).expect("a value of its type");
            assert_eq!(rules.validate().map_err(|e| e.toggle()), Err(toggle), "{toggle}={value}");
        }
    }

    #[test]
    fn values_that_no_toggle_has_are_refused_and_change_nothing() {
        for toggle in Toggle::ALL {
            for value in ["", "no such value", "99999999999", "-1", "TRUE"] {
                let mut rules = RuleSet::naija_classic();
                let refused = rules.set(toggle.name(), value).expect_err("not a value");
                assert_eq!(refused.toggle(), toggle.name());
                assert_eq!(rules, RuleSet::naija_classic());
            }
        }
        assert_eq!(RuleSet::naija_classic().set("jokers", "2"), Err(RuleError::UnknownToggle));
    }
}
