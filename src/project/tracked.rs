//! Whether git would see a change. It ignores all of `.pei/` except the READMEs, and of a file's mode it keeps only
//! the executable bit.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::changes::{Action, Change};
use super::names::{CREDENTIALS, OWN_FOLDER, PAGE};

impl Change<'_> {
    /// Whether a file changes that the project's repository holds, and every clone with it.
    pub fn is_tracked(&self, folder: &Path) -> bool {
        let is_mode = self.action == Action::SetMode;
        if self.path.split('/').next() == Some(OWN_FOLDER) && !self.path.ends_with(PAGE) {
            // A clone has no credentials. If they exist and others can read them, that has to be reported.
            return is_mode && folder.join(CREDENTIALS).exists();
        }
        let executable = 0o100;
        let is_same_to_git = || {
            fs::metadata(folder.join(&self.path)).is_ok_and(|found| {
                found.permissions().mode() & executable == self.mode & executable
            })
        };
        !is_mode || !is_same_to_git()
    }
}
