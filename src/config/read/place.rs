//! A position in the tree, as a key path.

use std::fmt::Write;
use std::ops::Range;

use crate::config::yaml::{Entry, Node};
use crate::diagnostic::{Code, Diagnostic, quoted};
use crate::model::NameForm;

/// The path from the root to a node. It is on the stack and only becomes text for a diagnostic, so that correct
/// entries cost nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'p> {
    parent: Option<&'p Place<'p>>,
    segment: Segment<'p>,
    /// Where to point if something is missing here.
    name_span: &'p Range<usize>,
    /// The innermost alias on the path.
    via: Option<&'p Range<usize>>,
    /// Whether this is below `ssh.users`. After a typo, any text there may be a password.
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

    /// The place of a key's value in this mapping.
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

    /// The place of an item of this list.
    pub(crate) fn item(&'p self, index: usize, node: &'p Node) -> Self {
        Self {
            parent: Some(self),
            segment: Segment::Index(index),
            name_span: &node.span,
            via: node.used_at.as_ref().or(self.via),
            is_private: self.is_private,
        }
    }

    /// The position of the key of this value.
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

    /// The span, or for a secret the span of its key: because of an anchor, the value may be in another section.
    fn shown(&self, span: Range<usize>) -> Range<usize> {
        match self.segment {
            Segment::Key("password" | "privkey_text") if self.is_private => self.name_span(),
            _ => span,
        }
    }

    /// Whether messages must not quote the text here.
    pub(crate) fn is_private(&self) -> bool {
        self.is_private
    }

    /// The key in backticks. A key that is not a legal name may hold a password, so it is left out.
    pub(crate) fn quoted_name(&self) -> String {
        match self.segment {
            Segment::Key(name) if !self.is_covered() => quoted(name),
            _ => "`…`".to_owned(),
        }
    }

    /// Whether the key should be a name that the user chose but is not a legal one. After a typo it may be a
    /// secret.
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

    /// `, found …`, or nothing if the text must not be quoted.
    pub(crate) fn found(&self, text: &str) -> String {
        if self.is_private {
            String::new()
        } else {
            format!(", found {}", quoted(text))
        }
    }

    /// The key path. Each port, mount and user needs one for its checks, so it is written without a formatter.
    fn path(&self) -> String {
        let mut path = String::with_capacity(64);
        self.add_to(&mut path);
        path
    }

    fn add_to(&self, path: &mut String) {
        if let Some(parent) = self.parent {
            parent.add_to(path);
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        let plain_char = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        match self.segment {
            Segment::Root => {}
            Segment::Key(_) if self.is_covered() => path.push_str("[…]"),
            Segment::Index(index) => {
                let _ = write!(path, "[{index}]");
            }
            Segment::Key(key)
                if !key.is_empty() && (key.bytes().all(plain) || key.chars().all(plain_char)) =>
            {
                if self.parent.is_some_and(|parent| parent.parent.is_some()) {
                    path.push('.');
                }
                path.push_str(key);
            }
            Segment::Key(key) => {
                let _ = write!(path, "[{key:?}]");
            }
        }
    }

    /// An owned copy of the place, for checks that compare places after reading.
    pub(crate) fn site(&self, span: Range<usize>) -> Site {
        Site {
            span,
            via: self.via.cloned(),
            path: self.path(),
        }
    }

    /// Adds the key path, and the alias if the text is elsewhere.
    fn complete(&self, mut diagnostic: Diagnostic) -> Diagnostic {
        let path = self.path();
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

/// A span with its key path.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    pub(crate) span: Range<usize>,
    via: Option<Range<usize>>,
    pub(crate) path: String,
}

impl Site {
    /// Where to show two conflicting sites. Through aliases both may have the same text; then the aliases are
    /// shown.
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
        f.write_str(&self.path())
    }
}
