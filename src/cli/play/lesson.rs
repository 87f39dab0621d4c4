//! How the game is played, in plain words, for the rules that are in force.

use game_engine::{
    Announce, Card, CountAt, DoubleDeck, DrawRule, FinalEffect, GeneralMarket, MarketEnd, MatchRule, Opening,
    Reshuffles, RuleSet, SpecialFinish, Tie,
};

use super::words::answers;

/// The whole game on one screen.
pub(super) fn lesson(rules: &RuleSet) -> String {
    let mut lines = vec![
        "The first with an empty hand wins the round.".to_owned(),
        format!("Each begins with {} cards; {}.", rules.deal, opening(rules)),
        format!(
            "In your turn lay a card of the same shape or the same number as the one that lies there, or draw {}{}.",
            if rules.draw == DrawRule::One { "one" } else { "until one fits" },
            if rules.must_play { "; while a card goes you must play" } else { "" },
        ),
    ];
    if rules.play_drawn {
        lines.push("A drawn card that fits may be played at once, or kept.".to_owned());
    }
    lines.extend(specials(rules));
    lines.extend(several(rules));
    lines.extend(last_cards(rules));
    lines.push(market(rules));
    lines.push(format!("Hands are counted by their numbers{}; {}.", worth(rules), won(rules)));
    lines.push(clock(rules));
    let lines: Vec<String> = lines.iter().flat_map(|line| wrapped(line)).collect();
    lines.join("\n")
}

const fn opening(rules: &RuleSet) -> &'static str {
    match rules.opening {
        Opening::Plain => "a plain card is turned up to begin with",
        Opening::NoWhot => "a card is turned up to begin with, without any effect",
        Opening::LiveEffect => "a card is turned up to begin with, and has its effect on whoever starts",
        Opening::None => "nothing lies there yet, and any card goes first",
    }
}

fn specials(rules: &RuleSet) -> Vec<String> {
    let mut lines = Vec::new();
    if rules.hold_on {
        lines.push("1, Hold On: you play again.".to_owned());
    }
    for (number, name, cards) in [(2, "Pick Two", 2), (5, "Pick Three", 3)] {
        let card = Card::all().find(|card| card.number() == number);
        let ways = match answers(rules, card).as_str() {
            "" => String::new(),
            ways => format!(", or answers with {ways}, and then you owe all of it"),
        };
        lines.push(format!("{number}, {name}: the other draws {cards}{ways}."));
    }
    lines.push("8, Suspension: the other is passed over, so you play again.".to_owned());
    lines.push(
        match rules.general_market {
            GeneralMarket::Keep => "14, General Market: the other draws one and you play again.",
            GeneralMarket::Pass => "14, General Market: the other draws one and has the turn.",
            GeneralMarket::Defend => "14, General Market: the other draws one, or answers with a 14.",
        }
        .to_owned(),
    );
    let defends = if rules.whot_defends { "" } else { " but a debt" };
    lines.push(format!("Whot (W20) goes on anything{defends}: you call the shape that must follow."));
    lines
}

fn several(rules: &RuleSet) -> Option<String> {
    let words = match rules.double_deck {
        DoubleDeck::Off => return None,
        DoubleDeck::PairPlain => "Two plain cards that fit each other may be laid together.",
        DoubleDeck::Group => "Two or more cards of one number may be laid together; their effects add up.",
    };
    Some(words.to_owned())
}

fn last_cards(rules: &RuleSet) -> Vec<String> {
    let special = match rules.special_finish {
        SpecialFinish::Allow if rules.final_effect == FinalEffect::Apply => {
            Some("A special card may be the last, and the other still draws for it.")
        }
        SpecialFinish::Allow => None,
        SpecialFinish::Reject => Some("A special card may not be the last."),
        SpecialFinish::DrawOne => Some("Whoever lays a special card as the last draws one."),
    };
    let announced = match rules.announce {
        Announce::Auto => None,
        Announce::Manual { penalty, grace_ms } => Some(format!(
            "With two cards left say \"semi last\", with one \"last card\" (type a) within {} s, or you draw {penalty}.",
            f64::from(grace_ms) / 1000.0
        )),
    };
    special.map(str::to_owned).into_iter().chain(announced).collect()
}

