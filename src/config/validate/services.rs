//! `services`: text in Compose's syntax, which is passed on unchanged.

use serde_json::{Map, Value};

use super::builders::ReadBuilder;
use crate::config::raw::{entries, named_entries};
use crate::config::read::{Context, Field, Place};
use crate::config::yaml::{Content, Entry, Node, Scalar};
use crate::diagnostic::{Code, quoted};

/// The names of the stages' own services.
const STAGES: [&str; 2] = ["stage-1", "stage-2"];

pub(super) fn read(
    cx: &mut Context<'_>,
    field: Option<Field<'_>>,
    root: &Place<'_>,
    builders: &[ReadBuilder],
) -> Map<String, Value> {
    let mut services = Map::new();
    let Some(field) = field else {
        return services;
    };
    let at = field.place(root);
    let Ok(Some(entries)) = entries(cx, field.node, &at, None) else {
        return services;
    };
    for entry in named_entries(cx, entries, &at) {
        if entry.value.is_null() {
            continue;
        }
        let here = at.entry(entry);
        if is_service(cx, entry, &here, builders) {
            services.insert(entry.key.to_string(), value(&entry.value));
        }
    }
    services
}

fn is_service(
    cx: &mut Context<'_>,
    entry: &Entry,
    at: &Place<'_>,
    builders: &[ReadBuilder],
) -> bool {
    let name = &*entry.key;
    let is_legal = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let is_taken = STAGES.contains(&name) || builders.iter().any(|b| b.name == name);
    let (message, help) = if name.is_empty() || !name.chars().all(is_legal) {
        (
            format!("{} cannot be the name of a service", quoted(name)),
            "use ASCII letters, digits, `.`, `_` and `-`",
        )
    } else if is_taken {
        (
            format!("{} is the service of a stage", quoted(name)),
            "choose another name; what Compose starts a stage with goes into `docker-compose.override.yml`",
        )
    } else if !matches!(&*entry.value.content, Content::Map(_) | Content::Broken) {
        let help = "write Compose's keys below it, such as `image: postgres:16`";
        cx.wrong_type(at, &entry.value, "a mapping", Some(help));
        return false;
    } else {
        return true;
    };
    let diagnostic = at.error(Code::InvalidService, entry.key_span.clone(), message);
    cx.report(diagnostic.help(help));
    false
}

fn value(node: &Node) -> Value {
    match &*node.content {
        Content::Broken => Value::Null,
        Content::Scalar(_) if node.is_null() => Value::Null,
        Content::Scalar(scalar) => scalar_value(scalar),
        Content::List(items) => items.iter().map(value).collect(),
        Content::Map(entries) => {
            let entries = entries.iter();
            let entries = entries.map(|entry| (entry.key.to_string(), value(&entry.value)));
            entries.collect::<Map<_, _>>().into()
        }
    }
}

/// A scalar for Compose. A number or boolean keeps its type, a marker becomes Compose's variable, and `$` is left
/// to Compose.
fn scalar_value(scalar: &Scalar) -> Value {
    let text = scalar.text.as_str();
    if scalar.plain {
        match text {
            "true" | "True" | "TRUE" => return true.into(),
            "false" | "False" | "FALSE" => return false.into(),
            _ => {}
        }
        // `0755` would be read back as another number, so it remains text.
        if let Ok(number) = text.parse::<i64>()
            && number.to_string() == text
        {
            return number.into();
        }
        if let Ok(number) = text.parse::<f64>()
            && text.starts_with(|c: char| c.is_ascii_digit() || c == '-')
            && number.to_string() == text
        {
            return number.into();
        }
    }
    with_variables(text).into()
}

/// Replaces `{{NAME}}` and `{{NAME:-default}}` by Compose's `${…}`.
fn with_variables(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((marker, after)) = behind.split_once("}}").filter(|(m, _)| is_marker(m)) else {
            out.push_str("{{");
            rest = behind;
            continue;
        };
        out.push_str("${");
        out.push_str(marker);
        out.push('}');
        rest = after;
    }
    out + rest
}

fn is_marker(text: &str) -> bool {
    let name = text.split_once(":-").map_or(text, |(name, _)| name);
    let first = |c: char| c.is_ascii_alphabetic() || c == '_';
    name.starts_with(first) && name.chars().all(|c| first(c) || c.is_ascii_digit())
}
