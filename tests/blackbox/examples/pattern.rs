//! The little language of the examples: `{{placeholders}}` that are filled in, and `<matchers>` that answers are held to.
//! GUIDE.md explains it to readers; nothing here knows HTTP or sockets.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use whot::client::fresh_id;

/// What is known so far: the cast, the answers by step, and ids made on first use.
#[derive(Default)]
pub(super) struct Known(Map<String, Value>);

impl Known {
    pub(super) fn learn(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }

    /// The same value with every placeholder filled in. A text that is one placeholder becomes whatever it names.
    pub(super) fn fill(&mut self, value: &Value) -> Result<Value, String> {
        Ok(match value {
            Value::String(text) => self.fill_text(text)?,
            Value::Array(items) => {
                Value::Array(items.iter().map(|item| self.fill(item)).collect::<Result<_, _>>()?)
            }
            Value::Object(members) => {
                let filled = members.iter().map(|(name, value)| {
                    let name = text_of(&self.fill_text(name)?);
                    Ok((name, self.fill(value)?))
                });
                Value::Object(filled.collect::<Result<_, String>>()?)
            }
            other => other.clone(),
        })
    }

    /// The same for a place where only text can stand.
    pub(super) fn fill_str(&mut self, text: &str) -> Result<String, String> {
        Ok(text_of(&self.fill_text(text)?))
    }

    fn fill_text(&mut self, text: &str) -> Result<Value, String> {
        if let Some(path) = text.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"))
            && !path.contains("{{")
        {
            return self.look_up(path);
        }
        let (mut filled, mut rest) = (String::new(), text);
        while let Some((before, after)) = rest.split_once("{{") {
            let (path, after) =
                after.split_once("}}").ok_or_else(|| format!("an open placeholder in {text:?}"))?;
            filled.push_str(before);
            filled.push_str(&text_of(&self.look_up(path)?));
            rest = after;
        }
        filled.push_str(rest);
        Ok(Value::String(filled))
    }

