//! Reads a single value of the file: text, a number, a boolean or one of several words.
//!
//! Every reader returns `Ok(None)` if the value is null or absent, so that the caller applies the default, and
//! `Err(Reported)` if it has reported a problem.

mod context;
mod field;
mod place;
mod scalar;
mod text;

pub(super) use context::{Context, Reported};
pub(super) use field::Field;
pub(super) use place::{Place, Site};
pub(super) use scalar::BOOLEANS;

/// The outcome of reading a value that may be absent.
pub(super) type Read<T> = Result<Option<T>, Reported>;

/// The value, or the default if there is none. After a reported problem the default is used too, so that the rest
/// of the file is still checked.
pub(super) fn or<T>(read: Read<T>, default: T) -> T {
    read.ok().flatten().unwrap_or(default)
}
