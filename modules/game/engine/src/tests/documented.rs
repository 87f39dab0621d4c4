//! The page of the rules names what there is: every toggle in order, its values, and what each preset differs in.

use crate::rules::{RuleSet, Toggle};

const PAGE: &str = include_str!("../../../../../docs/rules.md");

#[test]
fn every_toggle_stands_on_the_page_and_the_defaults_in_canonical_order() {
    assert!(PAGE.lines().any(|line| line == RuleSet::naija_classic().canonical()));
    for toggle in Toggle::ALL {
        assert!(PAGE.contains(&format!("`{toggle} = ")), "{toggle}");
    }
}

#[test]
fn every_word_that_a_toggle_takes_stands_on_the_page() {
    for toggle in Toggle::ALL {
        let words =
            toggle.expected().split([' ', ',']).filter(|word| word.contains('_') || word.contains('('));
        for word in words.filter(|word| !word.starts_with("grace_ms")) {
            assert!(PAGE.contains(word), "{toggle}: {word}");
        }
    }
}

#[test]
fn every_preset_stands_on_the_page_with_all_that_it_differs_in() {
    let classic = RuleSet::naija_classic();
    for name in RuleSet::PRESETS {
        let preset = RuleSet::preset(name).expect("a preset");
        let row = PAGE.lines().find(|line| line.starts_with(&format!("| `{}`", preset.label())));
        let differs = Toggle::ALL.iter().filter(|toggle| preset.get(**toggle) != classic.get(**toggle));
        let told: Vec<String> =
            differs.map(|toggle| format!("`{toggle} = {}`", preset.get(*toggle))).collect();
        let row = row.expect("a row");
        assert_eq!(row.matches(" = ").count(), told.len(), "{row}");
        assert!(told.iter().all(|value| row.contains(value)), "{row}: {told:?}");
    }
}
