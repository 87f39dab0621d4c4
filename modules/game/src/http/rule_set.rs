//! A rule set as a person asks for it: a preset by name, or an object that changes some of its toggles.

use std::collections::BTreeMap;
use std::fmt;

use game_engine::{RuleError, RuleName, RuleSet};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use utoipa::ToSchema;

/// The name of a preset, or an object in the form in which rule sets are shown.
#[derive(Debug, Clone, ToSchema)]
#[serde(untagged)]
pub(super) enum RuleSetForm {
    /// For example `naija_classic`.
    Preset(String),
    /// A preset with other toggles; the result is named `custom` if it differs.
    Full(FullRuleSet),
}

/// By hand: derived code would say of what fits neither form only that it fits none.
impl<'de> Deserialize<'de> for RuleSetForm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FormVisitor;
        impl<'de> Visitor<'de> for FormVisitor {
            type Value = RuleSetForm;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a preset, or an object")
            }
            fn visit_str<E: Error>(self, name: &str) -> Result<RuleSetForm, E> {
                Ok(RuleSetForm::Preset(name.to_owned()))
            }
            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<RuleSetForm, A::Error> {
                FullRuleSet::deserialize(MapAccessDeserializer::new(members)).map(RuleSetForm::Full)
            }
        }
        deserializer.deserialize_any(FormVisitor)
    }
}

/// Toggles by name over a preset.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FullRuleSet {
    /// The preset to begin with; `custom` begins with `naija_classic`.
    name: String,
    /// Must be the preset's, where it is given; of `custom`, 1.
    version: Option<u16>,
    /// Booleans, integers and words, as `GET /api/v1/rule-sets` shows them.
    #[serde(default)]
    #[schema(value_type = std::collections::BTreeMap<String, Value>)]
    toggles: Toggles,
}

/// Each toggle once.
#[derive(Debug, Clone, Default)]
struct Toggles(BTreeMap<String, Value>);

impl<'de> Deserialize<'de> for Toggles {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TogglesVisitor;
        impl<'de> Visitor<'de> for TogglesVisitor {
            type Value = Toggles;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of toggles")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Toggles, A::Error> {
                let mut toggles = BTreeMap::new();
                while let Some((toggle, value)) = members.next_entry::<String, Value>()? {
                    if toggles.contains_key(&toggle) {
                        return Err(A::Error::custom(format_args!("duplicate field `{toggle}`")));
                    }
                    toggles.insert(toggle, value);
                }
                Ok(Toggles(toggles))
            }
        }
        deserializer.deserialize_map(TogglesVisitor)
    }
}

/// The clock, where it differs from the rule set's.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ClockForm {
    /// Seconds for a turn: 5 to 3600.
    turn_s: Option<u16>,
    /// Seconds in reserve: 0 to 3600.
    reserve_s: Option<u16>,
    /// Seconds away with the turn that forfeit: 10 to 3600.
    away_s: Option<u16>,
    /// Run-out turns in a row that forfeit: 1 to 10.
    run_outs: Option<u8>,
}

/// The rules that are meant, validated.
pub(super) fn read(
    form: &RuleSetForm,
    match_rule: Option<&str>,
    clock: ClockForm,
) -> Result<RuleSet, RuleError> {
    let mut rules = match form {
        RuleSetForm::Preset(name) => preset(name)?,
        RuleSetForm::Full(full) => full.rules()?,
    };
    if let Some(match_rule) = match_rule {
        rules.set("match", match_rule)?;
    }
    rules.clock.turn_s = clock.turn_s.unwrap_or(rules.clock.turn_s);
    rules.clock.reserve_s = clock.reserve_s.unwrap_or(rules.clock.reserve_s);
    rules.clock.away_s = clock.away_s.unwrap_or(rules.clock.away_s);
    rules.clock.run_outs = clock.run_outs.unwrap_or(rules.clock.run_outs);
    let rules = rules.customised();
    rules.validate()?;
    Ok(rules)
}

fn preset(name: &str) -> Result<RuleSet, RuleError> {
    RuleSet::preset(name).ok_or(RuleError::BadValue { toggle: "name", expected: "the name of a preset" })
}

