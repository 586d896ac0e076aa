//! The lines below a key whose values are secrets, and what of them is shown.

use std::ops::Range;

use super::is_word;
use crate::diagnostic::nearest;
use crate::model::NameForm;

/// Keys that are shown anywhere below `ssh`.
const KEYS: [&str; 9] = [
    "users",
    "password",
    "password_hash",
    "pubkey_file",
    "pubkey_text",
    "privkey_file",
    "privkey_text",
    "uid",
    "gid",
];

/// Keys of `ssh` itself. A number or a boolean after them is shown too.
const PLAIN_KEYS: [&str; 3] = ["enable", "port", "host_port"];

/// Keys that may come after the section.
const NEXT_KEYS: [&str; 11] = [
    "stage_1",
    "stage_2",
    "image",
    "proxy",
    "apt",
    "environment",
    "ports",
    "device",
    "storage",
    "mount",
    "custom",
];

/// A range of lines that are covered, from the one that begins it.
pub(super) struct Region {
    /// The column in which that line begins.
    column: usize,
    kind: Kind,
    /// Where the names of users or variables begin.
    names: Names,
    /// Whether a quote or a bracket may still be open.
    is_open: bool,
    is_written: bool,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Ssh,
    Environment,
    /// `build_secrets`: a person may write the secret itself where its source belongs.
    Secrets,
    /// A single value.
    Value,
}

#[derive(Clone, Copy, PartialEq)]
enum Names {
    /// No `users:` yet.
    Before,
    /// In the column in which the next line begins.
    Next,
    At(usize),
    Never,
}

impl Region {
    /// The region that a line opens whose secret begins at `after`.
    pub(super) fn opened_by(line: &str, after: usize, kind: Kind, is_written: bool) -> Self {
        let body = line.trim_start();
        let names = if kind == Kind::Environment || line[..after].ends_with("users:") {
            names_after(&line[after..])
        } else {
            Names::Before
        };
        Self {
            // The next item of a list does not belong to the region.
            column: line.len() - body.len() + usize::from(body.starts_with('-')),
            kind,
            names,
            is_open: false,
            is_written,
        }
    }

    /// Whether a line is outside the region. If a quote or a brace is still open, the indentation proves nothing.
    /// So the line must also begin with a key that may follow.
    pub(super) fn ends(&self, indent: usize, body: &str) -> bool {
        if indent > self.column {
            return false;
        }
        let key = body.trim_start_matches(['"', '\'']);
        let length = key.find(|c| !is_word(c)).unwrap_or(key.len());
        let is_key = key[length..]
            .trim_start_matches(['"', '\'', ' '])
            .starts_with(':');
        let can_follow = || key.starts_with("x-") || nearest(&key[..length], NEXT_KEYS).is_some();
        match self.kind {
            Kind::Ssh => is_key && (can_follow() || &key[..length] == "ssh"),
            // Keys are in lower case, and most variables are not.
            Kind::Environment => {
                let is_key_of_pei =
                    !self.is_open && key.starts_with(|c: char| c.is_ascii_lowercase());
                is_key && (is_key_of_pei || can_follow() || key.starts_with("ssh"))
            }
            Kind::Value | Kind::Secrets if is_key => true,
            Kind::Value | Kind::Secrets if indent < self.column => {
                self.is_written || body.starts_with(['-', '#'])
            }
            // A list below its key need not be indented.
            Kind::Value | Kind::Secrets => self.is_written && !body.starts_with('-'),
        }
    }

    /// The ranges of a line that are shown, in order.
    pub(super) fn shown(&mut self, line: &str, from: usize) -> Vec<Range<usize>> {
        match self.kind {
            Kind::Ssh => self.shown_of_ssh(line, from),
            Kind::Environment => self.shown_variable(line, from).into_iter().collect(),
            Kind::Secrets => shown_of_secrets(line, from),
            Kind::Value => Vec::new(),
        }
    }

