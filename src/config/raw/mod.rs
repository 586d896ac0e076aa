//! The sections of the file, declared once.
//!
//! A declaration in [`sections`] generates three things: the struct with a section's fields as found, the reader
//! that fills it and reports unknown keys, and the [`Spec`] that the JSON Schema is made from. There are no rules
//! about values here.

mod section;
pub(super) mod sections;
mod spec;

pub(super) use sections::*;
pub(super) use spec::{Key, Shape, Spec};
