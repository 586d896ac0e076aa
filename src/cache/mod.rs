//! Where built stages are kept for others: a registry, or a shared directory.
//!
//! There is one image for each state of a stage, and its name ends in that state. What comes from there is checked before
//! a build takes it: it says itself which state it is, and it has the layers of the base below it.

mod archive;
mod lookup;
mod order;
mod override_file;
mod reason;
mod store;

pub use archive::{Refusal, copy as copy_archive};
pub use lookup::{Found, LIMIT, Verdict, Wanted, here, there};
pub use order::{Order, order};
pub use override_file::{KEPT, Kept, Override, OverrideFile};
pub use reason::{Away, Said, of_folder, sense};
pub use store::{Store, is_whole};

/// The label that says which stages a build has not taken from elsewhere.
pub const BUILT_LABEL: &str = "io.pei.built";
