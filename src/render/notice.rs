//! The first line of every generated text file: that pei owns it, and the checksum that shows an edit by hand.

/// For files that pei replaces.
pub(super) const NOTICE: &str = "Written by pei; it replaces this file and saves an edited one as NAME.bak first. pei:----------------";
/// For the one file whose edits are kept.
pub(super) const TEMPLATE_NOTICE: &str = "Written by pei. pei:----------------";
/// For the file of `pei build`.
pub(crate) const NOTICE_OF_BUILDS: &str = "Written by `pei build` for the command that it prints; a build without it takes nothing from the cache.";
