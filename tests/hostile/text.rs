//! The most difficult texts that people may type, and their meaning.

use proptest::prelude::*;
use proptest::sample::select;

/// pei's own environment: what a variable brings in is literal text.
pub(crate) const VARIABLES: &[(&str, &str)] = &[
    ("WORD", "it's${NOT}{{NOT}}$(id)`id`$$\"\\#1%s"),
    ("EMPTY", ""),
];

/// Compose's environment.
pub(crate) const MARKERS: &[(&str, Option<&str>)] = &[
    ("FULL", Some("it's {{x}} $y ${z} $$ \"q\" \\ #")),
    ("EMPTY", Some("")),
    ("UNSET", None),
];

/// What means something to YAML, Compose, a shell, a Dockerfile, a template or a pattern.
const FRAGMENTS: &[&str] = &[
    "yes",
    "No",
    "on",
    "true",
    "null",
    "Null",
    "~",
    "y",
    "1e3",
    "0x10",
    "0o7",
    "010",
    "1_000",
    "-1",
    ".inf",
    ".nan",
    "2001-01-01",
    "12:30:45",
    "<<",
    "=",
    "---",
    "...",
    "- ",
    "? ",
    "a: b",
    ": ",
    " #x",
    "#",
    "'",
    "\"",
    "`",
    "\\",
    "\\n",
    "\\'",
    "\\\"",
    "$",
    "$$",
    "$HOME",
    "$1",
    "$(touch pwned)",
    "`touch pwned`",
    ";touch pwned;",
    "{",
    "}",
    "{%",
    "%}",
    "{#",
    "#}",
    "%",
    "%s",
    "!",
    "!!str ",
    "!x",
    "&a",
    "*a",
    "*",
    "?",
    "[",
    "]",
    "[a]",
    "[!a]",
    "{a,b}",
    "|",
    ">",
    "<",
    "<<EOF",
    "EOF\n",
    "&&",
    ";",
    "@",
    ":",
    ",",
    ":-",
    ":?",
    "^",
    "-",
    "--",
    "-e",
    "/",
    "//",
    ".",
    "..",
    "C:\\",
    " ",
    "  ",
    "\t",
    "\n",
    "\n\n",
    "\r",
    "\r\n",
    "\u{0}",
    "\u{1}",
    "\u{1b}[31m",
    "\u{7f}",
    "\u{85}",
    "\u{9f}",
    "\u{a0}",
    "\u{3000}",
    "\u{2028}",
    "\u{2029}",
    "\u{feff}",
    "\u{fffe}",
    "\u{202e}",
    "\u{200b}",
    "é",
    "e\u{301}",
    "你好",
    "🐚",
    "\u{10ffff}",
    "a",
    "B",
    "0",
    "word",
    "‘",
    "’",
    "”",
    "~/",
];

/// What a place of the config takes.
pub(crate) type Allowed = fn(char) -> bool;

/// Literal text of these characters, without what begins a variable or a marker.
pub(crate) fn literal(allowed: Allowed) -> impl Strategy<Value = String> + Clone {
    let fragment = prop_oneof![
        12 => select(FRAGMENTS).prop_map(str::to_owned),
        3 => any::<char>().prop_map(String::from),
        1 => (select(FRAGMENTS), 100_usize..400).prop_map(|(text, times)| text.repeat(times)),
    ];
    proptest::collection::vec(fragment, 0..7)
        .prop_map(move |fragments| plain(&fragments.concat(), allowed))
}

fn plain(text: &str, allowed: Allowed) -> String {
    let mut out = String::new();
    for c in text.chars().filter(|c| allowed(*c)) {
        if !(c == '{' && out.ends_with(['$', '{'])) {
            out.push(c);
        }
    }
    out
}

/// A piece of a typed text.
#[derive(Debug, Clone)]
enum Piece {
    Literal(String),
    /// `${NAME}`, of [`VARIABLES`].
    Variable(usize),
    /// `{{NAME}}` or `{{NAME:-default}}`, of [`MARKERS`].
    Marker(usize, Option<String>),
}

/// A typed text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Text(Vec<Piece>);

