//! The tree of values.

use std::ops::Range;
use std::rc::Rc;

/// A value and its position.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// Shared between an anchor and its aliases, so that aliases need no copy.
    pub(crate) content: Rc<Content>,
    /// Where the value is written.
    pub(crate) span: Range<usize>,
    /// The alias through which the value got here, if any.
    pub(crate) used_at: Option<Range<usize>>,
}

/// What a node is.
#[derive(Debug)]
pub(crate) enum Content {
    /// A single value, which may be null.
    Scalar(Scalar),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in the file's order, with each key once.
    Map(Vec<Entry>),
    /// A value that could not be read. The problem has been reported.
    Broken,
}

/// The text of a scalar as typed, without its quotes.
#[derive(Debug, Clone)]
pub(crate) struct Scalar {
    /// The characters of the file: `0123` stays `0123`.
    pub(crate) text: String,
    /// Whether it has neither quotes nor a block indicator. Only such text can be null or a boolean.
    pub(crate) plain: bool,
}

/// A key and its value.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// The key's text.
    pub(crate) key: Rc<str>,
    /// Where the key is written.
    pub(crate) key_span: Range<usize>,
    /// What it maps to.
    pub(crate) value: Node,
}

impl Scalar {
    /// Whether it is `null` in YAML's core schema. A quoted text never is.
    pub(crate) fn is_null(&self) -> bool {
        self.plain && matches!(self.text.as_str(), "" | "~" | "null" | "Null" | "NULL")
    }
}

impl Node {
    /// Whether it is `null` or absent.
    pub(crate) fn is_null(&self) -> bool {
        matches!(&*self.content, Content::Scalar(scalar) if scalar.is_null())
    }

    /// The kind of value, for a message.
    pub(crate) fn kind(&self) -> &'static str {
        match &*self.content {
            Content::Scalar(scalar) if scalar.is_null() => "nothing",
            Content::Scalar(_) => "a single value",
            Content::List(_) => "a list",
            Content::Map(_) => "a mapping",
            Content::Broken => "something unreadable",
        }
    }
}
