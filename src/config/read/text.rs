//! Replaces `${VAR}` and finds `{{VAR}}`, which Compose replaces.
//!
//! A text is read once, as typed: the value of a variable is literal text and is never searched for variables or
//! markers.

use std::ffi::OsString;

use crate::diagnostic::{Code, quoted};
use crate::model::{ComposeText, NameForm, Part};

/// A text with its variables replaced.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Resolved {
    pub(super) text: ComposeText,
    /// The variables that were replaced, with their values, which may be secrets.
    pub(super) values: Vec<(String, String)>,
    /// Whether any variable was replaced, even by an empty value.
    pub(super) substituted: bool,
    pub(super) problems: Vec<Problem>,
}

/// A problem with a part of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) code: Code,
    pub(super) message: String,
    pub(super) help: String,
    /// The part as typed, for finding its position.
    pub(super) part: String,
}

/// The most problems that are reported for one text: to find the position of each, the text is searched from its
/// start.
const MOST: usize = 20;

impl Resolved {
    /// `None` if replaced variables made the text empty: `host_port: ${PORT:-}` is the same as no `host_port`.
    pub(super) fn unless_emptied(self) -> Option<ComposeText> {
        let emptied = self.substituted && self.text.parts.is_empty();
        (!emptied).then_some(self.text)
    }
}

/// The source of variables.
pub(super) struct Variables<'v> {
    /// The value of a variable.
    pub(super) value: &'v dyn Fn(&str) -> Option<OsString>,
    /// Whether a variable's value comes from the project's `.env`.
    pub(super) is_of_env_file: &'v dyn Fn(&str) -> bool,
    /// Whether variables of `.env` are left to Compose, which reads that file too. Then no file of the project
    /// holds the value.
    pub(super) leave_to_compose: bool,
    /// Whether the key allows markers, which help may suggest.
    pub(super) markers: bool,
}

/// Replaces variables and finds markers.
pub(super) fn resolve(text: &str, variables: &Variables<'_>) -> Resolved {
    // Most texts hold neither variables nor markers.
    if !text.contains("${") && !text.contains("{{") {
        return Resolved {
            text: ComposeText::literal(text),
            ..Resolved::default()
        };
    }
    let mut reader = Reader {
        variables,
        literal: String::new(),
        found: Resolved::default(),
    };
    reader.read(text);
    reader.end_literal();
    reader.found
}

struct Reader<'v> {
    variables: &'v Variables<'v>,
    literal: String,
    found: Resolved,
}

