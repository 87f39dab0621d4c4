//! One digest for all spellings of the same JSON value: a client that retries may write its members in another order.

use aws_lc_rs::digest::{Context, SHA256};
use serde_json::Value;

/// SHA-256 over the value with members sorted and no white space. Numbers keep their spelling.
pub(crate) fn digest(value: &Value) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    feed(&mut context, value);
    let mut bytes = [0; 32];
    for (to, from) in bytes.iter_mut().zip(context.finish().as_ref()) {
        *to = *from;
    }
    bytes
}

fn feed(context: &mut Context, value: &Value) {
    match value {
        Value::Array(items) => {
            context.update(b"[");
            for item in items {
                feed(context, item);
                context.update(b",");
            }
            context.update(b"]");
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            context.update(b"{");
            for (name, value) in members {
                feed(context, &Value::String(name.clone()));
                context.update(b":");
                feed(context, value);
                context.update(b",");
            }
            context.update(b"}");
        }
        scalar => context.update(scalar.to_string().as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> [u8; 32] {
        digest(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn order_and_space_do_not_matter_and_everything_else_does() {
        assert_eq!(
            of(r#"{"a":1,"b":[true,{"d":2,"c":"x"}]}"#),
            of(r#" {"b": [true, {"c":"x","d":2}], "a": 1}"#)
        );
        for other in
            [r#"{"a":2}"#, r#"{"a":"1"}"#, r#"{"b":1}"#, r#"{"a":[1]}"#, r#"{"a":1,"b":null}"#, "[1]", "1"]
        {
            assert_ne!(of(r#"{"a":1}"#), of(other), "{other}");
        }
        assert_ne!(of(r#"["a","b"]"#), of(r#"["a,b"]"#));
    }
}