    /// The range of the variable's name at the beginning of a line of `environment`.
    fn shown_variable(&mut self, line: &str, from: usize) -> Option<Range<usize>> {
        let rest = &line[from..];
        let count = |sign: char| rest.matches(sign).count();
        self.is_open |= count('\'') % 2 == 1
            || count('"') % 2 == 1
            || count('{') != count('}')
            || count('[') != count(']');
        let body = line.trim_start();
        let indent = line.len() - body.len();
        if from != indent {
            return None;
        }
        let is_item = body.starts_with("- ");
        if self.names == Names::Next {
            self.names = if indent > self.column || is_item {
                Names::At(indent)
            } else {
                Names::Never
            };
        }
        if self.names != Names::At(indent) {
            return None;
        }
        let name = body.strip_prefix('-').unwrap_or(body);
        let name = name.trim_start_matches([' ', '"', '\'']);
        let length = name.find(|c: char| !is_word(c) && c != '.');
        let length = length.unwrap_or(name.len());
        let start = line.len() - name.len();
        let after = name[length..].trim_start_matches(['"', '\'', ' ']);
        let is_named = after.starts_with([':', '=']) || is_item && after.is_empty();
        let end = line.len() - after.len() + usize::from(!after.is_empty());
        is_named.then_some(indent..end.max(start))
    }

    /// The ranges of a line of `ssh` that are shown, in order.
    fn shown_of_ssh(&mut self, line: &str, from: usize) -> Vec<Range<usize>> {
        let indent = line.len() - line.trim_start().len();
        let whole_line = from == indent;
        if self.names == Names::Next && whole_line {
            self.names = if indent > self.column {
                Names::At(indent)
            } else {
                Names::Never
            };
        }
        let mut shown = Vec::new();
        for (at, _) in line[from..]
            .match_indices(':')
            .map(|(at, colon)| (from + at, colon))
        {
            let key = line[from..at].trim_end_matches(['"', '\'']);
            let start = from + key.trim_end_matches(is_word).len();
            let key = &line[start..from + key.len()];
            let alone = whole_line && start == indent;
            let is_name = alone
                && self.names == Names::At(indent)
                && NameForm::USER.fits(key.strip_prefix('_').unwrap_or(key))
                && (line[at + 1..].is_empty() || line[at + 1..].starts_with(' '));
            let plain = PLAIN_KEYS.contains(&key)
                || alone && self.names == Names::Before && nearest(key, PLAIN_KEYS).is_some();
            if !(is_name || plain || KEYS.contains(&key)) {
                continue;
            }
            if key == "users" {
                self.names = names_after(&line[at + 1..]);
            }
            let value = if plain {
                plain_length(&line[at + 1..])
            } else {
                0
            };
            shown.push(start..at + 1 + value);
        }
        shown
    }
}

/// The ranges of a line of `build_secrets` that are shown: a key at its beginning, and the keys of an entry.
fn shown_of_secrets(line: &str, from: usize) -> Vec<Range<usize>> {
    let indent = line.len() - line.trim_start().len();
    let colons = line[from..].match_indices(':').map(|(at, _)| from + at);
    let keys = colons.filter_map(|colon| {
        let before = &line[from..colon];
        let start = from + before.trim_end_matches(|c| is_word(c) || c == '.').len();
        let key = &line[start..colon];
        let is_key = matches!(line.as_bytes().get(colon + 1), None | Some(b' '));
        let is_shown = start == indent && from == indent && NameForm::SECRET.fits(key)
            || matches!(key, "env" | "file") && !line[..start].ends_with(['\'', '"']);
        (is_key && is_shown).then_some(start..colon + 1)
    });
    keys.collect()
}

/// Where the user names are, from the text after `users:`. They are shown only if each has a line of its own.
fn names_after(rest: &str) -> Names {
    let rest = rest.trim_start();
    if rest.is_empty() || rest.starts_with('#') {
        Names::Next
    } else {
        Names::Never
    }
}

/// The length of a number or boolean after a colon; 0 if the value is anything else.
fn plain_length(rest: &str) -> usize {
    let value = rest.trim_start();
    let length = value
        .find(|c: char| !c.is_ascii_alphanumeric() && !":-".contains(c))
        .unwrap_or(value.len());
    let word = &value[..length];
    let is_sign = |byte: u8| byte.is_ascii_digit() || b":-".contains(&byte);
    let is_plain = word.bytes().all(is_sign) || matches!(word, "true" | "false" | "null" | "auto");
    if is_plain {
        rest.len() - value.len() + length
    } else {
        0
    }
}
