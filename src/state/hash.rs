//! The hash of a stage: equal hashes are equal builds.

use std::fmt;

use sha2::{Digest, Sha256};

use super::inputs::{Input, Value, What};

/// The version of the rule by which hashes are made. A change of what is hashed, or how, is another one.
const RULE: &str = "pei-state-2";

/// The hash of a stage's inputs, in hexadecimal digits; it can stand in a tag.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hash(String);

impl Hash {
    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A hash that a label holds.
    pub(super) fn of_label(digits: &str) -> Self {
        Self(digits.to_owned())
    }

    /// Over inputs in their own order.
    pub(super) fn of(inputs: &[Input]) -> Self {
        let mut hasher = Sha256::new();
        field(&mut hasher, RULE.as_bytes());
        for input in inputs {
            field(&mut hasher, input.what.word().as_bytes());
            // The names of images and steps are for people: what they are is in the value.
            if !matches!(input.what, What::Base | What::Image | What::Step) {
                field(&mut hasher, input.name.as_bytes());
            }
            match &input.value {
                Value::Text(text) => {
                    field(&mut hasher, b"text");
                    field(&mut hasher, sum(&[text.as_bytes()]).as_bytes());
                }
                Value::Hidden(sum) => {
                    // As a text of the same sum: whether it is shown takes no part.
                    field(&mut hasher, b"text");
                    field(&mut hasher, sum.as_bytes());
                }
                Value::File { mode, sum } => {
                    field(&mut hasher, mode.as_bytes());
                    field(&mut hasher, sum.as_bytes());
                }
            }
        }
        Self(hex(&hasher.finalize()))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// With its length before it, so that no two lists of fields are one text.
fn field(hasher: &mut Sha256, bytes: &[u8]) {
    hasher.update((bytes.len() as u64).to_le_bytes());
    hasher.update(bytes);
}

/// The sum of some fields, in hexadecimal digits.
pub(super) fn sum(fields: &[&[u8]]) -> String {
    let mut hasher = Sha256::new();
    for bytes in fields {
        field(&mut hasher, bytes);
    }
    hex(&hasher.finalize())
}

pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
    let digits = bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
    digits.collect()
}
