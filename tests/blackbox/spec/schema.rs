//! JSON Schema, as far as our two documents use it. A keyword that is not known here is a fault, so that nothing in a
//! schema goes unchecked in silence.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use regex::Regex;
use serde_json::{Map, Value};

/// Keywords that say nothing about whether a value fits.
const REMARKS: [&str; 7] =
    ["description", "title", "examples", "example", "default", "deprecated", "contentEncoding"];

/// Holds values to the schemas of one document.
pub(crate) struct Checker<'a> {
    pub(crate) document: &'a Value,
}

/// How deep references may nest before something is wrong with the document.
const DEEPEST: usize = 64;

impl Checker<'_> {
    /// Everything about `value` that `schema` does not allow, by JSON Pointer.
    pub(crate) fn faults(&self, schema: &Value, value: &Value) -> Vec<String> {
        self.at("", schema, value, DEEPEST)
    }

    fn at(&self, place: &str, schema: &Value, value: &Value, left: usize) -> Vec<String> {
        if left == 0 {
            return vec![format!("{place}: references go round in a circle")];
        }
        let Some(keywords) = schema.as_object() else {
            return if schema == &Value::Bool(true) {
                Vec::new()
            } else {
                vec![format!("{place}: nothing is allowed here")]
            };
        };
        let each = keywords
            .iter()
            .flat_map(|(keyword, wanted)| self.keyword(place, keywords, keyword, wanted, value, left));
        each.collect()
    }

    fn keyword(
        &self,
        place: &str,
        all: &Map<String, Value>,
        keyword: &str,
        wanted: &Value,
        value: &Value,
        left: usize,
    ) -> Vec<String> {
        let says = |fits: bool| {
            if fits { Vec::new() } else { vec![format!("{place}: {value} against {keyword} {wanted}")] }
        };
        let below = |schema: &Value, name: &str, value: &Value| {
            self.at(&format!("{place}/{name}"), schema, value, left - 1)
        };
        let alternatives =
            || wanted.as_array().into_iter().flatten().map(|one| self.at(place, one, value, left - 1));
        match keyword {
            "$ref" => {
                match wanted.as_str().and_then(|path| self.document.pointer(path.trim_start_matches('#'))) {
                    Some(schema) => self.at(place, schema, value, left - 1),
                    None => vec![format!("{place}: {wanted} is not in the document")],
                }
            }
            "type" => says(words(wanted).any(|kind| is_of(kind, value))),
            "const" => says(value == wanted),
            "enum" => says(wanted.as_array().is_some_and(|values| values.contains(value))),
            "required" => {
                says(value.as_object().is_none_or(|there| words(wanted).all(|name| there.contains_key(name))))
            }
            "properties" => {
                let members = wanted.as_object().into_iter().flatten();
                members
                    .filter_map(|(name, schema)| value.get(name).map(|member| below(schema, name, member)))
                    .flatten()
                    .collect()
            }
            "additionalProperties" => {
                let named =
                    |name: &String| all.get("properties").is_some_and(|named| named.get(name).is_some());
                let others = value.as_object().into_iter().flatten().filter(|(name, _)| !named(name));
                others.flat_map(|(name, member)| below(wanted, name, member)).collect()
            }
            "propertyNames" => {
                let names = value.as_object().into_iter().flatten();
                names.flat_map(|(name, _)| below(wanted, name, &Value::String(name.clone()))).collect()
            }
            "items" => {
                let items = value.as_array().into_iter().flatten().enumerate();
                items.flat_map(|(number, item)| below(wanted, &number.to_string(), item)).collect()
            }
            "allOf" => alternatives().flatten().collect(),
            "anyOf" | "oneOf" => {
                let all: Vec<Vec<String>> = alternatives().collect();
                match all.iter().filter(|faults| faults.is_empty()).count() {
                    0 => all.into_iter().min_by_key(Vec::len).unwrap_or_default(),
                    fitting => says(fitting == 1 || keyword == "anyOf"),
                }
            }
            "minimum" => {
                says(value.as_f64().is_none_or(|number| wanted.as_f64().is_some_and(|least| number >= least)))
            }
            "maximum" => {
                says(value.as_f64().is_none_or(|number| wanted.as_f64().is_some_and(|most| number <= most)))
            }
            "minLength" => says(length(value).is_none_or(|length| Some(length) >= wanted.as_u64())),
            "maxLength" => {
                says(length(value).is_none_or(|length| wanted.as_u64().is_some_and(|most| length <= most)))
            }
            "minItems" => {
                says(value.as_array().is_none_or(|items| Some(items.len() as u64) >= wanted.as_u64()))
            }
            "maxItems" => says(
                value
                    .as_array()
                    .is_none_or(|items| wanted.as_u64().is_some_and(|most| items.len() as u64 <= most)),
            ),
            "pattern" => says(
                value
                    .as_str()
                    .is_none_or(|text| wanted.as_str().is_some_and(|pattern| matches(pattern, text))),
            ),
            "format" => says(value.as_str().is_none_or(|text| wanted != "date-time" || is_time(text))),
            _ if REMARKS.contains(&keyword) => Vec::new(),
            _ => vec![format!("{place}: the keyword {keyword} is not checked")],
        }
    }
}

