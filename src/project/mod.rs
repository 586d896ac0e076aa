//! The last phase: a [`FileTree`] becomes a folder on disk, and nothing half-done stays.
//!
//! [`compare`](fn@compare) looks and writes nothing; [`write`](fn@write) does the same and then
//! acts on what differs, so files that are right keep their time stamps and
//! Docker keeps its cache. What holds, whatever happens:
//!
//! - a file is replaced whole, by renaming a temporary file that is already on
//!   the disk; `docker-compose.yml` comes last, for it is what a build starts from;
//! - nothing is written outside the project, also not through symbolic links:
//!   a linked folder is followed when it stays inside and refused when it leaves,
//!   a link in the place of a file is never written through, but replaced;
//! - what a person changed is saved as `NAME.bak` before it is replaced, and the
//!   user's own files are not touched at all but for the line ends of scripts;
//! - an error before the first rename leaves the project as it was; after a later
//!   one, or a kill, the next run repairs;
//! - two runs at once take turns.

mod apply;
mod changes;
mod compare;
mod compose_template;
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

use std::path::Path;

use anyhow::Result;

use crate::file_tree::FileTree;
use folder::Folder;

pub use changes::{Action, Change, Changes, Notice};
pub use compose_template::extended_compose_template;
pub use names::{COMPOSE_FILE, COMPOSE_TEMPLATE, CREDENTIALS, KNOWN_HOSTS};
pub use stamp::stamp_all;

/// What a run may do to files that are there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteMode {
    /// A new project: nothing that is there is in the way, or nothing is written.
    Create {
        /// pei's files are replaced and the user's are kept instead.
        force: bool,
    },
    /// An existing project: pei's files only, and the line ends of the user's scripts.
    Configure,
}

/// What would make the folder hold what the tree says.
///
/// # Errors
/// What stands in the way, such as a folder in a file's place: all of it at once.
pub fn compare<'t>(tree: &'t FileTree, place: &Path, mode: WriteMode) -> Result<Changes<'t>> {
    match Folder::open(place)? {
        Some(folder) => compare::with_folder(tree, &folder, mode),
        None => Ok(compare::with_nothing(tree)),
    }
}

/// Makes the folder hold what the tree says, and tells what that changed. Where something clashes, nothing is written.
///
/// # Errors
/// The path and the reason, and whether something was changed before it.
pub fn write<'t>(tree: &'t FileTree, place: &Path, mode: WriteMode) -> Result<Changes<'t>> {
    let Some(folder) = Folder::open(place)? else {
        let changes = compare::with_nothing(tree);
        apply::to_nothing(place, &changes)?;
        return Ok(changes);
    };
    // A folder that may be no project is left without a lock until something is to be written.
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
