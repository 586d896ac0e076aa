//! Typing mistakes in a config: a key that is cut off, a quote too many, a value of another kind.

use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Pieces of YAML, and values that some key or other may like, or not.
const PIECES: &[&str] = &[
    "'",
    "\"",
    "`",
    "\\",
    "#",
    " #",
    ":",
    ": ",
    "=",
    " = ",
    ",",
    "- ",
    "-",
    "? ",
    "|",
    "|-\n",
    ">",
    "[",
    "]",
    "{",
    "}",
    "{}",
    "[]",
    "{a: b}",
    "[{}, [a]]",
    "&x ",
    "*x",
    "<<: ",
    "!",
    "!!str ",
    "!x ",
    "%",
    "@",
    "~",
    "null",
    "yes",
    "No",
    "y",
    "22",
    "-1",
    "0x16",
    "0o7",
    "1_000",
    "1e3",
    "1.5",
    ".inf",
    "70000",
    "99999999999999999999",
    "22:22",
    "2001-01-01",
    "cpu",
    "tuna",
    "host",
    "/d",
    "./d",
    "~/",
    "A=1",
    "${A}",
    "${NONE}",
    "${NONE:-80}",
    "${",
    "$",
    "{{B}}",
    "{{B:-b}}",
    "{{",
    "}}",
    "ssh:",
    "users:",
    "stage_2:",
    "x-a: ",
    "\t",
    " ",
    "  ",
    "\n",
    "\n  ",
    "\r\n",
    "\u{0}",
    "\u{1b}[31m",
    "\u{7f}",
    "\u{85}",
    "\u{2028}",
    "\u{202e}",
    "\u{feff}",
    "é",
    "你",
    "\u{1f600}",
    "---\n",
    "...\n",
];

/// One typing mistake; positions are fractions of the text's length, so that they fit any text.
#[derive(Debug, Clone)]
pub(crate) enum Edit {
    /// The rest is missing.
    CutOff(Index),
    /// Some characters are missing.
    Without(Index, usize),
    /// Something is there that should not be.
    With(Index, &'static str),
    /// A value became another one.
    Value(Index, &'static str),
    /// A line came twice.
    Twice(Index),
    /// A line moved in or out.
    Indented(Index, &'static str),
    /// The wrong case.
    Upper(Index),
}

/// All kinds of edits.
pub(crate) fn edit() -> impl Strategy<Value = Edit> {
    let place = any::<Index>;
    let piece = || select(PIECES);
    prop_oneof![
        1 => place().prop_map(Edit::CutOff),
        4 => (place(), 1..6_usize).prop_map(|(at, length)| Edit::Without(at, length)),
        6 => (place(), piece()).prop_map(|(at, text)| Edit::With(at, text)),
        6 => (place(), piece()).prop_map(|(at, text)| Edit::Value(at, text)),
        1 => place().prop_map(Edit::Twice),
        2 => (place(), select(&["", " ", "    ", "\t"][..])).prop_map(|(at, blanks)| Edit::Indented(at, blanks)),
        1 => place().prop_map(Edit::Upper),
    ]
}

/// The text with these edits, one after the other.
pub(crate) fn edited(text: &str, edits: &[Edit]) -> String {
    edits
        .iter()
        .fold(text.to_owned(), |text, edit| edit.of(&text))
}

impl Edit {
    fn of(&self, text: &str) -> String {
        if text.is_empty() {
            return String::new();
        }
        let at = |index: &Index| text.floor_char_boundary(index.index(text.len()));
        let line_of = |at: usize| {
            let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
            let end = text[at..].find('\n').map_or(text.len(), |end| at + end + 1);
            (start, end)
        };
        let (start, end, new) = match self {
            Self::CutOff(index) => (at(index), text.len(), String::new()),
            Self::Without(index, length) => {
                let start = at(index);
                (
                    start,
                    text.ceil_char_boundary(start + length),
                    String::new(),
                )
            }
            Self::With(index, piece) => (at(index), at(index), (*piece).to_owned()),
            Self::Value(index, piece) => {
                let from = at(index);
                let start = text[from..]
                    .find(": ")
                    .map_or(from, |found| from + found + 2);
                let end = text[start..]
                    .find([',', '}', ']', '\n'])
                    .map_or(text.len(), |found| start + found);
                (start, end, (*piece).to_owned())
            }
            Self::Twice(index) => {
                let (start, end) = line_of(at(index));
                (start, start, text[start..end].to_owned())
            }
            Self::Indented(index, blanks) => {
                let (start, _) = line_of(at(index));
                let old = text[start..].len() - text[start..].trim_start_matches(' ').len();
                (start, start + old, (*blanks).to_owned())
            }
            Self::Upper(index) => {
                let start = at(index);
                let end = text.ceil_char_boundary(start + 1);
                (start, end, text[start..end].to_uppercase())
            }
        };
        format!("{}{new}{}", &text[..start], &text[end.min(text.len())..])
    }
}