fn words(value: &Value) -> impl Iterator<Item = &str> {
    let list = value.as_array().into_iter().flatten().filter_map(Value::as_str);
    value.as_str().into_iter().chain(list)
}

fn is_of(kind: &str, value: &Value) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}

fn length(value: &Value) -> Option<u64> {
    value.as_str().map(|text| text.chars().count() as u64)
}

fn is_time(text: &str) -> bool {
    text.ends_with('Z') && text.parse::<kernel::Timestamp>().is_ok()
}

fn matches(pattern: &str, text: &str) -> bool {
    static KNOWN: LazyLock<Mutex<HashMap<String, Regex>>> = LazyLock::new(Mutex::default);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let compile = || Regex::new(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
    known.entry(pattern.to_owned()).or_insert_with(compile).is_match(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn faults(schema: &Value, value: &Value) -> Vec<String> {
        let document =
            json!({"s": {"Short": {"type": "string", "maxLength": 2}, "Round": {"$ref": "#/s/Round"}}});
        Checker { document: &document }.faults(schema, value)
    }

    #[test]
    fn what_fits_has_no_faults() {
        let closed = json!({"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#/s/Short"}}, "additionalProperties": false});
        for (schema, value) in [
            (closed, json!({"a": "xy"})),
            (json!({"type": ["string", "null"]}), Value::Null),
            (json!({"oneOf": [{"const": 1}, {"const": 2}]}), json!(2)),
            (
                json!({"type": "array", "items": {"type": "integer", "minimum": 0}, "maxItems": 2}),
                json!([1, 2]),
            ),
            (json!({"type": "string", "format": "date-time"}), json!("2026-11-20T08:00:00Z")),
            (
                json!({"type": "object", "additionalProperties": {"type": "integer"}, "propertyNames": {"pattern": "^g"}}),
                json!({"g": 1}),
            ),
        ] {
            assert_eq!(faults(&schema, &value), [""; 0], "{schema} {value}");
        }
    }

    #[test]
    fn what_does_not_fit_is_named_with_its_place() {
        let closed = json!({"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#/s/Short"}}, "additionalProperties": false});
        for (schema, value, place) in [
            (closed.clone(), json!({"a": "xyz"}), "/a"),
            (closed.clone(), json!({"a": "x", "b": 1}), "/b"),
            (closed, json!({}), "required"),
            (json!({"type": "integer"}), json!("1"), "type"),
            (json!({"oneOf": [{"type": "integer"}, {"minimum": 0}]}), json!(1), "oneOf"),
            (json!({"items": {"enum": ["a"]}}), json!(["a", "b"]), "/1"),
            (json!({"pattern": "^a$"}), json!("b"), "pattern"),
            (json!({"format": "date-time"}), json!("today"), "format"),
            (json!({"$ref": "#/s/Gone"}), json!(1), "not in the document"),
            (json!({"$ref": "#/s/Round"}), json!(1), "circle"),
            (json!({"uniqueItems": true}), json!([]), "is not checked"),
        ] {
            let found = faults(&schema, &value);
            assert!(found.len() == 1 && found[0].contains(place), "{schema} {value}: {found:?}");
        }
    }
}
