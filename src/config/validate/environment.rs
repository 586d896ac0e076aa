//! The `environment` section.

use std::collections::HashMap;
use std::ops::Range;

use super::{literal, tracked};
use crate::config::raw::named_entries;
use crate::config::read::{Context, Field, Place, Reported};
use crate::config::yaml::{Content, Entry, Node};
use crate::diagnostic::{Code, quoted};
use crate::model::{ComposeText, EnvVar, Part};

/// The variables in the file's order, each name once.
pub(super) fn read(
    cx: &mut Context<'_>,
    field: Option<Field<'_>>,
    stage: &Place<'_>,
) -> Vec<EnvVar> {
    let Some(field) = field else {
        return Vec::new();
    };
    let at = field.place(stage);
    match &*field.node.content {
        Content::List(items) => list(cx, items, &at),
        Content::Map(entries) => mapping(cx, entries, &at),
        Content::Broken => Vec::new(),
        Content::Scalar(_) => {
            if !field.node.is_null() {
                let help = "write one `- KEY=value` a line, or `KEY: value`";
                cx.wrong_type(&at, field.node, "a list or a mapping", Some(help));
            }
            Vec::new()
        }
    }
}

/// Reads a list. If a name occurs twice, the last value counts, as in a shell.
fn list(cx: &mut Context<'_>, items: &[Node], at: &Place<'_>) -> Vec<EnvVar> {
    let mut variables: Vec<EnvVar> = Vec::with_capacity(items.len());
    let mut seen: HashMap<String, (usize, Range<usize>)> = HashMap::with_capacity(items.len());
    for (index, node) in items.iter().enumerate() {
        let here = at.item(index, node);
        let Ok(variable) = assignment(cx, node, &here) else {
            continue;
        };
        let span = node.used_at.as_ref().unwrap_or(&node.span);
        match seen.get_mut(&variable.name) {
            None => {
                seen.insert(variable.name.clone(), (variables.len(), span.clone()));
                variables.push(variable);
            }
            Some((place, first)) => {
                cx.report(
                    here.warning(
                        Code::DuplicateVariable,
                        span.clone(),
                        format!(
                            "the variable {} is set twice in this list",
                            shown(&variable.name)
                        ),
                    )
                    .label("this one counts")
                    .also(first.clone(), "set first here")
                    .help("remove one of them"),
                );
                *first = span.clone();
                variables[*place] = variable;
            }
        }
    }
    variables
}

/// Parses `KEY=value` or `KEY`.
fn assignment(cx: &mut Context<'_>, node: &Node, at: &Place<'_>) -> Result<EnvVar, Reported> {
    if let Content::Map(entries) = &*node.content {
        let help = match entries.as_slice() {
            [one] if is_plain(&one.key) => format!(
                "write `- {}=…`, or leave out all dashes for a mapping",
                one.key
            ),
            _ => "write `- KEY=value`, or leave out all dashes for a mapping".to_owned(),
        };
        return Err(cx.wrong_type(at, node, "`KEY=value`", Some(&help)));
    }
    let Some(text) = cx.text_maybe_empty(node, at)? else {
        let help = "write `- KEY=value`, or remove the dash";
        return Err(cx.wrong_type(at, node, "`KEY=value`", Some(help)));
    };
    let mut parts = text.parts.into_iter();
    let (name, value) = match parts.next() {
        None => (String::new(), None),
        Some(Part::Literal(first)) => match first.split_once('=') {
            Some((name, value)) => {
                let mut value = ComposeText::literal(value);
                value.parts.extend(parts);
                (name.to_owned(), Some(value))
            }
            None if parts.next().is_none() => (first, None),
            None => return Err(marker_in_name(cx, node, at)),
        },
        Some(Part::Marker { .. }) => return Err(marker_in_name(cx, node, at)),
    };
    check_name(cx, &name, node.span.clone(), at)?;
    if let Some(value) = &value {
        check_value(cx, node, at, value)?;
        literal::check_variable(cx, node, at, &name);
        tracked::check_variable(cx, node, at, value);
    }
    Ok(EnvVar { name, value })
}

fn mapping(cx: &mut Context<'_>, entries: &[Entry], at: &Place<'_>) -> Vec<EnvVar> {
    let mut variables = Vec::with_capacity(entries.len());
    for entry in named_entries(cx, entries, at) {
        // The key may hold a value (`{KEY=value}`), so the path of the finding must not contain it.
        if check_name(cx, &entry.key, entry.key_span.clone(), at).is_err() {
            continue;
        }
        let here = at.entry(entry);
        let Ok(value) = cx.text_maybe_empty(&entry.value, &here) else {
            continue;
        };
        if let Some(value) = &value
            && check_value(cx, &entry.value, &here, value).is_err()
        {
            continue;
        }
        literal::check_variable(cx, &entry.value, &here, &entry.key);
        if let Some(value) = &value {
            tracked::check_variable(cx, &entry.value, &here, value);
        }
        variables.push(EnvVar {
            name: entry.key.to_string(),
            value,
        });
    }
    variables
}

fn check_name(
    cx: &mut Context<'_>,
    name: &str,
    span: Range<usize>,
    at: &Place<'_>,
) -> Result<(), Reported> {
    let (what, help) = if name.is_empty() {
        ("is empty", "write `KEY=value`")
    } else if name.contains("${") || name.contains("{{") {
        (
            "holds a variable",
            "names are plain text; only values hold variables",
        )
    } else if name.contains('=') {
        (
            "holds `=`",
            "write `KEY: value` in a mapping, `- KEY=value` in a list",
        )
    } else if name.contains(|c: char| c.is_whitespace() || c.is_control()) {
        (
            "holds a space",
            "write `KEY=value` without spaces around the `=`",
        )
    } else {
        return Ok(());
    };
    let message = format!("the variable's name {} {what}", shown(name));
    let diagnostic = at.error(Code::InvalidVariableName, span, message);
    Err(cx.report(diagnostic.help(help)))
}

/// A name for a message, cut at its first illegal character: the rest may be a secret value.
fn shown(name: &str) -> String {
    let end = name.find(|c: char| !is_of_name(c)).unwrap_or(name.len());
    let rest = if end < name.len() { "…" } else { "" };
    quoted(&format!("{}{rest}", &name[..end]))
}

fn is_plain(name: &str) -> bool {
    name.chars().all(is_of_name)
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_-.".contains(c)
}

/// Checks a value. It may hold anything that an environment can hold, which is everything except NUL.
fn check_value(
    cx: &mut Context<'_>,
    node: &Node,
    at: &Place<'_>,
    value: &ComposeText,
) -> Result<(), Reported> {
    cx.forbid_control(node, at, value, |character| character != '\0')
}

fn marker_in_name(cx: &mut Context<'_>, node: &Node, at: &Place<'_>) -> Reported {
    let span = cx.within(node, "{{");
    let message = "a `{{…}}` marker is not replaced in a variable's name";
    let diagnostic = at.error(Code::MarkerNotAllowed, span, message);
    cx.report(diagnostic.help("write the name itself, or `${VAR}`, which pei replaces"))
}
