//! Scalars: texts, numbers, booleans and words.

use std::ops::RangeInclusive;

use super::text::{self, Resolved, Variables};
use super::{Context, Field, Place, Read, Reported};
use crate::config::layers::is_personal;
use crate::config::yaml::{Content, Node};
use crate::diagnostic::{Code, list, nearest, quoted, without_quoted};
use crate::model::{ComposeText, Part};

/// The words for a boolean, in any case.
pub(in crate::config) const BOOLEANS: [(&str, bool); 8] = [
    ("true", true),
    ("false", false),
    ("yes", true),
    ("no", false),
    ("on", true),
    ("off", false),
    ("y", true),
    ("n", false),
];

impl Context<'_> {
    /// Any text of a node. `None` if it is null, or if replaced variables made it empty: `host_port: ${PORT:-}` is
    /// the same as no `host_port`.
    pub(crate) fn text_with_markers(&mut self, node: &Node, at: &Place<'_>) -> Read<ComposeText> {
        let found = self.resolved(node, at, (true, false))?;
        Ok(found.and_then(Resolved::unless_emptied))
    }

    /// Any text of a node, which may be empty. It is only for Compose, which reads `.env` itself.
    pub(crate) fn text_maybe_empty(&mut self, node: &Node, at: &Place<'_>) -> Read<ComposeText> {
        let found = self.resolved(node, at, (true, true))?;
        Ok(found.map(|found| found.text))
    }

    /// The text with variables replaced. `markers`: the key allows markers, which help may suggest.
    /// `leave_to_compose`: a variable of `.env` becomes a marker.
    fn resolved(
        &mut self,
        node: &Node,
        at: &Place<'_>,
        (markers, leave_to_compose): (bool, bool),
    ) -> Read<Resolved> {
        let scalar = match &*node.content {
            Content::Scalar(scalar) if scalar.is_null() => return Ok(None),
            Content::Scalar(scalar) => scalar,
            Content::Broken => return Err(Reported),
            Content::List(_) => {
                let help = "write the value without the brackets or the dash";
                return Err(self.wrong_type(at, node, "a single value", Some(help)));
            }
            Content::Map(_) => {
                let help = if self.is_braced(node) {
                    "quote the value if it is one text: braces begin a mapping"
                } else {
                    "write the value without keys, and quote it if a `: ` is a part of it"
                };
                return Err(self.wrong_type(at, node, "a single value", Some(help)));
            }
        };
        let lookup = self.lookup();
        let variables = Variables {
            value: &|name| lookup.variable(name),
            is_of_env_file: &|name| lookup.is_of_env_file(name),
            leave_to_compose,
            markers,
        };
        let mut found = text::resolve(&scalar.text, &variables);
        let values = std::mem::take(&mut found.values);
        self.warn_of_env_file(node, at, &values, markers);
        self.replaced(node, &scalar.text, &found.text, values);
        let mut outcome = Ok(());
        for problem in std::mem::take(&mut found.problems) {
            let span = self.within(node, &problem.part);
            // A text that is only the name of a variable is not a password.
            let is_name = problem.code == Code::UnsetVariable
                && problem.part == scalar.text
                && !problem.part.contains(|c: char| c.is_ascii_lowercase());
            let (message, help) = if at.is_private() && !is_name {
                let help =
                    "for a password with `${` or `{{` set a variable to it and write `${NAME}`";
                (without_quoted(&problem.message), help.to_owned())
            } else if problem.code == Code::UnsetVariable && is_of_build_step(at) {
                let name = problem.part.trim_matches(['$', '{', '}']);
                let help = format!("run `export {name}`, or write `${{{name}:-default}}`");
                (problem.message, help)
            } else {
                (problem.message, problem.help)
            };
            let diagnostic = at.error(problem.code, span, message);
            outcome = Err(self.report(diagnostic.help(help)));
        }
        outcome?;
        Ok(Some(found))
    }

    /// Warns of a value from `.env` that ends up in files that git tracks: it belongs to one machine. Credentials
    /// do not reach such files.
    fn warn_of_env_file(
        &mut self,
        node: &Node,
        at: &Place<'_>,
        values: &[(String, String)],
        markers: bool,
    ) {
        let lookup = self.lookup();
        let is_of_file = |(name, value): &&(String, String)| {
            !value.is_empty() && lookup.is_of_env_file(name) && lookup.is_in_git()
        };
        let Some((name, _)) = values.iter().find(is_of_file) else {
            return;
        };
        if is_personal(&at.to_string()) || self.was_replaced(node) {
            return;
        }
        let span = self.within(node, &format!("${{{name}"));
        let message = format!("the value of `{name}` from `.env` reaches files that git tracks");
        let help = if markers {
            format!(
                "write `{{{{{name}}}}}` in its place: Compose replaces it, and reads `.env` too"
            )
        } else {
            "write the value itself if everybody may have it; let a program read a secret from a mounted file, or from a \
             variable that `environment` lists without a value"
                .to_owned()
        };
        self.report(
            at.warning(Code::LocalValueTracked, span, message)
                .help(help),
        );
    }

    /// One line of text that may hold markers.
    pub(crate) fn compose_text(
        &mut self,
        field: Option<Field<'_>>,
        at: &Place<'_>,
    ) -> Read<ComposeText> {
        let Some(field) = field else { return Ok(None) };
        let at = field.place(at);
        self.compose_line(field.node, &at)
    }

    /// The same for a node without a key, such as a list's item.
    pub(crate) fn compose_line(&mut self, node: &Node, at: &Place<'_>) -> Read<ComposeText> {
        let Some(text) = self.text_with_markers(node, at)? else {
            return Ok(None);
        };
        self.forbid_control(node, at, &text, |_| false)?;
        Ok(Some(text))
    }

    /// One line of text that pei itself uses, so it cannot hold markers.
    pub(crate) fn text(&mut self, field: Option<Field<'_>>, at: &Place<'_>) -> Read<String> {
        self.text_where(field, at, |_| false)
    }

    /// The same, except that the caller allows some control characters.
    pub(crate) fn text_where(
        &mut self,
        field: Option<Field<'_>>,
        at: &Place<'_>,
        allowed: fn(char) -> bool,
    ) -> Read<String> {
        let Some(field) = field else { return Ok(None) };
        let at = field.place(at);
        self.text_of(field.node, &at, allowed)
    }

    /// The same for a node without a key.
    pub(crate) fn text_of(
        &mut self,
        node: &Node,
        at: &Place<'_>,
        allowed: fn(char) -> bool,
    ) -> Read<String> {
        let found = self.resolved(node, at, (false, false))?;
        let Some(text) = found.and_then(Resolved::unless_emptied) else {
            return Ok(None);
        };
        self.forbid_control(node, at, &text, allowed)?;
        let marker = text.parts.iter().find_map(|part| match part {
            Part::Marker { name, .. } => Some(name),
            Part::Literal(_) => None,
        });
        let Some(name) = marker else {
            return Ok(Some(text.as_literal().unwrap_or_default().to_owned()));
        };
        let help = if at.is_private() {
            "write `${VAR}`: `pei configure` replaces it".to_owned()
        } else if self.lookup().variable(name).is_some() {
            format!("write `${{{name}}}`: `pei configure` replaces it")
        } else {
            format!(
                "write `${{{name}:-default}}`, or `export {name}` and write `${{{name}}}`: `pei configure` replaces it"
            )
        };
        let message = "a `{{…}}` marker is not replaced here";
        let diagnostic = at.error(Code::MarkerNotAllowed, self.within(node, "{{"), message);
        Err(self.report(diagnostic.help(help)))
    }

    /// Reports control characters that are not allowed: they would be invisible in the generated files.
    pub(crate) fn forbid_control(
        &mut self,
        node: &Node,
        at: &Place<'_>,
        text: &ComposeText,
        allowed: fn(char) -> bool,
    ) -> Result<(), Reported> {
        let known = text.parts.iter().filter_map(Part::known);
        let mut characters = known.flat_map(str::chars);
        let found = characters.find(|c| c.is_control() && !allowed(*c));
        let Some(character) = found else {
            return Ok(());
        };
        let name = match character {
            '\n' => "a line break".to_owned(),
            '\t' => "a tab".to_owned(),
            '\0' => "a NUL character".to_owned(),
            other => format!("the control character `{}`", other.escape_default()),
        };
        let diagnostic = at
            .error(
                Code::ControlCharacter,
                node.span.clone(),
                format!("{name} is not allowed in this text"),
            )
            .help("remove it, or write the value on one line");
        Err(self.report(diagnostic))
    }

    /// A boolean, also in the words of YAML 1.1 and in quotes.
    pub(crate) fn boolean(&mut self, field: Option<Field<'_>>, at: &Place<'_>) -> Read<bool> {
        let Some(text) = self.text(field, at)? else {
            return Ok(None);
        };
        let is = |(word, _): &&(&str, bool)| text.trim().eq_ignore_ascii_case(word);
        if let Some((_, value)) = BOOLEANS.iter().find(is) {
            return Ok(Some(*value));
        }
        let message = format!("expected true or false, found {}", quoted(&text));
        let help = "write `true` or `false`";
        Err(self.bad_value(field, at, Code::InvalidBoolean, message, help))
    }

    /// A whole number in decimal digits, quoted or not.
    pub(crate) fn number(
        &mut self,
        field: Option<Field<'_>>,
        at: &Place<'_>,
        range: &RangeInclusive<u32>,
    ) -> Read<u32> {
        let Some(text) = self.text(field, at)? else {
            return Ok(None);
        };
        if let Some(number) = parse_number(&text).filter(|number| range.contains(number)) {
            return Ok(Some(number));
        }
        let found = field.map_or_else(String::new, |field| field.place(at).found(&text));
        let expected = format!(
            "expected a whole number from {} to {}{found}",
            range.start(),
            range.end(),
        );
        let zeros = text.len() > 1 && text.starts_with('0');
        let help = if zeros && parse_number(text.trim_start_matches('0')).is_some() {
            "write it without leading zeros: some YAML readers take them for octal".to_owned()
        } else if text.parse::<i64>().is_ok() {
            format!("choose a number from {} to {}", range.start(), range.end())
        } else if field.is_some_and(|field| field.name == "host_port") {
            "write the host's port alone, such as 2222, or null for none".to_owned()
        } else {
            "write the number in decimal digits".to_owned()
        };
        Err(self.bad_value(field, at, Code::InvalidNumber, expected, &help))
    }

    /// A TCP port.
    pub(crate) fn port(&mut self, field: Option<Field<'_>>, at: &Place<'_>) -> Read<u16> {
        let number = self.number(field, at, &(1..=65535))?;
        Ok(number.and_then(|number| u16::try_from(number).ok()))
    }

    /// One of several words.
    pub(crate) fn choice<T: Copy>(
        &mut self,
        field: Option<Field<'_>>,
        at: &Place<'_>,
        choices: &[(&'static str, T)],
    ) -> Read<T> {
        let Some(text) = self.text(field, at)? else {
            return Ok(None);
        };
        if let Some((_, value)) = choices.iter().find(|(word, _)| *word == text) {
            return Ok(Some(*value));
        }
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        let help = match nearest(&text, words.iter().copied()) {
            Some(word) => format!("did you mean `{word}`?"),
            None => format!("write {}", list(&words, "or")),
        };
        let message = format!("expected {}, found {}", list(&words, "or"), quoted(&text));
        Err(self.bad_value(field, at, Code::InvalidChoice, message, &help))
    }

    /// Reports a field's value.
    pub(crate) fn bad_value(
        &mut self,
        field: Option<Field<'_>>,
        at: &Place<'_>,
        code: Code,
        message: String,
        help: &str,
    ) -> Reported {
        let Some(field) = field else { return Reported };
        let at = field.place(at);
        self.report(at.error(code, field.node.span.clone(), message).help(help))
    }
}

/// Parses decimal digits without a sign and without leading zeros.
fn parse_number(text: &str) -> Option<u32> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let leading_zero = text.len() > 1 && text.starts_with('0');
    (digits && !leading_zero)
        .then(|| text.parse().ok())
        .flatten()
}

/// A variable of a further stage's hooks: neither Compose nor `.env` has a part in it.
fn is_of_build_step(at: &Place<'_>) -> bool {
    let path = at.to_string();
    let rest = path.strip_prefix("stages.");
    rest.and_then(|rest| rest.split('.').nth(1)) == Some("environment")
}
