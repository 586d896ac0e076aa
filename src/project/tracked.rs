//! What git would see of a change: what is in `.pei/` is nobody else's but for the pages, and of a file's mode git keeps
//! one bit.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::changes::{Action, Change};
use super::names::{CREDENTIALS, OWN_FOLDER, PAGE};

impl Change<'_> {
    /// Whether it is one to a file that a project's repository holds, in a clone as in the original.
    pub fn is_tracked(&self, folder: &Path) -> bool {
        let is_mode = self.action == Action::SetMode;
        if self.path.split('/').next() == Some(OWN_FOLDER) && !self.path.ends_with(PAGE) {
            // A clone has none of it; where it is and open to others, that is worth an alarm.
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
