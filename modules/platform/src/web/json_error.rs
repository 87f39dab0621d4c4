//! From serde's error to a problem that points at the failing field. The client's own values are never repeated.

use actix_web::http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_path_to_error::{Path, Segment};

use super::problem::Problem;
use crate::json::{Strict, plainly};

/// Parses a body.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut parser = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(Strict(&mut parser))
        .map_err(|error| explain(&pointer(error.path()), error.inner()))?;
    parser.end().map_err(|error| explain("", &error))?;
    Ok(value)
}

fn explain(pointer: &str, error: &serde_json::Error) -> Problem {
    match error.classify() {
        Category::Data => of_data(pointer, &without_place(error)),
        Category::Syntax | Category::Eof | Category::Io => {
            let what = if error.classify() == Category::Eof { "it ends too early" } else { "it is not JSON" };
            let place = format!("{what}: line {}, column {}", error.line(), error.column());
            Problem::bad_request("malformed_json")
                .detail("The body is not valid JSON.")
                .pointer(pointer, "syntax", place)
        }
    }
}

fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line ") {
        Some((message, _)) => message.to_owned(),
        None => text,
    }
}

/// What serde's message says about one field.
pub(crate) struct Finding {
    pub(crate) pointer: String,
    pub(crate) code: &'static str,
    pub(crate) detail: String,
}

/// serde gives text only; its forms have been stable since 1.0, and a test here holds each.
pub(crate) fn find(pointer: &str, message: &str) -> Finding {
    let named = |prefix: &str| message.strip_prefix(prefix).and_then(|rest| rest.split('`').next());
    let expected = || {
        message
            .split_once("expected ")
            .map_or_else(|| "not accepted here".to_owned(), |(_, what)| format!("expected {}", plainly(what)))
    };
    if let Some(field) = named("unknown field `") {
        return Finding {
            pointer: child(pointer, field),
            code: "unknown_field",
            detail: "there is no such field".to_owned(),
        };
    }
    if let Some(field) = named("missing field `") {
        return Finding {
            pointer: child(pointer, field),
            code: "required",
            detail: "this field is required".to_owned(),
        };
    }
    if let Some(field) = named("duplicate field `") {
        return Finding {
            pointer: child(pointer, field),
            code: "duplicate",
            detail: "this field is there twice".to_owned(),
        };
    }
    let pointer = pointer.to_owned();
    if message.starts_with("unknown variant `") {
        return Finding { pointer, code: "unknown_value", detail: expected() };
    }
    if message.starts_with("invalid type: ") {
        return Finding { pointer, code: "wrong_type", detail: expected() };
    }
    if message.starts_with("invalid value: ") || message.starts_with("invalid length ") {
        return Finding { pointer, code: "invalid", detail: expected() };
    }
    Finding { pointer, code: "invalid", detail: own_words(message).to_owned() }
}

/// A type's own words, for example "expected an id of the form acc_..."; those of the standard library's numbers and
/// truth values are about parsing, so a query's get ours.
fn own_words(message: &str) -> &str {
    match message {
        "invalid digit found in string" | "cannot parse integer from empty string" => {
            "expected a whole number"
        }
        "number too large to fit in target type" => "expected a smaller number",
        "number too small to fit in target type" => "expected a larger number",
        "provided string was not `true` or `false`" => "expected true or false",
        own => own,
    }
}

fn of_data(pointer: &str, message: &str) -> Problem {
    let Finding { pointer, code, detail } = find(pointer, message);
    let overall = if code == "unknown_field" { "unknown_field" } else { "invalid_request" };
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, overall)
        .detail("The body does not have the shape that is expected here.")
        .pointer(pointer, code, detail)
}

/// The pointer to a member; the parser's path may or may not already end in it.
fn child(pointer: &str, field: &str) -> String {
    let member = format!("/{}", escape(field));
    if pointer.ends_with(&member) { pointer.to_owned() } else { format!("{pointer}{member}") }
}

fn escape(member: &str) -> String {
    member.replace('~', "~0").replace('/', "~1")
}

