//! One file that is going to change.

use std::path::{Path, PathBuf};

use super::content::Content;
use super::names;
use super::report::{Action, Change};

/// A planned change and all that is needed to make it.
#[derive(Debug)]
pub(super) struct Entry<'t> {
    /// Relative to the project, with `/` between its parts.
    pub(super) path: String,
    /// Where it is on disk.
    pub(super) place: PathBuf,
    /// What the user is told.
    pub(super) action: Action,
    /// `None` where only the mode changes.
    pub(super) content: Option<Content<'t>>,
    /// Permission bits that the file is to have.
    pub(super) mode: u32,
    /// Its content is shown to nobody.
    pub(super) secret: bool,
}

impl Entry<'_> {
    /// Where the new content waits until it is whole.
    pub(super) fn temporary(&self) -> PathBuf {
        temporary(&self.place)
    }

    /// The path of the temporary file, relative to the project.
    pub(super) fn temporary_path(&self) -> String {
        let temporary = self.temporary();
        let name = temporary.file_name().unwrap_or_default().to_string_lossy();
        match self.path.rsplit_once('/') {
            Some((folder, _)) => format!("{folder}/{name}"),
            None => name.into_owned(),
        }
    }

    /// Whether this is the file that comes last, for a build starts from it.
    pub(super) fn comes_last(&self) -> bool {
        self.path == names::COMPOSE_FILE
    }

    /// What the user is told.
    pub(super) fn change(&self) -> Change {
        Change {
            path: self.path.clone(),
            action: self.action.clone(),
        }
    }
}

/// The temporary name beside a place.
pub(super) fn temporary(place: &Path) -> PathBuf {
    place.with_file_name(names::temporary(place.file_name().unwrap_or_default()))
}
