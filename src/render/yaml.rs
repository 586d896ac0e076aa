//! Values as YAML text that every parser reads in the same way.
//!
//! Each string is a double-quoted scalar, so that no parser reads a word as a boolean, a number or a date, whatever
//! version of YAML it implements.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde_json::Value;

use crate::yaml_text::double_quoted;

/// Block style, every line except the first indented by `indent` spaces.
pub(crate) fn block(value: &Value, indent: usize) -> String {
    let mut out = String::new();
    write_value(&mut out, value, indent);
    out
}

fn write_value(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (index, (key, value)) in map.iter().enumerate() {
                if index > 0 {
                    new_line(out, indent);
                }
                write_key(out, key, indent);
                write_child(out, value, indent);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    new_line(out, indent);
                }
                out.push_str("- ");
                write_value(out, item, indent + 2);
            }
        }
        Value::Object(_) => out.push_str("{}"),
        Value::Array(_) => out.push_str("[]"),
        Value::String(text) => out.push_str(&double_quoted(text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            let _ = write!(out, "{value}");
        }
    }
}

fn write_child(out: &mut String, value: &Value, indent: usize) {
    let is_block = match value {
        Value::Object(map) => !map.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    };
    if is_block {
        new_line(out, indent + 2);
    } else {
        out.push(' ');
    }
    write_value(out, value, indent + 2);
}

fn new_line(out: &mut String, indent: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', indent));
}

/// Parsers look for the colon of a key within 1024 characters only; a longer key needs `? ` before it.
const LONGEST_PLAIN_KEY: usize = 1000;

fn write_key(out: &mut String, key: &str, indent: usize) {
    let text = key_text(key);
    if text.len() > LONGEST_PLAIN_KEY {
        out.push_str("? ");
        out.push_str(&text);
        new_line(out, indent);
    } else {
        out.push_str(&text);
    }
    out.push(':');
}

/// A key: plain if every YAML version reads the word as text.
pub(super) fn key_text(key: &str) -> Cow<'_, str> {
    let is_word = key.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && key
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
    let lower = key.to_ascii_lowercase();
    let has_meaning = matches!(
        lower.as_str(),
        "y" | "n" | "yes" | "no" | "on" | "off" | "true" | "false" | "null"
    );
    if is_word && !has_meaning {
        return key.into();
    }
    double_quoted(key).into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn words_that_mean_something_are_quoted_as_keys() {
        assert_eq!(
            block(&json!({"on": "no", "plain_key": "1", "a b": []}), 0),
            "\"on\": \"no\"\nplain_key: \"1\"\n\"a b\": []"
        );
    }

    #[test]
    fn a_long_key_is_one_to_every_parser() {
        let long = "a".repeat(2000);
        let value = json!({"x": [{ &*long: {"b": "c"} }], &*long: "d"});
        let text = block(&value, 0);
        assert_eq!(serde_saphyr::from_str::<Value>(&text).unwrap(), value);
        assert!(text.contains(&format!("? {long}\n: \"d\"")), "{text}");
    }

    #[test]
    fn nested_values_keep_their_indent() {
        assert_eq!(
            block(&json!({"a": {"b": ["x", {"c": true}]}, "d": null}), 2),
            "a:\n    b:\n      - \"x\"\n      - c: true\n  d: null"
        );
    }

    #[test]
    fn line_breaks_of_yaml_1_1_are_escaped() {
        assert_eq!(
            block(&json!("a\u{85}b\u{2028}c\nd"), 0),
            "\"a\\u0085b\\u2028c\\nd\""
        );
    }
}
