//! A key that a section has.

use std::ops::Range;

use super::Place;
use crate::config::yaml::{Content, Node};

/// A key of a section with its value, as found.
#[derive(Debug, Clone, Copy)]
pub(in crate::config) struct Field<'n> {
    /// The key's text.
    pub(in crate::config) name: &'n str,
    /// Where the key is written.
    pub(in crate::config) key_span: &'n Range<usize>,
    /// The value, which may be null.
    pub(in crate::config) node: &'n Node,
    /// How many keys of the section stand before it.
    pub(in crate::config) order: usize,
}

impl<'n> Field<'n> {
    /// The place of the value, seen from its section's.
    pub(in crate::config) fn place(&self, section: &'n Place<'n>) -> Place<'n> {
        section.key(self.name, self.key_span, self.node)
    }

    /// `key: ~` looks like "my home's key" and is nothing.
    pub(in crate::config) fn is_bare_tilde(&self) -> bool {
        matches!(&*self.node.content, Content::Scalar(scalar) if scalar.plain && scalar.text == "~")
    }
}
