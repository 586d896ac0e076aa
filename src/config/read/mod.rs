//! What one value of the file says: text, a number, a switch, a word of a few.
//!
//! Every reader answers `Ok(None)` where the value is null or absent, so that the
//! caller applies the default, and `Err(Reported)` where it has told the user.

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

/// A value, or the default where there is none. After a reported problem the
/// default stands in, so that the rest of the file is still looked at.
pub(super) fn or<T>(read: Read<T>, default: T) -> T {
    read.ok().flatten().unwrap_or(default)
}
