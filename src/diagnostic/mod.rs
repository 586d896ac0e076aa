//! Findings about the user's file.
//!
//! A [`Diagnostic`] is a value, not an error of pei: reading a config collects all of them. Rendering turns them
//! into text ([`render()`]) or into JSON for other programs ([`to_json`]). Each has a [`Code`], which is stable
//! across versions and explained by [`explain()`].
//!
//! No message may hold a password or a private key. If a line of the file holds one, it is covered before the line
//! is printed.

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
pub(crate) use redact::{Hidden, is_secret_name, redact_text, redact_written, token};
pub use render::render;
pub use suggestion::nearest;
pub(crate) use wording::without_quoted;
use wording::without_quotes_of;
pub use wording::{count, escaped, is_harmful, list, quoted};

/// Whether a finding stops pei.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// pei stops and writes nothing.
    Error,
    /// pei goes on.
    Warning,
}

impl Severity {
    /// The word in text and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// A place in the file, with a text about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Byte offsets into the source's text.
    pub span: Range<usize>,
    /// Empty if the place needs no text.
    pub text: String,
    /// Whether this is the place of the finding. Other labels explain it.
    pub primary: bool,
}

/// One finding about the user's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Which rule found it.
    pub code: Code,
    /// Whether pei stops.
    pub severity: Severity,
    /// What is wrong: lower case, no full stop, user text in backticks.
    pub message: String,
    /// The places. The primary label comes first.
    pub labels: Vec<Label>,
    /// The key path, such as `stage_2.storage.data.host_path`.
    pub path: Option<String>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A finding that stops pei.
    pub fn error(code: Code, span: Range<usize>, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, span, message.into())
    }

    /// A finding that does not stop pei.
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

    /// Adds text to the primary label.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        if let Some(primary) = self.labels.first_mut() {
            primary.text = text.into();
        }
        self
    }

    /// Adds a second place.
    #[must_use]
    pub fn also(mut self, span: Range<usize>, text: impl Into<String>) -> Self {
        self.labels.push(Label {
            span,
            text: text.into(),
            primary: false,
        });
        self
    }

    /// Moves all places by `base`, for a text that begins there in a larger text.
    #[must_use]
    pub fn moved(mut self, base: usize) -> Self {
        for label in &mut self.labels {
            label.span = label.span.start + base..label.span.end + base;
        }
        self
    }

    /// Sets the key that the finding is about.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Sets what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Removes the user's text from the finding if its place may hold a secret.
    #[must_use]
    pub(crate) fn covered(mut self, hidden: &Hidden) -> Self {
        let place = self.span();
        if !hidden.touches(&place) {
            return self;
        }
        let told = std::mem::take(&mut self.message);
        self.message = without_quoted(&told);
        if hidden.touches(&(place.start..place.start)) {
            // The last part of the path may be secret too.
            self.path = None;
        }
        self.help = self.help.map(|help| {
            // Only these forms of help repeat a key of the file.
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

    /// The start of the primary label, for sorting and for `file:line:column`.
    pub fn start(&self) -> usize {
        self.span().start
    }
}

/// Sorts findings by their position. Findings at the same position keep their order.
pub fn sort(diagnostics: &mut [Diagnostic]) {
    diagnostics.sort_by_key(Diagnostic::start);
}