    fn look_up(&mut self, path: &str) -> Result<Value, String> {
        if let Some(label) = path.strip_prefix("new.") {
            let made = self.0.entry("new").or_insert_with(|| Value::Object(Map::new()));
            let made = made.as_object_mut().ok_or("`new` is taken")?;
            return Ok(made.entry(label).or_insert_with(|| Value::String(fresh_id())).clone());
        }
        let mut steps = path.split('.');
        let first = steps
            .next()
            .and_then(|name| self.0.get(name))
            .ok_or_else(|| format!("nothing is called {path}"))?;
        let found = steps.try_fold(first, |at, name| match at {
            Value::Array(items) => name.parse::<usize>().ok().and_then(|place| items.get(place)),
            other => other.get(name),
        });
        found.cloned().ok_or_else(|| format!("{path} is not there"))
    }
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What else a matcher stands for, by its word.
type Is = fn(&str) -> bool;

const WORDS: [(&str, Is); 12] = [
    ("text", |text| !text.is_empty()),
    ("time", |text| text.len() >= 20 && text.ends_with('Z') && text.parse::<kernel::Timestamp>().is_ok()),
    ("uuid", |text| text.len() == 36 && text.split('-').map(str::len).eq([8, 4, 4, 4, 12])),
    ("jwt", |text| text.split('.').count() == 3 && text.split('.').all(is_base64url)),
    ("cursor", |text| !text.is_empty() && text.split('.').all(is_base64url)),
    ("bytes32", |text| text.len() == 43 && is_base64url(text)),
    ("card", |text| text.split_once('-').is_some_and(|(shape, number)| is_word(shape) && is_number(number))),
    ("shape", |text| ["circle", "triangle", "cross", "square", "star"].contains(&text)),
    ("seat", |text| ["first", "second"].contains(&text)),
    ("svg", |text| text.contains("<svg") && text.trim_end().ends_with("</svg>")),
    ("integer", is_number),
    ("etag", |text| text.starts_with('"') && text.ends_with('"') && text.len() > 2),
];

fn is_base64url(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase())
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `prefix_` and so many characters of Crockford's base 32, or of base64url where it is a text under a MAC.
fn is_prefixed(text: &str, prefix: &str, long_enough: impl Fn(usize) -> bool) -> bool {
    let rest = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_'));
    rest.is_some_and(|rest| long_enough(rest.len()) && is_base64url(rest))
}

/// Everything in which `got` differs from `expected`, by JSON Pointer. Empty: they agree.
pub(super) fn differences(expected: &Value, got: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare("", expected, got, &mut found);
    found
}

fn compare(place: &str, expected: &Value, got: &Value, found: &mut Vec<String>) {
    match (expected, got) {
        (Value::String(pattern), _) => {
            if !fits(pattern, got) {
                found.push(format!("{}: expected {pattern:?}, got {got}", named(place)));
            }
        }
        (Value::Object(wanted), Value::Object(there)) => compare_members(place, wanted, there, found),
        (Value::Array(wanted), Value::Array(there)) => compare_items(place, wanted, there, found),
        _ if expected == got => {}
        _ => found.push(format!("{}: expected {expected}, got {got}", named(place))),
    }
}

fn named(place: &str) -> &str {
    if place.is_empty() { "the whole" } else { place }
}

/// `"...": "..."` allows other members; a name that ends in `?` may be absent.
fn compare_members(
    place: &str,
    wanted: &Map<String, Value>,
    there: &Map<String, Value>,
    found: &mut Vec<String>,
) {
    let names: BTreeMap<&str, (&Value, bool)> = wanted
        .iter()
        .filter(|(name, _)| *name != "...")
        .map(|(name, value)| (name.trim_end_matches('?'), (value, name.ends_with('?'))))
        .collect();
    for (name, (value, optional)) in &names {
        let place = format!("{place}/{name}");
        match there.get(*name) {
            Some(member) => compare(&place, value, member, found),
            None if *optional => {}
            None => found.push(format!("{place} is missing")),
        }
    }
    if !wanted.contains_key("...") {
        let more = there.keys().filter(|name| !names.contains_key(name.as_str()));
        found.extend(more.map(|name| format!("{place}/{name} is there and not expected")));
    }
}

/// A last item `"..."` allows more of the kind of the item before it.
fn compare_items(place: &str, wanted: &[Value], there: &[Value], found: &mut Vec<String>) {
    let (wanted, repeats) = match wanted {
        [fixed @ .., last] if last == "..." => (fixed, fixed.last()),
        fixed => (fixed, None),
    };
    if there.len() < wanted.len() || (there.len() > wanted.len() && repeats.is_none()) {
        found.push(format!("{}: expected {} items, got {}", named(place), wanted.len(), there.len()));
        return;
    }
    let patterns = wanted.iter().chain(repeats.into_iter().cycle());
    for (number, (pattern, item)) in patterns.zip(there).enumerate() {
        compare(&format!("{place}/{number}"), pattern, item, found);
    }
}

/// Whether a value is what a text asks for: itself, or a matcher such as `<id:gam>`, `<time>` or `<card?>`.
fn fits(pattern: &str, got: &Value) -> bool {
    let Some(inner) = pattern.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')) else {
        return got.as_str() == Some(pattern);
    };
    let (inner, nullable) = inner.strip_suffix('?').map_or((inner, false), |inner| (inner, true));
    if nullable && got.is_null() {
        return true;
    }
    let text = got.as_str().unwrap_or_default();
    match inner.split_once(':') {
        Some(("id", prefix)) => is_prefixed(text, prefix, |length| length == 26),
        Some(("token", prefix)) => is_prefixed(text, prefix, |length| length >= 38),
        Some(("one", words)) => words.split('|').any(|word| word == text),
        _ => match inner {
            "any" => true,
            "number" => got.is_number(),
            "boolean" => got.is_boolean(),
            "object" => got.is_object(),
            "list" => got.is_array(),
            word => WORDS.iter().any(|(known, is)| *known == word && is(text)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn placeholders_are_filled_wherever_they_stand() {
        let mut known = Known::default();
        known.learn("snap", json!({"seq": 4, "data": {"legal": [{"draw": {}}]}}));
        known.learn("ada", json!({"token": "t"}));
        let filled = known.fill(&json!({
            "base": "{{snap.seq}}", "do": "{{snap.data.legal.0}}", "text": "Bearer {{ada.token}}!", "seqs": {"{{ada.token}}": 1},
            "cid": "{{new.one}}",
        }));
        let filled = filled.unwrap();
        assert_eq!(filled["base"], 4);
        assert_eq!(filled["do"], json!({"draw": {}}));
        assert_eq!(filled["text"], "Bearer t!");
        assert_eq!(filled["seqs"], json!({"t": 1}));
        assert_eq!(known.fill_str("{{new.one}}").unwrap(), filled["cid"].as_str().unwrap(), "made once");
        for wrong in ["{{nobody}}", "{{snap.nothing}}", "a {{open"] {
            assert!(known.fill_str(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_agrees_has_no_differences() {
        let id = "gam_00000000000000000000000000";
        for (expected, got) in [
            (json!("<id:gam>"), json!(id)),
            (json!({"a": "<number>", "b?": "<text>"}), json!({"a": 1})),
            (json!({"a": 1, "...": "..."}), json!({"a": 1, "b": 2})),
            (json!(["<card>", "..."]), json!(["circle-5", "whot-20"])),
            (json!("<time?>"), Value::Null),
            (json!("<time>"), json!("2026-11-20T08:00:00.123456Z")),
            (json!("<one:first|second>"), json!("second")),
        ] {
            assert_eq!(differences(&expected, &got), [""; 0], "{expected} {got}");
        }
    }

    #[test]
    fn every_difference_is_named_with_its_place() {
        for (expected, got, said) in [
            (json!({"a": {"b": 1}}), json!({"a": {"b": 2}}), "/a/b: expected 1, got 2"),
            (json!({"a": 1}), json!({"a": 1, "b": 2}), "/b is there and not expected"),
            (json!({"a": 1}), json!({}), "/a is missing"),
            (json!(["<card>"]), json!(["circle-5", "star-1"]), "expected 1 items, got 2"),
            (json!("<id:gam>"), json!("acc_00000000000000000000000000"), "<id:gam>"),
            (json!("<time>"), json!("yesterday"), "<time>"),
            (json!("<time>"), Value::Null, "<time>"),
            (json!("<no-such-word>"), json!("x"), "<no-such-word>"),
        ] {
            let found = differences(&expected, &got);
            assert!(found.len() == 1 && found[0].contains(said), "{found:?} instead of {said}");
        }
    }
}