impl Reader<'_> {
    fn read(&mut self, text: &str) {
        let mut rest = text;
        loop {
            // Search for both at once: a search for one kind might scan the rest of the text each time.
            let opens = |pair: &[u8]| pair == b"${" || pair == b"{{";
            let Some(at) = rest.as_bytes().windows(2).position(opens) else {
                self.literal.push_str(rest);
                return;
            };
            self.literal.push_str(&rest[..at]);
            rest = &rest[at..];
            rest = if let Some(after) = self.left_to_compose(rest) {
                after
            } else if rest.starts_with("${") {
                let (value, after) = self.variable(rest);
                self.literal.push_str(&value);
                after
            } else {
                self.marker(rest)
            };
        }
    }

    /// If `text` starts with a variable that is left to Compose, turns it into a marker and returns the text after it.
    fn left_to_compose<'t>(&mut self, text: &'t str) -> Option<&'t str> {
        if !self.variables.leave_to_compose {
            return None;
        }
        let (inner, after) = text.strip_prefix("${")?.split_once('}')?;
        let (name, default) = match inner.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (inner, None),
        };
        let is_plain = default.is_none_or(|text| !text.contains(['{', '\n']));
        if !NameForm::VARIABLE.fits(name) || !is_plain || !(self.variables.is_of_env_file)(name) {
            return None;
        }
        self.end_literal();
        self.found.text.parts.push(Part::Marker {
            name: name.to_owned(),
            default: default.map(str::to_owned),
        });
        Some(after)
    }

    /// Reads the `${…` at the start of `text`, and returns the value and the text after it.
    fn variable<'t>(&mut self, text: &'t str) -> (String, &'t str) {
        let Some(end) = text.find('}') else {
            self.problem(
                Code::MalformedVariable,
                text,
                "a `${` is not closed".into(),
                "write `${VAR}` or `${VAR:-default}`, or `$VAR` for the shell to replace",
            );
            return (String::new(), "");
        };
        let (typed, after) = text.split_at(end + 1);
        self.found.substituted = true;
        (self.value(typed, &typed[2..end]), after)
    }

    fn value(&mut self, typed: &str, inner: &str) -> String {
        let (name, default) = match inner.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (inner, None),
        };
        if !NameForm::VARIABLE.fits(name)
            || default.is_some_and(|text| text.contains("${") || text.contains("{{"))
        {
            self.problem(
                Code::MalformedVariable,
                typed,
                format!(
                    "{} is not of the form `${{VAR}}` or `${{VAR:-default}}`",
                    shown(typed)
                ),
                "a name has letters, digits and `_`; a default is plain text without `}`, `${` and `{{`",
            );
            return String::new();
        }
        let set = match (self.variables.value)(name).map(OsString::into_string) {
            Some(Err(_)) => {
                self.problem(
                    Code::UnsetVariable,
                    typed,
                    format!("the value of the environment variable `{name}` is not UTF-8"),
                    "set the variable to plain text",
                );
                return String::new();
            }
            Some(Ok(value)) => {
                let known = (name.to_owned(), value.clone());
                self.found.values.push(known);
                Some(value)
            }
            None => None,
        };
        match (set, default) {
            (Some(value), None) => value,
            (Some(value), Some(_)) if !value.is_empty() => value,
            (_, Some(default)) => default.to_owned(),
            (None, None) => {
                // In bash, `UID` and some others are set but not exported.
                let help = format!(
                    "set it in the project's `.env`, or run `export {name}`, because pei does not see a variable that a shell has not exported, or write `${{{name}:-default}}`"
                );
                let help = if self.variables.markers {
                    format!(
                        "{help}; `{{{{{name}}}}}` is replaced by Compose when the container is made"
                    )
                } else {
                    help
                };
                let message = format!("the environment variable `{name}` is not set");
                self.problem(Code::UnsetVariable, typed, message, &help);
                String::new()
            }
        }
    }

    /// Reads the `{{…` at the start of `text`, and returns the text after the marker.
    fn marker<'t>(&mut self, text: &'t str) -> &'t str {
        let Some((inner, length)) = self.marker_inner(&text[2..]) else {
            self.problem(
                Code::MalformedMarker,
                text,
                "a `{{` is not closed".into(),
                "write `{{VAR}}` or `{{VAR:-default}}`",
            );
            return "";
        };
        let (typed, after) = text.split_at(2 + length);
        let (name, default) = match inner.split_once(":-") {
            Some((name, default)) => (name.trim(), Some(default.trim())),
            None => (inner.trim(), None),
        };
        let default_is_plain = default.is_none_or(|text| !text.contains("{{"));
        if !NameForm::VARIABLE.fits(name) || !default_is_plain {
            self.problem(
                Code::MalformedMarker,
                typed,
                format!(
                    "{} is not of the form `{{{{VAR}}}}` or `{{{{VAR:-default}}}}`",
                    shown(typed)
                ),
                "a name has letters, digits and `_`; a default holds no brace",
            );
            return after;
        }
        if let Some((what, help)) = default.and_then(unreadable_default) {
            self.problem(
                Code::MalformedMarker,
                typed,
                format!("the default of {} holds {what}", shown(typed)),
                help,
            );
            return after;
        }
        let part = Part::Marker {
            name: name.to_owned(),
            default: default.map(str::to_owned),
        };
        self.end_literal();
        self.found.text.parts.push(part);
        after
    }

    /// The text between the braces with its variables replaced, and the length in bytes up to and including the
    /// closing braces.
    fn marker_inner(&mut self, text: &str) -> Option<(String, usize)> {
        let mut inner = String::new();
        let mut rest = text;
        loop {
            let close = rest.find("}}")?;
            let Some(at) = rest[..close].find("${") else {
                inner.push_str(&rest[..close]);
                let length = text.len() - rest.len() + close + 2;
                return Some((inner, length));
            };
            inner.push_str(&rest[..at]);
            let (value, after) = self.variable(&rest[at..]);
            inner.push_str(&value);
            rest = after;
        }
    }

    fn end_literal(&mut self) {
        if !self.literal.is_empty() {
            let literal = std::mem::take(&mut self.literal);
            self.found.text.parts.push(Part::Literal(literal));
        }
    }

    fn problem(&mut self, code: Code, part: &str, message: String, help: &str) {
        if self.found.problems.len() == MOST {
            return;
        }
        self.found.problems.push(Problem {
            code,
            message,
            help: help.to_owned(),
            part: part.to_owned(),
        });
    }
}

