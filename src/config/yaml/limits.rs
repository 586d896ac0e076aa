//! How much a config may ask for.

/// Collections inside collections, aliases followed. A config needs six.
pub(super) const DEPTH: usize = 64;

/// Values that stand in the file. 100,000 entries of six keys stay below it, and all of
/// them fit into a few hundred MiB.
pub(super) const NODES: usize = 2_000_000;

/// Values that aliases bring in, over the whole file. 100,000 entries that share a
/// section of eight keys stay below it; an alias bomb passes it within a few lines.
pub(super) const ALIASED_NODES: usize = 1_000_000;
