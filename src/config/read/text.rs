//! `${VAR}`, which pei replaces, and `{{VAR}}`, which Compose replaces.
//!
//! A text is read once, as typed: what a variable brings in is literal text and is
//! never looked through for variables or markers again.

use std::ffi::OsString;

use crate::diagnostic::{Code, quoted};
use crate::model::{ComposeText, NameForm, Part};

/// A text with its variables replaced.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Resolved {
    pub(super) text: ComposeText,
    /// The variables that were replaced and their values, which may be secrets.
    pub(super) values: Vec<(String, String)>,
    /// True where a variable was replaced, if only by nothing.
    pub(super) substituted: bool,
    pub(super) problems: Vec<Problem>,
}

/// What is wrong with a part of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) code: Code,
    pub(super) message: String,
    pub(super) help: String,
    /// The part as typed, so that its place can be found.
    pub(super) part: String,
}

/// Problems of one text that are told: finding the place of each takes a search from its start.
const MOST: usize = 20;

impl Resolved {
    /// A text that replaced variables emptied is none: `host_port: ${PORT:-}` is the same as no `host_port`.
    pub(super) fn unless_emptied(self) -> Option<ComposeText> {
        let emptied = self.substituted && self.text.parts.is_empty();
        (!emptied).then_some(self.text)
    }
}

/// Where variables come from.
pub(super) struct Variables<'v> {
    /// The value of one.
    pub(super) value: &'v dyn Fn(&str) -> Option<OsString>,
    /// Whether that is the value of the project's `.env`.
    pub(super) is_of_env_file: &'v dyn Fn(&str) -> bool,
    /// What is in `.env` is left to Compose, which reads it too: no file of the project then holds the value.
    pub(super) leave_to_compose: bool,
    /// The place takes markers, for the cure.
    pub(super) markers: bool,
}

/// Replaces variables and finds markers.
pub(super) fn resolve(text: &str, variables: &Variables<'_>) -> Resolved {
    // Most texts hold neither.
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
            // One search for both: a search for the other kind would go to the end of the text each time.
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

    /// `${NAME}` at the start of `text` that becomes a marker; returns the text after it.
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

    /// `${…` at the start of `text`: its value, and the text after it.
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
                // Bash has `UID` and others without exporting them.
                let help = format!(
                    "set it in the project's `.env`, or run `export {name}`, because pei does not see a variable that a shell has not exported, or write `${{{name}:-default}}`"
                );
                let help = if self.variables.markers {
                    format!(
                        "{help}; `{{{{{name}}}}}` is for Compose to replace when the container is made"
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

    /// `{{…` at the start of `text`; returns the text after the marker.
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

    /// The text between the braces with its variables replaced, and how much of `text`
    /// it takes with the closing braces.
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

/// What keeps Compose from reading a default as it was typed, and what to do.
fn unreadable_default(text: &str) -> Option<(&'static str, &'static str)> {
    if text.contains('}') {
        let help = "Compose ends a default at its first `}`; leave it out";
        return Some(("a `}`", help));
    }
    if text.contains('{') {
        let help = "Compose looks for the `}` of every `{`, also behind the default; leave it out";
        return Some(("a `{`", help));
    }
    let help = "Compose reads defaults of one line only; leave the break out";
    text.contains('\n').then_some(("a line break", help))
}

/// A variable or marker for a message, without what may be a secret: its default.
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

    /// Markers are shown as `<NAME>` and `<NAME=default>`.
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
