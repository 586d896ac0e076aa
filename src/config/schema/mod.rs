//! The JSON Schema of the config, for editors.
//!
//! It is made from the same declarations that the reader uses. A schema cannot express the rules between values, so
//! a config may match it and still be refused. But it accepts every config that loads.

mod rules;

use serde_json::{Map, Value, json};

use super::raw::{self, Shape, Spec};
use super::read::BOOLEANS;
use crate::model::Id;

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";
/// Matches text in which pei replaces a variable.
const VARIABLE: &str = r"\$\{";
/// Matches text in which Compose replaces a variable.
const MARKER: &str = r"\{\{";
/// Matches keys for other tools.
const EXTENSION: &str = "^x-";

/// The schema of `user_config.yml`, in the dialect 2020-12.
pub fn schema() -> Value {
    let mut definitions = Map::new();
    let root = section(&raw::Root::SPEC, &mut definitions);
    let mut schema = json!({ "$schema": DIALECT, "title": "user_config.yml" });
    if let (Value::Object(schema), Value::Object(root)) = (&mut schema, root) {
        schema.extend(root);
    }
    schema["$defs"] = Value::Object(definitions);
    schema
}

/// The schema of a mapping with known keys. Sections in it become definitions.
fn section(spec: &Spec, definitions: &mut Map<String, Value>) -> Value {
    let mut properties = Map::new();
    for key in spec.keys() {
        let mut schema = value(&key.shape, definitions);
        if let Value::Object(schema) = &mut schema {
            schema.insert("description".into(), key.about.trim().into());
            if spec.required.contains(&key.name) {
                schema.insert("not".into(), json!({ "type": "null" }));
            }
        }
        properties.insert(key.name.into(), schema);
    }
    // Null is the same as no key, so a null in the wrong section is legal.
    for (key, home) in spec.misplaced {
        let about = format!("Not here: {home}.");
        properties.insert(
            (*key).into(),
            json!({ "type": "null", "description": about }),
        );
    }
    let mut section = json!({
        "description": spec.about.trim(),
        "type": ["object", "null"],
        "properties": properties,
        "required": spec.required,
        "patternProperties": { EXTENSION: true },
        "additionalProperties": false,
    });
    let rules = rules::of(spec.name);
    if !rules.is_empty() {
        section["allOf"] = rules.into();
    }
    section
}

/// A reference to a section, whose definition is added once.
fn reference(spec: &Spec, definitions: &mut Map<String, Value>) -> Value {
    if !definitions.contains_key(spec.name) {
        let schema = section(spec, definitions);
        definitions.insert(spec.name.into(), schema);
    }
    json!({ "$ref": format!("#/$defs/{}", spec.name) })
}

fn value(shape: &Shape, definitions: &mut Map<String, Value>) -> Value {
    match shape {
        Shape::ComposeText => json!({ "type": SCALAR_OR_NULL }),
        Shape::Text => json!({ "type": SCALAR_OR_NULL, "not": rules::marked() }),
        Shape::Number { min, max, markers } => number(*min, *max, *markers),
        Shape::Id => id(),
        Shape::Boolean => boolean(),
        Shape::Choice(words) => choice(words),
        Shape::Section(spec) => reference(spec, definitions),
        Shape::Entries(spec) => json!({
            "type": ["object", "null"],
            "patternProperties": { EXTENSION: true },
            "additionalProperties": reference(spec, definitions),
        }),
        Shape::Environment => environment(),
        Shape::Sections(spec) => json!({
            "type": ["array", "null"],
            "items": reference(spec, definitions),
        }),
        Shape::Texts => json!({
            "type": ["object", "null"],
            "patternProperties": { EXTENSION: true },
            "additionalProperties": { "type": SCALAR_OR_NULL },
        }),
        Shape::Services => json!({
            "type": ["object", "null"],
            "patternProperties": { EXTENSION: true },
            "additionalProperties": { "type": ["object", "null"] },
        }),
        Shape::List => json!({ "type": ["array", "null"], "items": { "type": SCALAR } }),
        Shape::AtMostOne => json!({
            "anyOf": [
                { "type": SCALAR_OR_NULL },
                { "type": "array", "maxItems": 1, "items": { "type": SCALAR } },
            ],
        }),
    }
}

/// pei reads any single value as text.
const SCALAR: [&str; 3] = ["string", "number", "boolean"];
const SCALAR_OR_NULL: [&str; 4] = ["string", "number", "boolean", "null"];

/// A whole number, with or without quotes, or text that a variable turns into one.
fn number(min: u32, max: u32, markers: bool) -> Value {
    let digits = "^(0|[1-9][0-9]*)$";
    let pattern = if markers {
        format!("{digits}|{VARIABLE}|{MARKER}")
    } else {
        format!("{digits}|{VARIABLE}")
    };
    json!({
        "anyOf": [
            { "type": "null" },
            { "type": "integer", "minimum": min, "maximum": max },
            { "type": "string", "pattern": pattern },
        ],
    })
}

fn id() -> Value {
    let mut schema = number(0, Id::LARGEST, false);
    if let Some(choices) = schema["anyOf"].as_array_mut() {
        choices.push(json!({ "const": "host" }));
    }
    schema
}

/// A boolean, also in the words of YAML 1.1, which an editor takes for text.
fn boolean() -> Value {
    let words = BOOLEANS.map(|(word, _)| any_case(word));
    let pattern = format!(r"^\s*({})\s*$|{VARIABLE}", words.join("|"));
    json!({
        "anyOf": [
            { "type": ["boolean", "null"] },
            { "type": "string", "pattern": pattern },
        ],
    })
}

/// A pattern for a word in any case. JSON Schema's regular expressions have no flag for that.
fn any_case(word: &str) -> String {
    word.chars().fold(String::new(), |pattern, letter| {
        format!("{pattern}[{}{letter}]", letter.to_ascii_uppercase())
    })
}

fn choice(words: &[&str]) -> Value {
    let mut legal: Vec<Value> = words.iter().map(|word| json!(word)).collect();
    legal.push(Value::Null);
    json!({
        "anyOf": [
            { "enum": legal },
            { "type": "string", "pattern": VARIABLE },
        ],
    })
}

fn environment() -> Value {
    json!({
        "anyOf": [
            { "type": "array", "items": { "type": SCALAR, "pattern": rules::ASSIGNMENT } },
            {
                "type": ["object", "null"],
                "patternProperties": { EXTENSION: true },
                "propertyNames": { "pattern": r"^[^= \t\r\n]+$" },
                "additionalProperties": { "type": SCALAR_OR_NULL },
            },
        ],
    })
}
