//! What loading a config reads outside the config.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Access to the host and the project's `installation/` directory.
///
/// Loading reaches the outside only through this trait, so that tests can replace the host. Project paths have `/`
/// between their parts and no part is `.` or `..`.
pub trait Lookup {
    /// A variable of pei's environment, or else of the project's `.env`.
    fn variable(&self, name: &str) -> Option<OsString>;

    /// Whether the value of a variable comes from the project's `.env`, which Compose reads too.
    fn is_of_env_file(&self, name: &str) -> bool {
        let _ = name;
        false
    }

    /// Whether that value may differ from the text in `.env`.
    fn is_changed_in_env_file(&self, name: &str) -> bool {
        let _ = name;
        false
    }

    /// Checks that a path below `installation/` is a file, without reading it.
    fn project_file_exists(&self, path: &str) -> Result<(), FileProblem>;

    /// The names in a directory below `installation/`, if it exists. `""` is `installation/` itself.
    fn project_names(&self, path: &str) -> Vec<String>;

    /// The bytes of a file below `installation/`.
    fn project_file(&self, path: &str) -> Result<Vec<u8>, FileProblem>;

    /// The bytes of a file of the host, by its absolute path.
    fn host_file(&self, path: &str) -> Result<Vec<u8>, FileProblem>;

    /// All paths below `installation/` that a file has: that of the link which `path` names, and that of its
    /// target, as far as they exist. `path` is relative to `installation/`, or an absolute path of the host. The
    /// default is for a host without links.
    fn places_inside(&self, path: &str) -> Vec<String> {
        let inside = !path.starts_with('/');
        inside.then(|| path.to_owned()).into_iter().collect()
    }

    /// A directory with links resolved. `path` is relative to the project's directory. By default every directory
    /// exists.
    fn project_folder(&self, path: &str) -> Option<PathBuf> {
        Some(path.into())
    }

    /// Whether a path is there in a folder, which is named by its path seen from the project's own. A host without
    /// folders has all.
    fn is_in_folder(&self, folder: &str, path: &str) -> bool {
        let _ = (folder, path);
        true
    }

    /// Whether passwords and keys are required. They may be missing if only the files that git tracks are made.
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

    /// The bytes of a file in the `.ssh` directory of the user who runs pei.
    fn home_key(&self, file_name: &str) -> Result<Vec<u8>, FileProblem>;
}

/// Why a file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileProblem {
    /// It does not exist.
    Missing,
    /// It is a directory, or something else that is not a file.
    NotAFile,
    /// After resolving links it is outside `installation/`.
    Outside,
    /// Larger than [`FileProblem::MAX_BYTES`].
    TooLarge,
    /// The system refuses to read it; holds the system's message.
    Unreadable(String),
}

impl FileProblem {
    /// No key or apt file is this large.
    pub const MAX_BYTES: u64 = 1024 * 1024;
}
