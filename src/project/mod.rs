//! The last stage: a [`FileTree`] becomes a folder on disk, and nothing half-done stays.
//!
//! [`plan`] compares first and writes nothing; [`write`](fn@write) does the same and then
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
//!   one, or a kill, the next run finds the note of the unfinished one and repairs;
//! - two runs at once take turns.

mod apply;
mod backup;
mod content;
mod diff;
mod disk;
mod durable;
mod entry;
mod existing;
mod fresh;
mod line_ends;
mod lock;
mod manifest;
mod names;
mod plan;
mod report;
mod root;
pub mod stamp;
mod survey;
mod template;
mod unfinished;
#[cfg(test)]
mod walk;

use std::path::Path;

use anyhow::{Context, Result};

use crate::file_tree::FileTree;

pub use names::{COMPOSE_FILE, CREDENTIALS, OWN_FOLDER, TEMPLATE};
pub use plan::{Plan, plan};
pub use report::{Action, Change, Notice, WriteReport};
pub use template::{UserTemplate, user_template};

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

/// Makes the folder hold what the tree says.
///
/// # Errors
/// The path and the reason, and whether something was changed before it.
pub fn write(tree: &FileTree, folder: &Path, mode: WriteMode) -> Result<WriteReport> {
    plan(tree, folder, mode)?.write()
}

impl Plan<'_> {
    /// Does what is planned; a plan that clashes is refused.
    ///
    /// # Errors
    /// The path and the reason, and whether something was changed before it.
    pub fn write(self) -> Result<WriteReport> {
        self.write_on(&mut disk::Disk::new())
    }

    /// [`Plan::write`] on a disk that tests can make fail.
    fn write_on<G: disk::Gate>(self, disk: &mut disk::Disk<G>) -> Result<WriteReport> {
        self.require_no_clash()?;
        if self.is_done() {
            return Ok(self.report());
        }
        if self.is_fresh() {
            fresh::write(disk, &self)?;
            return Ok(self.report());
        }
        let unchanged = || format!("nothing was changed in `{}`", self.folder.display());
        let mut lock = lock::Lock::take(disk, &self.folder).with_context(unchanged)?;
        let result = self.write_locked(disk, &mut lock);
        lock.release(disk, result.is_ok());
        result
    }

    fn write_locked<G: disk::Gate>(
        mut self,
        disk: &mut disk::Disk<G>,
        lock: &mut lock::Lock,
    ) -> Result<WriteReport> {
        // What another run did since the folder was looked at decides anew.
        if self.turn != lock.turn() || self.unfinished || unfinished::is_there(&self.folder) {
            self = plan(self.tree, &self.folder, self.mode)?;
            self.require_no_clash()?;
        }
        if self.is_done() {
            return Ok(self.report());
        }
        lock.next_turn(disk)
            .with_context(|| format!("nothing was changed in `{}`", self.folder.display()))?;
        apply::apply(disk, &mut self)?;
        Ok(self.report())
    }
}
