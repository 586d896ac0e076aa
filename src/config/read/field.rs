//! A key of a section.

use std::ops::Range;

use super::Place;
use crate::config::yaml::{Content, Node};

/// A key of a section with its value, not yet interpreted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field<'n> {
    /// The name of the key.
    pub(crate) name: &'n str,
    /// The position of the key.
    pub(crate) key_span: &'n Range<usize>,
    /// The value, which may be null.
    pub(crate) node: &'n Node,
    /// How many keys of the section come before it.
    pub(crate) order: usize,
}

impl<'n> Field<'n> {
    /// The place of the value, given its section's place.
    pub(crate) fn place(&self, section: &'n Place<'n>) -> Place<'n> {
        section.key(self.name, self.key_span, self.node)
    }

    /// Whether the value is an unquoted `~`. It looks like "the key in my home" but is null.
    pub(crate) fn is_bare_tilde(&self) -> bool {
        matches!(&*self.node.content, Content::Scalar(scalar) if scalar.plain && scalar.text == "~")
    }
}
