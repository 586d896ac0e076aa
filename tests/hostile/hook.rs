//! Hook entries: a script, and arguments as people type them for a shell.

use std::hash::{DefaultHasher, Hash, Hasher};

use proptest::prelude::*;
use proptest::sample::select;

use super::text::{in_file_name, in_hook, literal};

/// One entry.
#[derive(Debug, Clone)]
pub(crate) struct Hook {
    /// Relative to `installation/`.
    pub(crate) script: String,
    /// The script as typed.
    word: String,
    /// As typed.
    pub(crate) arguments: String,
    /// Spaces around the entry.
    around: (&'static str, &'static str),
}

impl Hook {
    pub(crate) fn typed(&self) -> String {
        let (before, after) = self.around;
        let Self {
            word, arguments, ..
        } = self;
        match arguments.as_str() {
            "" => format!("{before}{word}{after}"),
            _ => format!("{before}{word} {arguments}{after}"),
        }
    }

    /// The same entry without anything that needs quotes; scripts outside the stages' directories stay outside.
    pub(crate) fn tame(&mut self, stage: usize) {
        let plain = |text: &str| {
            let mut hasher = DefaultHasher::new();
            text.hash(&mut hasher);
            format!("h{:x}", hasher.finish())
        };
        let parts: Vec<String> = match self.script.split_once('/') {
            Some((folder, name)) if folder == format!("stage-{stage}") => {
                vec![folder.to_owned(), plain(name)]
            }
            _ => self.script.split('/').map(plain).collect(),
        };
        self.script = parts.join("/");
        self.word = self.script.clone();
        self.arguments = String::new();
    }
}

/// How a person quotes a word.
#[derive(Debug, Clone, Copy)]
enum Quoting {
    Single,
    Double,
    Backslash,
}

const QUOTINGS: &[Quoting] = &[Quoting::Single, Quoting::Double, Quoting::Backslash];

fn quoted(text: &str, quoting: Quoting) -> String {
    match quoting {
        Quoting::Single => format!("'{}'", text.replace('\'', r"'\''")),
        Quoting::Double => {
            let escaped = text.chars().flat_map(|c| {
                let escape = "\"\\$`".contains(c).then_some('\\');
                escape.into_iter().chain([c])
            });
            format!("\"{}\"", escaped.collect::<String>())
        }
        Quoting::Backslash if text.is_empty() => "''".to_owned(),
        // A backslash before a line break takes both away.
        Quoting::Backslash => text
            .chars()
            .map(|c| {
                if c == '\n' {
                    "'\n'".to_owned()
                } else {
                    format!("\\{c}")
                }
            })
            .collect(),
    }
}

/// Words that a shell expands.
const EXPANSIONS: &[&str] = &[
    "$TYPED",
    "\"$TYPED\"",
    "\"x$TYPED'y\"",
    "$UNSET",
    "\"$UNSET\"",
    "$1",
    "\"$@\"",
    "$#",
    "$(printf '%s' 'a  b')",
    "\"$(printf '%s' 'a  b')\"",
    "`printf '%s' 'a  b'`",
    "$((1 + 2))",
    "$'a\\tb\\'c\\u4f60'",
    "$\"x\"",
    "{a,b}x",
    "~",
    "*",
    "[a-z]*",
    "--option=value",
    "a#b",
    "-n",
    "--",
    "x=y",
    "!x",
    "%s",
    "a\\\nb",
];

fn argument() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => (literal(in_hook), select(QUOTINGS)).prop_map(|(text, quoting)| quoted(&text, quoting)),
        2 => select(EXPANSIONS).prop_map(str::to_owned),
    ];
    proptest::collection::vec(piece, 1..3).prop_map(|pieces| pieces.concat())
}

/// A file or directory of `installation/`; `number` keeps it apart from others.
pub(crate) fn name(number: usize) -> impl Strategy<Value = String> {
    literal(in_file_name).prop_map(move |text| {
        let mut name: String = text.chars().take(60).collect();
        // Longer names are none on disk.
        while name.len() > 180 {
            name.pop();
        }
        if name.is_empty() || name.trim_matches('.').is_empty() {
            name.push('x');
        }
        // Before or after the typed text, so that hostile ends stay at the end.
        if number.is_multiple_of(2) {
            format!("{number}{name}")
        } else {
            format!("{name}{number}")
        }
    })
}

/// A hook of a stage, whose script is a file of its own.
pub(crate) fn hook(stage: usize, number: usize) -> impl Strategy<Value = Hook> {
    let folder = prop_oneof![
        3 => Just(format!("stage-{stage}/custom/")),
        1 => name(stage + 7).prop_map(|name| format!("{name}/")),
        1 => Just(String::new()),
    ];
    let script = (
        folder,
        name(stage * 100 + number),
        select(&["", ".sh", ".bash"][..]),
    );
    let arguments = proptest::collection::vec((argument(), select(&[" ", "  ", "\t"][..])), 0..4);
    let around = (select(&["", " ", "\t"][..]), select(&["", " ", "\n"][..]));
    (script, select(QUOTINGS), arguments, around).prop_map(
        |((folder, name, end), quoting, arguments, around)| {
            let script = format!("{folder}{name}{end}");
            let mut text = String::new();
            for (argument, blank) in &arguments {
                if !text.is_empty() {
                    text.push_str(blank);
                }
                text.push_str(argument);
            }
            Hook {
                word: quoted(&script, quoting),
                script,
                // Two pieces side by side must not begin a variable or a marker of pei's.
                arguments: if text.contains("${") || text.contains("{{") {
                    String::new()
                } else {
                    text
                },
                around,
            }
        },
    )
}
