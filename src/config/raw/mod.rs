//! The sections of the file, declared once.
//!
//! A declaration in [`sections`] gives the struct that holds a section's fields as
//! found, the reader that fills it and reports keys it does not know, and the
//! [`Spec`] that the JSON Schema is made from. No rule about values lives here.

mod section;
pub(super) mod sections;
mod spec;

pub(super) use sections::*;
pub(super) use spec::{Key, Shape, Spec};
