//! A key that a section has.

use std::ops::Range;

use super::Place;
use crate::config::yaml::{Content, Node};

/// A key of a section with its value, as found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field<'n> {
    /// The key's text.
    pub(crate) name: &'n str,
    /// Where the key is written.
    pub(crate) key_span: &'n Range<usize>,
    /// The value, which may be null.
    pub(crate) node: &'n Node,
    /// How many keys of the section stand before it.
    pub(crate) order: usize,
}

impl<'n> Field<'n> {
    /// The place of the value, seen from its section's.
    pub(crate) fn place(&self, section: &'n Place<'n>) -> Place<'n> {
        section.key(self.name, self.key_span, self.node)
    }

    /// `key: ~` looks like "my home's key" and is nothing.
    pub(crate) fn is_bare_tilde(&self) -> bool {
        matches!(&*self.node.content, Content::Scalar(scalar) if scalar.plain && scalar.text == "~")
    }
}
