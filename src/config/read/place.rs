//! Where in the tree a reader is, as a person would write it.

use std::fmt::Write;
use std::ops::Range;

use crate::config::yaml::{Entry, Node};
use crate::diagnostic::{Code, Diagnostic, quoted};
use crate::model::NameForm;

/// The path from the root to a node. It lives on the stack and becomes text only
/// for a diagnostic, so that correct entries cost nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'p> {
    parent: Option<&'p Place<'p>>,
    segment: Segment<'p>,
    /// Where to point at when something is missing here.
    name_span: &'p Range<usize>,
    /// The innermost alias that the path goes through.
    via: Option<&'p Range<usize>>,
    /// Below `ssh.users`, where any text may be a password by a slip.
    is_private: bool,
}

#[derive(Debug, Clone, Copy)]
enum Segment<'p> {
    Root,
    Key(&'p str),
    Index(usize),
}

impl<'p> Place<'p> {
    pub(crate) fn root(first_key: &'p Range<usize>) -> Self {
        Self {
            parent: None,
            segment: Segment::Root,
            name_span: first_key,
            via: None,
            is_private: false,
        }
    }

    /// The value of a key of this mapping.
    pub(crate) fn key(&'p self, name: &'p str, key_span: &'p Range<usize>, node: &'p Node) -> Self {
        Self {
            parent: Some(self),
            segment: Segment::Key(name),
            name_span: key_span,
            via: node.used_at.as_ref().or(self.via),
            is_private: self.is_private
                || name == "users" && matches!(self.segment, Segment::Key("ssh")),
        }
    }

    pub(crate) fn entry(&'p self, entry: &'p Entry) -> Self {
        self.key(&entry.key, &entry.key_span, &entry.value)
    }

    /// An item of this list.
    pub(crate) fn item(&'p self, index: usize, node: &'p Node) -> Self {
        Self {
            parent: Some(self),
            segment: Segment::Index(index),
            name_span: &node.span,
            via: node.used_at.as_ref().or(self.via),
            is_private: self.is_private,
        }
    }

    /// Where the key of this value is written.
    pub(crate) fn name_span(&self) -> Range<usize> {
        self.name_span.clone()
    }

    pub(crate) fn error(
        &self,
        code: Code,
        span: Range<usize>,
        message: impl Into<String>,
    ) -> Diagnostic {
        self.complete(Diagnostic::error(code, self.shown(span), message))
    }

    pub(crate) fn warning(
        &self,
        code: Code,
        span: Range<usize>,
        message: impl Into<String>,
    ) -> Diagnostic {
        self.complete(Diagnostic::warning(code, self.shown(span), message))
    }

    /// The span, but for a secret its key: an anchor may keep the value on a line of another section.
    fn shown(&self, span: Range<usize>) -> Range<usize> {
        match self.segment {
            Segment::Key("password" | "privkey_text") if self.is_private => self.name_span(),
            _ => span,
        }
    }

    /// Whether messages must not repeat what stands here.
    pub(crate) fn is_private(&self) -> bool {
        self.is_private
    }

    /// The key in backticks, but for a name that is none: it may hold a password.
    pub(crate) fn quoted_name(&self) -> String {
        match self.segment {
            Segment::Key(name) if !self.is_covered() => quoted(name),
            _ => "`…`".to_owned(),
        }
    }

    /// Whether the key is one that a person makes up, and no name: a slip may have made it of a secret.
    fn is_covered(&self) -> bool {
        let Segment::Key(name) = self.segment else {
            return false;
        };
        let Some(parent) = self.parent else {
            return false;
        };
        let is_of_root = parent.parent.is_some_and(|root| root.parent.is_none());
        match parent.segment {
            Segment::Key("users") if parent.is_private => {
                !NameForm::USER.fits(name.strip_prefix('_').unwrap_or(name))
            }
            Segment::Key("stages" | "contexts") if is_of_root => !NameForm::BUILDER.fits(name),
            Segment::Key("services") if is_of_root => !name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)),
            _ => false,
        }
    }

    /// `, found …`, but for what must not be repeated.
    pub(crate) fn found(&self, text: &str) -> String {
        if self.is_private {
            String::new()
        } else {
            format!(", found {}", quoted(text))
        }
    }

    /// A place that outlives the reading, for checks that compare places.
    pub(crate) fn site(&self, span: Range<usize>) -> Site {
        Site {
            span,
            via: self.via.cloned(),
            path: self.to_string(),
        }
    }

    /// Adds the path, and the alias where the text stands elsewhere.
    fn complete(&self, mut diagnostic: Diagnostic) -> Diagnostic {
        let path = self.to_string();
        if !path.is_empty() {
            diagnostic.path = Some(path);
        }
        match self.via {
            Some(alias) if alias.start != diagnostic.start() => {
                diagnostic.also(alias.clone(), "used here")
            }
            _ => diagnostic,
        }
    }
}

/// A span and its key path.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    pub(crate) span: Range<usize>,
    via: Option<Range<usize>>,
    pub(crate) path: String,
}

impl Site {
    /// Where to show two sites that disagree: one text may stand behind both, and then
    /// it is the aliases that tell them apart.
    pub(crate) fn apart(&self, other: &Self) -> (Range<usize>, Range<usize>) {
        let shown = |site: &Self| match &site.via {
            Some(alias) if self.span == other.span => alias.clone(),
            _ => site.span.clone(),
        };
        (shown(self), shown(other))
    }
}

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match self.segment {
            Segment::Root => Ok(()),
            Segment::Key(_) if self.is_covered() => f.write_str("[…]"),
            Segment::Index(index) => write!(f, "[{index}]"),
            Segment::Key(key) => {
                let nested = self.parent.is_some_and(|parent| parent.parent.is_some());
                let plain = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
                if !key.is_empty() && key.chars().all(plain) {
                    f.write_str(if nested { "." } else { "" })?;
                    f.write_str(key)
                } else {
                    f.write_char('[')?;
                    write!(f, "{key:?}")?;
                    f.write_char(']')
                }
            }
        }
    }
}