fn market(rules: &RuleSet) -> String {
    let again = match rules.market.reshuffles {
        Reshuffles::Zero => "When the market is empty",
        Reshuffles::One => "An empty market is made anew from the pile once; after that",
        Reshuffles::Two => "An empty market is made anew from the pile twice; after that",
        Reshuffles::Unlimited => {
            return format!(
                "An empty market is made anew from the pile. After {} moves hands are counted.",
                rules.move_cap
            );
        }
    };
    let when = match rules.market.count_at {
        CountAt::OnNeed => " and a card is needed",
        CountAt::LastCard => " with its last card",
    };
    let then = match rules.market.then {
        MarketEnd::Count => "hands are counted and fewer points win",
        MarketEnd::Drawn => "the round is drawn",
    };
    format!("{again}{when}, {then}.")
}

fn worth(rules: &RuleSet) -> String {
    let stars = if rules.star_double { ", stars double" } else { "" };
    format!("{stars}, a Whot {}", rules.whot_points)
}

fn won(rules: &RuleSet) -> String {
    let level = match rules.tie {
        Tie::FewerCards => "level hands go to the one with fewer cards",
        Tie::Drawn => "level hands are a drawn round",
    };
    let match_ = match rules.match_ {
        MatchRule::Single => "one round is the match".to_owned(),
        MatchRule::BestOf(rounds) => format!("whoever wins {} rounds wins the match", rounds / 2 + 1),
        MatchRule::FirstToLose(points) => {
            format!("whoever has been left with {points} points loses the match")
        }
    };
    format!("{level}; {match_}")
}

fn clock(rules: &RuleSet) -> String {
    let clock = rules.clock;
    format!(
        "A turn has {} s, then your reserve of {} s for the whole game runs; at its end the server draws for you, and \
         the {} in a row loses the match. So do {} s away with the turn.",
        clock.turn_s,
        clock.reserve_s,
        ordinal(clock.run_outs),
        clock.away_s
    )
}

fn ordinal(number: u8) -> String {
    match number {
        1 => "first".to_owned(),
        2 => "second".to_owned(),
        3 => "third".to_owned(),
        other => format!("{other}th"),
    }
}

/// Characters on a line.
const WIDTH: usize = 76;

/// A paragraph as an item of a list.
fn wrapped(paragraph: &str) -> Vec<String> {
    let mut lines = vec!["  -".to_owned()];
    for word in paragraph.split(' ') {
        let fits = lines.last().is_some_and(|line| line.chars().count() + 1 + word.chars().count() <= WIDTH);
        if !fits {
            lines.push("   ".to_owned());
        }
        if let Some(line) = lines.last_mut() {
            line.push(' ');
            line.push_str(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lesson_of(toggles: &[(&str, &str)]) -> String {
        let mut rules = RuleSet::naija_classic();
        for (toggle, value) in toggles {
            rules.set(toggle, value).unwrap();
        }
        lesson(&rules).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn every_rule_that_is_in_force_is_told_and_no_other() {
        let classic = lesson_of(&[]);
        for told in ["1, Hold On", "2, Pick Two: the other draws 2", "stars double", "General Market", "W20"]
        {
            assert!(classic.contains(told), "{told}: {classic}");
        }
        for (toggle, value, told) in [
            ("deal", "4", "Each begins with 4 cards"),
            ("must_play", "true", "while a card goes you must play"),
            ("draw", "until_playable", "draw until one fits"),
            ("play_drawn", "true", "may be played at once"),
            ("general_market", "defend", "answers with a 14"),
            ("special_finish", "reject", "may not be the last"),
            ("special_finish", "draw_one", "as the last draws one"),
            ("announce", "manual(3,4500)", "within 4.5 s, or you draw 3."),
            ("double_deck", "group", "one number may be laid together"),
            ("market.reshuffles", "unlimited", "After 400 moves hands are counted."),
            ("market.then", "drawn", "the round is drawn."),
            ("opening", "live_effect", "has its effect on whoever starts"),
            ("match", "best_of(5)", "whoever wins 3 rounds"),
            ("match", "first_to_lose(60)", "left with 60 points loses"),
            ("clock.turn_s", "33", "A turn has 33 s"),
        ] {
            assert!(!classic.contains(told), "{told}");
            assert!(lesson_of(&[(toggle, value)]).contains(told), "{toggle} = {value}");
        }
        let without = lesson_of(&[("hold_on", "false"), ("star_double", "false")]);
        assert!(!without.contains("Hold On") && !without.contains("stars"));
    }

    #[test]
    fn no_line_is_too_wide_for_a_terminal() {
        for preset in RuleSet::PRESETS {
            let text = lesson(&RuleSet::preset(preset).unwrap());
            assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
            assert!(text.lines().count() <= 30, "{text}");
        }
    }
}