/// Why Compose could not read a default as typed, and what to do.
fn unreadable_default(text: &str) -> Option<(&'static str, &'static str)> {
    if text.contains('}') {
        let help = "Compose ends a default at its first `}`; leave it out";
        return Some(("a `}`", help));
    }
    if text.contains('{') {
        let help = "Compose looks for the `}` of every `{`, even after the default; leave it out";
        return Some(("a `{`", help));
    }
    let help = "Compose only reads defaults of one line; leave the line break out";
    text.contains('\n').then_some(("a line break", help))
}

/// A variable or marker for a message, without its default, which may be a secret.
fn shown(typed: &str) -> String {
    let (open, close) = if typed.starts_with('$') {
        ("${", "}")
    } else {
        ("{{", "}}")
    };
    let inner = &typed[open.len()..];
    let name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ' ';
    let end = inner.find(|c| !name(c)).unwrap_or(inner.len());
    let rest = if inner[end..] == *close { "" } else { "…" };
    quoted(&format!("{open}{}{rest}{close}", &inner[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(name: &str) -> Option<OsString> {
        match name {
            "A" => Some("a".into()),
            "EMPTY" => Some("".into()),
            "BRACES" => Some("{{X}} ${A}".into()),
            _ => None,
        }
    }

    /// Formats markers as `<NAME>` and `<NAME=default>`.
    fn shown(text: &str) -> String {
        let variables = Variables {
            value: &variable,
            is_of_env_file: &|name| name == "A",
            leave_to_compose: false,
            markers: true,
        };
        let found = resolve(text, &variables);
        if let Some(problem) = found.problems.first() {
            return problem.code.name().to_owned();
        }
        let show = |part: &Part| match part {
            Part::Literal(text) => text.clone(),
            Part::Marker { name, default } => match default {
                None => format!("<{name}>"),
                Some(default) => format!("<{name}={default}>"),
            },
        };
        found.text.parts.iter().map(show).collect()
    }

    #[test]
    fn variables_are_replaced_and_markers_survive() {
        let cases = [
            ("plain", "plain"),
            ("x${A}y${A}", "xaya"),
            ("${NONE:-d:-e f}", "d:-e f"),
            ("${EMPTY:-d}", "d"),
            ("${EMPTY}", ""),
            ("${NONE:-}", ""),
            ("$A $HOME", "$A $HOME"),
            ("$${A}", "$a"),
            ("${A}-{{ B }}", "a-<B>"),
            ("{{B:-x y}}{{C}}", "<B=x y><C>"),
            ("{{B:-}}", "<B=>"),
            ("{{B:-${A}}}", "<B=a>"),
            ("${BRACES}", "{{X}} ${A}"),
            (r#"{"a":{"b":1}}"#, r#"{"a":{"b":1}}"#),
            ("${A", "malformed-variable"),
            ("${}", "malformed-variable"),
            ("${A-x}", "malformed-variable"),
            ("${A:-${B}}", "malformed-variable"),
            ("${A:-{{B}}}", "malformed-variable"),
            ("${NONE}", "unset-variable"),
            ("{{A", "malformed-marker"),
            ("{{}}", "malformed-marker"),
            ("{{1A}}", "malformed-marker"),
            ("{{A-b}}", "malformed-marker"),
            ("{{A:-{{B}}}}", "malformed-marker"),
            ("{{A:-b}c}}", "malformed-marker"),
            ("{{A:-b{c}}", "malformed-marker"),
            ("{{A:-b\nc}}", "malformed-marker"),
            ("{{.Names}}", "malformed-marker"),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(text), expected, "{text}");
        }
    }
}
