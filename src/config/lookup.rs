//! What loading asks of the world outside the config.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Answers of the host and of the project's `installation/` folder.
///
/// Loading reaches the outside only through this, so that tests can play the host.
/// Project paths have `/` between their parts and hold no `.` or `..`.
pub trait Lookup {
    /// A variable of pei's own environment, else of the project's `.env`.
    fn variable(&self, name: &str) -> Option<OsString>;

    /// Whether the value of a variable is that of the project's `.env`, which Compose reads too.
    fn is_of_env_file(&self, name: &str) -> bool {
        let _ = name;
        false
    }

    /// Whether that value may not be what stands in `.env`.
    fn is_changed_in_env_file(&self, name: &str) -> bool {
        let _ = name;
        false
    }

    /// Whether a path under `installation/` is a file, without reading it.
    fn project_file_exists(&self, path: &str) -> Result<(), FileProblem>;

    /// The names in a folder under `installation/`, where there is one; `""` is that folder itself.
    fn project_names(&self, path: &str) -> Vec<String>;

    /// The bytes of a file under `installation/`.
    fn project_file(&self, path: &str) -> Result<Vec<u8>, FileProblem>;

    /// The bytes of a file of the host, by its absolute path.
    fn host_file(&self, path: &str) -> Result<Vec<u8>, FileProblem>;

    /// Where a file lies under `installation/`: the link that a path names and what it leads to, as far as they are
    /// there. The path is one under `installation/`, or an absolute one of the host. A host without links has this.
    fn places_inside(&self, path: &str) -> Vec<String> {
        let inside = !path.starts_with('/');
        inside.then(|| path.to_owned()).into_iter().collect()
    }

    /// A folder with links resolved, by its path seen from the project's own. A host without folders has all.
    fn project_folder(&self, path: &str) -> Option<PathBuf> {
        Some(path.into())
    }

    /// Whether passwords and keys are asked for; where nothing is made but what git tracks, they may be missing.
    fn wants_credentials(&self) -> bool {
        true
    }

    /// Whether the project is in the work tree of a git repository.
    fn is_in_git(&self) -> bool {
        false
    }

    /// Another file of the config: its path with links resolved, and its bytes.
    fn layer(&self, path: &Path) -> Result<(PathBuf, Vec<u8>), FileProblem> {
        let _ = path;
        Err(FileProblem::Missing)
    }

    /// The bytes of a file in the `.ssh` folder of the person who runs pei.
    fn home_key(&self, file_name: &str) -> Result<Vec<u8>, FileProblem>;
}

/// Why a file could not be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileProblem {
    /// Nothing is there.
    Missing,
    /// A folder, or something else that is no file.
    NotAFile,
    /// It resolves to a place outside `installation/`.
    Outside,
    /// Larger than [`FileProblem::MAX_BYTES`].
    TooLarge,
    /// The host refuses it, in its words.
    Unreadable(String),
}

impl FileProblem {
    /// No key or apt file comes near this size.
    pub const MAX_BYTES: u64 = 1024 * 1024;
}
