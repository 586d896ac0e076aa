//! What pei says about the user's file.
//!
//! A [`Diagnostic`] is a value, not an error of pei: reading a config collects
//! as many as the file deserves, and only rendering turns them into text
//! ([`render()`]) or into a document for other programs ([`to_json`]). Each has a
//! [`Code`] that stays the same across versions and is explained by [`explain()`].
//! No message may hold a password or a private key; lines of the file that show one are
//! covered before they are printed.

mod code;
mod explain;
mod findings;
mod json;
mod position;
mod redact;
mod render;
mod snippet;
mod suggestion;
mod wording;

use std::ops::Range;

pub use code::Code;
pub use explain::explain;
pub use findings::Findings;
pub use json::to_json;
pub use position::LineIndex;
pub(crate) use redact::{Hidden, redact_text, redact_written, speaks_of_secret, token};
pub use render::render;
pub use suggestion::nearest;
pub(crate) use wording::without_quoted;
use wording::without_quotes_of;
pub use wording::{count, escaped, is_harmful, list, quoted};

/// Whether a finding stops pei.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Nothing is written.
    Error,
    /// Worth a look; pei goes on.
    Warning,
}

impl Severity {
    /// The word that people and the JSON form read.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// A place in the file, and what is to be said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Byte offsets into the text of the source file.
    pub span: Range<usize>,
    /// May be empty: then the place speaks for itself.
    pub text: String,
    /// The place where the finding is; the others explain it.
    pub primary: bool,
}

/// One finding about the user's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Which rule found it.
    pub code: Code,
    /// Whether it stops pei.
    pub severity: Severity,
    /// What is wrong: lower case, no full stop, user text in backticks.
    pub message: String,
    /// Where; the primary label comes first.
    pub labels: Vec<Label>,
    /// The key path, such as `stage_2.storage.data.host_path`.
    pub path: Option<String>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A finding that stops pei, with its place.
    pub fn error(code: Code, span: Range<usize>, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, span, message.into())
    }

    /// A finding that pei goes on after, with its place.
    pub fn warning(code: Code, span: Range<usize>, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, span, message.into())
    }

    fn new(code: Code, severity: Severity, span: Range<usize>, message: String) -> Self {
        Self {
            code,
            severity,
            message,
            labels: vec![Label {
                span,
                text: String::new(),
                primary: true,
            }],
            path: None,
            help: None,
        }
    }

    /// Says something at the primary place.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        if let Some(primary) = self.labels.first_mut() {
            primary.text = text.into();
        }
        self
    }

    /// Shows a second place.
    #[must_use]
    pub fn also(mut self, span: Range<usize>, text: impl Into<String>) -> Self {
        self.labels.push(Label {
            span,
            text: text.into(),
            primary: false,
        });
        self
    }

    /// Moves the places, of a text that begins at `base` of another one.
    #[must_use]
    pub fn moved(mut self, base: usize) -> Self {
        for label in &mut self.labels {
            label.span = label.span.start + base..label.span.end + base;
        }
        self
    }

    /// Names the key that the finding is about.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Takes what the user typed out of the message, where a part of its place is not shown.
    #[must_use]
    pub(crate) fn covered(mut self, hidden: &Hidden) -> Self {
        let place = self.span();
        if !hidden.touches(&place) {
            return self;
        }
        let told = std::mem::take(&mut self.message);
        self.message = without_quoted(&told);
        if hidden.touches(&(place.start..place.start)) {
            // The path may end in what is not shown.
            self.path = None;
        }
        self.help = self.help.map(|help| {
            // The one help that repeats a key of the file.
            if help.contains("=…") || help.contains(" colon: ") {
                without_quoted(&help)
            } else {
                without_quotes_of(&help, &told)
            }
        });
        self
    }

    /// The place of the primary label.
    pub fn span(&self) -> Range<usize> {
        self.labels.first().map_or(0..0, |label| label.span.clone())
    }

    /// Where the finding begins, for sorting and for the `file:line:column` head.
    pub fn start(&self) -> usize {
        self.span().start
    }
}

/// Puts findings into the file's order; those of one place stay as they were found.
pub fn sort(diagnostics: &mut [Diagnostic]) {
    diagnostics.sort_by_key(Diagnostic::start);
}
