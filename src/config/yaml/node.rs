//! The tree.

use std::ops::Range;
use std::rc::Rc;

/// A value and its place.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// Shared between an anchor and its aliases, so that an alias costs nothing.
    pub(crate) content: Rc<Content>,
    /// Where the value is written.
    pub(crate) span: Range<usize>,
    /// The alias that brought the value here, where one did.
    pub(crate) used_at: Option<Range<usize>>,
}

/// What a node is.
#[derive(Debug)]
pub(crate) enum Content {
    /// A text, or nothing.
    Scalar(Scalar),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in the file's order, every key once.
    Map(Vec<Entry>),
    /// A value that could not be read, which has been reported.
    Broken,
}

/// The text of a scalar as typed, without its quotes.
#[derive(Debug, Clone)]
pub(crate) struct Scalar {
    /// `0123` stays these four characters.
    pub(crate) text: String,
    /// Without quotes and not a block: only such text can be null or a boolean of YAML 1.1.
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
    /// `null` by YAML's core schema; a quoted text never is.
    pub(crate) fn is_null(&self) -> bool {
        self.plain && matches!(self.text.as_str(), "" | "~" | "null" | "Null" | "NULL")
    }
}

impl Node {
    /// True for `null` and for no value at all.
    pub(crate) fn is_null(&self) -> bool {
        matches!(&*self.content, Content::Scalar(scalar) if scalar.is_null())
    }

    /// What the node is, in words for a message.
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
