//! YAML as a tree that knows its places.
//!
//! The events of serde-saphyr's parser become [`Node`]s. Deserializing into typed
//! structs would stop at the first wrong shape and lose the places of mappings and
//! keys; a tree lets the section readers collect every problem of the file.
//! Anchors, aliases, merge keys and duplicate keys are settled here; what a scalar
//! means is the readers' business, so its text stays as typed.

mod limits;
mod merge;
mod node;
mod parse;
mod syntax;

pub(super) use node::{Content, Entry, Node, Scalar};
pub(super) use parse::parse;
pub(super) use syntax::key_without_blank;
