//! Limits on the size of a config.

/// The largest depth of nested collections, with aliases followed. A config needs six levels.
pub(super) const DEPTH: usize = 64;

/// The largest number of values in the file. 100,000 entries with six keys stay below it, and this many need a few
/// hundred MiB.
pub(super) const NODES: usize = 2_000_000;

/// The largest number of values that aliases add to the whole file. 100,000 entries that share a section of eight
/// keys stay below it; an alias bomb exceeds it within a few lines.
pub(super) const ALIASED_NODES: usize = 1_000_000;