impl Text {
    pub(crate) fn of(literal: impl Into<String>) -> Self {
        Self(vec![Piece::Literal(literal.into())])
    }

    /// The text with more in front of it.
    pub(crate) fn after(mut self, literal: &str) -> Self {
        match self.0.first_mut() {
            Some(Piece::Literal(first)) => first.insert_str(0, literal),
            _ => self.0.insert(0, Piece::Literal(literal.to_owned())),
        }
        self.joined()
    }

    /// What stands in the config.
    pub(crate) fn typed(&self) -> String {
        let typed = |piece: &Piece| match piece {
            Piece::Literal(text) => text.clone(),
            Piece::Variable(index) => format!("${{{}}}", VARIABLES[*index].0),
            Piece::Marker(index, None) => format!("{{{{{}}}}}", MARKERS[*index].0),
            Piece::Marker(index, Some(default)) => {
                format!("{{{{ {}:-{default}}}}}", MARKERS[*index].0)
            }
        };
        self.0.iter().map(typed).collect()
    }

    /// What a container gets.
    pub(crate) fn meant(&self) -> String {
        let meant = |piece: &Piece| match piece {
            Piece::Literal(text) => text.clone(),
            Piece::Variable(index) => VARIABLES[*index].1.to_owned(),
            Piece::Marker(index, default) => match MARKERS[*index].1 {
                Some(value) if !value.is_empty() => value.to_owned(),
                _ => default.clone().unwrap_or_default(),
            },
        };
        self.0.iter().map(meant).collect()
    }

    /// No two pieces together begin what neither of them is.
    fn joined(self) -> Self {
        let mut out: Vec<Piece> = Vec::new();
        for piece in self.0 {
            match (out.last_mut(), piece) {
                (Some(Piece::Literal(end)), Piece::Literal(text)) => {
                    *end = plain(&format!("{end}{text}"), |_| true);
                }
                (Some(Piece::Literal(end)), piece) => {
                    end.truncate(end.trim_end_matches(['$', '{']).len());
                    out.push(piece);
                }
                (_, piece) => out.push(piece),
            }
        }
        Self(out)
    }
}

/// Text of these characters; where `markers` says so, Compose fills in a part of it.
pub(crate) fn text(allowed: Allowed, markers: bool) -> BoxedStrategy<Text> {
    let default = proptest::option::of(literal(allowed).prop_map(|text| {
        // Compose reads a default of one line and pairs its braces; the spaces around it are for the reader.
        text.replace(['{', '}', '\n'], "").trim().to_owned()
    }));
    let marker =
        (0..MARKERS.len(), default).prop_map(|(index, default)| Piece::Marker(index, default));
    let piece = prop_oneof![
        6 => literal(allowed).prop_map(Piece::Literal),
        1 => (0..VARIABLES.len()).prop_map(Piece::Variable),
        if markers { 3 } else { 0 } => marker,
    ];
    proptest::collection::vec(piece, 0..4)
        .prop_map(|pieces| Text(pieces).joined())
        .boxed()
}

/// All values that an environment variable can have.
pub(crate) fn in_environment(c: char) -> bool {
    c != '\0'
}

/// One line.
pub(crate) fn in_line(c: char) -> bool {
    !c.is_control()
}

/// A directory of a mount; Compose splits at colons.
pub(crate) fn in_folder(c: char) -> bool {
    in_line(c) && c != '/' && c != ':'
}

/// A file name.
pub(crate) fn in_file_name(c: char) -> bool {
    in_line(c) && c != '/'
}

pub(crate) fn in_variable_name(c: char) -> bool {
    !c.is_whitespace() && !c.is_control() && c != '='
}

pub(crate) fn in_password(c: char) -> bool {
    !c.is_whitespace() && !c.is_control() && c != ',' && c != ':'
}

/// Hooks may be long entries of several lines.
pub(crate) fn in_hook(c: char) -> bool {
    in_line(c) || c == '\t' || c == '\n'
}

pub(crate) fn in_proxy_address(c: char) -> bool {
    !c.is_whitespace() && !c.is_control() && !"/\\'\"`$#?&;|<>(){},:@[]".contains(c)
}
