//! YAML as a tree that keeps positions.
//!
//! The parser's events become [`Node`]s. Deserializing into typed structs would stop at the first
//! wrong type and lose the positions of mappings and keys. With a tree, the readers of the sections can collect
//! every problem of the file. Anchors, aliases, merge keys and duplicate keys are resolved here. The meaning of a
//! scalar depends on the reader, so its text is kept as typed.

mod limits;
mod merge;
mod node;
mod parse;
mod syntax;

pub(crate) use node::{Content, Entry, Node, Scalar};
pub(crate) use parse::{parse, parse_compose};
pub(super) use syntax::key_without_blank;