pub(crate) fn pointer(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        pointer.push('/');
        match segment {
            Segment::Seq { index } => pointer.push_str(&index.to_string()),
            Segment::Map { key } => pointer.push_str(&escape(key)),
            Segment::Enum { variant } => pointer.push_str(&escape(variant)),
            Segment::Unknown => {
                pointer.pop();
                break;
            }
        }
    }
    pointer
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::{Value, json};

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "only parsed")]
    struct Order {
        name: String,
        lines: Vec<Line>,
        kind: Option<Kind>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "only parsed")]
    struct Line {
        count: u8,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case", deny_unknown_fields)]
    #[allow(dead_code, reason = "only parsed")]
    enum Kind {
        Plain,
        Gift { note: String },
    }

    fn problem(body: &str) -> (u16, Value) {
        let problem = parse::<Order>(body.as_bytes()).unwrap_err();
        (problem.status().as_u16(), serde_json::from_slice(&problem.body(None)).unwrap())
    }

    #[test]
    fn each_mistake_is_named_where_it_stands() {
        let cases = [
            (r#"{"name":"a","lines":[],"nmae":"b"}"#, "unknown_field", "/nmae", "unknown_field"),
            (
                r#"{"name":"a","lines":[{"count":1,"x/y":2}]}"#,
                "unknown_field",
                "/lines/0/x~1y",
                "unknown_field",
            ),
            (r#"{"lines":[]}"#, "invalid_request", "/name", "required"),
            (r#"{"name":"a","lines":[{"count":1},{}]}"#, "invalid_request", "/lines/1/count", "required"),
            (r#"{"name":5,"lines":[]}"#, "invalid_request", "/name", "wrong_type"),
            (r#"{"name":"a","lines":[{"count":300}]}"#, "invalid_request", "/lines/0/count", "invalid"),
            (r#"{"name":"a","name":"b","lines":[]}"#, "invalid_request", "/name", "duplicate"),
            (r#"{"name":"a","lines":[],"kind":"huge"}"#, "invalid_request", "/kind", "unknown_value"),
            (
                r#"{"name":"a","lines":[],"kind":{"gift":{"note":1}}}"#,
                "invalid_request",
                "/kind/gift/note",
                "wrong_type",
            ),
            ("[]", "invalid_request", "", "wrong_type"),
            (r#"["a",[]]"#, "invalid_request", "", "wrong_type"),
            (r#"{"name":"a","lines":[[1]]}"#, "invalid_request", "/lines/0", "wrong_type"),
            (
                r#"{"name":"a","lines":[],"kind":{"gift":["a"]}}"#,
                "invalid_request",
                "/kind/gift",
                "wrong_type",
            ),
            ("7", "invalid_request", "", "wrong_type"),
        ];
        for (body, code, pointer, field_code) in cases {
            let (status, problem) = problem(body);
            assert_eq!((status, &problem["code"]), (422, &json!(code)), "{body}: {problem}");
            assert_eq!(problem["errors"][0]["pointer"], json!(pointer), "{body}: {problem}");
            assert_eq!(problem["errors"][0]["code"], json!(field_code), "{body}: {problem}");
        }
    }

    #[test]
    fn what_is_not_json_is_malformed() {
        for body in [
            "",
            "{",
            "{\"name\":",
            "{'name':1}",
            "nope",
            "{\"name\":\"a\",\"lines\":[]} x",
            "{\"name\":\"\u{1}\"}",
        ] {
            let (status, problem) = problem(body);
            assert_eq!((status, &problem["code"]), (400, &json!("malformed_json")), "{body}: {problem}");
        }
    }

    #[test]
    fn the_clients_own_values_are_not_repeated() {
        for body in [
            r#"{"name":{"a":"hunter2"},"lines":[]}"#,
            r#"{"name":"a","lines":"hunter2"}"#,
            r#"{"name":"a","lines":[],"kind":"hunter2"}"#,
            r#"{"name":"a","lines":[{"count":"hunter2"}]}"#,
        ] {
            let (_, problem) = problem(body);
            assert!(!problem.to_string().contains("hunter2"), "{problem}");
        }
    }
}