impl FullRuleSet {
    fn rules(&self) -> Result<RuleSet, RuleError> {
        let custom = self.name == RuleName::CUSTOM.as_str();
        let mut rules = if custom { RuleSet::naija_classic() } else { preset(&self.name)? };
        if let Some(version) = self.version.filter(|version| *version != rules.version) {
            let name = if custom { RuleName::CUSTOM } else { rules.name };
            return Err(RuleError::UnknownVersion { name, version });
        }
        for (toggle, value) in &self.toggles.0 {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Bool(_) | Value::Number(_) => value.to_string(),
                Value::Null | Value::Array(_) | Value::Object(_) => String::new(),
            };
            rules.set(toggle, &text)?;
        }
        Ok(rules)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::wire::RulesView;

    fn form(json: &str) -> RuleSetForm {
        platform::json::from_str(json).unwrap()
    }

    #[test]
    fn every_preset_can_be_asked_for_by_name_and_by_the_form_in_which_it_is_shown() {
        for name in RuleSet::PRESETS {
            let rules = RuleSet::preset(name).unwrap();
            assert_eq!(read(&form(&format!("{name:?}")), None, ClockForm::default()), Ok(rules));
            let shown = serde_json::to_string(&RulesView::of(&rules)).unwrap();
            assert_eq!(read(&form(&shown), None, ClockForm::default()), Ok(rules), "{shown}");
        }
    }

    #[test]
    fn a_changed_toggle_match_or_clock_makes_a_custom_set() {
        let toggled =
            form(r#"{"name":"naija_classic","toggles":{"deal":5,"must_play":true,"counter":"cross"}}"#);
        let rules = read(&toggled, None, ClockForm::default()).unwrap();
        assert_eq!((rules.name, rules.deal, rules.must_play), (RuleName::CUSTOM, 5, true));
        let best = read(&form(r#""quick""#), Some("best_of(3)"), ClockForm::default()).unwrap();
        assert_eq!((best.name, best.deal), (RuleName::CUSTOM, 4));
        let slow = ClockForm { turn_s: Some(60), ..ClockForm::default() };
        assert_eq!(read(&form(r#""quick""#), None, slow).unwrap().clock.turn_s, 60);
        let shown = serde_json::to_string(&RulesView::of(&rules)).unwrap();
        assert_eq!(
            read(&form(&shown), None, ClockForm::default()),
            Ok(rules),
            "custom sets can be asked for again"
        );
    }

    #[test]
    fn what_is_no_rule_set_is_told_what_it_lacks() {
        for (json, reason) in [
            (r#"{"name":"quick","toggles":{"deal":5,"deal":6}}"#, "duplicate field `deal`"),
            (r#"{"name":"quick","zz":1}"#, "unknown field `zz`"),
            (r#"{"toggles":{}}"#, "missing field `name`"),
            (r#"{"name":5}"#, "invalid type: integer `5`, expected a string"),
            (r#"{"name":"quick","toggles":[]}"#, "invalid type: sequence, expected an object of toggles"),
            ("5", "invalid type: integer `5`, expected the name of a preset, or an object"),
            (r#"["quick",null,{}]"#, "invalid type: sequence, expected the name of a preset, or an object"),
        ] {
            let refused = platform::json::from_str::<RuleSetForm>(json).unwrap_err().to_string();
            assert!(refused.starts_with(reason), "{json}: {refused}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (json, toggle) in [
            (r#""bridge""#, "name"),
            (r#"{"name":"bridge"}"#, "name"),
            (r#"{"name":"quick","version":9}"#, "name"),
            (r#"{"name":"custom","version":9}"#, "name"),
            (r#"{"name":"quick","toggles":{"deal":9}}"#, "deal"),
            (r#"{"name":"quick","toggles":{"deal":[5]}}"#, "deal"),
            (r#"{"name":"quick","toggles":{"colour":"red"}}"#, "rules"),
        ] {
            let refused = read(&form(json), None, ClockForm::default()).map_err(|error| error.toggle());
            assert_eq!(refused, Err(toggle), "{json}");
        }
        assert_eq!(
            read(&form(r#""quick""#), Some("best_of(4)"), ClockForm::default())
                .map_err(|error| error.toggle()),
            Err("match")
        );
    }
}
