//! The last phase: writes a [`FileTree`] to disk and leaves nothing half-done.
//!
//! [`compare`](fn@compare) only reads. [`write`](fn@write) compares too, and then changes only what differs: other
//! files keep their time stamps, and Docker keeps its cache. What always holds:
//!
//! - a file is replaced whole, by renaming a temporary file that is already on disk; `docker-compose.yml` comes
//!   last, because a build starts from it;
//! - nothing is written outside the project, not even through symbolic links: a link to a directory is followed if
//!   it stays inside and refused otherwise; a link in the place of a file is replaced and never written through;
//! - a file of pei's that a person edited is saved as `NAME.bak` before it is replaced; of the user's own files,
//!   only the line endings of scripts are changed, and the group's and others' write permission is removed;
//! - an error before the first rename leaves the project unchanged; after a later error, or a kill, the next run
//!   completes the work;
//! - concurrent runs wait for each other.

mod apply;
mod changes;
mod compare;
mod compose_template;
mod devcontainer;
mod disk;
mod durable;
mod folder;
mod line_ends;
mod lock;
mod manifest;
mod moved;
mod names;
pub mod stamp;
mod tracked;
#[cfg(test)]
mod walk;
mod write_bits;

use std::path::Path;

use anyhow::Result;

use crate::file_tree::FileTree;
use folder::Folder;

pub use changes::{Action, Change, Changes, Notice};
pub use compose_template::extended_compose_template;
pub use devcontainer::{BEGIN as DEVCONTAINER_BEGIN, END as DEVCONTAINER_END, keep_additions};
pub use names::{
    COMPOSE_FILE, COMPOSE_TEMPLATE, CREDENTIALS, DEVCONTAINER, GPU_COMPOSE_FILE, KNOWN_HOSTS,
};
pub use stamp::stamp_all;

/// What a run may do to existing files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteMode {
    /// Make a new project. If a file of it exists already, write nothing.
    Create {
        /// Instead, replace pei's files and keep the user's.
        force: bool,
    },
    /// Update an existing project: only pei's files, and the line endings and write permissions of the user's.
    Configure,
}

/// The changes that bring the directory to the state of the tree.
///
/// # Errors
/// Everything that is in the way, such as a directory where a file is to be, in one error.
pub fn compare<'t>(tree: &'t FileTree, place: &Path, mode: WriteMode) -> Result<Changes<'t>> {
    match Folder::open(place)? {
        Some(folder) => compare::with_folder(tree, &folder, mode),
        None => Ok(compare::with_nothing(tree)),
    }
}

/// Brings the directory to the state of the tree, and returns what that changed. If there are clashes, nothing is
/// written.
///
/// # Errors
/// The path and the reason, and whether anything was changed before.
pub fn write<'t>(tree: &'t FileTree, place: &Path, mode: WriteMode) -> Result<Changes<'t>> {
    let Some(folder) = Folder::open(place)? else {
        let changes = compare::with_nothing(tree);
        apply::to_nothing(place, &changes)?;
        return Ok(changes);
    };
    // A directory that may not be a project gets no lock file before there is something to write.
    let lock = (mode == WriteMode::Configure).then(|| lock::take(&folder));
    let mut changes = compare::with_folder(tree, &folder, mode)?;
    if changes.is_done() || !changes.clashes.is_empty() {
        return Ok(changes);
    }
    let _lock = if let Some(lock) = lock {
        lock?
    } else {
        let lock = lock::take(&folder)?;
        changes = compare::with_folder(tree, &folder, mode)?;
        lock
    };
    if changes.clashes.is_empty() {
        apply::to_folder(&folder, &changes)?;
    }
    Ok(changes)
}
